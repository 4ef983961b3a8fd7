/* How kernels cut their work: into jobs whose number and size follow from the
 * shapes alone, so that results do not depend on the number of threads. */
#ifndef CNN_KERN_PARALLEL_H
#define CNN_KERN_PARALLEL_H

#include "base/threads.h"
#include "kern/kernels.h"

enum { CNN_CHUNK = 16384 }; /* elements that make a job worth handing to a thread */

/* Elements, samples or planes begin .. end - 1. */
struct cnn_range {
    size_t begin, end;
};

static inline size_t cnn_ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static inline size_t cnn_round_up(size_t a, size_t b)
{
    return cnn_ceil_div(a, b) * b;
}

static inline size_t cnn_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t cnn_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The size of the fewest pieces of nearly equal size that make up `total`, none above `most`. */
static inline size_t cnn_even(size_t total, size_t most)
{
    return cnn_ceil_div(total, cnn_ceil_div(total, cnn_max(1, most)));
}

/* The job-th piece of `total` things cut into pieces of `chunk`. */
static inline struct cnn_range cnn_range_of(size_t job, size_t chunk, size_t total)
{
    size_t begin = job * chunk;
    return (struct cnn_range){begin, cnn_min(begin + chunk, total)};
}

/* How many things of `size` elements make a job. */
static inline size_t cnn_chunk_of(size_t size)
{
    return cnn_max(1, CNN_CHUNK / cnn_max(1, size));
}

static inline int cnn_queue_threads(const struct cnn_queue *q)
{
    return q->pool ? cnn_pool_threads(q->pool) : 1;
}

static inline void cnn_queue_run(struct cnn_queue *q, size_t jobs, cnn_job *run, void *context)
{
    if (q->pool && jobs > 1) {
        cnn_pool_run(q->pool, jobs, run, context);
        return;
    }
    for (size_t job = 0; job < jobs; job++)
        run(context, job, 0);
}

#endif
