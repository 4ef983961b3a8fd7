/* Rectified units with learned slopes against plain loops in double precision. */
#include "kernels/rig.h"

struct prelu_case {
    struct cnn_tensor x, w, y, dy, dx, dw;
    int no_dx, no_dw;
    void *work;
};

/* Samples, channels, height, width. */
static const size_t cases[][4] = {{1, 1, 1, 1},    {5, 10, 1, 1}, {3, 4, 9, 17},  {2, 3, 1, 70},
                                  {19, 5, 13, 11}, {2, 70, 7, 7}, {3, 40, 24, 25}};
enum { CASES = sizeof cases / sizeof *cases };

static struct cnn_tensor like(int i, enum kind kind)
{
    const size_t *s = cases[i / LAYOUTS];
    return tensor_in(layout_of(i), s[0], s[1], s[2], s[3], kind);
}

/* Of an odd number all channels share a slope. */
static struct prelu_case prelu_case(int i)
{
    size_t slopes = i % 2 ? 1 : cases[i / 2 / LAYOUTS][1];
    struct prelu_case l = {.x = like(i / 2, INPUT)};
    l.w = cnn_tensor_plain(1, slopes, 1, 1, numbers(slopes, INPUT));
    return l;
}

static double slope_at(const struct prelu_case *l, size_t k)
{
    size_t c = k / (l->x.h * l->x.w) % l->x.c;
    return (double)((const real *)l->w.data)[l->w.c > 1 ? c : 0];
}

static void forward_run(struct cnn_queue *q, void *context)
{
    struct prelu_case *l = context;
    K(prelu_forward)(q, &l->x, &l->w, &l->y);
}

static void backward_run(struct cnn_queue *q, void *context)
{
    struct prelu_case *l = context;
    K(prelu_backward)
    (q, &l->x, &l->w, &l->dy, l->no_dx ? NULL : &l->dx, l->no_dw ? NULL : &l->dw, l->work);
}

void test_prelu_work(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS * CASES; i++) {
        struct cnn_tensor x = like(i, INPUT);
        assert_int_equal(K(prelu_work)(&queues[1], &x), K(prelu_work)(&queues[2], &x));
        buffers_free();
    }
}

void test_prelu_forward(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LAYOUTS * CASES; i++) {
        struct prelu_case l = prelu_case(i);
        l.y = like(i / 2, OUTPUT);
        double *want = values_of(&l.x);
        for (size_t k = 0; k < cnn_tensor_count(&l.x); k++)
            want[k] *= want[k] > 0 ? 1 : slope_at(&l, k);
        run_all(forward_run, &l);
        expect_tensor("y", &l.y, want, 1e-6);
        free(want);
        buffers_free();
    }
}

static void check_backward(struct prelu_case *l)
{
    size_t count = cnn_tensor_count(&l->x), hw = l->x.h * l->x.w;
    double *dx = zeros(count), *dw = zeros(l->w.c);
    for (size_t k = 0; k < l->w.c; k++)
        dw[k] = (double)before(l->dw.data)[k];
    for (size_t k = 0; k < count; k++) {
        double x = value_at(&l->x, k), dy = value_at(&l->dy, k);
        dx[k] = x > 0 ? dy : slope_at(l, k) * dy;
        dw[l->w.c > 1 ? k / hw % l->x.c : 0] += x > 0 ? 0 : x * dy;
    }
    if (!l->no_dx)
        expect_tensor("dx", &l->dx, dx, 1e-6);
    if (!l->no_dw)
        expect_close("dw", l->dw.data, dw, l->w.c, 2e-6);
    free(dx);
    free(dw);
}

void test_prelu_backward(void **state)
{
    (void)state;
    for (int i = 0; i < 6 * LAYOUTS * CASES; i++) {
        struct prelu_case l = prelu_case(i / 3);
        l.no_dx = i % 3 == 1;
        l.no_dw = i % 3 == 2;
        l.dy = gradient_in(l.x.layout, l.x.n, l.x.c, l.x.h, l.x.w);
        l.dx = like(i / 6, OUTPUT);
        l.dw = cnn_tensor_plain(1, l.w.c, 1, 1, numbers(l.w.c, SUM));
        l.work = buffer_new(K(prelu_work)(&queues[1], &l.x), SCRATCH);
        run_all(backward_run, &l);
        check_backward(&l);
        buffers_free();
    }
}
