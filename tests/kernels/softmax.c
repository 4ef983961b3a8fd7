/* Softmax against plain loops in double precision. */
#include "kernels/arrays.h"
#include "kernels/rig.h"
#include "kernels/shapes.h"

static void softmax_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(softmax_forward)(q, &a->x, &a->y);
}

static void softmax_back_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    K(softmax_backward)(q, &a->y, &a->dy, &a->dx);
}

void test_softmax_forward(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        struct arrays a = {.x = shaped(i, INPUT), .y = shaped(i, OUTPUT)};
        size_t count = cnn_tensor_count(&a.x), c = a.x.c, hw = a.x.h * a.x.w;
        real *x = a.x.data;
        for (size_t k = 0; k < count; k++)
            x[k] *= k < c ? 300 : 5;
        run_all(softmax_run, &a);
        double *want = zeros(count);
        for (size_t k = 0; k < count / c; k++)
            softmax_of(x + k / hw * c * hw + k % hw, c, hw, want + k / hw * c * hw + k % hw);
        expect_close("y", a.y.data, want, count, 2e-6);
        free(want);
        buffers_free();
    }
}

void test_softmax_backward(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        struct arrays a = {.y = shaped(i, INPUT), .dy = shaped(i, INPUT), .dx = shaped(i, OUTPUT)};
        size_t count = cnn_tensor_count(&a.y), c = a.y.c, hw = a.y.h * a.y.w;
        run_all(softmax_back_run, &a);
        double *want = zeros(count);
        for (size_t k = 0; k < count; k++) {
            size_t first = k / (c * hw) * c * hw + k % hw;
            double dot = 0;
            for (size_t m = 0; m < c; m++)
                dot += value(&a.y, first + m * hw) * value(&a.dy, first + m * hw);
            want[k] = value(&a.y, k) * (value(&a.dy, k) - dot);
        }
        expect_close("dx", a.dx.data, want, count, 2e-6);
        free(want);
        buffers_free();
    }
}
