/* The rates of multiply-adds and of copies; see limits.h. */
#include "kern/limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kern/isa/isa.h"
#include "kern/parallel.h"

enum { FEWEST = 9, MOST = 1000, ROUNDS = 20000, JOBS = 2 };
static const size_t COPY_BYTES = (size_t)64 << 20, SLICE_BYTES = (size_t)8 << 20;

struct loop {
    struct cnn_queue *q;
    cnn_job *job;
    size_t jobs;  /* of a slice */
    double count; /* what a slice does */
    char *from, *to;
    size_t at; /* where the slice begins there */
    real *sum; /* (threads) what the multiply-adds gave, so that they are not left out */
};

static void multiply_add_job(void *context, size_t job, int thread)
{
    struct loop *l = context;
    (void)job;
    l->sum[thread] += cnn_isa()->multiply_add_loop(ROUNDS, (real)0.5);
}

static void copy_job(void *context, size_t job, int thread)
{
    struct loop *l = context;
    size_t chunk = cnn_ceil_div(SLICE_BYTES, l->jobs), begin = cnn_min(job * chunk, SLICE_BYTES);
    (void)thread;
    memcpy(l->to + l->at + begin, l->from + l->at + begin, cnn_min(chunk, SLICE_BYTES - begin));
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What a slice reaches, a second: the median of as many as `seconds` have room for. */
static double rate_of(struct loop *l, double seconds)
{
    double took[MOST], start = cnn_seconds();
    size_t slices = 0;
    while (slices < MOST && (slices < FEWEST || cnn_seconds() - start < seconds)) {
        double begin = cnn_seconds();
        cnn_queue_run(l->q, l->jobs, l->job, l);
        took[slices++] = cnn_seconds() - begin;
        l->at = (l->at + SLICE_BYTES) % COPY_BYTES;
    }
    qsort(took, slices, sizeof *took, by_value);
    return l->count / took[slices / 2];
}

int cnn_limits_measure(struct cnn_queue *q, double seconds, struct cnn_limits *out)
{
    size_t threads = (size_t)cnn_queue_threads(q), jobs = JOBS * threads;
    struct loop l = {.q = q, .job = multiply_add_job, .jobs = jobs};
    l.from = malloc(COPY_BYTES);
    l.to = malloc(COPY_BYTES);
    l.sum = cnn_calloc(threads, sizeof *l.sum);
    int rc = l.from && l.to && l.sum ? 0 : cnn_fail_memory(COPY_BYTES);
    if (!rc) {
        l.count = (double)jobs * ROUNDS * (double)(CNN_LOOP_SUMS * cnn_isa()->lanes);
        out->multiply_adds = rate_of(&l, seconds);
        memset(l.from, 1, COPY_BYTES);
        memset(l.to, 2, COPY_BYTES);
        l.job = copy_job;
        l.count = 2 * (double)SLICE_BYTES;
        out->bytes = rate_of(&l, seconds);
    }
    free(l.from);
    free(l.to);
    free(l.sum);
    return rc;
}
