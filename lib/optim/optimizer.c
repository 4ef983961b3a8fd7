/* The list of optimizers; see optimizer.h. */
#include "optim/optimizer.h"

#include <string.h>

enum {
    MOMENTUM = 1,
    NESTEROV = 2,
    RHO = 4,
    BETAS = 8,
    EPS = 16,
    VELOCITY = 32,
    DECOUPLED = 64,
};

/* The options that not every optimizer has. */
static const struct {
    const char *name;
    unsigned trait;
} own_options[] = {{"momentum", MOMENTUM}, {"nesterov", NESTEROV}, {"rho", RHO},
                   {"beta1", BETAS},       {"beta2", BETAS},       {"eps", EPS}};

static const struct cnn_optimizer_type types[] = {
#define CNN_OPTIMIZER(name, kernel, slabs, traits, rate, momentum, rho, eps, decay)                \
    {#name, slabs, traits, rate, momentum, rho, eps, decay},
#include "optim/optimizers.def"
};

#define CNN_OPTIMIZER(name, kernel, slabs, ...)                                                    \
    _Static_assert(slabs <= CNN_OPTIMIZER_SLABS, #name " has more state than a step hands over");
#include "optim/optimizers.def"

enum { TYPES = sizeof types / sizeof *types };

cnn_update_kernel *cnn_optimizer_kernel(const struct cnn_kernels *k,
                                        const struct cnn_optimizer_type *type)
{
    cnn_update_kernel *const kernels[TYPES] = {
#define CNN_OPTIMIZER(name, kernel, ...) k->kernel,
#include "optim/optimizers.def"
    };
    return kernels[type - types];
}

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
        .momentum = type->default_momentum,
        .rho = type->default_rho,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .eps = type->default_eps,
        .weight_decay = type->default_weight_decay,
    };
}

int cnn_optimizer_decouples(const struct cnn_optimizer_type *type)
{
    return (type->traits & DECOUPLED) != 0;
}

const char *cnn_optimizer_option(size_t i)
{
    return i < sizeof own_options / sizeof *own_options ? own_options[i].name : NULL;
}

int cnn_optimizer_has(const struct cnn_optimizer_type *type, size_t i)
{
    return (type->traits & own_options[i].trait) != 0;
}

int cnn_optimizer_slabs(const struct cnn_optimizer_options *o)
{
    return o->type->slabs - (o->type->traits & VELOCITY && !(o->momentum > 0));
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
        .l1 = o->l1,
        .l2 = o->l2 + (decoupled ? 0 : o->weight_decay),
        .decoupled = decoupled ? o->weight_decay : 0,
        .nesterov = o->nesterov,
        .step = step,
    };
}
