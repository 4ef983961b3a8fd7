/* Drawing and plots: what is drawn where, clipping, and inputs that leave nothing to draw. */
#include "scratch.h"

#include <float.h>
#include <math.h>

#include "base/error.h"
#include "data/draw.h"
#include "data/plot.h"

static float red(const struct cnn_image *im, size_t x, size_t y)
{
    return im->px[y * im->w + x];
}

/* Pixels whose red is not that of white. */
static size_t inked(const struct cnn_image *im)
{
    size_t n = 0;
    for (size_t i = 0; i < im->h * im->w; i++) {
        assert_true(im->px[i] >= 0 && im->px[i] <= 1);
        n += im->px[i] != 1;
    }
    return n;
}

static void test_draw(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    struct cnn_colour white = cnn_colour(0xffffff), black = cnn_colour(0);
    assert_int_equal(cnn_draw_canvas(&im, 20, 40, white), 0);
    cnn_draw_rect(&im, 3, 4, 5, 6, black, 1);
    assert_int_equal(inked(&im), 30);
    assert_true(red(&im, 3, 4) == 0 && red(&im, 7, 9) == 0 && red(&im, 8, 9) == 1);
    cnn_draw_rect(&im, 38, 18, 10, 10, cnn_colour(0x00ff00), 0.25f);
    assert_true(red(&im, 39, 19) == 0.75f);
    cnn_draw_canvas(&im, 20, 40, white);
    cnn_draw_line(&im, 5, 10, 30, 10, 1, black);
    assert_int_equal(inked(&im), 26);
    assert_true(red(&im, 5, 10) == 0 && red(&im, 30, 10) == 0);
    cnn_draw_canvas(&im, 20, 40, white);
    cnn_draw_line(&im, 5.5, 2, 5.5, 12, 1, black);
    assert_true(red(&im, 5, 7) == 0.5f && red(&im, 6, 7) == 0.5f);
    cnn_draw_canvas(&im, 20, 40, white);
    cnn_draw_text(&im, 2, 3, 2, "-", black); /* three dots in the middle row */
    assert_int_equal(inked(&im), 12);
    assert_true(red(&im, 4, 9) == 0 && red(&im, 9, 10) == 0);
    assert_int_equal(cnn_draw_text_width(2, "ab"), 22);
    assert_int_equal(cnn_draw_text_width(1, "\xc3\xa9"), 5);
    assert_int_equal(cnn_draw_text_width(1, ""), 0);
    cnn_draw_canvas(&im, 20, 40, white);
    cnn_draw_text_up(&im, 2, 19, 2, "-", black);
    assert_int_equal(inked(&im), 12);
    cnn_image_free(&im);
}

static void test_clipped(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    struct cnn_colour black = cnn_colour(0);
    assert_int_equal(cnn_draw_canvas(&im, 9, 11, cnn_colour(0xffffff)), 0);
    cnn_draw_rect(&im, -20, -20, 10, 10, black, 1);
    cnn_draw_rect(&im, 11, 0, 10, 10, black, 1);
    cnn_draw_rect(&im, 0, 0, -4, 3, black, 1);
    cnn_draw_line(&im, -100, -100, -5, 200, 3, black);
    cnn_draw_line(&im, NAN, 0, 5, 5, 3, black);
    cnn_draw_text(&im, -500, 3, 2, "left", black);
    cnn_draw_text(&im, 500, 3, 2, "right", black);
    assert_int_equal(inked(&im), 0);
    cnn_draw_line(&im, -1e9, -1e9, 1e9, 1e9, 1, black);
    assert_true(red(&im, 4, 4) < 1e-3f);
    cnn_draw_rect(&im, -2147483647, -2147483647, 2147483647, 2147483647, black, 1);
    cnn_draw_rect(&im, -5, -5, 2147483647, 2147483647, black, 1);
    assert_int_equal(inked(&im), 99);
    for (int y = -20; y < 20; y++)
        cnn_draw_text_up(&im, y, y, 3, "\x01\x7f\xff~ !", black);
    cnn_image_free(&im);
}

static void test_lines(void **state)
{
    (void)state;
    static const double values[][4] = {
        {1, 2, 3, 4},          {NAN, 2, NAN, 2},          {0, 0, 0, 0},
        {1e-300, 1e300, 1, 2}, {-DBL_MAX, DBL_MAX, 0, 1}, {-5, -4, -3, -2},
        {0.99, 0.995, 1, 1},   {1e9, 1e9 + 1, 1e9, 1e9},  {-1, -2, INFINITY, -3},
        {5e-324, 0, 0, 0}};
    double x[4] = {1, 2, 3, 4};
    struct cnn_image im = {0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (int k = 0; k < 4; k++) {
            struct cnn_plot_series s = {"a", x, values[i], 4};
            struct cnn_plot_panel p[2] = {{NULL, NULL, &s, 1, k & 1, k >> 1},
                                          {"t", "y", &s, 1, 0, 0}};
            assert_int_equal(cnn_plot_lines(p, 2, "x", 300, 400, &im), 0);
            assert_true(im.h == 400 && im.w == 300 && im.c == 3 && im.maxval == 255);
            assert_true(inked(&im) > 500);
        }
    struct cnn_plot_series point = {"one", x, x, 1}, none = {"none", x, values[1], 1};
    struct cnn_plot_series many[20];
    for (int i = 0; i < 20; i++)
        many[i] = (struct cnn_plot_series){"a rather long name of a curve", x, x, 4};
    struct cnn_plot_panel p = {"title", NULL, &point, 1, 0, 0};
    assert_int_equal(cnn_plot_lines(&p, 1, NULL, 0, 0, &im), 0);
    assert_true(im.w == 900 && im.h == 350);
    p.series = many;
    p.series_count = 20;
    assert_int_equal(cnn_plot_lines(&p, 1, NULL, 0, 0, &im), 0);
    p.series = &none;
    p.series_count = 1;
    assert_int_equal(cnn_plot_lines(&p, 1, NULL, 0, 0, &im), CNN_EDATA);
    assert_int_equal(cnn_plot_lines(&p, 0, NULL, 0, 0, &im), CNN_EDATA);
    p.series = &point;
    assert_int_equal(cnn_plot_lines(&p, 1, NULL, 10, 10, &im), CNN_EUSAGE);
    cnn_image_free(&im);
}

static void test_montage(void **state)
{
    (void)state;
    float x[48] = {0, 1, 2, 3, 10, 10, 10, 10, -1, NAN, 0, 1};
    struct cnn_image im = {0};
    assert_int_equal(cnn_plot_montage(x, 3, 1, 2, 2, 2, &im), 0);
    assert_true(im.w == 2 + 2 * (48 + 2) && im.h == im.w);
    assert_true(red(&im, 2, 2) == 0 && red(&im, 49, 49) == 1 && red(&im, 50, 49) == 1);
    assert_true(red(&im, 60, 10) == 0.5f);
    assert_true(red(&im, 40, 60) == 1 && im.px[im.w * im.h + 60 * im.w + 40] == 0);
    assert_int_equal(cnn_plot_montage(x, 2, 4, 2, 3, 7, &im), 0);
    assert_true(im.w == 2 + 4 * (48 + 2) && im.h == 2 + 2 * (32 + 2));
    assert_int_equal(cnn_plot_montage(x, 4, 3, 2, 2, 0, &im), 0);
    assert_int_equal(cnn_plot_montage(x, 0, 3, 2, 2, 0, &im), CNN_EDATA);
    assert_int_equal(cnn_plot_montage(x, SIZE_MAX / 2, 1, 2, 2, 1, &im), CNN_EDATA);
    cnn_image_free(&im);
}

static void test_confusion(void **state)
{
    (void)state;
    static size_t counts[1000 * 1000];
    struct cnn_image im = {0};
    const char *names[3] = {"", "a name that is far too long to be shown as it is", "caf\xc3\xa9"};
    counts[0] = SIZE_MAX;
    counts[5] = 3;
    assert_int_equal(cnn_plot_confusion(counts, names, 3, &im), 0);
    assert_true(inked(&im) > 1000);
    for (size_t n = 1; n <= 1000; n = n * 3 + 1)
        assert_int_equal(cnn_plot_confusion(counts, NULL, n, &im), 0);
    assert_int_equal(cnn_plot_confusion(counts, NULL, 0, &im), CNN_EDATA);
    cnn_image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draw),      cmocka_unit_test(test_clipped),
        cmocka_unit_test(test_lines),     cmocka_unit_test(test_montage),
        cmocka_unit_test(test_confusion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
