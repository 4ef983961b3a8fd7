/* Retrieval: how early the rows of a query's class come among all, by distance; see knn.h. Average precision is the
 * mean, over the rows of the class, of the part of such rows among those up to it (Manning, Raghavan, Schuetze,
 * Introduction to Information Retrieval, 8.4). Distances are made of gemm's products in double precision; of equal ones
 * the first row comes first. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/threads.h"
#include "kern/blas.h"
#include "task/infer/knn.h"

enum { PRODUCTS = 1 << 25 }; /* that are there at once, or those of one query */

struct place {
    double distance;
    size_t row;
};

/* Of a thread. */
struct knn_scratch {
    double *row;            /* (KNN_CUT, d) */
    struct place *relevant; /* (most) */
    size_t *before;         /* (most + 1) others behind so many relevant rows and before the next */
};

int cnn_knn_ranks_open(struct knn_ranks *r, const struct knn_store *store, struct cnn_pool *pool)
{
    size_t threads = (size_t)cnn_pool_threads(pool), cells;
    size_t *rows = cnn_calloc(store->classes->count, sizeof *rows);
    *r = (struct knn_ranks){.store = store, .pool = pool};
    if (!rows)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < store->n; i++) {
        size_t n = ++rows[store->label[i]];
        r->most = n > r->most ? n : r->most;
    }
    free(rows);
    r->queries = PRODUCTS / store->n < KNN_QUERIES ? PRODUCTS / store->n : KNN_QUERIES;
    r->queries += !r->queries;
    if (cnn_mul_overflows(r->queries, store->n, &cells))
        return cnn_fail_memory(SIZE_MAX);
    r->product = cnn_aligned_calloc(cells * sizeof *r->product);
    r->x = cnn_aligned_calloc(r->queries * store->d * sizeof *r->x);
    struct knn_scratch *s = r->scratch = cnn_calloc(threads, sizeof *s);
    int failed = !r->product || !r->x || !s;
    for (size_t t = 0; !failed && t < threads; t++) {
        s[t].relevant = cnn_calloc(r->most, sizeof *s->relevant);
        s[t].before = cnn_calloc(r->most + 1, sizeof *s->before);
        s[t].row = cnn_aligned_calloc(KNN_CUT * store->d * sizeof *s->row);
        failed = !s[t].relevant || !s[t].before || !s[t].row;
    }
    return failed ? CNN_ESYSTEM : 0;
}

void cnn_knn_ranks_close(struct knn_ranks *r)
{
    struct knn_scratch *s = r->scratch;
    for (int t = 0; s && t < cnn_pool_threads(r->pool); t++) {
        free(s[t].relevant);
        free(s[t].before);
        free(s[t].row);
    }
    free(s);
    free(r->x);
    free(r->product);
}

static int compare(const void *a, const void *b)
{
    const struct place *p = a, *q = b;
    if (p->distance != q->distance)
        return p->distance < q->distance ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

/* How many of the sorted places (n) come before that one. */
static size_t ahead(const struct place *sorted, size_t n, struct place p)
{
    size_t from = 0;
    while (from < n) {
        size_t middle = from + (n - from) / 2;
        if (compare(&sorted[middle], &p) < 0)
            from = middle + 1;
        else
            n = middle;
    }
    return from;
}

struct ranking {
    struct knn_ranks *r;
    const struct knn_block *b;
    const int32_t *label;
    double *ap;
};

static void multiply(void *context, size_t job, int thread)
{
    const struct ranking *k = context;
    const struct knn_store *s = k->r->store;
    size_t at = job * KNN_CUT, n = s->n - at < KNN_CUT ? s->n - at : KNN_CUT, d = s->d;
    double *row = k->r->scratch[thread].row;
    for (size_t i = 0; i < n * d; i++)
        row[i] = (double)s->row[at * d + i];
    cnn_gemm_double(k->b->n, n, d, k->r->x, d, row, d, k->r->product + at, s->n);
}

/* Products of query `job` become distances. */
static void measure(const struct ranking *k, size_t job)
{
    const struct knn_store *s = k->r->store;
    const struct knn_vector q = k->b->vector[job];
    double *product = k->r->product + job * s->n;
    double one = s->distance == CNN_INFER_COSINE, squares = one > 0 ? 0 : q.squares;
    for (size_t i = 0; i < s->n; i++) {
        product[i] = one + squares + (one > 0 ? 0 : s->vector[i].squares) -
                     q.scale * s->vector[i].scale * product[i];
    }
}

static void rank_query(void *context, size_t job, int thread)
{
    const struct ranking *k = context;
    const struct knn_store *s = k->r->store;
    const struct knn_scratch *own = &k->r->scratch[thread];
    const double *distance = k->r->product + job * s->n;
    size_t relevant = 0, others = 0;
    double sum = 0;
    measure(k, job);
    for (size_t i = 0; i < s->n; i++)
        if (s->label[i] == k->label[job] && i != k->b->own[job])
            own->relevant[relevant++] = (struct place){distance[i], i};
    qsort(own->relevant, relevant, sizeof *own->relevant, compare);
    for (size_t i = 0; i <= relevant; i++)
        own->before[i] = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->label[i] != k->label[job] && i != k->b->own[job])
            own->before[ahead(own->relevant, relevant, (struct place){distance[i], i})]++;
    for (size_t i = 0; i < relevant; i++) {
        others += own->before[i];
        sum += (double)(i + 1) / (double)(i + 1 + others);
    }
    k->ap[job] = relevant ? sum / (double)relevant : NAN;
}

void cnn_knn_average_precision(struct knn_ranks *r, const struct knn_block *b, const int32_t *label)
{
    const struct knn_store *s = r->store;
    for (size_t first = 0, n; first < b->n; first += n) {
        n = b->n - first < r->queries ? b->n - first : r->queries;
        struct knn_block part = {n, b->x + first * s->d, b->vector + first, b->own + first};
        struct ranking k = {r, &part, label + first, r->ap + first};
        for (size_t i = 0; i < n * s->d; i++)
            r->x[i] = (double)part.x[i];
        cnn_pool_run(r->pool, (s->n + KNN_CUT - 1) / KNN_CUT, multiply, &k);
        cnn_pool_run(r->pool, n, rank_query, &k);
    }
}
