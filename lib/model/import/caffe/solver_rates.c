/* How a solver of Caffe moves weights. An iteration is a step. What it comes to:
 *
 *     lr_policy  fixed      constant              base_lr
 *                step       step                  base_lr gamma^floor(i / stepsize)
 *                multistep  step, milestones      base_lr gamma^(stepvalues passed)
 *                exp        exponential           base_lr gamma^i
 *                inv        inverse               base_lr (1 + gamma i)^-power
 *                poly       polynomial            base_lr (1 - i / max_iter)^power
 *                sigmoid    sigmoid               base_lr / (1 + exp(-gamma (i - stepsize)))
 *
 * clip_gradients bounds the norm of what iter_size batches sum up to, ours that of their mean. */
#include <string.h>

#include "base/memory.h"
#include "model/import/caffe/solver_private.h"

/* The field `name` of the solver as the option. */
#define PUT_FIELD(s, key, name)                                                                    \
    do {                                                                                           \
        if (cnn_caffe_solver_has(s, #name))                                                        \
            cnn_caffe_solver_put_number(s, key, (s)->p->name);                                     \
    } while (0)

enum needs { GAMMA = 1, POWER = 2, STEPSIZE = 4, STEPVALUES = 8 };

static const struct policy {
    const char *name, *schedule;
    unsigned needs;
} policies[] = {
    {"fixed", "constant", 0},
    {"step", "step", GAMMA | STEPSIZE},
    {"multistep", "step", GAMMA | STEPVALUES},
    {"exp", "exponential", GAMMA},
    {"inv", "inverse", GAMMA | POWER},
    {"poly", "polynomial", POWER},
    {"sigmoid", "sigmoid", GAMMA | STEPSIZE},
};

enum { POLICIES = sizeof policies / sizeof *policies };

static void put_milestones(struct solver *s)
{
    struct cnn_buf list = {0};
    for (size_t i = 0; i < s->p->n_stepvalue; i++)
        cnn_buf_printf(&list, i ? ",%d" : "%d", s->p->stepvalue[i]);
    cnn_caffe_solver_put(
        s, "milestones",
        list.failed ? NULL : cnn_arena_strndup(s->arena, list.size ? list.text : "", list.size));
    cnn_buf_free(&list);
}

static void put_policy(struct solver *s, const struct policy *policy)
{
    const Cnn__Caffe__SolverParameter *p = s->p;
    cnn_caffe_solver_put(s, "schedule", policy->schedule);
    if (policy->needs & (GAMMA | STEPSIZE))
        cnn_caffe_solver_put(s, "schedule-unit", "step");
    if (policy->needs & GAMMA)
        PUT_FIELD(s, "gamma", gamma);
    if (policy->needs & POWER)
        PUT_FIELD(s, "power", power);
    if (policy->needs & STEPSIZE && cnn_caffe_solver_has(s, "stepsize"))
        cnn_caffe_solver_put_text(s, "step-size", "%d", p->stepsize);
    if (policy->needs & STEPVALUES && cnn_caffe_solver_has(s, "stepvalue"))
        put_milestones(s);
}

void cnn_caffe_solver_rate(struct solver *s)
{
    const char *name = s->p->lr_policy ? s->p->lr_policy : "";
    PUT_FIELD(s, "rate", base_lr);
    if (!cnn_caffe_solver_has(s, "lr_policy"))
        return;
    for (size_t i = 0; i < POLICIES; i++)
        if (!strcmp(policies[i].name, name)) {
            put_policy(s, &policies[i]);
            return;
        }
    struct cnn_buf known = {0};
    for (size_t i = 0; i < POLICIES; i++)
        cnn_buf_printf(&known, i ? ", %s" : "%s", policies[i].name);
    cnn_caffe_solver_refuse(s, "lr_policy", "'%.40s' is none of %s", name,
                            known.failed ? "" : known.text);
    cnn_buf_free(&known);
}

/* The optimizer */

static void momentum(struct solver *s)
{
    cnn_caffe_solver_put_number(s, "momentum", s->p->momentum);
}

static void nesterov(struct solver *s)
{
    momentum(s);
    if (s->p->momentum > 0)
        cnn_caffe_solver_put(s, "nesterov", "1");
}

static void no_momentum(struct solver *s)
{
    if (s->p->momentum > 0)
        cnn_caffe_solver_refuse(s, "momentum", "an optimizer that has none");
    cnn_caffe_solver_put_number(s, "eps", s->p->delta);
}

static void rmsprop(struct solver *s)
{
    no_momentum(s);
    cnn_caffe_solver_put_number(s, "rho", s->p->rms_decay);
}

static void adadelta(struct solver *s)
{
    cnn_caffe_solver_put_number(s, "rho", s->p->momentum);
    cnn_caffe_solver_put_number(s, "eps", s->p->delta);
}

static void adam(struct solver *s)
{
    cnn_caffe_solver_put_number(s, "beta1", s->p->momentum);
    cnn_caffe_solver_put_number(s, "beta2", s->p->momentum2);
    cnn_caffe_solver_put_number(s, "eps", s->p->delta);
}

/* In the order of the numbers that types have had. */
static const struct type {
    const char *name, *optimizer;
    void (*put)(struct solver *s);
} types[] = {
    {"SGD", "sgd", momentum},
    {"Nesterov", "sgd", nesterov},
    {"AdaGrad", "adagrad", no_momentum},
    {"RMSProp", "rmsprop", rmsprop},
    {"AdaDelta", "adadelta", adadelta},
    {"Adam", "adam", adam},
};

enum { TYPES = sizeof types / sizeof *types };

static void take_type(struct solver *s)
{
    const Cnn__Caffe__SolverParameter *p = s->p;
    size_t i = 0;
    if (p->type)
        while (i < TYPES && strcmp(types[i].name, p->type))
            i++;
    else if (p->has_solver_type)
        i = (size_t)p->solver_type;
    if (i < TYPES) {
        cnn_caffe_solver_put(s, "optimizer", types[i].optimizer);
        types[i].put(s);
        return;
    }
    struct cnn_buf known = {0};
    for (i = 0; i < TYPES; i++)
        cnn_buf_printf(&known, i ? ", %s" : "%s", types[i].name);
    cnn_caffe_solver_refuse(s, "type", "'%.40s' is none of %s", p->type,
                            known.failed ? "" : known.text);
    cnn_buf_free(&known);
}

void cnn_caffe_solver_optimizer(struct solver *s)
{
    const Cnn__Caffe__SolverParameter *p = s->p;
    int l1 = !strcmp(p->regularization_type, "L1");
    take_type(s);
    if (!l1 && strcmp(p->regularization_type, "L2"))
        cnn_caffe_solver_refuse(s, "regularization_type", "'%.40s' is none of L2, L1",
                                p->regularization_type);
    else if (p->has_weight_decay)
        cnn_caffe_solver_put_number(s, l1 ? "l1" : "weight-decay", p->weight_decay);
    if (p->iter_size < 1)
        cnn_caffe_solver_refuse(s, "iter_size", "%d", p->iter_size);
    else if (p->iter_size > 1)
        cnn_caffe_solver_put_text(s, "accumulate", "%d", p->iter_size);
    if (p->clip_gradients > 0 && p->iter_size > 0)
        cnn_caffe_solver_put_number(s, "clip-norm", p->clip_gradients / (float)p->iter_size);
}
