/* Optimizer steps against their rules (kern/optimizers.def), one weight at a time in double
 * precision. What the rules are worth is for tests/golden/updates.txt to say. */
#include "kernels/arrays.h"
#include "kernels/rig.h"

#include "kern/basic/update.h"
#include "optim/optimizer.h"

struct weight {
    double w, d, s[CNN_STATE_ARRAYS];
};

/* NAME_rule and NAME_update: with d, the gradient used or the update. */
#define cnn_sqrt sqrt
#define STATE(k) double s##k = p->s[k - 1];
#define BACK(k)  p->s[k - 1] = s##k;
#define CNN_NUMBER(name, value)                                                                    \
    const double name = value;                                                                     \
    (void)name;
#define PASS(name, arrays, numbers, ...)                                                           \
    static void name(const struct cnn_update *u, struct weight *p, double ratio)                   \
    {                                                                                              \
        double w = p->w, d = p->d;                                                                 \
        (void)ratio;                                                                               \
        CNN_UPDATE_NUMBERS numbers CNN_STATE_##arrays(STATE) __VA_ARGS__;                          \
        CNN_STATE_##arrays(BACK) p->w = w, p->d = d;                                               \
    }
#define CNN_OPTIMIZER(name, arrays, options, defaults, numbers, ...)                               \
    PASS(name##_rule, arrays, numbers, __VA_ARGS__)
#define CNN_OPTIMIZER_OF_PARAMETERS(name, arrays, options, defaults, numbers, update, expression,  \
                                    ...)                                                           \
    PASS(name##_update, arrays, numbers, update)                                                   \
    PASS(name##_rule, arrays, numbers, __VA_ARGS__)                                                \
    static double name##_ratio(const struct cnn_update *u, double w_norm, double d_norm)           \
    {                                                                                              \
        CNN_UPDATE_NUMBERS numbers return expression;                                              \
    }
#include "kern/optimizers.def"
#undef CNN_NUMBER
#undef cnn_sqrt

typedef void pass(const struct cnn_update *u, struct weight *p, double ratio);
static const struct rule {
    const char *name;
    enum cnn_rule f;
    int arrays;
    pass *rule, *update; /* update: of rules of parameters, as is ratio */
    double (*ratio)(const struct cnn_update *u, double w_norm, double d_norm);
} rules[] = {
#define CNN_OPTIMIZER(name, arrays, options, ...)                                                  \
    {#name, CNN_RULE_##name, arrays, name##_rule, NULL, NULL},
#define CNN_OPTIMIZER_OF_PARAMETERS(name, arrays, options, ...)                                    \
    {#name, CNN_RULE_##name, arrays, name##_rule, name##_update, name##_ratio},
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

/* All weights after a step. */
static struct weight *expected(const struct rule *rule, const struct update_case *c, int arrays)
{
    const struct cnn_update *u = &c->u;
    struct weight *p = calloc(MANY, sizeof *p);
    double w_squares = 0, d_squares = 0, ratio = 1;
    for (size_t i = 0; i < MANY; i++) {
        p[i].w = (double)before(c->w)[i];
        double sign = (p[i].w > 0) - (p[i].w < 0);
        p[i].d = u->clip_scale * (double)before(c->g)[i] + u->l2 * p[i].w + u->l1 * sign;
        for (int k = 0; k < arrays; k++)
            p[i].s[k] = (double)before(c->state[k])[i];
        if (rule->update)
            rule->update(u, &p[i], 1);
        w_squares += p[i].w * p[i].w;
        d_squares += p[i].d * p[i].d;
    }
    if (rule->ratio && u->adapt)
        ratio = rule->ratio(u, sqrt(w_squares), sqrt(d_squares));
    for (size_t i = 0; i < MANY; i++)
        rule->rule(u, &p[i], ratio);
    return p;
}

/* A step with that many arrays of state, which hold numbers that are not negative. */
static void check_update(const struct rule *rule, struct cnn_update u, int arrays)
{
    struct update_case c = {rule->f, u, numbers(MANY, SUM), numbers(MANY, SUM), {NULL}};
    double *want = zeros(MANY);
    print_message("# %s\n", rule->name);
    for (int k = 0; k < arrays; k++) {
        c.state[k] = numbers(MANY, SUM);
        for (size_t i = 0; i < MANY; i++)
            c.state[k][i] = (real)fabs((double)c.state[k][i]);
    }
    c.w[5] = 0;
    run_all(update_run, &c);
    struct weight *p = expected(rule, &c, arrays);
    for (size_t i = 0; i < MANY; i++)
        want[i] = p[i].w;
    expect_close("w", c.w, want, MANY, 3e-6);
    for (int k = 0; k < arrays; k++) {
        for (size_t i = 0; i < MANY; i++)
            want[i] = p[i].s[k];
        expect_close("state", c.state[k], want, MANY, 3e-6);
    }
    if (!rule->update && memcmp(c.g, before(c.g), MANY * sizeof *c.g))
        fail_msg("the gradient has changed");
    free(p);
    free(want);
    buffers_free();
}

/* With everything; without what is optional, in the first step. */
void test_update(void **state)
{
    (void)state;
    for (const struct rule *rule = rules; rule < rules + RULES; rule++) {
        const struct cnn_optimizer_options without = {.type = cnn_optimizer_type_find(rule->name)};
        struct cnn_update u = {.rate = 0.03,
                               .momentum = 0.9,
                               .rho = 0.9,
                               .beta1 = 0.9,
                               .beta2 = 0.99,
                               .eps = 1e-3,
                               .trust = 0.1,
                               .l1 = 0.01,
                               .l2 = 0.02,
                               .decoupled = 0.1,
                               .clip_scale = 0.5,
                               .adapt = 1,
                               .step = 3};
        check_update(rule, u, rule->arrays);
        u.nesterov = 1;
        u.step = 100;
        check_update(rule, u, rule->arrays);
        u = (struct cnn_update){
            .rate = 0.1, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-3, .clip_scale = 1, .step = 1};
        check_update(rule, u, cnn_optimizer_slabs(&without));
    }
}
