/* Batch normalisation (Ioffe and Szegedy 2015, algorithms 1 and 2): over n, h, w of each channel,
 *   y = f((x - mean) invstd gamma + beta + add),   invstd = 1 / sqrt(var + eps).
 * Training reads x twice: for mean and variance, and to normalise. A unit that one job does whole
 * is read the second time from the cache; the parts of larger ones are gone through in turned
 * order for the same reason. */
#include <math.h>

#include "kern/activation.h"
#include "kern/norm/batchnorm_cut.h"
#include "kern/isa/moments.h"

struct forward {
    struct cnn_norm_cut cut;
    struct cnn_norm_numbers numbers;
    double momentum;
    const real *x, *add; /* (n, c, h, w); add NULL: none */
    real *y;
    real *running_mean, *running_var, *save_mean, *save_inv; /* (c), training */
    enum cnn_norm_rule rule;
    real slope, high;
    struct cnn_moments *part; /* (units, parts) */
};

static void moments_of(const struct forward *f, size_t unit, struct cnn_range positions,
                       struct cnn_moments *m)
{
    struct cnn_norm_run r;
    m->count = 0;
    for (size_t k = 0; k < CNN_MOST_LANES; k++)
        m->mean[k] = m->squares[k] = 0;
    while (cnn_norm_next(&f->cut, unit, &positions, &r))
        (f->cut.block > 1 ? cnn_isa()->moments : cnn_isa()->moments_plain)(r.count, f->x + r.at, m);
}

/* What is saved for backward, and the running statistics. */
static void finish_statistics(const struct forward *f, size_t unit, const struct cnn_moments *m)
{
    double count = m->count, keep = 1 - f->momentum;
    for (size_t k = 0; k < cnn_norm_channels(&f->cut, unit); k++) {
        size_t c = unit * f->cut.block + k;
        double unbiased = count > 1 ? m->squares[k] / (count - 1) : 0;
        f->save_mean[c] = (real)m->mean[k];
        f->save_inv[c] = (real)(1 / sqrt(m->squares[k] / count + f->numbers.eps));
        f->running_mean[c] = (real)(keep * (double)f->running_mean[c] + f->momentum * m->mean[k]);
        f->running_var[c] = (real)(keep * (double)f->running_var[c] + f->momentum * unbiased);
    }
}

static void normalise(const struct forward *f, size_t unit, struct cnn_range positions)
{
    struct cnn_norm a = {.rule = f->rule, .slope = f->slope, .high = f->high};
    struct cnn_norm_run r;
    cnn_norm_coefficients(&f->cut, &f->numbers, unit, &a);
    while (cnn_norm_next(&f->cut, unit, &positions, &r))
        cnn_isa()->norm_apply(&a, r.count, f->x + r.at, f->add ? f->add + r.at : NULL, f->y + r.at);
}

static void moments_job(void *context, size_t job, int thread)
{
    const struct forward *f = context;
    struct cnn_norm_piece p = cnn_norm_piece(&f->cut, job);
    (void)thread;
    moments_of(f, p.units.begin, p.positions, &f->part[job]);
}

static void normalise_job(void *context, size_t job, int thread)
{
    const struct forward *f = context;
    struct cnn_norm_piece p = cnn_norm_piece(&f->cut, f->cut.jobs - 1 - job);
    (void)thread;
    for (size_t u = p.units.begin; u < p.units.end; u++)
        normalise(f, u, p.positions);
}

/* Whole units. */
static void train_job(void *context, size_t job, int thread)
{
    const struct forward *f = context;
    struct cnn_norm_piece p = cnn_norm_piece(&f->cut, job);
    (void)thread;
    for (size_t u = p.units.begin; u < p.units.end; u++) {
        struct cnn_moments m;
        moments_of(f, u, p.positions, &m);
        finish_statistics(f, u, &m);
        normalise(f, u, p.positions);
    }
}

static void train_in_parts(struct cnn_queue *q, struct forward f)
{
    struct cnn_moments part[CNN_NORM_MOST_PARTS];
    f.part = part;
    cnn_queue_run(q, f.cut.jobs, moments_job, &f);
    for (size_t u = 0; u < f.cut.units; u++) {
        struct cnn_moments *m = part + u * f.cut.parts;
        for (size_t i = 1; i < f.cut.parts; i++)
            cnn_moments_add(m, m + i, f.cut.block);
        finish_statistics(&f, u, m);
    }
    cnn_queue_run(q, f.cut.jobs, normalise_job, &f);
}

static void *data_of(const struct cnn_tensor *t)
{
    return t ? t->data : NULL;
}

static void set_epilogue(struct forward *f, const struct cnn_epilogue *e)
{
    struct cnn_norm a = cnn_norm_follow(e);
    f->rule = a.rule;
    f->slope = a.slope;
    f->high = a.high;
    f->add = e ? data_of(e->add) : NULL;
}

void cnn_cpu_batchnorm_train(struct cnn_queue *q, double eps, double momentum,
                             const struct cnn_tensor *x, const struct cnn_tensor *gamma,
                             const struct cnn_tensor *beta, struct cnn_tensor *running_mean,
                             struct cnn_tensor *running_var, void *save_mean, void *save_invstd,
                             const struct cnn_epilogue *e, struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct forward f = {.cut = cnn_norm_cut(x),
                        .numbers = {.gamma = data_of(gamma),
                                    .beta = data_of(beta),
                                    .mean = save_mean,
                                    .inv = save_invstd,
                                    .eps = eps},
                        .momentum = momentum,
                        .x = x->data,
                        .y = y->data,
                        .running_mean = running_mean->data,
                        .running_var = running_var->data,
                        .save_mean = save_mean,
                        .save_inv = save_invstd};
    set_epilogue(&f, e);
    if (f.cut.parts > 1)
        train_in_parts(q, f);
    else
        cnn_queue_run(q, f.cut.jobs, train_job, &f);
    cnn_norm_rest(q, e, y);
}

void cnn_cpu_batchnorm_infer(struct cnn_queue *q, double eps, const struct cnn_tensor *x,
                             const struct cnn_tensor *gamma, const struct cnn_tensor *beta,
                             const struct cnn_tensor *running_mean,
                             const struct cnn_tensor *running_var, const struct cnn_epilogue *e,
                             struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct forward f = {.cut = cnn_norm_cut(x),
                        .numbers = {.gamma = data_of(gamma),
                                    .beta = data_of(beta),
                                    .mean = data_of(running_mean),
                                    .var = data_of(running_var),
                                    .eps = eps},
                        .x = x->data,
                        .y = y->data};
    set_epilogue(&f, e);
    cnn_queue_run(q, f.cut.jobs, normalise_job, &f);
    cnn_norm_rest(q, e, y);
}
