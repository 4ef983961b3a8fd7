/* Resizing against torchvision (tests/golden/resize.txt, made by scripts/make-golden-codecs). */
#include "scratch.h"

#include <math.h>

#include "base/error.h"
#include "data/image/image.h"

static void pattern(struct cnn_image *im, size_t c, size_t h, size_t w)
{
    assert_int_equal(cnn_image_reshape(im, c, h, w, 255), 0);
    for (size_t k = 0; k < c; k++)
        for (size_t y = 0; y < h; y++)
            for (size_t x = 0; x < w; x++)
                im->px[(k * h + y) * w + x] =
                    (float)((x * 37 + y * 101 + k * 53 + x * y * 7) % 256) / 255.0f;
}

static void test_golden(void **state)
{
    (void)state;
    const char *root = getenv("ROOT");
    char path[512];
    snprintf(path, sizeof path, "%s/tests/golden/resize.txt", root ? root : ".");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    struct cnn_image src = {0}, dst = {0};
    size_t c, h, w, to_h, to_w, cases = 0;
    int filter;
    double worst = 0;
    while (fscanf(f, "%d %zu %zu %zu %zu %zu", &filter, &c, &h, &w, &to_h, &to_w) == 6) {
        struct cnn_box all = {0, 0, to_h, to_w};
        pattern(&src, c, h, w);
        assert_int_equal(
            cnn_image_resize_part(&dst, &src, (enum cnn_filter)filter, to_h, to_w, &all), 0);
        assert_int_equal(dst.c, c);
        assert_int_equal(dst.h, to_h);
        assert_int_equal(dst.w, to_w);
        assert_int_equal(dst.maxval, 255);
        for (size_t i = 0; i < c * to_h * to_w; i++) {
            double expected;
            assert_int_equal(fscanf(f, "%lf", &expected), 1);
            double error = fabs(expected - (double)dst.px[i]);
            if (!(error <= 2e-5))
                fail_msg("%zux%zu to %zux%zu: element %zu is %g, not %g", h, w, to_h, to_w, i,
                         (double)dst.px[i], expected);
            worst = error > worst ? error : worst;
        }
        cases++;
    }
    assert_int_equal(cases, 27);
    print_message("largest difference %.2g\n", worst);
    fclose(f);
    cnn_image_free(&src);
    cnn_image_free(&dst);
}

/* A constant stays constant, whatever the sizes. */
static void test_constant(void **state)
{
    (void)state;
    struct cnn_image src = {0}, dst = {0};
    for (size_t n = 1; n < 40; n += 3)
        for (size_t m = 1; m < 60; m += 7) {
            assert_int_equal(cnn_image_reshape(&src, 1, n, m, 65535), 0);
            for (size_t i = 0; i < n * m; i++)
                src.px[i] = 0.625f;
            assert_int_equal(cnn_image_resize(&dst, &src, m, n), 0);
            for (size_t i = 0; i < n * m; i++)
                assert_true(fabsf(dst.px[i] - 0.625f) < 1e-6f);
        }
    cnn_image_free(&src);
    cnn_image_free(&dst);
}

static void test_memory(void **state)
{
    (void)state;
    struct cnn_image src = {0}, dst = {0};
    pattern(&src, 3, 50, 60);
    assert_int_equal(cnn_image_resize(&dst, &src, 20, 20), 0);
    const float *before = dst.px;
    assert_int_equal(cnn_image_resize(&dst, &src, 20, 20), 0);
    assert_ptr_equal(before, dst.px);
    assert_int_equal(cnn_image_resize(&dst, &src, 70000, 20), CNN_EDATA);
    assert_int_equal(cnn_image_resize(&dst, &src, 0, 20), CNN_EDATA);
    cnn_image_free(&src);
    cnn_image_free(&dst);
}

/* A part is what the whole has there, to the bit, wherever it begins and ends. */
static void test_part(void **state)
{
    (void)state;
    const size_t sides[][4] = {{23, 31, 11, 40}, {40, 17, 17, 17}, {5, 90, 33, 20}, {64, 3, 9, 1}};
    struct cnn_image src = {0}, whole = {0}, part = {0};
    for (size_t k = 0; k < 4; k++) {
        size_t h = sides[k][2], w = sides[k][3];
        pattern(&src, 3, sides[k][0], sides[k][1]);
        assert_int_equal(cnn_image_resize(&whole, &src, h, w), 0);
        for (size_t y = 0; y < h; y += 3)
            for (size_t x = 0; x < w; x += 4) {
                struct cnn_box b = {y, x, (y * 5 + x) % (h - y) + 1, (x * 3 + y) % (w - x) + 1};
                assert_int_equal(cnn_image_resize_part(&part, &src, CNN_FILTER_BILINEAR, h, w, &b),
                                 0);
                assert_int_equal(part.h * 1000 + part.w, b.h * 1000 + b.w);
                for (size_t i = 0; i < 3 * b.h; i++)
                    assert_memory_equal(part.px + i * b.w,
                                        whole.px + (i / b.h * h + b.y + i % b.h) * w + b.x,
                                        b.w * sizeof(float));
            }
    }
    cnn_image_free(&src);
    cnn_image_free(&whole);
    cnn_image_free(&part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
