/* PNM and PAM: every form, and what is wrong with a file. Also what images do in memory. */
#include "scratch.h"

#include "base/error.h"
#include "data/image/codecs.h"
#include "data/image/pnm.h"

static int decode(const char *text, size_t n, struct cnn_image *im)
{
    unsigned char *bytes = malloc(n ? n : 1);
    memcpy(bytes, text, n);
    int rc = cnn_image_decode(bytes, n, im);
    free(bytes);
    return rc;
}

struct good {
    const char *text;
    size_t size, c, h, w;
    unsigned maxval;
    float px[6];
};
#define TEXT(s) s, sizeof s - 1

static void test_forms(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {TEXT("P1\n# c\n3 2\n0 1 0\n111"), 1, 2, 3, 255, {1, 0, 1, 0, 0, 0}},
        {TEXT("P4 9 1\n\x80\x80"), 1, 1, 9, 255, {0, 1, 1, 1, 1, 1}},
        {TEXT("P2\n3 1 4\n0 2 4"), 1, 1, 3, 255, {0, 0.5f, 1}},
        {TEXT("P2 1 1 # x\n#y\n65535 65535 "), 1, 1, 1, 65535, {1}},
        {TEXT("P3 1 2 10 0 5 10 10 5 0"), 3, 2, 1, 255, {0, 1, 0.5f, 0.5f, 1, 0}},
        {TEXT("P5 2 1 255\n\x00\xff"), 1, 1, 2, 255, {0, 1}},
        {TEXT("P5 2 1 255\n\x00\xffmore"), 1, 1, 2, 255, {0, 1}},
        {TEXT("P5 2 1 1000\n\x03\xe8\x01\xf4"), 1, 1, 2, 65535, {1, 0.5f}},
        {TEXT("P6 2 1 255\n\x00\x33\xff\xff\xcc\x00"), 3, 1, 2, 255, {0, 1, 0.2f, 0.8f, 1, 0}},
        {TEXT("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n"
              "\x33\x01\xff\x00"),
         1,
         1,
         2,
         255,
         {0.2f, 1}},
        {TEXT("P7\n# c\nMAXVAL 1\nDEPTH 4\n\nHEIGHT 1\nWIDTH 1\nENDHDR\n\x01\x00\x01\x00"),
         3,
         1,
         1,
         255,
         {1, 0, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct good *g = &cases[i];
        struct cnn_image im = {0};
        if (decode(g->text, g->size, &im))
            fail_msg("%s: %s", g->text, cnn_error_message());
        assert_int_equal(im.c, g->c);
        assert_int_equal(im.h, g->h);
        assert_int_equal(im.w, g->w);
        assert_int_equal(im.maxval, g->maxval);
        for (size_t k = 0; k < 6 && k < im.c * im.h * im.w; k++)
            assert_true(im.px[k] == g->px[k]);
        cnn_image_free(&im);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *why;
    } cases[] = {
        {TEXT(""), "empty"},
        {TEXT("hello"), "not a PNG"},
        {TEXT("P8 1 1 1\n1"), "not a PNG"},
        {TEXT("P5 1"), "truncated PNM header"},
        {TEXT("P5 x 1 255\n1"), "malformed PNM header"},
        {TEXT("P5 -1 1 255\n1"), "malformed PNM header"},
        {TEXT("P5 1 1 255"), "truncated"},
        {TEXT("P5 1 1 0\n1"), "malformed PNM header"},
        {TEXT("P5 0 1 255\n1"), "malformed PNM header"},
        {TEXT("P5 1 1 65536\n11"), "malformed PNM header"},
        {TEXT("P5 2 2 255\n111"), "truncated PNM"},
        {TEXT("P5 2 1 7\n\x07\x08"), "above 7"},
        {TEXT("P5 2 1 300\n\x01\x2d\x00\x00"), "above 300"},
        {TEXT("P2 2 1 7\n7 8"), "corrupt PNM"},
        {TEXT("P2 2 1 7\n7"), "truncated PNM"},
        {TEXT("P1 2 1\n0 2"), "corrupt PNM"},
        {TEXT("P5 99999999999999999999 1 255\n1"), "malformed PNM header"},
        {TEXT("P5 1000000000000 1000000000000 255\n1"), "more than 65500"},
        {TEXT("P6 65501 1 255\n1"), "more than 65500"},
        {TEXT("P6 60000 60000 255\n1"), "truncated PNM"},
        {TEXT("P7\nWIDTH 1\nENDHDR\n1"), "malformed PNM header"},
        {TEXT("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n11111"), "depth 5"},
        {TEXT("P7\nWIDTH 1\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\n1"), "malformed"},
        {TEXT("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nCOLOUR 1\nENDHDR\n1"), "malformed"},
        {TEXT("P7\nWIDTH 1\nHEIGHT 1"), "malformed"},
        {TEXT("8BPS......"), "Photoshop"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cnn_image im = {0};
        assert_int_equal(decode(cases[i].text, cases[i].size, &im), CNN_EDATA);
        if (!strstr(cnn_error_message(), cases[i].why))
            fail_msg("%s: '%s' does not say '%s'", cases[i].text, cnn_error_message(),
                     cases[i].why);
        cnn_image_free(&im);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    struct cnn_image a = {0}, b = {0};
    for (int k = 0; k < 4; k++) {
        unsigned char *bytes;
        size_t size, c = k & 1 ? 3 : 1;
        unsigned maxval = k & 2 ? 65535 : 255;
        assert_int_equal(cnn_image_reshape(&a, c, 7, 5, maxval), 0);
        for (size_t i = 0; i < c * 35; i++)
            a.px[i] = (float)(i * 613 % (maxval + 1)) / (float)maxval;
        assert_int_equal(cnn_pnm_encode(&a, &bytes, &size), 0);
        assert_int_equal(decode((char *)bytes, size, &b), 0);
        assert_memory_equal(a.px, b.px, c * 35 * sizeof(float));
        for (size_t i = 0; i < size; i++)
            assert_int_equal(decode((char *)bytes, i, &b), CNN_EDATA);
        free(bytes);
    }
    cnn_image_free(&a);
    cnn_image_free(&b);
}

static void test_memory(void **state)
{
    (void)state;
    struct cnn_image a = {0}, b = {0};
    assert_int_equal(cnn_image_reshape(&a, 3, 4, 5, 255), 0);
    const float *before = a.px;
    assert_int_equal(cnn_image_reshape(&a, 1, 7, 8, 65535), 0);
    assert_ptr_equal(a.px, before);
    assert_int_equal(cnn_image_reshape(&a, 512, 1, 1, 0), 0);
    assert_int_equal(cnn_image_reshape(&a, 1, 100000, 1, 0), 0);
    assert_int_equal(cnn_image_reshape(&a, 1, 100000, 1, 255), CNN_EDATA);
    assert_int_equal(cnn_image_reshape(&a, 1, 1, (size_t)1 << 40, 0), CNN_EDATA);
    assert_int_equal(cnn_image_reshape(&a, SIZE_MAX, 2, 2, 0), CNN_EDATA);
    assert_int_equal(cnn_image_reshape(&a, 1, 1, 3, 255), 0);
    a.px[0] = 1;
    a.px[1] = 2;
    a.px[2] = 3;
    assert_int_equal(cnn_image_copy(&b, &a), 0);
    assert_memory_equal(a.px, b.px, 12);
    cnn_image_free(&a);
    assert_null(a.px);
    cnn_image_free(&b);
}

static void test_channels(void **state)
{
    (void)state;
    float px[6] = {1, 0, 0.5f, 0, 0, 1};
    struct cnn_image rgb = {.c = 3, .h = 1, .w = 2, .maxval = 255, .px = px}, grey = {0},
                     back = {0};
    assert_int_equal(cnn_image_channels(&grey, &rgb, 1), 0);
    assert_true(grey.px[0] == 0.299f + 0.587f * 0.5f && grey.px[1] == 0.114f);
    assert_int_equal(cnn_image_channels(&back, &grey, 3), 0);
    assert_true(back.c == 3 && back.px[4] == grey.px[0] && back.px[3] == grey.px[1]);
    assert_int_equal(cnn_image_channels(&grey, &rgb, 2), CNN_EDATA);
    cnn_image_free(&grey);
    cnn_image_free(&back);
}

static void test_crop(void **state)
{
    (void)state;
    float px[12];
    for (int i = 0; i < 12; i++)
        px[i] = (float)i;
    struct cnn_image src = {.c = 1, .h = 3, .w = 4, .maxval = 255, .px = px}, dst = {0};
    for (ptrdiff_t y = -4; y < 5; y++)
        for (ptrdiff_t x = -6; x < 6; x++) {
            assert_int_equal(cnn_image_crop(&dst, &src, y, x, 2, 3, -1), 0);
            for (ptrdiff_t i = 0; i < 2; i++)
                for (ptrdiff_t j = 0; j < 3; j++) {
                    int inside = y + i >= 0 && y + i < 3 && x + j >= 0 && x + j < 4;
                    float expected = inside ? px[(y + i) * 4 + x + j] : -1;
                    assert_true(dst.px[i * 3 + j] == expected);
                }
        }
    cnn_image_free(&dst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_channels),   cmocka_unit_test(test_crop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
