/* Elementwise kernels and reductions against plain loops in double precision. */
#include "kernels/arrays.h"
#include "kernels/rig.h"

static const double options[] = {0.2, 0.7};

static void activation_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(activation_forward)(q, (enum cnn_activation)a->which, options, &a->x, &a->y);
}

static void activation_back_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(activation_backward)(q, (enum cnn_activation)a->which, options, &a->x, &a->dy, &a->dx);
}

void test_activation_forward(void **state)
{
    (void)state;
    for (int f = 0; f < CNN_ACTIVATIONS; f++) {
        struct cnn_epilogue e = {.activate = 1, .f = (enum cnn_activation)f, .a = {0.2, 0.7}};
        struct arrays a = {.which = f, .x = vector(MANY, INPUT), .y = vector(MANY, OUTPUT)};
        real *x = a.x.data;
        for (size_t i = 0; i < MANY; i++)
            x[i] *= i < 100 ? 200 : 4;
        run_all(activation_run, &a);
        double *want = zeros(MANY);
        for (size_t i = 0; i < MANY; i++)
            want[i] = activated(&e, (double)x[i]);
        expect_close("y", a.y.data, want, MANY, 1e-6);
        x[3] = (real)NAN;
        run_all(activation_run, &a);
        assert_true(isnan(((const real *)a.y.data)[3]));
        free(want);
        buffers_free();
    }
}

/* The channels that fill up a block stay zero, whatever the activation makes of zero. */
void activations_keep_blocks_filled_with_zeros(void **state)
{
    (void)state;
    for (int f = 0; f < CNN_ACTIVATIONS; f++) {
        struct cnn_epilogue e = {.activate = 1, .f = (enum cnn_activation)f, .a = {0.2, 0.7}};
        struct cnn_layout layout = block_layout();
        size_t c = layout.lanes + 3;
        struct arrays a = {.which = f,
                           .x = tensor_in(layout, 5, c, 7, 9, INPUT),
                           .y = tensor_in(layout, 5, c, 7, 9, OUTPUT)};
        run_all(activation_run, &a);
        size_t count = cnn_tensor_count(&a.x);
        double *want = zeros(count);
        for (size_t i = 0; i < count; i++)
            want[i] = activated(&e, value_at(&a.x, i));
        expect_tensor("y", &a.y, want, 1e-6);
        free(want);
        buffers_free();
    }
}

void test_activation_backward(void **state)
{
    (void)state;
    for (int f = 0; f < CNN_ACTIVATIONS; f++) {
        struct cnn_epilogue e = {.activate = 1, .f = (enum cnn_activation)f, .a = {0.2, 0.7}};
        struct arrays a = {.which = f,
                           .x = vector(MANY, INPUT),
                           .dy = vector(MANY, INPUT),
                           .dx = vector(MANY, OUTPUT)};
        real *x = a.x.data; /* or y */
        for (size_t i = 0; i < MANY; i++)
            x[i] *= 8;
        x[1] = 0; /* where relu and relu6 end */
        x[2] = 6;
        run_all(activation_back_run, &a);
        double *want = zeros(MANY);
        for (size_t i = 0; i < MANY; i++)
            want[i] = value(&a.dy, i) * activated_slope(&e, value(&a.x, i));
        expect_close("dx", a.dx.data, want, MANY, 1e-6);
        free(want);
        buffers_free();
    }
}

static void sum_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(sum_forward)(q, a->which, a->xs, &a->y);
}

void test_sum_forward(void **state)
{
    (void)state;
    for (int count = 1; count <= 3; count++) {
        struct arrays a = {.which = count, .y = vector(MANY, OUTPUT)};
        double *want = zeros(MANY);
        for (int k = 0; k < count; k++) {
            a.more[k] = vector(MANY, INPUT);
            a.xs[k] = &a.more[k];
            for (size_t i = 0; i < MANY; i++)
                want[i] += value(&a.more[k], i);
        }
        run_all(sum_run, &a);
        expect_close("y", a.y.data, want, MANY, 1e-6);
        free(want);
        buffers_free();
    }
}

enum { REARRANGED = 3 * 2 * LAYOUTS };

/* x and y of one shape, one of them plain, the other in any layout. */
static struct arrays rearranged(int i, enum kind kind)
{
    static const size_t shapes[3][4] = {{3, 5, 4, 3}, {21, 40, 7, 5}, {33, 1, 1, 7}};
    const size_t *s = shapes[i / 2 / LAYOUTS];
    struct cnn_layout layout = layout_of(i / 2), plain = layout_of(0);
    return (struct arrays){.x = tensor_in(i % 2 ? plain : layout, s[0], s[1], s[2], s[3], INPUT),
                           .y = tensor_in(i % 2 ? layout : plain, s[0], s[1], s[2], s[3], kind)};
}

static void accumulate_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(accumulate)(q, &a->x, &a->y);
}

void test_accumulate(void **state)
{
    (void)state;
    struct arrays a = {.x = vector(MANY, INPUT), .y = vector(MANY, SUM)};
    run_all(accumulate_run, &a);
    double *want = zeros(MANY);
    for (size_t i = 0; i < MANY; i++)
        want[i] = value(&a.x, i) + (double)before(a.y.data)[i];
    expect_close("y", a.y.data, want, MANY, 1e-6);
    free(want);
    buffers_free();
    for (int i = 0; i < REARRANGED; i++) {
        a = rearranged(i, SUM);
        run_all(accumulate_run, &a);
        struct cnn_tensor was = a.y;
        was.data = (void *)before(a.y.data);
        want = zeros(cnn_tensor_count(&a.x));
        for (size_t k = 0; k < cnn_tensor_count(&a.x); k++)
            want[k] = value_at(&a.x, k) + value_at(&was, k);
        expect_tensor("y", &a.y, want, 1e-6);
        free(want);
        buffers_free();
    }
}

static void copy_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(copy)(q, &a->x, &a->y);
}

void test_copy(void **state)
{
    (void)state;
    struct arrays a = {.x = vector(MANY, INPUT), .y = vector(MANY, OUTPUT)};
    run_all(copy_run, &a);
    assert_memory_equal(a.x.data, a.y.data, MANY * sizeof(real));
    buffers_free();
    for (int i = 0; i < REARRANGED; i++) {
        a = rearranged(i, OUTPUT);
        run_all(copy_run, &a);
        double *want = zeros(cnn_tensor_count(&a.x));
        for (size_t k = 0; k < cnn_tensor_count(&a.x); k++)
            want[k] = value_at(&a.x, k);
        expect_tensor("y", &a.y, want, 0);
        free(want);
        buffers_free();
    }
}

static void fill_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(fill)(q, 2.5, MANY, a->y.data);
}

void test_fill(void **state)
{
    (void)state;
    struct arrays a = {.y = vector(MANY, OUTPUT)};
    run_all(fill_run, &a);
    for (size_t i = 0; i < MANY; i++)
        assert_true(value(&a.y, i) == 2.5);
    buffers_free();
}

static void clamp_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(clamp)(q, 0.5, MANY, a->y.data);
}

void test_clamp(void **state)
{
    (void)state;
    struct arrays a = {.y = vector(MANY, SUM)};
    ((real *)a.y.data)[77] = (real)NAN;
    run_all(clamp_run, &a);
    for (size_t i = 0; i < MANY; i++) {
        double v = (double)before(a.y.data)[i];
        if (i == 77)
            assert_true(value(&a.y, i) != value(&a.y, i));
        else
            assert_true(value(&a.y, i) == (v > 0.5 ? 0.5 : v < -0.5 ? -0.5 : v));
    }
    buffers_free();
}

static void average_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(average)(q, a->number, MANY, a->x.data, a->y.data);
}

/* Where both are the same nothing moves, and all of the way is x where y was 0. */
void test_average(void **state)
{
    static const double shares[] = {0.25, 1e-4, 1};
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct arrays a = {.number = shares[k], .x = vector(MANY, INPUT), .y = vector(MANY, SUM)};
        real *x = a.x.data, *y = a.y.data;
        y[3] = x[3];
        y[4] = 0;
        x[77] = (real)NAN;
        run_all(average_run, &a);
        for (size_t i = 0; i < MANY; i++) {
            double was = (double)before(y)[i], now = value(&a.x, i);
            double want = was + shares[k] * (now - was);
            if (i == 77)
                assert_true(isnan(value(&a.y, i)));
            else
                assert_true(fabs(value(&a.y, i) - want) <= 1e-6 * (fabs(was) + fabs(now)));
        }
        assert_true(y[3] - x[3] == 0 && (k < 2 || y[4] - x[4] == 0));
        buffers_free();
    }
}

static void swap_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(swap)(q, MANY, a->x.data, a->y.data);
}

void test_swap(void **state)
{
    (void)state;
    struct arrays a = {.x = vector(MANY, SUM), .y = vector(MANY, SUM)};
    run_all(swap_run, &a);
    assert_memory_equal(a.x.data, before(a.y.data), MANY * sizeof(real));
    assert_memory_equal(a.y.data, before(a.x.data), MANY * sizeof(real));
    buffers_free();
}

void test_sum_squares(void **state)
{
    static const size_t counts[] = {0, 1, 15, 17, 16384, 16385, MANY, 1300001};
    (void)state;
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        real *x = numbers(counts[k], INPUT);
        double want = 0, got = 0, first = 0;
        for (size_t i = 0; i < counts[k]; i++)
            want += (double)x[i] * (double)x[i];
        for (int r = 0; r < RUNS; r++) {
            K(sum_squares)(&queues[r], counts[k], x, &got);
            first = r ? first : got;
            assert_memory_equal(&got, &first, sizeof got);
        }
        assert_true(fabs(got - want) <= 1e-12 * want);
        if (counts[k] > 1) {
            x[counts[k] / 2] = (real)INFINITY;
            K(sum_squares)(&queues[2], counts[k], x, &got);
            assert_true(!isfinite(got));
        }
        buffers_free();
    }
}

static void dropout_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(dropout)(q, a->number, 99, 7, &a->x, &a->y);
}

void test_dropout(void **state)
{
    static const double rates[] = {0.1, 0.5, 0.9};
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct arrays a = {.number = rates[k], .x = vector(MANY, INPUT), .y = vector(MANY, OUTPUT)};
        run_all(dropout_run, &a);
        double *want = zeros(MANY), kept = 0;
        for (size_t i = 0; i < MANY; i++) {
            uint32_t word[4];
            cnn_philox(99, 7, i / 4, word);
            int keep = cnn_unit(word[i % 4]) >= (float)rates[k];
            want[i] = keep ? value(&a.x, i) / (1 - rates[k]) : 0;
            kept += keep;
        }
        expect_close("y", a.y.data, want, MANY, 1e-6);
        /* five standard deviations of the binomial */
        assert_true(fabs(kept / MANY - (1 - rates[k])) <=
                    5 * sqrt(rates[k] * (1 - rates[k]) / MANY));
        free(want);
        buffers_free();
    }
}
