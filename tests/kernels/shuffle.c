/* Elements in other places, each looked for where it should be. */
#include "kernels/rig.h"

enum { N = 6 };

struct shuffle_case {
    struct cnn_tensor from, to;
    size_t number;
};

/* Where channel c, row h and column w of sample n stand in a tensor's canonical order. */
static size_t at(const struct cnn_tensor *t, size_t n, size_t c, size_t h, size_t w)
{
    return ((n * t->c + c) * t->h + h) * t->w + w;
}

static void shuffle_run(struct cnn_queue *q, void *context)
{
    struct shuffle_case *l = context;
    K(pixel_shuffle)(q, l->number, &l->from, &l->to);
}

static void unshuffle_run(struct cnn_queue *q, void *context)
{
    struct shuffle_case *l = context;
    K(pixel_unshuffle)(q, l->number, &l->from, &l->to);
}

static void channels_run(struct cnn_queue *q, void *context)
{
    struct shuffle_case *l = context;
    K(channel_shuffle)(q, l->number, &l->from, &l->to);
}

static void check_pixels(int back)
{
    for (int i = 0; i < LAYOUTS * 4; i++) {
        size_t r = (size_t)(i / LAYOUTS) + 1, c = r == 2 ? 20 : 3, h = 3, w = 5;
        struct shuffle_case l = {.number = r};
        struct cnn_tensor few = tensor_in(layout_of(i), N, c, h * r, w * r, back ? INPUT : OUTPUT);
        struct cnn_tensor many = tensor_in(layout_of(i), N, c * r * r, h, w, back ? OUTPUT : INPUT);
        l.from = back ? few : many;
        l.to = back ? many : few;
        run_all(back ? unshuffle_run : shuffle_run, &l);
        double *want = zeros(cnn_tensor_count(&l.to));
        for (size_t k = 0; k < cnn_tensor_count(&many); k++) {
            size_t n = k / (w * h * c * r * r), channel = k / (w * h) % (c * r * r);
            size_t y = k / w % h * r + channel / r % r, x = k % w * r + channel % r;
            size_t pixel = at(&few, n, channel / (r * r), y, x);
            want[back ? k : pixel] = value_at(&l.from, back ? pixel : k);
        }
        expect_tensor("y", &l.to, want, 0);
        free(want);
        buffers_free();
    }
}

void test_pixel_shuffle(void **state)
{
    (void)state;
    check_pixels(0);
}

void test_pixel_unshuffle(void **state)
{
    (void)state;
    check_pixels(1);
}

void test_channel_shuffle(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS * 4; i++) {
        static const size_t channels[] = {1, 12, 60, 33}, groups[] = {1, 3, 4, 11};
        size_t c = channels[i / LAYOUTS], g = groups[i / LAYOUTS];
        struct shuffle_case l = {.number = g};
        l.from = tensor_in(layout_of(i), N, c, 3, 5, INPUT);
        l.to = tensor_in(layout_of(i), N, c, 3, 5, OUTPUT);
        run_all(channels_run, &l);
        double *want = zeros(cnn_tensor_count(&l.to));
        for (size_t k = 0; k < N * c * 15; k++) {
            size_t channel = k / 15 % c, to = channel % (c / g) * g + channel / (c / g);
            want[k + 15 * to - 15 * channel] = value_at(&l.from, k);
        }
        expect_tensor("y", &l.to, want, 0);
        free(want);
        buffers_free();
    }
}
