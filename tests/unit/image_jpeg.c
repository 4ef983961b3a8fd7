/* JPEG: colours, the eight EXIF orientations, damage at every byte. */
#include "scratch.h"

#include <math.h>
#include <jpeglib.h>

#include "base/error.h"
#include "data/image/codecs.h"
#include "tensor/tensor.h"

/* An Exif segment with one entry: the orientation. */
static size_t exif_segment(unsigned char *out, int big, int orientation)
{
    static const unsigned char little[] = {
        'E',  'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, /* one entry at 8 */
        0x12, 1,   3,   0,   1, 0, 0,   0,   0,  0, 0, 0, 0, 0, 0, 0};
    static const unsigned char high[] = {'E', 'x', 'i', 'f', 0, 0, 'M',  'M', 0, 42, 0,
                                         0,   0,   8,   0,   1, 1, 0x12, 0,   3, 0,  0,
                                         0,   1,   0,   0,   0, 0, 0,    0,   0, 0};
    memcpy(out, big ? high : little, sizeof little);
    out[24 + (big != 0)] = (unsigned char)orientation;
    return sizeof little;
}

struct kind {
    int components; /* 1, 3 or 4 */
    int progressive;
    int big, orientation; /* 0: no Exif segment */
};

/* The upper left quarter is dark, the upper right red, the lower ones blue and white (4 inks: in
 * inverted inks). */
static unsigned char *make(const struct kind *k, size_t h, size_t w, unsigned long *size)
{
    static const unsigned char colour[4][4] = {
        {10, 10, 10, 255}, {240, 10, 10, 255}, {10, 10, 240, 255}, {245, 245, 245, 255}};
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL, segment[64], *row = malloc(w * 4);
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &bytes, size);
    c.image_height = (JDIMENSION)h;
    c.image_width = (JDIMENSION)w;
    c.input_components = k->components;
    c.in_color_space = k->components == 1 ? JCS_GRAYSCALE : k->components == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 95, TRUE);
    if (k->progressive)
        jpeg_simple_progression(&c);
    jpeg_start_compress(&c, TRUE);
    if (k->orientation)
        jpeg_write_marker(&c, JPEG_APP0 + 1, segment,
                          (unsigned)exif_segment(segment, k->big, k->orientation));
    for (size_t y = 0; y < h; y++) {
        for (size_t x = 0; x < w; x++)
            for (int i = 0; i < k->components; i++)
                row[x * (size_t)k->components + (size_t)i] =
                    colour[(y >= h / 2) * 2 + (x >= w / 2)][i];
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    free(row);
    return bytes;
}

/* Where a quarter's middle is: d dark, r red, b blue, w white. */
static char quarter(const struct cnn_image *im, size_t down, size_t right)
{
    size_t at = (im->h * (1 + 2 * down) / 4) * im->w + im->w * (1 + 2 * right) / 4,
           n = im->h * im->w;
    float r = im->px[at], g = im->px[at + n], b = im->px[at + 2 * n];
    if (g > 0.8f)
        return 'w';
    return r > 0.8f ? 'r' : b > 0.8f ? 'b' : r < 0.2f && g < 0.2f && b < 0.2f ? 'd' : '?';
}

static void test_orientation(void **state)
{
    (void)state;
    /* upper left, upper right, lower left, lower right as it is to be seen (Exif 2.3, 4.6.4) */
    static const char *const seen[9] = {"drbw", "drbw", "rdwb", "wbrd", "bwdr",
                                        "dbrw", "bdwr", "wrbd", "rwdb"};
    for (int o = 0; o <= 8; o++)
        for (int big = 0; big < 2; big++) {
            struct cnn_image im = {0};
            unsigned long size;
            struct kind k = {3, big, big, o};
            unsigned char *bytes = make(&k, 32, 64, &size);
            if (cnn_image_decode(bytes, size, &im))
                fail_msg("%s", cnn_error_message());
            assert_int_equal(im.h, o >= 5 ? 64 : 32);
            assert_int_equal(im.w, o >= 5 ? 32 : 64);
            char got[5] = {quarter(&im, 0, 0), quarter(&im, 0, 1), quarter(&im, 1, 0),
                           quarter(&im, 1, 1), 0};
            if (strcmp(got, seen[o]))
                fail_msg("orientation %d is seen as %s, not %s", o, got, seen[o]);
            cnn_image_free(&im);
            free(bytes);
        }
}

/* Every pixel, not just the middles: orientation o of the image is what turning it gives. */
static void test_orientation_exact(void **state)
{
    (void)state;
    struct cnn_image plain = {0}, turned = {0};
    unsigned long size;
    struct kind k = {3, 0, 0, 1};
    unsigned char *bytes = make(&k, 19, 23, &size);
    assert_int_equal(cnn_image_decode(bytes, size, &plain), 0);
    free(bytes);
    for (k.orientation = 2; k.orientation <= 8; k.orientation++) {
        int o = k.orientation;
        bytes = make(&k, 19, 23, &size);
        assert_int_equal(cnn_image_decode(bytes, size, &turned), 0);
        for (size_t y = 0; y < turned.h; y++)
            for (size_t x = 0; x < turned.w; x++) {
                size_t row = o >= 5 ? x : y, column = o >= 5 ? y : x;
                int flip_row = o == 3 || o == 4 || o == 6 || o == 7;
                int flip_column = o == 2 || o == 3 || o == 7 || o == 8;
                row = flip_row ? 18 - row : row;
                column = flip_column ? 22 - column : column;
                assert_true(turned.px[y * turned.w + x] == plain.px[row * 23 + column]);
            }
        free(bytes);
    }
    cnn_image_free(&plain);
    cnn_image_free(&turned);
}

static void test_colours(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    for (int components = 1; components <= 4; components += components == 1 ? 2 : 1)
        for (int progressive = 0; progressive < 2; progressive++) {
            unsigned long size;
            struct kind k = {components, progressive, 0, 0};
            unsigned char *bytes = make(&k, 40, 40, &size);
            if (cnn_image_decode(bytes, size, &im))
                fail_msg("%d components: %s", components, cnn_error_message());
            assert_int_equal(im.c, components == 1 ? 1 : 3);
            assert_int_equal(im.maxval, 255);
            if (components == 1)
                assert_true(fabsf(im.px[5 * 40 + 30] - 240 / 255.0f) < 0.02f);
            else
                assert_true(quarter(&im, 0, 0) == 'd' && quarter(&im, 0, 1) == 'r' &&
                            quarter(&im, 1, 0) == 'b' && quarter(&im, 1, 1) == 'w');
            free(bytes);
        }
    cnn_image_free(&im);
}

/* A cut is noticed, unless it takes the end marker alone: then the pixels are all there. */
static void test_damaged(void **state)
{
    (void)state;
    struct cnn_image im = {0}, whole = {0};
    for (int progressive = 0; progressive < 2; progressive++) {
        unsigned long size;
        struct kind k = {3, progressive, 0, 6};
        unsigned char *bytes = make(&k, 24, 24, &size);
        assert_int_equal(cnn_image_decode(bytes, size, &whole), 0);
        for (size_t i = 0; i < size; i++) {
            unsigned char *cut = malloc(i ? i : 1);
            memcpy(cut, bytes, i);
            int rc = cnn_image_decode(cut, i, &im);
            if (rc != (i < size - 2 ? CNN_EDATA : 0))
                fail_msg("cut at %zu of %lu is answered with %d", i, size, rc);
            if (!rc)
                assert_memory_equal(im.px, whole.px, 3 * 24 * 24 * sizeof *im.px);
            free(cut);
            bytes[i] ^= 0x55;
            int code = cnn_image_decode(bytes, size, &im);
            assert_true(code == 0 || code == CNN_EDATA);
            bytes[i] ^= 0x55;
        }
        free(bytes);
    }
    cnn_image_free(&im);
    cnn_image_free(&whole);
}

/* A file with `n` bytes put in, or written over, at a place of it. */
struct edit {
    const char *what;
    const char *marker; /* the place: here, and so far behind */
    size_t behind;
    const char *bytes;
    size_t n;
    int over;
    int strict; /* libjpeg warns */
};

static const struct edit harmless[] = {
    {"SOS without its parameters", "\xff\xda", 11, "\0\0\0", 3, 1, 1},
    {"bytes before a table", "\xff\xdb", 0, "\0\0", 2, 0, 1},
    {"bytes before the frame", "\xff\xc0", 0, "abc", 3, 0, 1},
    {"bytes before the scan", "\xff\xda", 0, "\1", 1, 0, 1},
    {"bytes before the end", "\xff\xd9", 0, "\0\0\0\0\0", 5, 0, 1},
    {"fill bytes", "\xff\xdb", 0, "\xff\xff\xff", 3, 0, 0},
    {"JFIF of the future", "JFIF", 5, "\3", 1, 1, 1},
    {"Adobe's unknown transform", "\xff\xe0", 0, "\xff\xff\xff\xee\0\16Adobe\0\144\0\0\0\0\2", 18,
     1, 1},
    {"bytes behind the end", "\xff\xd9", 2, "trailer", 7, 0, 0},
};

static unsigned char *edited(const struct edit *e, const unsigned char *bytes, size_t size,
                             size_t *new_size)
{
    size_t n = strlen(e->marker), at = 0;
    while (memcmp(bytes + at, e->marker, n))
        assert_true(++at + n <= size);
    at += e->behind;
    size_t rest = at + (e->over ? e->n : 0);
    unsigned char *out = malloc(size + e->n);
    memcpy(out, bytes, at);
    memcpy(out + at, e->bytes, e->n);
    memcpy(out + at + e->n, bytes + rest, size - rest);
    *new_size = at + e->n + size - rest;
    return out;
}

static void test_warnings(void **state)
{
    (void)state;
    const struct cnn_decoding strict = {.strict = 1};
    struct cnn_image im = {0}, whole = {0};
    struct kind k = {3, 0, 0, 0};
    unsigned long size;
    unsigned char *bytes = make(&k, 24, 24, &size);
    assert_int_equal(cnn_image_decode_as(bytes, size, &strict, &whole), 0);
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        size_t n;
        unsigned char *other = edited(&harmless[i], bytes, size, &n);
        if (cnn_image_decode(other, n, &im))
            fail_msg("%s: %s", harmless[i].what, cnn_error_message());
        assert_memory_equal(im.px, whole.px, 3 * 24 * 24 * sizeof *im.px);
        int rc = cnn_image_decode_as(other, n, &strict, &im);
        if (rc != (harmless[i].strict ? CNN_EDATA : 0))
            fail_msg("%s: %d where every warning counts", harmless[i].what, rc);
        free(other);
    }
    free(bytes);
    cnn_image_free(&im);
    cnn_image_free(&whole);
}

/* What is missing is no image, wherever a progressive file ends: between two scans, too. */
static void test_scans_missing(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    struct kind k = {3, 1, 0, 0};
    unsigned long size;
    unsigned char *bytes = make(&k, 64, 64, &size);
    int scans = 0;
    for (size_t i = 2; i + 1 < size; i++) {
        if (bytes[i] != 0xff || bytes[i + 1] != 0xda || !scans++)
            continue;
        assert_int_equal(cnn_image_decode(bytes, i, &im), CNN_EDATA);
        if (!strstr(cnn_error_message(), "truncated JPEG"))
            fail_msg("%s", cnn_error_message());
    }
    assert_true(scans > 5);
    free(bytes);
    cnn_image_free(&im);
}

/* A short file that claims many pixels is refused before memory is asked for. */
static void test_bomb(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    struct cnn_chw shape;
    for (int progressive = 0; progressive < 2; progressive++) {
        struct kind k = {3, progressive, 0, 0};
        unsigned long size;
        unsigned char *bytes = make(&k, 8, 8, &size);
        for (size_t i = 2; i + 9 < size; i++)
            if (bytes[i] == 0xff && bytes[i + 1] == (progressive ? 0xc2 : 0xc0))
                memcpy(bytes + i + 5, "\x20\0\x20\0", 4); /* 8192 x 8192 */
        assert_int_equal(cnn_image_decode(bytes, size, &im), CNN_EDATA);
        assert_int_equal(cnn_image_size(bytes, size, &shape), CNN_EDATA);
        assert_null(im.px);
        assert_non_null(strstr(cnn_error_message(), "truncated"));
        free(bytes);
    }
}

static void test_size(void **state)
{
    (void)state;
    for (int o = 1; o <= 8; o++) {
        struct kind k = {o % 2 ? 3 : 1, 0, 0, o};
        struct cnn_chw shape;
        unsigned long size;
        unsigned char *bytes = make(&k, 19, 23, &size);
        assert_int_equal(cnn_image_size(bytes, size, &shape), 0);
        assert_int_equal(shape.c, k.components);
        assert_int_equal(shape.h, o >= 5 ? 23 : 19);
        assert_int_equal(shape.w, o >= 5 ? 19 : 23);
        free(bytes);
    }
}

static void test_huge(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    unsigned long size;
    struct kind k = {1, 0, 0, 0};
    unsigned char *bytes = make(&k, 8, 8, &size);
    for (size_t i = 2; i + 9 < size; i++)
        if (bytes[i] == 0xff && bytes[i + 1] == 0xc0)
            memcpy(bytes + i + 5, "\xff\xdc\xff\xdc", 4); /* 65500 x 65500 */
    assert_int_equal(cnn_image_decode(bytes, size, &im), CNN_EDATA);
    assert_null(im.px);
    assert_non_null(strstr(cnn_error_message(), "65500 x 65500"));
    free(bytes);
}

/* An Exif segment that lies about itself is no reason to refuse a picture, nor to read beyond it.
 */
static void test_exif_damaged(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    unsigned long size;
    struct kind k = {1, 0, 0, 3};
    unsigned char *bytes = make(&k, 8, 8, &size);
    size_t at = 0;
    while (memcmp(bytes + at, "Exif", 4))
        at++;
    for (size_t i = 0; i < 32; i++)
        for (int v = 0; v < 256; v += 5) {
            unsigned char old = bytes[at + i];
            bytes[at + i] = (unsigned char)v;
            assert_int_equal(cnn_image_decode(bytes, size, &im), 0);
            bytes[at + i] = old;
        }
    free(bytes);
    cnn_image_free(&im);
}

static int decode_fit(const unsigned char *bytes, size_t size, const struct cnn_fit *fit,
                      struct cnn_image *out)
{
    const struct cnn_decoding how = {.fit = fit};
    return cnn_image_decode_as(bytes, size, &how, out);
}

static double mean_difference(const struct cnn_image *a, const struct cnn_image *b)
{
    double sum = 0;
    size_t n = a->c * a->h * a->w;
    assert_int_equal(a->h * 10000 + a->w, b->h * 10000 + b->w);
    for (size_t i = 0; i < n; i++)
        sum += fabs((double)a->px[i] - (double)b->px[i]);
    return sum / (double)n;
}

/* Reduced while twice of what is wanted is left, on both sides; and then it looks the same. */
static void test_fit(void **state)
{
    (void)state;
    static const struct {
        struct cnn_fit fit;
        size_t h, w; /* decoded, of 480 x 640 */
    } cases[] = {{{100, 0, 0}, 240, 320}, {{120, 0, 0}, 240, 320}, {{60, 0, 0}, 120, 160},
                 {{61, 0, 0}, 240, 320},  {{121, 0, 0}, 480, 640}, {{30, 0, 0}, 60, 80},
                 {{1, 0, 0}, 60, 80},     {{0, 30, 40}, 60, 80},   {{0, 30, 41}, 120, 160},
                 {{0, 480, 4}, 480, 640}, {{0, 1, 320}, 480, 640}};
    static const int components[] = {3, 1, 4};
    struct cnn_image whole = {0}, less = {0}, a = {0}, b = {0};
    unsigned long size;
    for (int o = 1; o <= 8; o++) {
        struct kind k = {components[o % 3], o % 2, 0, o};
        unsigned char *bytes = make(&k, o < 5 ? 480 : 640, o < 5 ? 640 : 480, &size);
        assert_int_equal(cnn_image_decode(bytes, size, &whole), 0);
        assert_int_equal(whole.h * 1000 + whole.w, 480640);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            assert_int_equal(decode_fit(bytes, size, &cases[i].fit, &less), 0);
            assert_int_equal(less.h * 1000 + less.w, cases[i].h * 1000 + cases[i].w);
            size_t h = 480, w = 640;
            cnn_fit_size(&cases[i].fit, &h, &w);
            assert_int_equal(cnn_image_resize(&a, &whole, h, w), 0);
            assert_int_equal(cnn_image_resize(&b, &less, h, w), 0);
            double off = 255 * mean_difference(&a, &b);
            if (!(off <= 1))
                fail_msg("orientation %d, case %zu: off by %g of 255", o, i, off);
        }
        free(bytes);
    }
    cnn_image_free(&whole);
    cnn_image_free(&less);
    cnn_image_free(&a);
    cnn_image_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orientation),   cmocka_unit_test(test_orientation_exact),
        cmocka_unit_test(test_colours),       cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_huge),          cmocka_unit_test(test_exif_damaged),
        cmocka_unit_test(test_fit),           cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_scans_missing), cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
