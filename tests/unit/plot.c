/* Pictures: sizes, colours where they belong, the same bytes again, and inputs that leave nothing
 * to draw. */
#include "picture.h"
#include "scratch.h"

#include <float.h>
#include <math.h>

#include "base/error.h"
#include "data/image/codecs.h"
#include "data/plot/plot.h"

/* The PNG picture in the buffer, which is emptied. */
static void decode(struct cnn_buf *b, struct cnn_image *im)
{
    assert_int_equal(cnn_image_decode((const unsigned char *)b->text, b->size, im), 0);
    assert_int_equal(im->c, 3);
    cnn_buf_free(b);
}

static void test_draw(void **state)
{
    (void)state;
    struct cnn_canvas *c;
    struct cnn_buf b = {0};
    struct cnn_image im = {0};
    float px[4] = {0, 1, 1, 0};
    struct cnn_image small = {.c = 1, .h = 2, .w = 2, .maxval = 255, .px = px};
    assert_int_equal(cnn_canvas_new(CNN_PICTURE_PNG, 100, 40, &c), 0);
    cnn_draw_rect(c, 3, 4, 5, 6, 0x102030);
    assert_int_equal(cnn_draw_image(c, 50, 10, 20, 20, &small), 0);
    cnn_draw_rect(c, -20, -20, 10, 10, 0x102030);
    cnn_draw_line(c, NAN, 0, 5, 5, 3, 0, 0x102030);
    assert_int_equal(cnn_canvas_end(c, &b), 0);
    decode(&b, &im);
    assert_true(im.w == 100 && im.h == 40);
    assert_int_equal(count_pixels(&im, 0x102030), 30);
    assert_int_equal(pixel(&im, 50, 10), 0);
    assert_int_equal(pixel(&im, 59, 19), 0);
    assert_int_equal(pixel(&im, 60, 10), 0xffffff);
    assert_int_equal(count_pixels(&im, 0), 200);
    assert_int_equal(cnn_canvas_new(CNN_PICTURE_PNG, 1e6, 40, &c), CNN_EDATA);
    cnn_image_free(&im);
}

static void test_text(void **state)
{
    (void)state;
    struct cnn_label how = {.size = 13};
    struct cnn_buf b = {0};
    assert_true(cnn_text_width(&how, "ab") > 10 && cnn_text_width(&how, "") == 0);
    assert_true(cnn_text_width(&how, "\xff\x01") > 5);
    cnn_text_cut(&how, 60, "a name that is too long", &b);
    assert_true(cnn_text_width(&how, b.text) <= 60 && b.size > 6);
    assert_string_equal(b.text + b.size - 3, "\xe2\x80\xa6");
    cnn_buf_free(&b);
    cnn_text_cut(&how, 60, "short", &b);
    assert_string_equal(b.text, "short");
    cnn_buf_free(&b);
}

static void test_formats(void **state)
{
    (void)state;
    enum cnn_picture f;
    static const char *const names[] = {"a.png", "b/c.svg", "d.e.pdf"};
    static const char *const begins[] = {"\x89PNG", "<?xml", "%PDF"};
    size_t counts[4] = {5, 1, 0, 7};
    for (int i = 0; i < 3; i++) {
        struct cnn_buf a = {0}, b = {0};
        assert_int_equal(cnn_picture_format(names[i], &f), 0);
        assert_int_equal(f, i);
        assert_int_equal(cnn_plot_confusion(counts, NULL, 2, f, &a), 0);
        assert_int_equal(cnn_plot_confusion(counts, NULL, 2, f, &b), 0);
        assert_memory_equal(a.text, begins[i], strlen(begins[i]));
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.text, b.text, a.size);
        assert_int_equal(cnn_picture_write(scratch_path("p"), &a), 0);
        cnn_buf_free(&a);
        cnn_buf_free(&b);
    }
    assert_int_equal(cnn_picture_format("a.jpg", &f), CNN_EUSAGE);
    assert_non_null(strstr(cnn_error_message(), ".png, .svg or .pdf"));
    assert_int_equal(cnn_picture_format("png", &f), CNN_EUSAGE);
    assert_int_equal(cnn_picture_format("/dev/null", &f), 0);
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
    struct cnn_buf b = {0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (int k = 0; k < 4; k++) {
            struct cnn_plot_series s = {"a", x, values[i], 4, 0};
            struct cnn_plot_panel p[2] = {{NULL, NULL, NULL, &s, 1, k & 1, k >> 1},
                                          {"t", "y", "x", &s, 1, 0, 0}};
            struct cnn_plot plot = {
                .panel = p, .panels = 2, .shared_x = 1, .width = 300, .height = 400};
            assert_int_equal(cnn_plot_lines(&plot, CNN_PICTURE_PNG, &b), 0);
            decode(&b, &im);
            assert_true(im.h == 400 && im.w == 300);
            assert_true(count_pixels(&im, 0x2b6cb0) > 3);
        }
    cnn_image_free(&im);
}

/* The same thing has the same colour in every panel; the best epoch is marked. */
static void test_colours(void **state)
{
    (void)state;
    double x[3] = {1, 2, 3}, y[3] = {3, 2, 1}, gone[1] = {NAN};
    struct cnn_plot_series s = {"validation", x, y, 3, 1}, none = {"none", x, gone, 1, 0};
    struct cnn_plot_panel p = {"Loss", NULL, "epoch", &s, 1, 0, 0};
    struct cnn_plot plot = {.title = "a net", .panel = &p, .panels = 1};
    struct cnn_image im = {0};
    struct cnn_buf b = {0};
    assert_int_equal(cnn_plot_lines(&plot, CNN_PICTURE_PNG, &b), 0);
    decode(&b, &im);
    assert_true(im.w == 900 && count_pixels(&im, 0xdd6b20) > 100 && !count_pixels(&im, 0x2b6cb0));
    assert_int_equal(count_pixels(&im, 0x718096), 0);
    plot.mark = 2;
    plot.mark_name = "best: epoch 2";
    assert_int_equal(cnn_plot_lines(&plot, CNN_PICTURE_PNG, &b), 0);
    decode(&b, &im);
    assert_true(count_pixels(&im, 0x718096) > 50);
    p.series = &none;
    assert_int_equal(cnn_plot_lines(&plot, CNN_PICTURE_PNG, &b), CNN_EDATA);
    plot.panels = 0;
    assert_int_equal(cnn_plot_lines(&plot, CNN_PICTURE_PNG, &b), CNN_EDATA);
    plot.panels = 1;
    p.series = &s;
    plot.width = 100;
    assert_int_equal(cnn_plot_lines(&plot, CNN_PICTURE_PNG, &b), CNN_EUSAGE);
    cnn_image_free(&im);
}

static void test_montage(void **state)
{
    (void)state;
    float x[48] = {0, 1, 2, 3, 10, 10, 10, 10, -1, NAN, 0, 1};
    struct cnn_image im = {0};
    struct cnn_buf b = {0};
    assert_int_equal(cnn_plot_montage(x, 3, 1, 2, 2, 2, NULL, CNN_PICTURE_PNG, &b), 0);
    decode(&b, &im);
    assert_int_equal(im.w, 2 * 12 + 2 * 64 + 6);
    assert_true(pixel(&im, 12, 30) == 0 && pixel(&im, 75, 93) == 0xffffff);
    assert_true(count_pixels(&im, 0xff00ff) == 32 * 32); /* NaN */
    assert_true(count_pixels(&im, 0x808080) >= 64 * 64); /* all the same */
    assert_int_equal(cnn_plot_montage(x, 2, 4, 2, 3, 7, "t", CNN_PICTURE_PNG, &b), 0);
    decode(&b, &im);
    assert_true(im.w > im.h);
    assert_int_equal(cnn_plot_montage(x, 0, 3, 2, 2, 0, "", CNN_PICTURE_PNG, &b), CNN_EDATA);
    assert_int_equal(cnn_plot_montage(x, SIZE_MAX / 2, 1, 2, 2, 1, "", CNN_PICTURE_PNG, &b),
                     CNN_EDATA);
    cnn_image_free(&im);
}

static void test_confusion(void **state)
{
    (void)state;
    static size_t counts[1000 * 1000];
    struct cnn_image im = {0};
    struct cnn_buf b = {0};
    const char *names[3] = {"", "a name that is far too long to be shown as it is",
                            "caf\xc3\xa9\xff"};
    counts[0] = counts[4] = 12;
    counts[5] = 12;
    assert_int_equal(cnn_plot_confusion(counts, names, 3, CNN_PICTURE_PNG, &b), 0);
    decode(&b, &im);
    assert_true(count_pixels(&im, 0x1f5fa8) > 500); /* class 0 is right throughout */
    for (size_t n = 1; n <= 1000; n = n * 3 + 1) {
        assert_int_equal(cnn_plot_confusion(counts, NULL, n, CNN_PICTURE_PNG, &b), 0);
        cnn_buf_free(&b);
    }
    assert_int_equal(cnn_plot_confusion(counts, NULL, 0, CNN_PICTURE_PNG, &b), CNN_EDATA);
    cnn_image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draw),      cmocka_unit_test(test_text),
        cmocka_unit_test(test_formats),   cmocka_unit_test(test_lines),
        cmocka_unit_test(test_colours),   cmocka_unit_test(test_montage),
        cmocka_unit_test(test_confusion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
