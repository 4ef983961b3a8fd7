/* Kernels of samples' rows against plain loops in double precision. */
#include "kernels/rig.h"

struct rows_case {
    enum cnn_rows_pool how;
    size_t n, rows;
    struct cnn_tensor x, y, dy, dx;
    int32_t *count, *argmax, *kept, *from, *to;
    real *weight;
};

static const size_t shapes[][5] = {/* samples, rows, c, h, w */
                                   {1, 1, 1, 1, 1},
                                   {3, 4, 5, 1, 1},
                                   {5, 7, 3, 2, 3},
                                   {2, 9, 130, 1, 1},
                                   {300, 3, 2, 1, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* From none to more than there are; NULL for the last but one shape. */
static int32_t *counts(int shape)
{
    const size_t *s = shapes[shape];
    if (shape == SHAPES - 2)
        return NULL;
    int32_t *count = buffer_new(s[0] * sizeof *count, INPUT);
    for (size_t i = 0; i < s[0]; i++)
        count[i] = (int32_t)((i + 1) % (s[1] + 2));
    return count;
}

static size_t real_rows(const struct rows_case *a, size_t n)
{
    size_t count = a->count ? (size_t)a->count[n] : a->rows;
    return count < a->rows ? count : a->rows;
}

static struct cnn_tensor rows_tensor(int shape, int pooled, enum kind kind)
{
    const size_t *s = shapes[shape];
    return tensor(s[0] * (pooled ? 1 : s[1]), s[2], s[3], s[4], kind);
}

static void pool_run(struct cnn_queue *q, void *context)
{
    struct rows_case *a = context;
    K(rows_pool_forward)(q, a->how, a->rows, a->count, &a->x, &a->y, a->argmax);
    wait_for(q);
}

/* y, and the row that each element of it is in, -1 for none. */
static void expected_pool(const struct rows_case *a, double *y, int32_t *row)
{
    size_t each = cnn_tensor_count(&a->y) / a->n;
    for (size_t i = 0; i < cnn_tensor_count(&a->y); i++) {
        size_t n = i / each, count = real_rows(a, n);
        double sum = 0, best = -INFINITY;
        row[i] = -1;
        for (size_t r = 0; r < count; r++) {
            double v = value_at(&a->x, (n * a->rows + r) * each + i % each);
            sum += v;
            if (a->how == CNN_ROWS_LAST || v > best) {
                best = v;
                row[i] = (int32_t)r;
            }
        }
        y[i] = !count ? 0 : a->how == CNN_ROWS_MEAN ? sum / (double)count : best;
    }
}

static void check_pool(int shape, enum cnn_rows_pool how)
{
    struct rows_case a = {.how = how, .n = shapes[shape][0], .rows = shapes[shape][1]};
    a.count = counts(shape);
    a.x = rows_tensor(shape, 0, INPUT);
    a.y = rows_tensor(shape, 1, OUTPUT);
    size_t elements = cnn_tensor_count(&a.y);
    if (how == CNN_ROWS_MAX)
        a.argmax = buffer_new(elements * sizeof *a.argmax, OUTPUT);
    run_all(pool_run, &a);
    double *y = zeros(elements);
    int32_t *row = malloc(elements * sizeof *row);
    expected_pool(&a, y, row);
    expect_tensor("y", &a.y, y, 1e-6);
    if (a.argmax)
        assert_memory_equal(a.argmax, row, elements * sizeof *row);
    free(y);
    free(row);
    buffers_free();
}

void test_rows_pool_forward(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++)
        for (int how = CNN_ROWS_MEAN; how <= CNN_ROWS_LAST; how++)
            check_pool(i, (enum cnn_rows_pool)how);
}

static void spread_run(struct cnn_queue *q, void *context)
{
    struct rows_case *a = context;
    K(rows_pool_backward)(q, a->how, a->rows, a->count, &a->dy, a->argmax, &a->dx);
    wait_for(q);
}

static void check_spread(int shape, enum cnn_rows_pool how)
{
    struct rows_case a = {.how = how, .n = shapes[shape][0], .rows = shapes[shape][1]};
    a.count = counts(shape);
    a.dy = rows_tensor(shape, 1, INPUT);
    a.dx = rows_tensor(shape, 0, OUTPUT);
    size_t elements = cnn_tensor_count(&a.dy), each = elements / a.n;
    if (how == CNN_ROWS_MAX)
        a.argmax = buffer_new(elements * sizeof *a.argmax, INPUT);
    for (size_t i = 0; a.argmax && i < elements; i++) {
        size_t count = real_rows(&a, i / each);
        a.argmax[i] = count ? (int32_t)(i % count) : -1;
    }
    run_all(spread_run, &a);
    double *dx = zeros(cnn_tensor_count(&a.dx));
    for (size_t i = 0; i < elements; i++)
        for (size_t r = 0, count = real_rows(&a, i / each); r < count; r++) {
            double dy = value_at(&a.dy, i);
            size_t row = how == CNN_ROWS_LAST ? count - 1 : a.argmax ? (size_t)a.argmax[i] : r;
            dx[(i / each * a.rows + r) * each + i % each] = how == CNN_ROWS_MEAN
                                                                ? dy / (double)count
                                                            : r == row ? dy
                                                                       : 0;
        }
    expect_tensor("dx", &a.dx, dx, 1e-6);
    free(dx);
    buffers_free();
}

void test_rows_pool_backward(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++)
        for (int how = CNN_ROWS_MEAN; how <= CNN_ROWS_LAST; how++)
            check_spread(i, (enum cnn_rows_pool)how);
}

static const double LIMIT = 0.1;

static void above_run(struct cnn_queue *q, void *context)
{
    struct rows_case *a = context;
    K(rows_above)(q, a->x.c - 1, LIMIT, a->rows, a->count, &a->x, a->kept, a->from, a->to);
    wait_for(q);
}

static void check_above(int shape)
{
    struct rows_case a = {.n = shapes[shape][0], .rows = shapes[shape][1]};
    size_t rows = a.n * a.rows, each;
    a.count = counts(shape);
    a.x = rows_tensor(shape, 0, INPUT);
    each = cnn_tensor_count(&a.x) / rows;
    a.kept = buffer_new(a.n * sizeof *a.kept, OUTPUT);
    a.from = buffer_new(rows * sizeof *a.from, OUTPUT);
    a.to = buffer_new(rows * sizeof *a.to, OUTPUT);
    run_all(above_run, &a);
    for (size_t n = 0; n < a.n; n++) {
        size_t kept = 0;
        for (size_t r = 0; r < a.rows; r++) {
            size_t at = n * a.rows + r;
            int keep = r < real_rows(&a, n) &&
                       value_at(&a.x, at * each + a.x.c - 1) > (double)(float)LIMIT;
            assert_int_equal(a.to[at], keep ? (int)(n * a.rows + kept) : -1);
            if (keep)
                assert_int_equal(a.from[n * a.rows + kept++], (int)at);
        }
        assert_int_equal(a.kept[n], (int)kept);
        for (; kept < a.rows; kept++)
            assert_int_equal(a.from[n * a.rows + kept], -1);
    }
    buffers_free();
}

void test_rows_above(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++)
        check_above(i);
}

static void gather_run(struct cnn_queue *q, void *context)
{
    struct rows_case *a = context;
    K(rows_gather)(q, a->from, &a->x, &a->y);
    wait_for(q);
}

void test_rows_gather(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        struct rows_case a = {.n = shapes[i][0], .rows = shapes[i][1]};
        size_t rows = a.n * a.rows;
        a.x = rows_tensor(i, 0, INPUT);
        a.y = rows_tensor(i, 0, OUTPUT);
        size_t each = cnn_tensor_count(&a.x) / rows;
        a.from = buffer_new(rows * sizeof *a.from, INPUT);
        for (size_t r = 0; r < rows; r++)
            a.from[r] = (int32_t)pick(0, rows) - 1;
        run_all(gather_run, &a);
        double *y = zeros(cnn_tensor_count(&a.y));
        for (size_t k = 0; k < rows * each; k++)
            if (a.from[k / each] >= 0)
                y[k] = value_at(&a.x, (size_t)a.from[k / each] * each + k % each);
        expect_tensor("y", &a.y, y, 0);
        free(y);
        buffers_free();
    }
}

static void share_run(struct cnn_queue *q, void *context)
{
    struct rows_case *a = context;
    K(rows_share)(q, a->n, a->rows, a->count, a->weight);
    wait_for(q);
}

/* Numbers in place of weights: none of them is 0. */
void test_rows_share(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        struct rows_case a = {.n = shapes[i][0], .rows = shapes[i][1]};
        if (!(a.count = counts(i)))
            continue;
        a.weight = numbers(a.n * a.rows, SUM);
        run_all(share_run, &a);
        const real *had = before(a.weight);
        double *want = zeros(a.n * a.rows);
        for (size_t n = 0; n < a.n; n++) {
            double sum = 0, count = (double)real_rows(&a, n);
            for (size_t r = 0; r < a.rows; r++)
                sum += (double)had[n * a.rows + r];
            for (size_t r = 0; r < real_rows(&a, n); r++)
                want[n * a.rows + r] = sum / count;
        }
        expect_close("weight", a.weight, want, a.n * a.rows, 1e-5);
        free(want);
        buffers_free();
    }
}
