/* Inverted dropout: y_i = keep_i x_i / (1 - rate), keep_i = [u_i >= rate] with u_i from Philox
 * block i / 4, word i % 4 (Srivastava et al. 2014); of elements, of channels (Tompson et al. 2015),
 * or of samples (Huang et al. 2016). */
#include "base/random.h"
#include "kern/hot.h"
#include "kern/planes.h"

struct dropout {
    float rate;
    real scale;
    uint64_t key, stream;
    size_t count;
    const real *x;
    real *y;
};

static void dropout_job(void *context, size_t job, int thread)
{
    const struct dropout *d = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, d->count);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i += 4) {
        uint32_t word[4];
        cnn_philox(d->key, d->stream, i / 4, word);
        for (size_t k = 0; k < 4 && i + k < r.end; k++)
            d->y[i + k] = cnn_unit(word[k]) < d->rate ? 0 : d->x[i + k] * d->scale;
    }
}

void cnn_cpu_dropout(struct cnn_queue *q, double rate, uint64_t key, uint64_t stream,
                     const struct cnn_tensor *x, struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct dropout d = {.rate = (float)rate,
                        .scale = (real)(1 / (1 - rate)),
                        .key = key,
                        .stream = stream,
                        .count = cnn_tensor_count(y),
                        .x = x->data,
                        .y = y->data};
    cnn_queue_run(q, cnn_ceil_div(d.count, CNN_CHUNK), dropout_job, &d);
}

struct drop_planes {
    struct cnn_planes planes;
    int rows;
    float rate;
    real scale;
    uint64_t key, stream;
    const real *x;
    real *y;
};

static real factor_of(const struct drop_planes *d, size_t plane, size_t lane)
{
    size_t n = cnn_planes_sample(&d->planes, plane, lane);
    size_t i = d->rows ? n / (size_t)d->rows
                       : n * d->planes.c + cnn_planes_channel(&d->planes, plane, lane);
    uint32_t word[4];
    cnn_philox(d->key, d->stream, i / 4, word);
    return cnn_unit(word[i % 4]) < d->rate ? 0 : d->scale;
}

static void planes_job(void *context, size_t job, int thread)
{
    const struct drop_planes *d = context;
    const struct cnn_planes *p = &d->planes;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->count);
    struct cnn_norm by = {.rule = CNN_NORM_IDENTITY};
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        real factor[CNN_MOST_LANES] = {0};
        for (size_t k = 0; k < p->lanes; k++)
            factor[k] = factor_of(d, i, k);
        cnn_planes_spread(p, factor, by.scale);
        cnn_isa()->norm_apply(&by, p->run, d->x + i * p->run, NULL, d->y + i * p->run);
    }
}

void cnn_cpu_dropout_planes(struct cnn_queue *q, int rows, double rate, uint64_t key,
                            uint64_t stream, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct drop_planes d = {.planes = cnn_planes_of(x),
                            .rows = rows,
                            .rate = (float)rate,
                            .scale = (real)(1 / (1 - rate)),
                            .key = key,
                            .stream = stream,
                            .x = x->data,
                            .y = y->data};
    cnn_queue_run(q, d.planes.jobs, planes_job, &d);
}
