/* The nearest rows of each query, exactly; see knn.h.
 *
 * gemm multiplies blocks of queries and rows. What it rounds decides nothing: a row whose distance may, within that
 * rounding, be less than the k-th best so far is measured anew, in double precision, element by element. So the answer
 * is the same for any number of threads, any cut and any BLAS; of n rows in no special order about k (1 + ln(n / k))
 * are measured twice. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/threads.h"
#include "kern/blas.h"
#include "task/infer/knn.h"

enum { TILE = 16 * KNN_CUT }; /* rows whose products are there at once */

int cnn_knn_search_open(struct knn_search *s, const struct knn_store *store, struct cnn_pool *pool,
                        size_t k)
{
    *s = (struct knn_search){.store = store, .pool = pool, .k = k};
    s->product = cnn_aligned_calloc(sizeof *s->product * KNN_QUERIES * TILE);
    size_t wanted;
    if (cnn_mul_overflows(KNN_QUERIES, k, &wanted))
        return cnn_fail_memory(SIZE_MAX);
    s->best = cnn_calloc(wanted, sizeof *s->best);
    return s->product && s->best ? 0 : CNN_ESYSTEM;
}

void cnn_knn_search_close(struct knn_search *s)
{
    free(s->product);
    free(s->best);
}

/* Of the same vectors it is 0 exactly: the root of a square is exact. */
static double measure(const struct knn_store *s, const real *q, const real *r, double squares)
{
    double sum = 0;
    switch (s->distance) {
    case CNN_INFER_EUCLID:
        for (size_t i = 0; i < s->d; i++)
            sum += ((double)q[i] - (double)r[i]) * ((double)q[i] - (double)r[i]);
        return sum;
    case CNN_INFER_COSINE:
        for (size_t i = 0; i < s->d; i++)
            sum += (double)q[i] * (double)r[i];
        return squares > 0 ? fmax(0, 1 - sum / sqrt(squares)) : 1;
    }
    return sum;
}

static int is_farther(struct knn_neighbour a, struct knn_neighbour b)
{
    return a.distance > b.distance || (a.distance == b.distance && a.row > b.row);
}

/* A heap of n, the farthest at the root: what stands at `at` goes down to its place. */
static void sink(struct knn_neighbour *heap, size_t n, size_t at)
{
    struct knn_neighbour moved = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_farther(heap[child + 1], heap[child]))
            child++;
        if (!is_farther(heap[child], moved))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

static void sort_heap(struct knn_neighbour *heap, size_t n)
{
    while (n > 1) {
        struct knn_neighbour farthest = heap[0];
        heap[0] = heap[--n];
        heap[n] = farthest;
        sink(heap, n, 0);
    }
}

/* A tile. */
struct scan {
    const struct knn_search *s;
    const struct knn_block *b;
    size_t first, rows;
};

static void multiply(void *context, size_t job, int thread)
{
    const struct scan *t = context;
    size_t at = job * KNN_CUT, n = t->rows - at < KNN_CUT ? t->rows - at : KNN_CUT;
    size_t d = t->s->store->d;
    (void)thread;
    cnn_gemm(0, 1, t->b->n, n, d, t->b->x, d, t->s->store->row + (t->first + at) * d, d, 0,
             t->s->product + at, TILE);
}

/* Query `job`, over the rows of a tile. */
static void scan_tile(void *context, size_t job, int thread)
{
    const struct scan *t = context;
    const struct knn_search *s = t->s;
    const struct knn_store *store = s->store;
    const struct knn_vector q = t->b->vector[job], *v = store->vector + t->first;
    const real *product = s->product + job * TILE, *x = t->b->x + job * store->d;
    struct knn_neighbour *heap = s->best + job * s->k;
    (void)thread;
    for (size_t i = 0; i < t->rows; i++) {
        double least = q.bias + v[i].bias - q.scale * v[i].scale * (double)product[i];
        if (least > heap->distance || t->first + i == t->b->own[job])
            continue;
        struct knn_neighbour found = {.row = t->first + i};
        found.distance =
            measure(store, x, store->row + found.row * store->d, q.squares * v[i].squares);
        if (is_farther(found, heap[0]))
            continue;
        heap[0] = found;
        sink(heap, s->k, 0);
    }
}

static void sort_query(void *context, size_t job, int thread)
{
    const struct knn_search *s = context;
    (void)thread;
    sort_heap(s->best + job * s->k, s->k);
}

void cnn_knn_search(struct knn_search *s, const struct knn_block *b)
{
    struct scan t = {s, b, 0, 0};
    for (size_t i = 0; i < b->n * s->k; i++)
        s->best[i] = (struct knn_neighbour){INFINITY, SIZE_MAX};
    for (; t.first < s->store->n; t.first += t.rows) {
        t.rows = s->store->n - t.first < TILE ? s->store->n - t.first : TILE;
        cnn_pool_run(s->pool, (t.rows + KNN_CUT - 1) / KNN_CUT, multiply, &t);
        cnn_pool_run(s->pool, b->n, scan_tile, &t);
    }
    cnn_pool_run(s->pool, b->n, sort_query, s);
}
