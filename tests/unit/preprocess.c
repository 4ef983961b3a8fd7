/* Images on their way into a net, against torchvision. */
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/image/preprocess.h"
#include "golden_images.h"

#define IMAGENET                                                                                   \
    .mean = {3, {0.485, 0.456, 0.406}}, .std = {3, {0.229, 0.224, 0.225}}, .scale = 1.0 / 255.0
#define PLAIN .mean = {1, {0}}, .std = {1, {1}}

static void check(const char *name, const struct cnn_input *input, struct cnn_image im,
                  double within)
{
    struct cnn_preprocess_scratch scratch = {0};
    size_t count = cnn_chw_count(input->shape);
    float *out = malloc((count + 1) * sizeof *out);
    out[count] = 12345;
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(cnn_preprocess(input, &im, &scratch, out), 0);
        assert_values(name, out, count, within);
        assert_true(out[count] == 12345);
    }
    free(out);
    cnn_preprocess_scratch_free(&scratch);
    cnn_image_free(&im);
}

static void test_exact_without_resize(void **state)
{
    (void)state;
    struct cnn_input plain = {.shape = {3, 5, 7}, IMAGENET};
    check("plain", &plain, golden_pixels(3, 5, 7), 0);
    check("grey-to-colour", &plain, golden_pixels(1, 5, 7), 0);
    struct cnn_input bgr = {
        .shape = {3, 5, 7}, .mean = {3, {104, 117, 123}}, .std = {1, {1}}, .scale = 1, .bgr = 1};
    check("bgr", &bgr, golden_pixels(3, 5, 7), 0);
    struct cnn_input by256 = {.shape = {1, 5, 7}, PLAIN, .scale = 0.00390625};
    check("by-256", &by256, golden_pixels(1, 5, 7), 0);
    struct cnn_input cut = {.shape = {3, 5, 4}, IMAGENET, .resize = 8};
    check("cut", &cut, golden_pixels(3, 8, 9), 0);
    struct cnn_input border = {.shape = {3, 8, 9}, IMAGENET, .resize = 5};
    check("border", &border, golden_pixels(3, 5, 6), 0);
}

static void test_resized(void **state)
{
    (void)state;
    struct cnn_input cut = {.shape = {3, 4, 5}, IMAGENET, .resize = 6};
    check("resize-cut", &cut, golden_pixels(3, 9, 13), 5e-6);
    struct cnn_input larger = {.shape = {3, 11, 12}, PLAIN, .scale = 1.0 / 255.0, .resize = 13};
    check("enlarge-cut", &larger, golden_pixels(3, 10, 7), 1e-6);
    struct cnn_input stretch = {.shape = {3, 4, 6}, IMAGENET};
    check("stretch", &stretch, golden_pixels(3, 9, 13), 5e-6);
}

static void test_grey_of_colour(void **state)
{
    (void)state;
    struct cnn_input grey = {.shape = {1, 2, 2}, PLAIN, .scale = 1.0 / 255.0};
    struct cnn_preprocess_scratch scratch = {0};
    struct cnn_image im = golden_pixels(3, 2, 2);
    float out[4];
    assert_int_equal(cnn_preprocess(&grey, &im, &scratch, out), 0);
    for (int i = 0; i < 4; i++)
        assert_float_equal(
            out[i], 0.299f * im.px[i] + 0.587f * im.px[4 + i] + 0.114f * im.px[8 + i], 1e-6f);
    cnn_preprocess_scratch_free(&scratch);
    cnn_image_free(&im);
}

static void test_numbers_are_copied(void **state)
{
    (void)state;
    struct cnn_input input = {.shape = {2, 3, 1}, .mean = {1, {5}}, .std = {1, {2}}, .scale = 1};
    struct cnn_preprocess_scratch scratch = {0};
    struct cnn_image im = {0};
    float out[6];
    const size_t shapes[][4] = {{2, 3, 1, 0}, {6, 1, 1, 0}, {3, 2, 1, 1}, {5, 1, 1, 1}};
    for (size_t k = 0; k < 4; k++) {
        assert_int_equal(cnn_image_reshape(&im, shapes[k][0], shapes[k][1], shapes[k][2], 0), 0);
        for (size_t i = 0; i < 5; i++)
            im.px[i] = (float)i - 1.5f;
        int rc = cnn_preprocess(&input, &im, &scratch, out);
        assert_int_equal(rc, shapes[k][3] ? CNN_EDATA : 0);
        if (!rc)
            assert_memory_equal(out, im.px, sizeof out);
    }
    assert_string_equal(cnn_error_message(), "numbers of shape 5 where the net takes 2x3x1");
    cnn_image_free(&im);
}

static void test_wrong_channels(void **state)
{
    (void)state;
    struct cnn_input input = {.shape = {2, 4, 4}, PLAIN, .scale = 1};
    struct cnn_preprocess_scratch scratch = {0};
    struct cnn_image im = golden_pixels(3, 4, 4);
    float out[32];
    assert_int_equal(cnn_preprocess(&input, &im, &scratch, out), CNN_EDATA);
    assert_string_equal(cnn_error_message(), "an image of 3 channels where the net takes 2");
    cnn_image_free(&im);
}

/* A long thin image would become one of 16 million columns. */
static void test_resize_is_bounded(void **state)
{
    (void)state;
    struct cnn_input input = {.shape = {1, 8, 8}, PLAIN, .scale = 1, .resize = 256};
    struct cnn_preprocess_scratch scratch = {0};
    struct cnn_image im = golden_pixels(1, 1, 65000);
    float out[64];
    assert_int_equal(cnn_preprocess(&input, &im, &scratch, out), CNN_EDATA);
    cnn_preprocess_scratch_free(&scratch);
    cnn_image_free(&im);
}

/* Where an input's pixels come from, of an image that has in each pixel where it is, but for what
 * antialiasing does between its pixels. */
static void test_view(void **state)
{
    (void)state;
    static const struct {
        struct cnn_input input;
        size_t h, w;
    } cases[] = {{{.shape = {3, 20, 24}, .scale = 1.0 / 255}, 60, 90},
                 {{.shape = {3, 24, 20}, .scale = 1.0 / 255, .resize = 31}, 47, 66},
                 {{.shape = {3, 40, 50}, .scale = 1.0 / 255}, 20, 30},
                 {{.shape = {3, 16, 16}, .scale = 1.0 / 255, .resize = 21}, 21, 36}};
    struct cnn_preprocess_scratch scratch = {0};
    struct cnn_image im = {0};
    float out[3 * 40 * 50];
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        size_t h = cases[k].h, w = cases[k].w;
        assert_int_equal(cnn_image_reshape(&im, 3, h, w, 255), 0);
        for (size_t i = 0; i < h * w; i++) {
            im.px[i] = (float)(i % w) / 128;
            im.px[h * w + i] = (float)(i / w) / 128;
        }
        assert_int_equal(cnn_preprocess(&cases[k].input, &im, &scratch, out), 0);
        struct cnn_view view = cnn_preprocess_view(&cases[k].input, h, w);
        assert_true(view.h == cases[k].input.shape.h && view.w == cases[k].input.shape.w);
        for (size_t i = 0; i < view.h * view.w; i++) {
            double x = view.map.a * (double)(i % view.w) + view.map.c;
            double y = view.map.e * (double)(i / view.w) + view.map.f;
            if (!(x > 4 && y > 4 && x < (double)w - 5 && y < (double)h - 5))
                continue;
            assert_true(fabs((double)out[i] * 128 - x) < 0.1);
            assert_true(fabs((double)out[view.h * view.w + i] * 128 - y) < 0.1);
        }
    }
    cnn_image_free(&im);
    cnn_preprocess_scratch_free(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_without_resize),
        cmocka_unit_test(test_resized),
        cmocka_unit_test(test_grey_of_colour),
        cmocka_unit_test(test_numbers_are_copied),
        cmocka_unit_test(test_wrong_channels),
        cmocka_unit_test(test_resize_is_bounded),
        cmocka_unit_test(test_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
