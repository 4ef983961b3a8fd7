/* Backward of batch normalisation and of what follows it. With dz the gradient before the
 * activation, z = (x - mean) invstd and m numbers a channel,
 *   dadd = dz,  dgamma += sum dz z,  dbeta += sum dz,
 *   dx = gamma invstd (dz - sum dz / m - z sum(dz z) / m)   through the batch's own statistics,
 *   dx = gamma invstd dz                                    with frozen ones.
 * One pass for the sums and one for dx. dz is made anew in each, from y or, where nothing is
 * added, from x; where it is wanted as dadd, the first pass writes it and the second reads it. */
#include <math.h>
#include <stddef.h>

#include "kern/activation.h"
#include "kern/norm/batchnorm_cut.h"

struct totals {
    double sum[CNN_MOST_LANES], dot[CNN_MOST_LANES]; /* of dz and of dz (x - mean) */
};

struct backward {
    struct cnn_norm_cut cut;
    struct cnn_norm_numbers numbers;
    int through;            /* the statistics depend on x */
    int summed;             /* the first pass is needed */
    const real *x, *y, *dy; /* (n, c, h, w); y where the rule looks at it */
    real *dz, *dx;          /* likewise; NULL: not wanted */
    real *dgamma, *dbeta;   /* (c); NULL: not wanted */
    enum cnn_norm_rule rule;
    real slope, high;
    struct totals *part; /* (units, parts) */
};

static struct cnn_norm normalisation(const struct backward *b, size_t unit)
{
    struct cnn_norm a = {.rule = b->rule, .slope = b->slope, .high = b->high};
    cnn_norm_coefficients(&b->cut, &b->numbers, unit, &a);
    return a;
}

static const real *y_at(const struct backward *b, size_t at)
{
    return b->y ? b->y + at : NULL;
}

static void sums_of(const struct backward *b, size_t unit, struct cnn_range positions,
                    struct totals *t)
{
    struct cnn_norm a = normalisation(b, unit);
    struct cnn_norm_run r;
    for (size_t k = 0; k < CNN_MOST_LANES; k++)
        t->sum[k] = t->dot[k] = 0;
    while (cnn_norm_next(&b->cut, unit, &positions, &r))
        cnn_isa()->norm_sums(&a, r.count, b->x + r.at, y_at(b, r.at), b->dy + r.at,
                             b->dz ? b->dz + r.at : NULL, t->sum, t->dot);
}

/* Plain layout: all lanes are one channel's. */
static void join_lanes(const struct backward *b, struct totals *t)
{
    if (b->cut.block > 1)
        return;
    for (size_t half = CNN_MOST_LANES / 2; half; half /= 2)
        for (size_t k = 0; k < half; k++) {
            t->sum[k] += t->sum[k + half];
            t->dot[k] += t->dot[k + half];
        }
}

static void add_parameters(const struct backward *b, size_t unit, const struct totals *t)
{
    for (size_t k = 0; k < cnn_norm_channels(&b->cut, unit); k++) {
        size_t c = unit * b->cut.block + k;
        if (b->dgamma)
            b->dgamma[c] += (real)(t->dot[k] * cnn_norm_inverse(&b->numbers, c));
        if (b->dbeta)
            b->dbeta[c] += (real)t->sum[k];
    }
}

static void gradient(const struct backward *b, size_t unit, struct cnn_range positions,
                     const struct totals *t)
{
    struct cnn_norm a = normalisation(b, unit);
    struct cnn_norm_run r;
    double m = (double)(b->cut.n * b->cut.hw);
    for (size_t k = 0; k < CNN_MOST_LANES; k++) {
        size_t lane = b->cut.block > 1 ? k : 0;
        a.own[k] = a.scale[k];
        if (!b->through || lane >= cnn_norm_channels(&b->cut, unit))
            continue;
        double inv = cnn_norm_inverse(&b->numbers, unit * b->cut.block + lane);
        double scale = (double)a.scale[k];
        a.slant[k] = (real)(scale * inv * inv * t->dot[lane] / m);
        a.level[k] = (real)(scale * t->sum[lane] / m);
    }
    if (b->dz)
        a.rule = CNN_NORM_IDENTITY;
    const real *dy = b->dz ? b->dz : b->dy;
    while (cnn_norm_next(&b->cut, unit, &positions, &r))
        cnn_isa()->norm_gradient(&a, r.count, b->x + r.at, y_at(b, r.at), dy + r.at, b->dx + r.at);
}

static void sums_job(void *context, size_t job, int thread)
{
    const struct backward *b = context;
    struct cnn_norm_piece p = cnn_norm_piece(&b->cut, job);
    (void)thread;
    sums_of(b, p.units.begin, p.positions, &b->part[job]);
}

static void gradient_job(void *context, size_t job, int thread)
{
    const struct backward *b = context;
    struct cnn_norm_piece p = cnn_norm_piece(&b->cut, b->cut.jobs - 1 - job);
    (void)thread;
    gradient(b, p.units.begin, p.positions, b->part + p.units.begin * b->cut.parts);
}

/* Whole units. */
static void backward_job(void *context, size_t job, int thread)
{
    const struct backward *b = context;
    struct cnn_norm_piece p = cnn_norm_piece(&b->cut, job);
    (void)thread;
    for (size_t u = p.units.begin; u < p.units.end; u++) {
        struct totals t;
        if (b->summed) {
            sums_of(b, u, p.positions, &t);
            join_lanes(b, &t);
            add_parameters(b, u, &t);
        }
        if (b->dx)
            gradient(b, u, p.positions, &t);
    }
}

static void backward_in_parts(struct cnn_queue *q, struct backward b)
{
    struct totals part[CNN_NORM_MOST_PARTS];
    b.part = part;
    if (b.summed)
        cnn_queue_run(q, b.cut.jobs, sums_job, &b);
    for (size_t u = 0; b.summed && u < b.cut.units; u++) {
        struct totals *t = part + u * b.cut.parts;
        for (size_t i = 1; i < b.cut.parts; i++)
            for (size_t k = 0; k < CNN_MOST_LANES; k++) {
                t->sum[k] += t[i].sum[k];
                t->dot[k] += t[i].dot[k];
            }
        join_lanes(&b, t);
        add_parameters(&b, u, t);
    }
    if (b.dx)
        cnn_queue_run(q, b.cut.jobs, gradient_job, &b);
}

static void *data_of(const struct cnn_tensor *t)
{
    return t ? t->data : NULL;
}

/* What is apart does not come here. */
static enum cnn_norm_rule rule_of(const struct cnn_epilogue *e)
{
    if (!e || !e->activate)
        return CNN_NORM_IDENTITY;
    switch (cnn_activation_type(e->f)->passing) {
    case CNN_PASSING_SIGMOID:
        return CNN_NORM_SIGMOID;
    case CNN_PASSING_TANH:
        return CNN_NORM_TANH;
    case CNN_PASSING_LIMITS:
    case CNN_PASSING_LEAKY:
        return e->add ? CNN_NORM_RECTIFIED_Y : CNN_NORM_RECTIFIED_X;
    case CNN_PASSING_APART:
        break;
    }
    return CNN_NORM_IDENTITY;
}

static void set_epilogue(struct backward *b, const struct cnn_epilogue *e)
{
    b->rule = rule_of(e);
    b->high = (real)INFINITY;
    if (!e)
        return;
    b->slope = cnn_activation_type(e->f)->passing == CNN_PASSING_LEAKY ? (real)e->a[0] : 0;
    b->high = (real)cnn_activation_type(e->f)->high;
}

static void run(struct cnn_queue *q, struct backward *b, const struct cnn_tensor *x,
                const struct cnn_tensor *y, const struct cnn_epilogue *e,
                const struct cnn_tensor *dy, struct cnn_tensor *dx, struct cnn_tensor *dadd,
                struct cnn_tensor *dgamma, struct cnn_tensor *dbeta)
{
    b->cut = cnn_norm_cut(x);
    b->x = x->data;
    b->y = data_of(y);
    b->dy = dy->data;
    b->dx = data_of(dx);
    b->dz = data_of(dadd);
    b->dgamma = data_of(dgamma);
    b->dbeta = data_of(dbeta);
    set_epilogue(b, e);
    b->summed = b->dgamma || b->dbeta || b->dz || (b->through && b->dx);
    if (b->cut.parts > 1)
        backward_in_parts(q, *b);
    else
        cnn_queue_run(q, b->cut.jobs, backward_job, b);
}

void cnn_cpu_batchnorm_backward(struct cnn_queue *q, const struct cnn_tensor *x,
                                const struct cnn_tensor *gamma, const struct cnn_tensor *beta,
                                const void *save_mean, const void *save_invstd,
                                const struct cnn_tensor *y, const struct cnn_epilogue *e,
                                const struct cnn_tensor *dy, struct cnn_tensor *dx,
                                struct cnn_tensor *dadd, struct cnn_tensor *dgamma,
                                struct cnn_tensor *dbeta)
{
    if (q->code)
        return;
    struct backward b = {
        .through = 1,
        .numbers = {
            .gamma = data_of(gamma), .beta = data_of(beta), .mean = save_mean, .inv = save_invstd}};
    run(q, &b, x, y, e, dy, dx, dadd, dgamma, dbeta);
}

void cnn_cpu_batchnorm_backward_frozen(
    struct cnn_queue *q, double eps, const struct cnn_tensor *x, const struct cnn_tensor *gamma,
    const struct cnn_tensor *beta, const struct cnn_tensor *running_mean,
    const struct cnn_tensor *running_var, const struct cnn_tensor *y, const struct cnn_epilogue *e,
    const struct cnn_tensor *dy, struct cnn_tensor *dx, struct cnn_tensor *dadd,
    struct cnn_tensor *dgamma, struct cnn_tensor *dbeta)
{
    if (q->code)
        return;
    struct backward b = {.numbers = {.gamma = data_of(gamma),
                                     .beta = data_of(beta),
                                     .mean = data_of(running_mean),
                                     .var = data_of(running_var),
                                     .eps = eps}};
    run(q, &b, x, y, e, dy, dx, dadd, dgamma, dbeta);
}
