/* What each augmentation does to pixels: resampling and colours against torch and torchvision,
 * mirrors and moves that are exact, how draws are distributed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "data/augment/augment.h"
#include "golden_images.h"

/* A sequence whose first four units are these 32-bit words / 2^32. */
static struct cnn_random fixed(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return (struct cnn_random){.word = {a, b, c, d}, .left = 4};
}

static const struct cnn_augment_type *type_of(const char *name)
{
    const struct cnn_augment_type *t;
    for (size_t i = 0; (t = cnn_augment_type_at(i)); i++)
        if (!strcmp(t->name, name))
            return t;
    fail_msg("no augmentation %s", name);
    return NULL;
}

/* Options of the type with one set; to be freed. */
static void *options_with(const struct cnn_augment_type *t, const char *name, const char *value)
{
    void *options = calloc(1, t->options_size);
    assert_int_equal(cnn_option_defaults(t->options, options), 0);
    assert_int_equal(cnn_option_set(cnn_option_find(t->options, name), options, value), 0);
    return options;
}

static void test_warp_is_torchs(void **state)
{
    (void)state;
    const char *names[] = {"warp-black", "warp-edge", "warp-reflect"};
    const enum cnn_fill fills[] = {CNN_FILL_BLACK, CNN_FILL_EDGE, CNN_FILL_REFLECT};
    struct cnn_view turned = {8, 7, {0.9, -0.4, 1.3, 0.35, 0.8, -0.7}};
    struct cnn_view far = {12, 14, {1.5, 0, -9.25, 0, 1.25, -7.5}};
    struct cnn_image src = golden_pixels(3, 6, 9), small = golden_pixels(1, 4, 5), dst = {0};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cnn_image_warp(&dst, &src, &turned, fills[i]), 0);
        assert_values(names[i], dst.px, 3 * 8 * 7, 4e-6);
    }
    assert_int_equal(cnn_image_warp(&dst, &small, &far, CNN_FILL_REFLECT), 0);
    assert_values("warp-far", dst.px, 12 * 14, 4e-6);
    cnn_image_free(&src);
    cnn_image_free(&small);
    cnn_image_free(&dst);
}

static void test_fill_values(void **state)
{
    (void)state;
    struct cnn_view outside = {1, 2, {1, 0, -50, 0, 1, 0}};
    struct cnn_image src = golden_pixels(1, 1, 1), dst = {0};
    const float want[] = {0, 0.5f, 1, src.px[0], src.px[0]};
    for (int fill = CNN_FILL_BLACK; fill <= CNN_FILL_REFLECT; fill++) {
        assert_int_equal(cnn_image_warp(&dst, &src, &outside, (enum cnn_fill)fill), 0);
        assert_true(dst.px[0] == want[fill] && dst.px[1] == want[fill]);
        assert_int_equal(cnn_labels_warp(&dst, &src, &outside, (enum cnn_fill)fill), 0);
        assert_true(dst.px[0] == (fill < CNN_FILL_EDGE ? 0 : src.px[0]));
    }
    cnn_image_free(&src);
    cnn_image_free(&dst);
}

/* Maps whose numbers are no numbers or huge read nothing outside. */
static void test_wild_maps(void **state)
{
    (void)state;
    const double wild[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300, 1e9, -1e9};
    struct cnn_image src = golden_pixels(1, 3, 4), dst = {0};
    for (size_t i = 0; i < 7; i++)
        for (int fill = CNN_FILL_BLACK; fill <= CNN_FILL_REFLECT; fill++) {
            struct cnn_view view = {4, 4, {wild[i], 0, wild[(i + 2) % 7], 1, wild[i], 0}};
            assert_int_equal(cnn_image_warp(&dst, &src, &view, (enum cnn_fill)fill), 0);
            for (size_t k = 0; k < 16; k++)
                assert_true(dst.px[k] >= 0 && dst.px[k] <= 1);
        }
    cnn_image_free(&src);
    cnn_image_free(&dst);
}

/* Rows that are copied are what interpolation gives: the same maps, off whole pixels by less than
 * the grid shows. */
static void test_moves_are_exact(void **state)
{
    (void)state;
    const double shifts[] = {0, 2, -3, 150, -150, 1000};
    struct cnn_image src = golden_pixels(3, 5, 140), moved = {0}, blended = {0};
    for (int k = 0; k < 4 * 36 * 5; k++) {
        double a = k % 2 ? -1 : 1, e = k / 2 % 2 ? -1 : 1;
        double c = shifts[k / 4 % 6], f = shifts[k / 24 % 6];
        enum cnn_fill fill = (enum cnn_fill)(k / 144);
        struct cnn_view whole = {7, 150, {a, 0, c, 0, e, f}},
                        near = {7, 150, {a, 0, c + 1e-8, 0, e, f - 1e-8}};
        assert_int_equal(cnn_image_warp(&moved, &src, &whole, fill), 0);
        assert_int_equal(cnn_image_warp(&blended, &src, &near, fill), 0);
        assert_memory_equal(moved.px, blended.px, 3 * 7 * 150 * sizeof(float));
    }
    cnn_image_free(&src);
    cnn_image_free(&moved);
    cnn_image_free(&blended);
}

static void check_colour(const char *golden, const char *name, uint32_t word, size_t channels)
{
    const struct cnn_augment_type *t = type_of(name);
    void *options = options_with(t, name, "0.5");
    struct cnn_random r = fixed(word, 0, 0, 0);
    struct cnn_image im = golden_pixels(channels, 5, 7);
    struct cnn_augment_work work = {.random = &r, .image = &im};
    assert_int_equal(t->apply(options, &work), 0);
    assert_values(golden, im.px, channels * 35, 1e-6);
    cnn_image_free(&im);
    free(options);
}

static void test_colours_are_torchvisions(void **state)
{
    (void)state;
    check_colour("darker", "brightness", 0x40000000u, 3);
    check_colour("brighter", "brightness", 0xC0000000u, 3);
    check_colour("less-contrast", "contrast", 0x40000000u, 3);
    check_colour("more-contrast", "contrast", 0xC0000000u, 3);
    check_colour("more-contrast-grey", "contrast", 0xC0000000u, 1);
}

/* The image through the view that one augmentation draws. */
static struct cnn_image viewed(const struct cnn_image *im, const char *name, const char *option,
                               const char *value, struct cnn_random r)
{
    const struct cnn_augment_type *t = type_of(name);
    void *options = options_with(t, option, value);
    struct cnn_view view = cnn_view_whole(im->h, im->w);
    struct cnn_image out = {0};
    assert_int_equal(t->view(options, &r, &view), 0);
    assert_int_equal(cnn_image_warp(&out, im, &view, CNN_FILL_BLACK), 0);
    free(options);
    return out;
}

static void test_mirror_is_exact(void **state)
{
    (void)state;
    struct cnn_image im = golden_pixels(3, 4, 7);
    const char *values[] = {"h", "v", "hv"};
    for (int k = 0; k < 3; k++) {
        struct cnn_image out = viewed(&im, "mirror", "flip", values[k], fixed(0, 0, 0, 0));
        for (size_t i = 0; i < 3 * 4 * 7; i++) {
            size_t c = i / 28, y = i / 7 % 4, x = i % 7;
            size_t fy = k == 0 ? y : 3 - y, fx = k == 1 ? x : 6 - x;
            assert_true(out.px[i] == im.px[c * 28 + fy * 7 + fx]);
        }
        cnn_image_free(&out);
    }
    struct cnn_image same = viewed(&im, "mirror", "flip", "hv", fixed(1u << 31, 1u << 31, 0, 0));
    assert_memory_equal(same.px, im.px, 84 * sizeof(float));
    cnn_image_free(&same);
    cnn_image_free(&im);
}

/* The least that can be drawn for 90 is -90 degrees. */
static void test_right_angles_are_exact(void **state)
{
    (void)state;
    for (size_t n = 1; n < 30; n += 4) {
        struct cnn_image im = golden_pixels(1, n, n);
        struct cnn_image quarter = viewed(&im, "rotate", "rotate", "90", fixed(0, 0, 0, 0));
        struct cnn_image half = viewed(&im, "rotate", "rotate", "180", fixed(0, 0, 0, 0));
        for (size_t y = 0; y < n; y++)
            for (size_t x = 0; x < n; x++) {
                assert_true(quarter.px[y * n + x] == im.px[(n - 1 - x) * n + y]);
                assert_true(half.px[y * n + x] == im.px[(n - 1 - y) * n + n - 1 - x]);
            }
        cnn_image_free(&im);
        cnn_image_free(&quarter);
        cnn_image_free(&half);
    }
}

static void test_translate_is_whole(void **state)
{
    (void)state;
    struct cnn_image im = golden_pixels(1, 10, 20);
    struct cnn_image out = viewed(&im, "translate", "translate", "0.2,0.1", fixed(0, 0, 0, 0));
    for (size_t y = 0; y < 10; y++)
        for (size_t x = 0; x < 20; x++)
            assert_true(out.px[y * 20 + x] == (y < 2 || x < 2 ? 0 : im.px[(y - 2) * 20 + x - 2]));
    cnn_image_free(&im);
    cnn_image_free(&out);
}

/* Twice as large about the middle: the output's corner shows the quarter point. */
static void test_zoom(void **state)
{
    (void)state;
    struct cnn_image im = golden_pixels(1, 9, 5);
    struct cnn_image out = viewed(&im, "zoom", "zoom", "2,2", fixed(7, 0, 0, 0));
    assert_int_equal(out.h * 100 + out.w, 905);
    for (size_t y = 0; y < 9; y += 2)
        for (size_t x = 0; x < 5; x += 2)
            assert_true(out.px[y * 5 + x] == im.px[(2 + y / 2) * 5 + 1 + x / 2]);
    cnn_image_free(&im);
    cnn_image_free(&out);
}

/* Ranges and shares over many draws. */
static void test_draws_fill_their_ranges(void **state)
{
    (void)state;
    const struct cnn_augment_type *t = type_of("translate"), *m = type_of("mirror");
    void *options = options_with(t, "translate", "0.1"), *flip = options_with(m, "flip", "h");
    int count[5] = {0}, mirrored = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        struct cnn_random r;
        struct cnn_view v = cnn_view_whole(20, 20), w = v;
        cnn_random_start(&r, 1, i);
        t->view(options, &r, &v);
        assert_true(v.map.c >= -2 && v.map.c <= 2 && v.map.c == floor(v.map.c));
        count[(int)v.map.c + 2]++;
        m->view(flip, &r, &w);
        mirrored += w.map.a < 0;
    }
    for (int i = 0; i < 5; i++)
        assert_in_range(count[i], i % 4 ? 850 : 400, i % 4 ? 1150 : 600);
    assert_in_range(mirrored, 1850, 2150);
    free(options);
    free(flip);
}

static void test_noise_is_normal(void **state)
{
    (void)state;
    const struct cnn_augment_type *t = type_of("noise");
    void *options = options_with(t, "noise", "0.1");
    struct cnn_random r;
    struct cnn_image im = {0};
    struct cnn_augment_work work = {.random = &r, .image = &im};
    double sum = 0, squares = 0, n = 200.0 * 201.0;
    assert_int_equal(cnn_image_reshape(&im, 1, 200, 201, 255), 0);
    for (size_t i = 0; i < 200 * 201; i++)
        im.px[i] = 0.5f;
    cnn_random_start(&r, 3, 4);
    assert_int_equal(t->apply(options, &work), 0);
    for (size_t i = 0; i < 200 * 201; i++) {
        double v = (double)im.px[i] - 0.5;
        sum += v;
        squares += v * v;
    }
    assert_true(fabs(sum / n) < 0.002 && fabs(sqrt(squares / n) - 0.1) < 0.002);
    cnn_image_free(&im);
    free(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warp_is_torchs),
        cmocka_unit_test(test_fill_values),
        cmocka_unit_test(test_wild_maps),
        cmocka_unit_test(test_moves_are_exact),
        cmocka_unit_test(test_colours_are_torchvisions),
        cmocka_unit_test(test_mirror_is_exact),
        cmocka_unit_test(test_right_angles_are_exact),
        cmocka_unit_test(test_translate_is_whole),
        cmocka_unit_test(test_zoom),
        cmocka_unit_test(test_draws_fill_their_ranges),
        cmocka_unit_test(test_noise_is_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
