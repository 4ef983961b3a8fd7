/* Inputs made from images in memory, against what the host makes of them image by image. */
#include "kernels/rig.h"

#include "data/image/preprocess.h"
#include "data/image/warp.h"
#include "kern/image.h"

enum {
    IMAGES = 5,
    MOST_SIDE = 19,
    MOST_CHANNELS = 5,
    IMAGE_BYTES = 4 * MOST_CHANNELS * MOST_SIDE * MOST_SIDE
};

struct images_case {
    const unsigned char *memory;
    const struct cnn_stored_image *image;
    struct cnn_image_rule rule;
    struct cnn_tensor x;
};

static void images_run(struct cnn_queue *q, void *context)
{
    struct images_case *c = context;
    K(prepare_images)(q, c->memory, c->image, &c->rule, &c->x);
}

/* Maps that leave pixels where they are, move and mirror whole ones, or turn and stretch. */
static struct cnn_view any_view(size_t h, size_t w)
{
    struct cnn_view v = cnn_view_whole(h, w);
    switch (pick(0, 3)) {
    case 0:
        break;
    case 1:
        v.map.a = -1;
        v.map.c = (double)pick(0, w + 2);
        v.map.f = (double)pick(0, 4) - 2;
        break;
    default:
        v = (struct cnn_view){pick(1, MOST_SIDE),
                              pick(1, MOST_SIDE),
                              {uniform(-1.5, 1.5), uniform(-1, 1), uniform(-9, 9), uniform(-1, 1),
                               uniform(-1.5, 1.5), uniform(-9, 9)}};
    }
    return v;
}

/* An image and its form in memory at `bytes`. */
static struct cnn_stored_image any_image(struct cnn_image *im, const struct cnn_input *in,
                                         unsigned char *bytes)
{
    size_t c = in->shape.c == 1   ? 1 + 2 * pick(0, 1)
               : in->shape.c == 3 ? 1 + 2 * pick(0, 1)
                                  : in->shape.c;
    assert_int_equal(cnn_image_reshape(im, c, pick(1, MOST_SIDE), pick(1, MOST_SIDE), 255), 0);
    struct cnn_stored_image s = {.c = (uint32_t)c, .h = (uint32_t)im->h, .w = (uint32_t)im->w};
    s.form = pick(0, 1) ? CNN_STORED_BYTES : CNN_STORED_REALS;
    for (size_t i = 0; i < c * im->h * im->w; i++) {
        unsigned char v = (unsigned char)pick(0, 255);
        im->px[i] = (float)v / 255.0f;
        if (s.form == CNN_STORED_BYTES)
            bytes[i] = v;
        else
            ((float *)(void *)bytes)[i] = im->px[i];
    }
    return s;
}

/* The n-th of the batch, as it lies in memory, and what is wanted of it. */
static void one_image(const struct cnn_input *in, enum cnn_fill fill, unsigned char *memory,
                      struct cnn_stored_image *out, float *want, size_t n)
{
    struct cnn_image im = {0}, seen = {0};
    struct cnn_preprocess_scratch scratch = {0};
    size_t count = cnn_chw_count(in->shape), at = n * IMAGE_BYTES;
    if (pick(0, 4) == 0) { /* the input itself */
        *out = (struct cnn_stored_image){.at = at, .form = CNN_STORED_INPUT};
        for (size_t i = 0; i < count; i++)
            want[i] = ((float *)(void *)(memory + at))[i] = (float)uniform(-3, 3);
        return;
    }
    *out = any_image(&im, in, memory + at);
    out->at = at;
    struct cnn_view view = any_view(im.h, im.w);
    out->map = view.map;
    out->view_h = (uint32_t)view.h;
    out->view_w = (uint32_t)view.w;
    assert_int_equal(cnn_preprocess_place(in, out), 0);
    assert_int_equal(cnn_image_warp(&seen, &im, &view, fill), 0);
    assert_int_equal(cnn_preprocess(in, &seen, &scratch, want), 0);
    cnn_image_free(&im);
    cnn_image_free(&seen);
    cnn_preprocess_scratch_free(&scratch);
}

void test_prepare_images(void **state)
{
    static const size_t channels[] = {1, 3, MOST_CHANNELS};
    (void)state;
    for (int i = 0; i < 40; i++) {
        size_t side = pick(2, MOST_SIDE);
        struct cnn_input in = {.shape = {channels[i % 3], side, pick(2, side)},
                               .mean = {1, {0.4}},
                               .std = {1, {0.25}},
                               .scale = i / 3 % 2 ? 1.0 / 255 : 1.0 / 64,
                               .bgr = i / 6 % 2,
                               .resize = pick(0, 1) ? (int)pick(side, MOST_SIDE) : 0,
                               .filter = (enum cnn_filter)(i / 12 % 3)};
        if (in.shape.c == 3)
            in.mean = (struct cnn_reals){3, {0.1, 0.2, 0.7}};
        enum cnn_fill fill = (enum cnn_fill)(i % 5);
        unsigned char *memory = buffer_new(IMAGES * IMAGE_BYTES, INPUT);
        struct cnn_stored_image *image = buffer_new(IMAGES * sizeof *image, INPUT);
        struct images_case c = {memory, image, cnn_preprocess_rule(&in, fill), {0}};
        struct cnn_layout layout = IS_CUDA ? layout_of(i) : layout_of(0);
        c.x = tensor_in(layout, IMAGES, in.shape.c, in.shape.h, in.shape.w, OUTPUT);
        size_t each = cnn_chw_count(in.shape);
        float *numbers_wanted = calloc(IMAGES * each, sizeof *numbers_wanted);
        double *want = zeros(IMAGES * each);
        for (size_t n = 0; n < IMAGES; n++)
            one_image(&in, fill, memory, &image[n], numbers_wanted + n * each, n);
        for (size_t k = 0; k < IMAGES * each; k++)
            want[k] = (double)numbers_wanted[k];
        run_all(images_run, &c);
        expect_tensor("x", &c.x, want, 2e-6);
        free(want);
        free(numbers_wanted);
        buffers_free();
    }
}
