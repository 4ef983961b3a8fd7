/* The list of optimizers; see optimizer.h. */
#include "optim/optimizer.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum {
    MOMENTUM = 1,
    NESTEROV = 2,
    RHO = 4,
    BETAS = 8,
    EPS = 16,
    VELOCITY = 32,
    DECOUPLED = 64,
    TRUST = 128,
};

/* The options that not every optimizer has. */
static const struct {
    const char *name;
    unsigned bit;
    size_t at; /* of the number in struct cnn_optimizer_options; 0: a flag */
} own_options[] = {
#define AT(name) offsetof(struct cnn_optimizer_options, name)
    {"momentum", MOMENTUM, AT(momentum)}, {"nesterov", NESTEROV, 0},   {"rho", RHO, AT(rho)},
    {"beta1", BETAS, AT(beta1)},          {"beta2", BETAS, AT(beta2)}, {"eps", EPS, AT(eps)},
    {"trust", TRUST, AT(trust)},
#undef AT
};

#define DEFAULTS(...)                                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
static const struct cnn_optimizer_type types[] = {
#define CNN_OPTIMIZER(name, arrays, options, defaults, ...)                                        \
    {#name, CNN_RULE_##name, arrays, 0, options, DEFAULTS defaults},
#define CNN_OPTIMIZER_OF_PARAMETERS(name, arrays, options, defaults, ...)                          \
    {#name, CNN_RULE_##name, arrays, 1, options, DEFAULTS defaults},
#include "kern/optimizers.def"
};

enum { TYPES = sizeof types / sizeof *types };

const struct cnn_optimizer_type *cnn_optimizer_type_at(size_t i)
{
    return i < TYPES ? &types[i] : NULL;
}

const struct cnn_optimizer_type *cnn_optimizer_type_find(const char *name)
{
    for (size_t i = 0; i < TYPES; i++)
        if (!strcmp(types[i].name, name))
            return &types[i];
    return NULL;
}

struct cnn_optimizer_options cnn_optimizer_defaults(const struct cnn_optimizer_type *type)
{
    return (struct cnn_optimizer_options){
        .type = type,
        .momentum = type->defaults.momentum,
        .rho = type->defaults.rho,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .eps = type->defaults.eps,
        .trust = type->defaults.trust,
        .weight_decay = type->defaults.weight_decay,
    };
}

int cnn_optimizer_decouples(const struct cnn_optimizer_type *type)
{
    return (type->options & DECOUPLED) != 0;
}

const char *cnn_optimizer_option(size_t i)
{
    return i < sizeof own_options / sizeof *own_options ? own_options[i].name : NULL;
}

int cnn_optimizer_has(const struct cnn_optimizer_type *type, size_t i)
{
    return (type->options & own_options[i].bit) != 0;
}

double cnn_optimizer_default(const struct cnn_optimizer_type *type, size_t i)
{
    struct cnn_optimizer_options o = cnn_optimizer_defaults(type);
    return own_options[i].at ? *(const double *)(const void *)((const char *)&o + own_options[i].at)
                             : NAN;
}

int cnn_optimizer_slabs(const struct cnn_optimizer_options *o)
{
    return o->type->arrays - (o->type->options & VELOCITY && !(o->momentum > 0));
}

struct cnn_update cnn_optimizer_update(const struct cnn_optimizer_options *o, double rate,
                                       uint64_t step)
{
    int decoupled = cnn_optimizer_decouples(o->type);
    return (struct cnn_update){
        .rate = rate,
        .momentum = o->momentum,
        .rho = o->rho,
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .eps = o->eps,
        .trust = o->trust,
        .l1 = o->l1,
        .l2 = o->l2 + (decoupled ? 0 : o->weight_decay),
        .decoupled = decoupled ? o->weight_decay : 0,
        .nesterov = o->nesterov,
        .step = step,
    };
}
