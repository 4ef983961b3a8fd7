/* Layer normalisation (Ba, Kiros, Hinton 2016) of the C channels at each place of each sample,
 *   y = z gamma + beta,  z = (x - mean) inv,  inv = 1 / sqrt(var + eps),
 *   dx = inv (gamma dy - (A + z B) / C) with A and B the sums of gamma dy and gamma dy z,
 *   dgamma += sum dy z,  dbeta += sum dy.
 * Jobs are runs of places (isa/layernorm.c); each sums up its own part of the parameters'
 * gradients, in single precision over SHORT places and in double precision from there on. */
#include <string.h>

#include "kern/isa/isa.h"
#include "kern/parallel.h"

enum { MOST_JOBS = 64, SHORT = 64 };

struct layernorm {
    struct cnn_layernorm rule;
    size_t units, each; /* places lie together in units: planes, samples, groups */
    size_t unit;        /* elements of a unit */
    size_t run, runs;   /* places of a run at most, runs of a unit */
    size_t chunk, jobs; /* runs of a job */
    size_t sums;        /* of slope or level: (vectors, lanes) or (channels, lanes) */
    const real *x, *dy;
    real *y, *dx;
    real *save_mean, *save_inv; /* (units, each); NULL: not wanted */
    const real *mean, *inv;     /* (units, each), backward */
    void *work;
};

static struct layernorm layernorm_of(const struct cnn_tensor *x)
{
    size_t lanes = cnn_tensor_lanes(x), hw = x->h * x->w, v = cnn_isa()->lanes;
    int groups = x->layout.order == CNN_ORDER_GROUPS, blocks = x->layout.order == CNN_ORDER_BLOCKS;
    struct layernorm l = {.units = groups ? cnn_ceil_div(x->n, lanes) : x->n, .each = hw};
    size_t vectors = cnn_ceil_div(x->c, v);
    l.rule = (struct cnn_layernorm){.columns = groups, .channels = x->c, .place = lanes};
    l.unit = x->c * hw * lanes;
    if (blocks) {
        l.unit = vectors * v * hw;
        l.rule.step = hw * v;
        l.rule.filled = 1;
    } else if (!groups && hw == 1) { /* one unit of rows */
        l.each = l.units;
        l.units = 1;
        l.rule.place = x->c;
        l.rule.step = v;
    } else {
        l.rule.columns = 1;
        l.each = hw * lanes;
        l.rule.place = 1;
        l.rule.step = l.each;
    }
    l.sums = l.rule.columns ? x->c * v : vectors * v;
    l.run = l.rule.columns ? SHORT * v : SHORT;
    l.runs = cnn_ceil_div(l.each, l.run);
    size_t all = l.units * l.runs, least = cnn_chunk_of(cnn_min(l.run, l.each) * x->c);
    l.chunk = cnn_max(least, cnn_ceil_div(all, MOST_JOBS));
    l.jobs = cnn_ceil_div(all, cnn_max(1, l.chunk));
    l.x = x->data;
    return l;
}

/* The i-th run: its places, where its first one's elements lie, and where its mean is. */
static struct cnn_layernorm run_of(const struct layernorm *l, size_t i, size_t *at, size_t *place)
{
    struct cnn_layernorm r = l->rule;
    struct cnn_range p = cnn_range_of(i % l->runs, l->run, l->each);
    size_t unit = i / l->runs;
    r.places = p.end - p.begin;
    *at = unit * l->unit + p.begin * r.place;
    *place = unit * l->each + p.begin;
    return r;
}

static void forward_job(void *context, size_t job, int thread)
{
    const struct layernorm *l = context;
    struct cnn_range runs = cnn_range_of(job, l->chunk, l->units * l->runs);
    real mean[SHORT * CNN_MOST_LANES] = {0}, inv[SHORT * CNN_MOST_LANES] = {0};
    (void)thread;
    for (size_t i = runs.begin; i < runs.end; i++) {
        size_t at, place;
        struct cnn_layernorm r = run_of(l, i, &at, &place);
        int saves = l->save_mean != NULL;
        cnn_isa()->layernorm(&r, l->x + at, l->y + at, saves ? l->save_mean + place : mean,
                             saves ? l->save_inv + place : inv);
    }
}

/* Of a job: slopes and levels in double precision (channels each), then in single (sums each). */
static double *doubles_of(const struct layernorm *l, size_t job)
{
    return (double *)l->work + job * 2 * l->rule.channels;
}

static real *reals_of(const struct layernorm *l, size_t job)
{
    void *behind = doubles_of(l, l->jobs);
    return (real *)behind + job * 2 * l->sums;
}

/* A channel's single sums: its lane, or all lanes of its vector. */
static double single_sum(const struct layernorm *l, const real *sum, size_t c)
{
    size_t v = cnn_isa()->lanes;
    double total = 0;
    if (!l->rule.columns)
        return (double)sum[c];
    for (size_t k = 0; k < v; k++)
        total += (double)sum[c * v + k];
    return total;
}

static void backward_job(void *context, size_t job, int thread)
{
    const struct layernorm *l = context;
    struct cnn_range runs = cnn_range_of(job, l->chunk, l->units * l->runs);
    size_t channels = l->rule.channels;
    double *total = doubles_of(l, job);
    real *sum = reals_of(l, job);
    (void)thread;
    for (size_t c = 0; c < 2 * channels; c++)
        total[c] = 0;
    for (size_t i = runs.begin; i < runs.end; i++) {
        size_t at, place;
        struct cnn_layernorm r = run_of(l, i, &at, &place);
        memset(sum, 0, 2 * l->sums * sizeof *sum);
        cnn_isa()->layernorm_gradient(&r, l->x + at, l->mean + place, l->inv + place, l->dy + at,
                                      l->dx ? l->dx + at : NULL, sum, sum + l->sums);
        for (size_t c = 0; c < channels; c++) {
            total[c] += single_sum(l, sum, c);
            total[channels + c] += single_sum(l, sum + l->sums, c);
        }
    }
}

static void add_parameters(const struct layernorm *l, size_t which, struct cnn_tensor *to)
{
    real *d = to->data;
    for (size_t c = 0; c < l->rule.channels; c++) {
        double sum = 0;
        for (size_t job = 0; job < l->jobs; job++)
            sum += doubles_of(l, job)[which * l->rule.channels + c];
        d[c] += (real)sum;
    }
}

size_t cnn_cpu_layernorm_work(struct cnn_queue *q, const struct cnn_tensor *x)
{
    struct layernorm l = layernorm_of(x);
    (void)q;
    return 2 * l.jobs * (l.rule.channels * sizeof(double) + l.sums * sizeof(real));
}

void cnn_cpu_layernorm_forward(struct cnn_queue *q, double eps, const struct cnn_tensor *x,
                               const struct cnn_tensor *gamma, const struct cnn_tensor *beta,
                               void *save_mean, void *save_invstd, struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct layernorm l = layernorm_of(x);
    l.rule.eps = eps;
    l.rule.gamma = gamma ? gamma->data : NULL;
    l.rule.beta = beta ? beta->data : NULL;
    l.save_mean = save_mean;
    l.save_inv = save_invstd;
    l.y = y->data;
    cnn_queue_run(q, l.jobs, forward_job, &l);
}

void cnn_cpu_layernorm_backward(struct cnn_queue *q, const struct cnn_tensor *x,
                                const struct cnn_tensor *gamma, const void *save_mean,
                                const void *save_invstd, const struct cnn_tensor *dy,
                                struct cnn_tensor *dx, struct cnn_tensor *dgamma,
                                struct cnn_tensor *dbeta, void *work)
{
    if (q->code)
        return;
    struct layernorm l = layernorm_of(x);
    l.rule.gamma = gamma ? gamma->data : NULL;
    l.mean = save_mean;
    l.inv = save_invstd;
    l.dy = dy->data;
    l.dx = dx ? dx->data : NULL;
    l.work = work;
    cnn_queue_run(q, l.jobs, backward_job, &l);
    if (dgamma)
        add_parameters(&l, 0, dgamma);
    if (dbeta)
        add_parameters(&l, 1, dbeta);
}
