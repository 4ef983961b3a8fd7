/* The picture of a preview: every class is in it, originals stand beside their copies, and many
 * classes or samples do not make it large. */
#include "picture.h"
#include "scratch.h"

#include "base/memory.h"
#include "data/image/codecs.h"
#include "data/image/png.h"
#include "data/plot/draw.h"
#include "task/augment/private.h"

enum { SIDE = 8, ZOOM = PREVIEW_CELL / SIDE, CORE = 4, RING = SIDE * SIDE - CORE * CORE };

/* Of each class: the outside of an image, and its middle, which alone is seen at a zoom of 2. */
static const unsigned ring[3] = {0x400000, 0x004000, 0x000040};
static const unsigned core[3] = {0x800000, 0x008000, 0x000080};

static int is_core(size_t i)
{
    size_t y = i / SIDE, x = i % SIDE, begin = (SIDE - CORE) / 2;
    return y >= begin && y < begin + CORE && x >= begin && x < begin + CORE;
}

/* A list of images: `each` of every class, class after class. */
static void write_list(size_t classes, size_t each)
{
    float px[3 * SIDE * SIDE];
    char name[64];
    unsigned char *bytes;
    size_t n;
    struct cnn_buf list = {0};
    for (size_t c = 0; c < classes; c++)
        for (size_t i = 0; i < each; i++) {
            struct cnn_image im = {.c = 3, .h = SIDE, .w = SIDE, .maxval = 255, .px = px};
            for (size_t k = 0; k < 3; k++)
                for (size_t j = 0; j < SIDE * SIDE; j++)
                    px[k * SIDE * SIDE + j] = k != c % 3 ? 0 : is_core(j) ? 0.5f : 0.25f;
            snprintf(name, sizeof name, "%zu-%zu.png", c, i);
            assert_int_equal(cnn_png_encode(&im, &bytes, &n), 0);
            scratch_write(name, bytes, n);
            free(bytes);
            cnn_buf_printf(&list, "%s\tclass%03zu\n", name, c);
        }
    scratch_write("list.tsv", list.text, list.size);
    cnn_buf_free(&list);
}

/* The picture of an augmentation of the list. */
static int draw(const char *name, long long copies, int keep, const char *option, const char *value,
                struct cnn_image *out)
{
    struct cnn_augmenter *a = cnn_augmenter_new();
    struct cnn_callbacks callbacks = {0};
    struct cnn_augment_options o = {.data = scratch_path(name),
                                    .output = scratch_path("out.tar"),
                                    .classes = "",
                                    .labels = "",
                                    .preview = scratch_path("look.png"),
                                    .copies = copies,
                                    .keep = keep,
                                    .threads = 2};
    size_t n;
    assert_non_null(a);
    if (option)
        assert_int_equal(cnn_augmenter_set(a, option, value), 0);
    int rc = cnn_augment_run(&o, a, &callbacks);
    cnn_augmenter_free(a);
    if (rc)
        return rc;
    unsigned char *bytes = slurp(o.preview, &n);
    assert_int_equal(cnn_image_decode(bytes, n, out), 0);
    free(bytes);
    return 0;
}

/* How many originals of a class (of its third, rather) there are. */
static size_t originals(const struct cnn_image *im, size_t class)
{
    size_t n = count_pixels(im, ring[class]);
    assert_int_equal(n % (RING * ZOOM * ZOOM), 0);
    return n / (RING * ZOOM * ZOOM);
}

/* The picture of the list, without augmentation: `n` originals of each class. */
static void check_originals(size_t n)
{
    struct cnn_image im = {0};
    assert_int_equal(draw("list.tsv", 1, 0, NULL, NULL, &im), 0);
    for (size_t c = 0; c < 3; c++)
        assert_int_equal(originals(&im, c), n);
    cnn_image_free(&im);
}

/* Samples come class after class, and each class has its rows; what passes unchanged is alone. */
static void test_all_classes(void **state)
{
    (void)state;
    write_list(3, 30);
    check_originals(20);
    write_list(3, 2);
    check_originals(2);
}

/* `n` originals, and so many copies to the right of the first. */
static void check_rows(const struct cnn_image *im, size_t n, size_t copies)
{
    for (size_t c = 0; c < 3; c++) {
        size_t y = 0, x = 0;
        assert_int_equal(originals(im, c), n);
        while (pixel(im, x, y) != ring[c]) {
            x = x + 1 < im->w ? x + 1 : 0;
            y += x == 0;
        }
        assert_int_equal(pixel(im, x + PREVIEW_CELL / 2, y + PREVIEW_CELL / 2), core[c]);
        for (size_t k = 1; k <= copies; k++) {
            size_t left = x + k * (PREVIEW_CELL + 2) + 5;
            assert_int_equal(pixel(im, left + ZOOM, y + ZOOM), core[c]);
            assert_int_equal(pixel(im, left + PREVIEW_CELL / 2, y + PREVIEW_CELL / 2), core[c]);
        }
    }
}

static void test_beside(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    write_list(3, 7);
    for (int keep = 0; keep < 2; keep++) {
        assert_int_equal(draw("list.tsv", 1, keep, "zoom", "2,2", &im), 0);
        check_rows(&im, 7, 1);
        assert_int_equal(draw("list.tsv", 3, keep, "zoom", "2,2", &im), 0);
        check_rows(&im, 4, 3);
        assert_int_equal(draw("list.tsv", 40, keep, "zoom", "2,2", &im), 0);
        check_rows(&im, 2, 7);
    }
    cnn_image_free(&im);
}

/* One sample of each class, of a hundred classes at most. */
static void test_many_classes(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    write_list(21, 2);
    check_originals(7);
    write_list(120, 1);
    assert_int_equal(draw("list.tsv", 1, 0, NULL, NULL, &im), 0);
    assert_int_equal(originals(&im, 0) + originals(&im, 1) + originals(&im, 2), 100);
    assert_int_equal(draw("list.tsv", 9, 0, "zoom", "2,2", &im), 0);
    assert_true(im.h < 6000);
    cnn_image_free(&im);
}

/* Samples without classes, and numbers, which are no images. */
static void test_without_classes(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    write_list(1, 3);
    scratch_write("l.txt", "0-0.png\n0-1.png\n", 16);
    assert_int_equal(draw("l.txt", 1, 0, NULL, NULL, &im), 0);
    assert_int_equal(originals(&im, 0), 2);
    scratch_write("n.svm", "1 1:2\n0 1:3\n", 12);
    assert_int_equal(draw("n.svm", 1, 0, NULL, NULL, &im), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "no image to show"));
    cnn_image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_classes, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_beside, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_many_classes, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_without_classes, scratch_make, scratch_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
