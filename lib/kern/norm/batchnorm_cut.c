/* The cut of batch normalisation, a unit's coefficients, and what follows; see batchnorm_cut.h. */
#include "kern/norm/batchnorm_cut.h"

#include <math.h>

#include "kern/activation.h"

enum {
    CACHED = 1 << 19, /* bytes of a unit that the second pass still finds in a core's cache */
    FEW = 16,         /* units that are too few to be jobs */
    ALIGNED = 64
}; /* positions that a part is a multiple of */

static size_t parts_of(size_t units, size_t elements)
{
    if (elements <= CNN_CHUNK || (units >= FEW && elements * sizeof(real) <= CACHED))
        return 1;
    return cnn_min(cnn_ceil_div(elements, CNN_CHUNK), cnn_ceil_div(CNN_NORM_JOBS, units));
}

struct cnn_norm_cut cnn_norm_cut(const struct cnn_tensor *x)
{
    struct cnn_norm_cut t = {.n = x->n, .c = x->c, .hw = x->h * x->w};
    size_t all = t.n * t.hw;
    t.block = cnn_tensor_lanes(x);
    t.units = cnn_ceil_div(t.c, t.block);
    t.parts = parts_of(t.units, all * t.block);
    t.positions = all;
    if (t.parts > 1)
        t.positions = cnn_round_up(cnn_ceil_div(all, t.parts), ALIGNED);
    t.parts = cnn_max(1, cnn_ceil_div(all, cnn_max(1, t.positions)));
    t.units_each = t.parts > 1 ? 1 : cnn_chunk_of(all * t.block);
    t.jobs = cnn_ceil_div(t.units, t.units_each) * t.parts;
    return t;
}

struct cnn_norm_piece cnn_norm_piece(const struct cnn_norm_cut *t, size_t job)
{
    return (struct cnn_norm_piece){cnn_range_of(job / t->parts, t->units_each, t->units),
                                   cnn_range_of(job % t->parts, t->positions, t->n * t->hw)};
}

double cnn_norm_inverse(const struct cnn_norm_numbers *p, size_t c)
{
    if (!p->inv && !p->var)
        return 1;
    return p->inv ? (double)p->inv[c] : 1 / sqrt((double)p->var[c] + p->eps);
}

void cnn_norm_coefficients(const struct cnn_norm_cut *t, const struct cnn_norm_numbers *p,
                           size_t unit, struct cnn_norm *a)
{
    size_t channels = cnn_norm_channels(t, unit);
    for (size_t k = 0; k < CNN_MOST_LANES; k++) {
        size_t c = unit * t->block + (t->block > 1 ? k : 0);
        int filled = t->block == 1 || k < channels;
        double gamma = filled && p->gamma ? (double)p->gamma[c] : 1;
        a->mean[k] = filled && p->mean ? p->mean[c] : 0;
        a->scale[k] = filled ? (real)(gamma * cnn_norm_inverse(p, c)) : 0;
        a->shift[k] = filled && p->beta ? p->beta[c] : 0;
    }
}

/* What the passes over memory do of an activation; the others are kernels of their own. */
static enum cnn_norm_rule rule_of(enum cnn_activation_passing passing)
{
    switch (passing) {
    case CNN_PASSING_LIMITS:
        return CNN_NORM_LIMITS;
    case CNN_PASSING_LEAKY:
        return CNN_NORM_LEAKY;
    case CNN_PASSING_SIGMOID:
    case CNN_PASSING_TANH:
    case CNN_PASSING_APART:
        break;
    }
    return CNN_NORM_IDENTITY;
}

struct cnn_norm cnn_norm_follow(const struct cnn_epilogue *e)
{
    struct cnn_norm a = {.rule = CNN_NORM_IDENTITY};
    if (!e)
        return a;
    const struct cnn_activation_type *type = cnn_activation_type(e->f);
    a.slope = (real)e->a[0];
    a.high = (real)type->high;
    if (e->activate)
        a.rule = rule_of(type->passing);
    return a;
}

void cnn_norm_rest(struct cnn_queue *q, const struct cnn_epilogue *e, struct cnn_tensor *y)
{
    if (e && e->activate && rule_of(cnn_activation_type(e->f)->passing) == CNN_NORM_IDENTITY)
        cnn_cpu_activation_forward(q, e->f, e->a, y, y);
}
