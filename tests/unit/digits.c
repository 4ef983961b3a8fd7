/* The built-in dataset: the same bytes everywhere, each sample on its own, balanced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/random.h"
#include "data/digits/digits.h"

enum { PIXELS = CNN_DIGITS_SIDE * CNN_DIGITS_SIDE };

/* A change of this number changes every result that was published with the built-in digits. */
static void test_bytes_are_pinned(void **state)
{
    (void)state;
    unsigned char px[PIXELS];
    uint64_t hash = 0;
    for (size_t i = 0; i < 1000; i++) {
        int label = cnn_digits_pixels(1, i, px);
        hash = cnn_hash_u64((uint64_t)label, cnn_hash(px, sizeof px, hash));
    }
    assert_int_equal(hash, 0x1e66a76ebc1a087f);
}

static void test_classes_are_balanced(void **state)
{
    (void)state;
    unsigned char px[PIXELS];
    int moved = 0, first[10] = {0};
    for (size_t block = 0; block < 50; block++) {
        unsigned seen = 0;
        for (size_t i = 0; i < 10; i++) {
            int label = cnn_digits_pixels(7, 10 * block + i, px);
            assert_in_range(label, 0, 9);
            seen |= 1u << label;
            moved += block && label != first[i];
            first[i] = label;
        }
        assert_int_equal(seen, 1023);
    }
    assert_true(moved > 300);
}

static void test_samples_differ(void **state)
{
    (void)state;
    unsigned char a[PIXELS], b[PIXELS], c[PIXELS];
    cnn_digits_pixels(1, 123456789, a);
    cnn_digits_pixels(1, 123456790, b);
    cnn_digits_pixels(2, 123456789, c);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
}

/* There is ink, and not too much of it, in every one. */
static void test_samples_are_drawn(void **state)
{
    (void)state;
    unsigned char px[PIXELS];
    for (size_t i = 0; i < 3000; i++) {
        int bright = 0;
        cnn_digits_pixels(3, i, px);
        for (size_t k = 0; k < PIXELS; k++)
            bright += px[k] > 110;
        assert_in_range(bright, 12, 350);
    }
}

static void test_image_holds_the_bytes(void **state)
{
    (void)state;
    unsigned char px[PIXELS];
    struct cnn_image im = {0};
    int label = -1, want = cnn_digits_pixels(5, 42, px);
    assert_int_equal(cnn_digits_draw(5, 42, &im, &label), 0);
    assert_int_equal(label, want);
    assert_int_equal(im.c * 10000 + im.h * 100 + im.w, 12828);
    assert_int_equal(im.maxval, 255);
    for (size_t k = 0; k < PIXELS; k++)
        assert_true(im.px[k] == (float)px[k] / 255.0f);
    cnn_image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_pinned),      cmocka_unit_test(test_classes_are_balanced),
        cmocka_unit_test(test_samples_differ),        cmocka_unit_test(test_samples_are_drawn),
        cmocka_unit_test(test_image_holds_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
