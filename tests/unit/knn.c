/* The nearest rows and average precision, against loops over all rows in double precision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/threads.h"
#include "task/infer/knn.h"

/* More rows than a tile, more than the blocks by which work is cut. */
enum { ROWS = 9001, D = 5, QUERIES = 70, CLASSES = 3, K = 12 };

struct data {
    struct knn_store store;
    struct cnn_strings classes;
    real *x; /* (QUERIES, D) */
    struct knn_vector vector[QUERIES];
    size_t own[QUERIES];
    int32_t label[QUERIES];
};

static uint32_t next(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

/* Small whole numbers, of which many are the same: ties. `coarse` 0: none. */
static real draw(uint32_t *seed, int coarse)
{
    return coarse ? (real)(next(seed) >> 30)
                  : (real)(next(seed) >> 8) / (real)(1 << 24) - (real)0.5;
}

static void fill(struct data *t, enum cnn_infer_distance distance, int coarse, double offset)
{
    uint32_t seed = 7;
    struct knn_store *s = &t->store;
    *t = (struct data){.store = {.distance = distance, .n = ROWS, .d = D, .classes = &t->classes}};
    for (int c = 0; c < CLASSES; c++)
        assert_int_equal(cnn_strings_add(&t->classes, (const char *[]){"a", "b", "c"}[c]), 0);
    s->row = cnn_aligned_calloc(ROWS * D * sizeof *s->row);
    s->vector = cnn_calloc(ROWS, sizeof *s->vector);
    s->label = cnn_calloc(ROWS, sizeof *s->label);
    t->x = cnn_aligned_calloc(QUERIES * D * sizeof *t->x);
    assert_true(s->row && s->vector && s->label && t->x);
    for (size_t i = 0; i < ROWS * D; i++)
        s->row[i] = draw(&seed, coarse) + (real)offset;
    for (size_t i = 0; i < QUERIES * D; i++)
        t->x[i] = draw(&seed, coarse) + (real)offset;
    for (size_t i = 0; i < ROWS; i++) {
        s->vector[i] = cnn_knn_vector(s, s->row + i * D, 0);
        s->label[i] = (int32_t)(next(&seed) >> 8) % CLASSES;
    }
    for (size_t i = 0; i < QUERIES; i++) {
        t->vector[i] = cnn_knn_vector(s, t->x + i * D, 1);
        t->own[i] = i % 3 ? SIZE_MAX : i;
        t->label[i] = (int32_t)(i % CLASSES);
    }
}

static void empty(struct data *t)
{
    free(t->store.row);
    free(t->store.vector);
    free(t->store.label);
    free(t->x);
    cnn_strings_free(&t->classes);
}

static double distance_of(const struct data *t, size_t query, size_t row)
{
    const real *q = t->x + query * D, *r = t->store.row + row * D;
    double dot = 0, q2 = 0, r2 = 0, apart = 0;
    for (size_t i = 0; i < D; i++) {
        double a = (double)q[i], b = (double)r[i];
        dot += a * b;
        q2 += a * a;
        r2 += b * b;
        apart += (a - b) * (a - b);
    }
    if (t->store.distance == CNN_INFER_EUCLID)
        return apart;
    return q2 * r2 > 0 ? fmax(0, 1 - dot / sqrt(q2 * r2)) : 1;
}

static int compare(const void *a, const void *b)
{
    const struct knn_neighbour *p = a, *q = b;
    if (p->distance != q->distance)
        return p->distance < q->distance ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

/* All rows but its own, nearest first. */
static size_t sorted(const struct data *t, size_t query, struct knn_neighbour *out)
{
    size_t n = 0;
    for (size_t row = 0; row < ROWS; row++)
        if (row != t->own[query])
            out[n++] = (struct knn_neighbour){distance_of(t, query, row), row};
    qsort(out, n, sizeof *out, compare);
    return n;
}

static void check_nearest(enum cnn_infer_distance distance, int coarse, double offset, int threads)
{
    struct data t;
    struct knn_search search;
    static struct knn_neighbour all[ROWS];
    struct cnn_pool *pool = cnn_pool_new(threads);
    fill(&t, distance, coarse, offset);
    const struct knn_block b = {QUERIES, t.x, t.vector, t.own};
    assert_int_equal(cnn_knn_search_open(&search, &t.store, pool, K), 0);
    cnn_knn_search(&search, &b);
    for (size_t i = 0; i < QUERIES; i++) {
        sorted(&t, i, all);
        for (size_t k = 0; k < K; k++) {
            assert_int_equal(search.best[i * K + k].row, all[k].row);
            assert_true(search.best[i * K + k].distance == all[k].distance);
        }
    }
    cnn_knn_search_close(&search);
    cnn_pool_free(pool);
    empty(&t);
}

static void test_nearest(void **state)
{
    (void)state;
    check_nearest(CNN_INFER_EUCLID, 0, 0, 1);
    check_nearest(CNN_INFER_COSINE, 0, 0, 3);
}

static void test_ties_are_by_index(void **state)
{
    (void)state;
    check_nearest(CNN_INFER_EUCLID, 1, 0, 2);
    check_nearest(CNN_INFER_COSINE, 1, 0, 1);
}

/* Distances that float32 products do not hold at all: far from the origin, overflowing, vanishing. */
static void test_what_products_cannot_tell(void **state)
{
    (void)state;
    check_nearest(CNN_INFER_EUCLID, 0, 4096, 2);
    check_nearest(CNN_INFER_EUCLID, 1, 1e20, 1);
    check_nearest(CNN_INFER_COSINE, 0, 300, 2);
    check_nearest(CNN_INFER_COSINE, 1, 1e-25, 1);
}

static void check_ranks(enum cnn_infer_distance distance)
{
    struct data t;
    struct knn_ranks ranks;
    static struct knn_neighbour all[ROWS];
    struct cnn_pool *pool = cnn_pool_new(2);
    fill(&t, distance, 0, 0);
    const struct knn_block b = {QUERIES, t.x, t.vector, t.own};
    assert_int_equal(cnn_knn_ranks_open(&ranks, &t.store, pool), 0);
    ranks.queries = 16; /* several turns */
    cnn_knn_average_precision(&ranks, &b, t.label);
    for (size_t i = 0; i < QUERIES; i++) {
        size_t n = sorted(&t, i, all), hits = 0;
        double sum = 0;
        for (size_t k = 0; k < n; k++)
            if (t.store.label[all[k].row] == t.label[i])
                sum += (double)++hits / (double)(k + 1);
        assert_true(fabs(ranks.ap[i] - sum / (double)hits) < 1e-12);
    }
    t.label[0] = -1;
    cnn_knn_average_precision(&ranks, &b, t.label);
    assert_true(isnan(ranks.ap[0]) && !isnan(ranks.ap[1]));
    cnn_knn_ranks_close(&ranks);
    cnn_pool_free(pool);
    empty(&t);
}

static void test_average_precision(void **state)
{
    (void)state;
    check_ranks(CNN_INFER_EUCLID);
    check_ranks(CNN_INFER_COSINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_ties_are_by_index),
        cmocka_unit_test(test_what_products_cannot_tell),
        cmocka_unit_test(test_average_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
