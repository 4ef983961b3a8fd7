/* Fully connected layers, biases, and the products that they lean on, against plain loops. */
#include "kernels/rig.h"

#include "base/error.h"
#include "kern/blas.h"
#include "kern/isa/isa.h"

struct dense_case {
    size_t n, in, out;
    struct cnn_tensor x, dx, y, dy, w, dw, b, add;
    struct cnn_epilogue *e;
    void *work;
};

static const size_t dense_sizes[][3] = {{1, 1, 1},    {1, 37, 5},    {2, 3, 700},
                                        {7, 131, 67}, {64, 40, 84},  {259, 13, 17},
                                        {33, 600, 3}, {4, 97, 1031}, {20, 1100, 45}};
enum { DENSE = sizeof dense_sizes / sizeof *dense_sizes };

static struct dense_case dense_case(int i)
{
    size_t n = dense_sizes[i][0], in = dense_sizes[i][1], out = dense_sizes[i][2];
    return (struct dense_case){.n = n,
                               .in = in,
                               .out = out,
                               .x = tensor(n, in, 1, 1, INPUT),
                               .dy = tensor(n, out, 1, 1, INPUT),
                               .w = tensor(out, in, 1, 1, INPUT),
                               .b = tensor(1, out, 1, 1, INPUT),
                               .work = buffer_new(K(dense_work)(&queues[2], n, in, out), SCRATCH)};
}

static void dense_forward(struct cnn_queue *q, void *context)
{
    struct dense_case *d = context;
    K(dense_forward)(q, &d->x, &d->w, d->b.data ? &d->b : NULL, d->e, &d->y, d->work);
}

static void dense_data(struct cnn_queue *q, void *context)
{
    struct dense_case *d = context;
    K(dense_backward_data)(q, &d->dy, &d->w, &d->dx, d->work);
}

static void dense_weight(struct cnn_queue *q, void *context)
{
    struct dense_case *d = context;
    K(dense_backward_weight)(q, &d->x, &d->dy, &d->dw, d->work);
}

/* (That it suffices the guards of the other tests see.) */
void test_dense_work(void **state)
{
    (void)state;
    for (int i = 0; i < DENSE; i++) {
        const size_t *s = dense_sizes[i];
        assert_true(K(dense_work)(&queues[2], s[0], s[1], s[2]) <=
                    K(dense_work)(&queues[2], s[0] + 1, s[1], s[2]));
    }
}

/* So that results are about as large as where activations bend. */
static void scale_weights(struct dense_case *d)
{
    real *w = d->w.data, scale = (real)(3 / sqrt((double)d->in));
    for (size_t k = 0; k < d->in * d->out; k++)
        w[k] *= scale;
}

/* With and without bias, and with a sum and each activation on the way out. */
void test_dense_forward(void **state)
{
    (void)state;
    for (int i = 0; i < (2 + CNN_ACTIVATIONS) * DENSE; i++) {
        struct dense_case d = dense_case(i % DENSE);
        struct cnn_epilogue e = {.add = &d.add, .activate = i >= 2 * DENSE, .a = {0.25, 0.8}};
        if (e.activate) {
            e.f = (enum cnn_activation)(i / DENSE - 2);
            scale_weights(&d);
        }
        d.y = tensor(d.n, d.out, 1, 1, OUTPUT);
        d.add = tensor(d.n, d.out, 1, 1, INPUT);
        if (i >= DENSE && i < 2 * DENSE)
            d.b.data = NULL;
        if (e.activate)
            d.e = &e;
        run_all(dense_forward, &d);
        double *want = zeros(d.n * d.out);
        for (size_t o = 0; o < d.n * d.out; o++) {
            want[o] = d.b.data ? value_at(&d.b, o % d.out) : 0;
            for (size_t k = 0; k < d.in; k++)
                want[o] +=
                    value_at(&d.x, o / d.out * d.in + k) * value_at(&d.w, o % d.out * d.in + k);
            if (d.e)
                want[o] = activated(&e, want[o] + value_at(&d.add, o));
        }
        expect_close("y", d.y.data, want, d.n * d.out, 2e-6);
        free(want);
        buffers_free();
    }
}

void test_dense_backward_data(void **state)
{
    (void)state;
    for (int i = 0; i < DENSE; i++) {
        struct dense_case d = dense_case(i);
        d.dx = tensor(d.n, d.in, 1, 1, OUTPUT);
        run_all(dense_data, &d);
        double *want = zeros(d.n * d.in);
        for (size_t k = 0; k < d.n * d.in; k++)
            for (size_t o = 0; o < d.out; o++)
                want[k] +=
                    value_at(&d.dy, k / d.in * d.out + o) * value_at(&d.w, o * d.in + k % d.in);
        expect_close("dx", d.dx.data, want, d.n * d.in, 2e-6);
        free(want);
        buffers_free();
    }
}

void test_dense_backward_weight(void **state)
{
    (void)state;
    for (int i = 0; i < DENSE; i++) {
        struct dense_case d = dense_case(i);
        d.dw = tensor(d.out, d.in, 1, 1, SUM);
        run_all(dense_weight, &d);
        double *want = zeros(d.out * d.in);
        for (size_t k = 0; k < d.out * d.in; k++) {
            want[k] = (double)before(d.dw.data)[k];
            for (size_t n = 0; n < d.n; n++)
                want[k] +=
                    value_at(&d.dy, n * d.out + k / d.in) * value_at(&d.x, n * d.in + k % d.in);
        }
        expect_close("dw", d.dw.data, want, d.out * d.in, 2e-6);
        free(want);
        buffers_free();
    }
}

static void bias_run(struct cnn_queue *q, void *context)
{
    struct dense_case *d = context;
    K(bias_backward)(q, &d->dy, &d->b);
}

void test_bias_backward(void **state)
{
    static const size_t shapes[][4] = {{1, 1, 1, 1},    {3, 5, 7, 3},   {64, 84, 1, 1},
                                       {300, 37, 1, 1}, {7, 33, 31, 9}, {2, 1, 130, 70}};
    enum { SHAPES = sizeof shapes / sizeof *shapes };
    (void)state;
    for (size_t i = 0; i < LAYOUTS * SHAPES; i++) {
        const size_t *s = shapes[i % SHAPES];
        struct cnn_layout layout = layout_of((int)(i / SHAPES));
        struct dense_case d = {.dy = gradient_in(layout, s[0], s[1], s[2], s[3]),
                               .b = tensor(1, s[1], 1, 1, SUM)};
        run_all(bias_run, &d);
        double *want = zeros(s[1]);
        for (size_t c = 0; c < s[1]; c++)
            want[c] = (double)before(d.b.data)[c];
        for (size_t k = 0; k < cnn_tensor_count(&d.dy); k++)
            want[k / (s[2] * s[3]) % s[1]] += value_at(&d.dy, k);
        expect_close("db", d.b.data, want, s[1], 1e-6);
        free(want);
        buffers_free();
    }
}

#ifdef CNN_TEST_CUDA

/* cuBLAS counts in int: larger products fail before they touch anything, and are not cut off. */
void products_beyond_int_fail(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        size_t s[3] = {1, 1, 1}; /* samples, inputs, outputs */
        s[i] = ((size_t)1 << 32) + 1;
        struct cnn_tensor x = {s[0], s[1], 1, 1, layout_of(0), NULL}, y = x, w = x;
        struct cnn_queue q = queues[0];
        y.c = w.n = s[2];
        w.c = s[1];
        K(dense_forward)(&q, &x, &w, NULL, NULL, &y, NULL);
        assert_int_equal(q.code, CNN_EDEVICE);
        assert_non_null(strstr(q.message, "4294967297"));
    }
}

#else

/* The kernels lean on this: a product's bytes depend neither on where matrices lie nor on the
 * thread. */
struct product {
    size_t m, n, k;
    const real *a, *b;
    real *c[8];
};

static void product_job(void *context, size_t job, int thread)
{
    struct product *p = context;
    (void)thread;
    size_t away = job; /* off any boundary */
    real *copy = malloc((p->m * p->k + p->k * p->n + 64) * sizeof *copy);
    real *a = copy + away, *b = copy + p->m * p->k + 2 * away;
    memcpy(a, p->a, p->m * p->k * sizeof *a);
    memcpy(b, p->b, p->k * p->n * sizeof *b);
    cnn_gemm(0, 1, p->m, p->n, p->k, a, p->k, b, p->k, 0, p->c[job] + job, p->n);
    free(copy);
}

void products_do_not_depend_on_addresses(void **state)
{
    static const size_t sizes[][3] = {{1, 7, 5},     {16, 37, 150},    {64, 32, 400},
                                      {70, 300, 90}, {130, 257, 1000}, {10, 64, 84}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct product p = {sizes[i][0], sizes[i][1], sizes[i][2], NULL, NULL, {NULL}};
        p.a = numbers(p.m * p.k, INPUT);
        p.b = numbers(p.k * p.n, INPUT);
        for (int c = 0; c < 8; c++)
            p.c[c] = calloc(p.m * p.n + 16, sizeof(real));
        cnn_pool_run(queues[MOST_THREADS].pool, 8, product_job, &p);
        for (int c = 1; c < 8; c++)
            assert_memory_equal(p.c[c] + c, p.c[0], p.m * p.n * sizeof(real));
        for (int c = 0; c < 8; c++)
            free(p.c[c]);
        buffers_free();
    }
}

/* Weights of a file may lie between the places for numbers. */
void dense_weights_lie_anywhere(void **state)
{
    (void)state;
    for (int i = 0; i < 4 * DENSE; i++) {
        struct dense_case d = dense_case(i / 4);
        size_t bytes = d.in * d.out * sizeof(real), away = 1 + (size_t)(i % 4) * 2;
        d.y = tensor(d.n, d.out, 1, 1, OUTPUT);
        run_all(dense_forward, &d);
        real *want = malloc(d.n * d.out * sizeof *want);
        memcpy(want, d.y.data, d.n * d.out * sizeof *want);
        unsigned char *moved = buffer_new(bytes + away, INPUT);
        memcpy(moved + away, d.w.data, bytes);
        d.w.data = moved + away;
        run_all(dense_forward, &d);
        assert_memory_equal(d.y.data, want, d.n * d.out * sizeof *want);
        free(want);
        buffers_free();
    }
}

#endif
