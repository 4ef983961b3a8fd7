/* Planes of another size against the shares that the definitions say. */
#include "kernels/rig.h"

enum { N = 6, C = 12 };

struct resize_case {
    struct cnn_tensor from, to;
    struct cnn_resize resize;
};

static void resize_run(struct cnn_queue *q, void *context)
{
    struct resize_case *l = context;
    K(resize_forward)(q, &l->resize, &l->from, &l->to);
}

static void resize_back_run(struct cnn_queue *q, void *context)
{
    struct resize_case *l = context;
    K(resize_backward)(q, &l->resize, &l->from, &l->to);
}

/* Height and width of x and of y. */
static const size_t sizes[][4] = {{3, 4, 6, 8}, {5, 7, 9, 3}, {1, 1, 4, 3},
                                  {9, 8, 1, 2}, {4, 5, 4, 5}, {2, 3, 2, 300}};
enum { SIZES = sizeof sizes / sizeof *sizes, KINDS = 4 };

static struct cnn_resize resize_rule(const size_t s[4], int kind)
{
    int corners = kind == 3;
    struct cnn_resize g = {kind == 3 ? CNN_RESIZE_BILINEAR : (enum cnn_resize_mode)kind, corners,
                           (double)s[0] / (double)s[2], (double)s[1] / (double)s[3]};
    if (corners) {
        g.step_h = s[2] > 1 ? (double)(s[0] - 1) / (double)(s[2] - 1) : 0;
        g.step_w = s[3] > 1 ? (double)(s[1] - 1) / (double)(s[3] - 1) : 0;
    }
    return g;
}

/* How much of input r goes into output i, as the definitions in resize.h say. */
static double resize_share(const struct cnn_resize *g, double step, size_t in, size_t r, size_t i)
{
    double x = g->corners ? (double)i * step : ((double)i + 0.5) * step - 0.5;
    if (g->mode != CNN_RESIZE_BILINEAR) {
        float shift = g->mode == CNN_RESIZE_EXACT ? 0.5f : 0;
        return r == fmin((double)floorf(((float)i + shift) * (float)step), (double)in - 1);
    }
    x = fmin(fmax(x, 0), (double)in - 1);
    return fmax(0, 1 - fabs(x - (double)r));
}

/* Forward of x into `to`, or backward of dy. */
static void resize_plainly(const struct cnn_resize *g, const size_t s[4],
                           const struct cnn_tensor *from, int back, double *to)
{
    for (size_t plane = 0; plane < N * C; plane++)
        for (size_t k = 0; k < s[0] * s[1] * s[2] * s[3]; k++) {
            size_t x = k % (s[0] * s[1]), y = k / (s[0] * s[1]);
            double share = resize_share(g, g->step_h, s[0], x / s[1], y / s[3]) *
                           resize_share(g, g->step_w, s[1], x % s[1], y % s[3]);
            size_t px = plane * s[0] * s[1] + x, py = plane * s[2] * s[3] + y;
            if (share > 0)
                to[back ? px : py] += share * value_at(from, back ? py : px);
        }
}

static void check_resize(int back)
{
    for (int i = 0; i < LAYOUTS * SIZES * KINDS; i++) {
        const size_t *s = sizes[i / LAYOUTS % SIZES];
        struct cnn_layout layout = layout_of(i);
        struct resize_case l = {.resize = resize_rule(s, i / LAYOUTS / SIZES)};
        l.from = tensor_in(layout, N, C, s[back ? 2 : 0], s[back ? 3 : 1], INPUT);
        l.to = tensor_in(layout, N, C, s[back ? 0 : 2], s[back ? 1 : 3], OUTPUT);
        run_all(back ? resize_back_run : resize_run, &l);
        double *want = zeros(cnn_tensor_count(&l.to));
        resize_plainly(&l.resize, s, &l.from, back, want);
        expect_tensor(back ? "dx" : "y", &l.to, want, 2e-5);
        free(want);
        buffers_free();
    }
}

void test_resize_forward(void **state)
{
    (void)state;
    check_resize(0);
}

void test_resize_backward(void **state)
{
    (void)state;
    check_resize(1);
}
