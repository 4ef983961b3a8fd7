/* Optimizer steps against their rules (kern/optimizers.def), one weight at a time in double
 * precision. What the rules are worth is for tests/golden/updates.txt to say. */
#include "kernels/arrays.h"
#include "kernels/rig.h"

#include "kern/basic/update.h"

struct weight {
    double w, s[CNN_STATE_ARRAYS];
};

/* NAME_step: with d, the gradient used. */
#define cnn_sqrt sqrt
#define STATE(k) double s##k = p->s[k - 1];
#define BACK(k)  p->s[k - 1] = s##k;
#define CNN_NUMBER(name, value)                                                                    \
    const double name = value;                                                                     \
    (void)name;
#define CNN_OPTIMIZER(name, arrays, options, defaults, numbers, ...)                               \
    static void name##_step(const struct cnn_update *u, struct weight *p, double d)                \
    {                                                                                              \
        double w = p->w;                                                                           \
        CNN_UPDATE_NUMBERS numbers CNN_STATE_##arrays(STATE) __VA_ARGS__;                          \
        CNN_STATE_##arrays(BACK) p->w = w;                                                         \
    }
#include "kern/optimizers.def"
#undef CNN_NUMBER
#undef cnn_sqrt

enum { MOMENTUM = 1, NESTEROV = 2, RHO = 4, BETAS = 8, EPS = 16, VELOCITY = 32, DECOUPLED = 64 };

static const struct rule {
    const char *name;
    enum cnn_rule f;
    int arrays, options;
    void (*step)(const struct cnn_update *u, struct weight *p, double d);
} rules[] = {
#define CNN_OPTIMIZER(name, arrays, options, ...)                                                  \
    {#name, CNN_RULE_##name, arrays, options, name##_step},
#include "kern/optimizers.def"
};
enum { RULES = sizeof rules / sizeof *rules };

struct update_case {
    enum cnn_rule f;
    struct cnn_update u;
    real *w, *g, *state[CNN_STATE_ARRAYS];
};

static void update_run(struct cnn_queue *q, void *context)
{
    struct update_case *c = context;
    K(update)(q, c->f, &c->u, MANY, c->w, c->g, c->state);
}

static void check_state(const struct update_case *c, const double *want, int arrays)
{
    char name[4] = "s0";
    for (int k = 0; k < arrays; k++) {
        name[1] = (char)('1' + k);
        expect_close(name, c->state[k], want + (k + 1) * MANY, MANY, 3e-6);
    }
}

/* A step with that many arrays of state, which hold numbers that are not negative. */
static void check_update(const struct rule *rule, struct cnn_update u, int arrays)
{
    struct update_case c = {rule->f, u, numbers(MANY, SUM), numbers(MANY, INPUT), {NULL}};
    double *want = zeros((1 + CNN_STATE_ARRAYS) * MANY);
    print_message("# %s\n", rule->name);
    for (int k = 0; k < arrays; k++) {
        c.state[k] = numbers(MANY, SUM);
        for (size_t i = 0; i < MANY; i++)
            c.state[k][i] = (real)fabs((double)c.state[k][i]);
    }
    c.w[5] = 0;
    run_all(update_run, &c);
    for (size_t i = 0; i < MANY; i++) {
        struct weight p = {.w = (double)before(c.w)[i]};
        double sign = (p.w > 0) - (p.w < 0);
        for (int k = 0; k < arrays; k++)
            p.s[k] = (double)before(c.state[k])[i];
        rule->step(&u, &p, u.clip_scale * (double)c.g[i] + u.l2 * p.w + u.l1 * sign);
        want[i] = p.w;
        for (size_t k = 0; k < (size_t)arrays; k++)
            want[(k + 1) * MANY + i] = p.s[k];
    }
    expect_close("w", c.w, want, MANY, 3e-6);
    check_state(&c, want, arrays);
    free(want);
    buffers_free();
}

/* With everything; without what is optional, in the first step. */
void test_update(void **state)
{
    (void)state;
    for (const struct rule *rule = rules; rule < rules + RULES; rule++) {
        struct cnn_update u = {.rate = 0.03,
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
        check_update(rule, u, rule->arrays);
        u.nesterov = 1;
        u.step = 100;
        check_update(rule, u, rule->arrays);
        u = (struct cnn_update){
            .rate = 0.1, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-3, .clip_scale = 1, .step = 1};
        check_update(rule, u, rule->arrays - !!(rule->options & VELOCITY));
    }
}
