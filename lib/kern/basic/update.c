/* Optimizer steps, one pass over w; the rules and their sources are at struct cnn_update. */
#include "kern/hot.h"
#include "kern/parallel.h"

struct update {
    const struct cnn_update *u;
    size_t count;
    real *w;
    const real *g;
    real *const *state;
    void (*rule)(const struct cnn_update *u, struct cnn_range range, real *w, const real *g,
                 real *const *state);
};

/* The numbers of a step in the precision of the build. */
struct gradient {
    real clip, l1, l2;
};

static inline struct gradient gradient_rule(const struct cnn_update *u)
{
    return (struct gradient){(real)u->clip_scale, (real)u->l1, (real)u->l2};
}

static inline real gradient(struct gradient r, real w, real g)
{
    real sign = (real)(w > 0) - (real)(w < 0);
    return r.clip * g + r.l2 * w + r.l1 * sign;
}

CNN_HOT static void sgd(const struct cnn_update *u, struct cnn_range range, real *w, const real *g,
                        real *const *state)
{
    struct gradient r = gradient_rule(u);
    real *s1 = state[0];
    real rate = (real)u->rate, momentum = (real)u->momentum;
    if (momentum == 0) {
        for (size_t i = range.begin; i < range.end; i++)
            w[i] -= rate * gradient(r, w[i], g[i]);
        return;
    }
    for (size_t i = range.begin; i < range.end; i++) {
        real d = gradient(r, w[i], g[i]);
        s1[i] = momentum * s1[i] + d;
        w[i] -= rate * (u->nesterov ? d + momentum * s1[i] : s1[i]);
    }
}

CNN_HOT static void adagrad(const struct cnn_update *u, struct cnn_range range, real *w,
                            const real *g, real *const *state)
{
    struct gradient r = gradient_rule(u);
    real *s1 = state[0];
    real rate = (real)u->rate, eps = (real)u->eps;
    for (size_t i = range.begin; i < range.end; i++) {
        real d = gradient(r, w[i], g[i]);
        s1[i] += d * d;
        w[i] -= rate * d / (cnn_sqrt(s1[i]) + eps);
    }
}

CNN_HOT static void adadelta(const struct cnn_update *u, struct cnn_range range, real *w,
                             const real *g, real *const *state)
{
    struct gradient r = gradient_rule(u);
    real *s1 = state[0], *s2 = state[1];
    real rate = (real)u->rate, eps = (real)u->eps, rho = (real)u->rho, rest = (real)(1 - u->rho);
    for (size_t i = range.begin; i < range.end; i++) {
        real d = gradient(r, w[i], g[i]);
        s1[i] = rho * s1[i] + rest * d * d;
        real step = cnn_sqrt(s2[i] + eps) / cnn_sqrt(s1[i] + eps) * d;
        s2[i] = rho * s2[i] + rest * step * step;
        w[i] -= rate * step;
    }
}

CNN_HOT static void rmsprop(const struct cnn_update *u, struct cnn_range range, real *w,
                            const real *g, real *const *state)
{
    struct gradient r = gradient_rule(u);
    real *s1 = state[0], *s2 = state[1];
    real rate = (real)u->rate, eps = (real)u->eps, rho = (real)u->rho, rest = (real)(1 - u->rho);
    real momentum = (real)u->momentum;
    for (size_t i = range.begin; i < range.end; i++) {
        real d = gradient(r, w[i], g[i]);
        s1[i] = rho * s1[i] + rest * d * d;
        real step = d / (cnn_sqrt(s1[i]) + eps);
        if (momentum != 0)
            step = s2[i] = momentum * s2[i] + step;
        w[i] -= rate * step;
    }
}

/* The bias corrections are folded into the rate and a divisor of sqrt(s2). */
CNN_HOT static void adam(const struct cnn_update *u, struct cnn_range range, real *w, const real *g,
                         real *const *state)
{
    struct gradient r = gradient_rule(u);
    real *s1 = state[0], *s2 = state[1];
    real beta1 = (real)u->beta1, rest1 = (real)(1 - u->beta1);
    real beta2 = (real)u->beta2, rest2 = (real)(1 - u->beta2);
    real rate = (real)(u->rate / (1 - pow(u->beta1, (double)u->step)));
    real root = (real)(1 / sqrt(1 - pow(u->beta2, (double)u->step)));
    real eps = (real)u->eps, keep = (real)(1 - u->rate * u->decoupled);
    for (size_t i = range.begin; i < range.end; i++) {
        real d = gradient(r, w[i], g[i]);
        s1[i] = beta1 * s1[i] + rest1 * d;
        s2[i] = beta2 * s2[i] + rest2 * d * d;
        w[i] = keep * w[i] - rate * s1[i] / (cnn_sqrt(s2[i]) * root + eps);
    }
}

static void update_job(void *context, size_t job, int thread)
{
    const struct update *a = context;
    (void)thread;
    a->rule(a->u, cnn_range_of(job, CNN_CHUNK, a->count), a->w, a->g, a->state);
}

static void run(struct cnn_queue *q, struct update a)
{
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(a.count, CNN_CHUNK), update_job, &a);
}

void cnn_cpu_update_sgd(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                        const real *g, real *const *state)
{
    run(q, (struct update){u, count, w, g, state, sgd});
}

void cnn_cpu_update_adagrad(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                            const real *g, real *const *state)
{
    run(q, (struct update){u, count, w, g, state, adagrad});
}

void cnn_cpu_update_adadelta(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                             const real *g, real *const *state)
{
    run(q, (struct update){u, count, w, g, state, adadelta});
}

void cnn_cpu_update_rmsprop(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                            const real *g, real *const *state)
{
    run(q, (struct update){u, count, w, g, state, rmsprop});
}

void cnn_cpu_update_adam(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                         const real *g, real *const *state)
{
    run(q, (struct update){u, count, w, g, state, adam});
}
