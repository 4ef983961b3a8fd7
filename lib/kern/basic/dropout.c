/* Inverted dropout: y_i = keep_i x_i / (1 - rate), keep_i = [u_i >= rate] with u_i from Philox
 * block i / 4, word i % 4 (Srivastava et al. 2014). */
#include "base/random.h"
#include "kern/hot.h"
#include "kern/parallel.h"

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
