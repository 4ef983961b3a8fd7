/* Planes with borders against what each output should read. */
#include "kernels/rig.h"

enum { N = 6 };

struct pad_case {
    struct cnn_tensor from, to;
    struct cnn_border border;
};

static void pad_run(struct cnn_queue *q, void *context)
{
    struct pad_case *l = context;
    K(pad_forward)(q, &l->border, &l->from, &l->to);
}

static void pad_back_run(struct cnn_queue *q, void *context)
{
    struct pad_case *l = context;
    K(pad_backward)(q, &l->border, &l->from, &l->to);
}

/* Height and width of x and of y; rule, top, left. */
static const struct {
    size_t size[4];
    struct cnn_border g;
} pads[] = {
    {{3, 4, 6, 5}, {CNN_BORDER_CONSTANT, 1, 0, 0.5}},
    {{5, 6, 3, 2}, {CNN_BORDER_CONSTANT, -1, -3, 0}},
    {{3, 4, 7, 9}, {CNN_BORDER_REFLECT, 2, 3, 0}},
    {{1, 2, 5, 6}, {CNN_BORDER_REPLICATE, 3, 1, 0}},
    {{4, 3, 4, 3}, {CNN_BORDER_REFLECT, 0, 0, 0}},
    {{4, 3, 5, 5}, {CNN_BORDER_CONSTANT, 9, -7, 2}},
};
enum { PADS = sizeof pads / sizeof *pads };

/* What output i reads of an axis; -1: none. */
static ptrdiff_t pad_source(const struct cnn_border *g, ptrdiff_t before_, size_t in, size_t i)
{
    ptrdiff_t k = (ptrdiff_t)i - before_, last = (ptrdiff_t)in - 1;
    if (g->mode == CNN_BORDER_REPLICATE)
        return k < 0 ? 0 : k > last ? last : k;
    if (g->mode == CNN_BORDER_REFLECT)
        k = k < 0 ? -k : k > last ? 2 * last - k : k;
    return k < 0 || k > last ? -1 : k;
}

static void check_pad(int back)
{
    for (int i = 0; i < LAYOUTS * PADS; i++) {
        const size_t *s = pads[i / LAYOUTS].size;
        struct pad_case l = {.border = pads[i / LAYOUTS].g};
        l.from = tensor_in(layout_of(i), N, 5, s[back ? 2 : 0], s[back ? 3 : 1], INPUT);
        l.to = tensor_in(layout_of(i), N, 5, s[back ? 0 : 2], s[back ? 1 : 3], OUTPUT);
        run_all(back ? pad_back_run : pad_run, &l);
        double *want = zeros(cnn_tensor_count(&l.to));
        for (size_t k = 0; k < N * 5 * s[2] * s[3]; k++) {
            ptrdiff_t h = pad_source(&l.border, l.border.top, s[0], k / s[3] % s[2]);
            ptrdiff_t w = pad_source(&l.border, l.border.left, s[1], k % s[3]);
            int inside = h >= 0 && w >= 0;
            size_t x = (k / (s[2] * s[3]) * s[0] + (size_t)h) * s[1] + (size_t)w;
            if (back && inside)
                want[x] += value_at(&l.from, k);
            else if (!back)
                want[k] = inside ? value_at(&l.from, x) : l.border.value;
        }
        expect_tensor(back ? "dx" : "y", &l.to, want, 1e-6);
        free(want);
        buffers_free();
    }
}

void test_pad_forward(void **state)
{
    (void)state;
    check_pad(0);
}

void test_pad_backward(void **state)
{
    (void)state;
    check_pad(1);
}
