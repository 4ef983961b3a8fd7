/* Optimizer steps against plain ones in double precision. */
#include "kernels/arrays.h"
#include "kernels/rig.h"

/* One step of each optimizer for one weight, as struct cnn_update describes it. */
struct weight {
    double w, g, s1, s2;
};

static void sgd_step(const struct cnn_update *u, struct weight *p, double g)
{
    p->s1 = u->momentum * p->s1 + g;
    p->w -= u->rate * (u->nesterov ? g + u->momentum * p->s1 : p->s1);
}

static void adagrad_step(const struct cnn_update *u, struct weight *p, double g)
{
    p->s1 += g * g;
    p->w -= u->rate * g / (sqrt(p->s1) + u->eps);
}

static void adadelta_step(const struct cnn_update *u, struct weight *p, double g)
{
    p->s1 = u->rho * p->s1 + (1 - u->rho) * g * g;
    double d = sqrt(p->s2 + u->eps) / sqrt(p->s1 + u->eps) * g;
    p->s2 = u->rho * p->s2 + (1 - u->rho) * d * d;
    p->w -= u->rate * d;
}

static void rmsprop_step(const struct cnn_update *u, struct weight *p, double g)
{
    p->s1 = u->rho * p->s1 + (1 - u->rho) * g * g;
    p->s2 = u->momentum * p->s2 + g / (sqrt(p->s1) + u->eps);
    p->w -= u->rate * p->s2;
}

static void adam_step(const struct cnn_update *u, struct weight *p, double g)
{
    double t = (double)u->step;
    p->s1 = u->beta1 * p->s1 + (1 - u->beta1) * g;
    p->s2 = u->beta2 * p->s2 + (1 - u->beta2) * g * g;
    p->w -= u->rate * u->decoupled * p->w;
    p->w -= u->rate * (p->s1 / (1 - pow(u->beta1, t))) /
            (sqrt(p->s2 / (1 - pow(u->beta2, t))) + u->eps);
}

typedef void update_kernel(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                           const real *g, real *const *state);

struct update_case {
    update_kernel *kernel;
    struct cnn_update u;
    real *w, *g, *state[2];
};

static void update_run(struct cnn_queue *q, void *context)
{
    struct update_case *c = context;
    c->kernel(q, &c->u, MANY, c->w, c->g, c->state);
}

static void check_update(update_kernel *kernel,
                         void (*step)(const struct cnn_update *, struct weight *, double),
                         struct cnn_update u, int s1, int s2)
{
    struct update_case c = {kernel, u, numbers(MANY, SUM), numbers(MANY, INPUT), {NULL, NULL}};
    c.state[0] = s1 ? numbers(MANY, SUM) : NULL;
    c.state[1] = s2 ? numbers(MANY, SUM) : NULL;
    for (size_t i = 0; i < MANY; i++) {
        if (s1)
            c.state[0][i] = (real)fabs((double)c.state[0][i]);
        if (s2)
            c.state[1][i] = (real)fabs((double)c.state[1][i]);
    }
    c.w[5] = 0;
    run_all(update_run, &c);
    double *want = zeros(3 * MANY);
    for (size_t i = 0; i < MANY; i++) {
        struct weight p = {.w = (double)before(c.w)[i],
                           .s1 = s1 ? (double)before(c.state[0])[i] : 0,
                           .s2 = s2 ? (double)before(c.state[1])[i] : 0};
        double sign = (p.w > 0) - (p.w < 0);
        step(&u, &p, u.clip_scale * (double)c.g[i] + u.l2 * p.w + u.l1 * sign);
        want[i] = p.w;
        want[MANY + i] = p.s1;
        want[2 * MANY + i] = p.s2;
    }
    expect_close("w", c.w, want, MANY, 3e-6);
    if (s1)
        expect_close("s1", c.state[0], want + MANY, MANY, 3e-6);
    if (s2)
        expect_close("s2", c.state[1], want + 2 * MANY, MANY, 3e-6);
    free(want);
    buffers_free();
}

static const struct cnn_update plain_update = {.rate = 0.1, .clip_scale = 1, .step = 1};
static const struct cnn_update full_update = {.rate = 0.03,
                                              .momentum = 0.9,
                                              .rho = 0.9,
                                              .beta1 = 0.9,
                                              .beta2 = 0.99,
                                              .eps = 1e-3,
                                              .l1 = 0.01,
                                              .l2 = 0.02,
                                              .decoupled = 0.1,
                                              .clip_scale = 0.5,
                                              .step = 3};

void test_update_sgd(void **state)
{
    struct cnn_update u = full_update;
    (void)state;
    check_update(cnn_cpu_update_sgd, sgd_step, plain_update, 0, 0);
    check_update(cnn_cpu_update_sgd, sgd_step, u, 1, 0);
    u.nesterov = 1;
    check_update(cnn_cpu_update_sgd, sgd_step, u, 1, 0);
}

void test_update_adagrad(void **state)
{
    (void)state;
    check_update(cnn_cpu_update_adagrad, adagrad_step, full_update, 1, 0);
}

void test_update_adadelta(void **state)
{
    (void)state;
    check_update(cnn_cpu_update_adadelta, adadelta_step, full_update, 1, 1);
}

void test_update_rmsprop(void **state)
{
    struct cnn_update u = full_update;
    (void)state;
    check_update(cnn_cpu_update_rmsprop, rmsprop_step, u, 1, 1);
    u.momentum = 0;
    check_update(cnn_cpu_update_rmsprop, rmsprop_step, u, 1, 0);
}

void test_update_adam(void **state)
{
    struct cnn_update u = full_update;
    (void)state;
    check_update(cnn_cpu_update_adam, adam_step, u, 1, 1);
    u.decoupled = 0;
    u.step = 1;
    check_update(cnn_cpu_update_adam, adam_step, u, 1, 1);
}
