/* PNG: the conformance suite, round trips, and damage at every byte. */
#include "scratch.h"

#include <zlib.h>

#include "base/error.h"
#include "data/image/codec.h"
#include "data/image/codecs.h"
#include "data/image/png.h"
#include "data/source/members.h"

static const struct cnn_source_field seg = {.name = "seg", .kind = CNN_FIELD_LABELS};

static const char *root(void)
{
    const char *r = getenv("ROOT");
    return r ? r : ".";
}

static void fill(struct cnn_image *im, size_t c, size_t h, size_t w, unsigned maxval)
{
    assert_int_equal(cnn_image_reshape(im, c, h, w, maxval), 0);
    for (size_t i = 0; i < c * h * w; i++)
        im->px[i] = (float)((i * 2654435761u >> 7) % (maxval + 1)) / (float)maxval;
}

/* Bytes of the samples, planes one after another, each shifted to the right. */
static unsigned long samples_crc(const struct cnn_image *im, int shift)
{
    size_t n = im->c * im->h * im->w;
    unsigned char *bytes = malloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)((unsigned)(im->px[i] * (float)im->maxval + 0.5f) >> shift);
    unsigned long crc = crc32(0, bytes, (uInt)n);
    free(bytes);
    return crc;
}

static void check_suite_file(const char *folder, const char *name, struct cnn_image *im)
{
    char path[600];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unsigned char *bytes = slurp(path, &size);
    int rc = cnn_image_decode(bytes, size, im);
    if (rc)
        fail_msg("%s: %s", name, cnn_error_message());
    free(bytes);
}

static void test_suite(void **state)
{
    (void)state;
    char folder[512], golden[512], name[64];
    snprintf(folder, sizeof folder, "%s/../shared/data/pngsuite", root());
    snprintf(golden, sizeof golden, "%s/tests/golden/pngsuite.txt", root());
    if (access(folder, R_OK)) {
        print_message("skipped: no %s\n", folder);
        skip();
    }
    struct cnn_image im = {0};
    size_t c, h, w, cases = 0;
    unsigned bits;
    int shift;
    unsigned long crc;
    FILE *f = fopen(golden, "r");
    assert_non_null(f);
    while (fscanf(f, "%63s %zu %zu %zu %u %d %lx", name, &c, &h, &w, &bits, &shift, &crc) == 7) {
        check_suite_file(folder, name, &im);
        if (im.c != c || im.h != h || im.w != w || im.maxval != (1u << bits) - 1 ||
            samples_crc(&im, shift) != crc)
            fail_msg("%s decodes differently", name);
        cases++;
    }
    fclose(f);
    assert_int_equal(cases, 161);
    cnn_image_free(&im);
}

static void test_suite_broken(void **state)
{
    (void)state;
    char folder[512], path[1024];
    snprintf(folder, sizeof folder, "%s/../shared/data/pngsuite", root());
    DIR *d = opendir(folder);
    if (!d) {
        print_message("skipped: no %s\n", folder);
        skip();
    }
    struct cnn_image im = {0};
    int count = 0;
    for (struct dirent *e; (e = readdir(d));) {
        size_t size;
        if (e->d_name[0] != 'x')
            continue;
        snprintf(path, sizeof path, "%s/%.255s", folder, e->d_name);
        unsigned char *bytes = slurp(path, &size);
        cnn_error_clear();
        assert_int_equal(cnn_image_decode(bytes, size, &im), CNN_EDATA);
        assert_true(strlen(cnn_error_message()) > 5);
        free(bytes);
        count++;
    }
    closedir(d);
    assert_true(count >= 14);
    cnn_image_free(&im);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct cnn_image a = {0}, b = {0};
    for (int k = 0; k < 4; k++) {
        unsigned char *bytes;
        size_t size;
        fill(&a, k & 1 ? 3 : 1, 13, 17, k & 2 ? 65535 : 255);
        assert_int_equal(cnn_png_encode(&a, &bytes, &size), 0);
        assert_ptr_equal(cnn_image_codec_find(bytes, size), &cnn_codec_png);
        assert_int_equal(cnn_image_decode(bytes, size, &b), 0);
        assert_int_equal(b.c, a.c);
        assert_int_equal(b.maxval, a.maxval);
        assert_memory_equal(a.px, b.px, a.c * 13 * 17 * sizeof(float));
        free(bytes);
    }
    cnn_image_free(&a);
    cnn_image_free(&b);
}

static void put32(unsigned char *p, unsigned long v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* A copy with an eXIf chunk that tells the orientation, before the pixels or behind them. */
static unsigned char *with_exif(const unsigned char *bytes, size_t size, int orientation,
                                int behind, size_t *new_size)
{
    enum { EXIF = 26, END = 12, HEADER = 33, ORIENTATION = 18 };
    unsigned char chunk[12 + EXIF] = "\0\0\0\32eXIfII*\0\10\0\0\0\1\0\22\1\3\0\1\0\0\0";
    size_t at = behind ? size - END : HEADER;
    chunk[8 + ORIENTATION] = (unsigned char)orientation;
    put32(chunk + 8 + EXIF, crc32(0, chunk + 4, 4 + EXIF));
    unsigned char *out = malloc(size + sizeof chunk);
    memcpy(out, bytes, at);
    memcpy(out + at, chunk, sizeof chunk);
    memcpy(out + at + sizeof chunk, bytes + at, size - at);
    *new_size = size + sizeof chunk;
    return out;
}

/* Pixel (y, x) of an image turned so is which of the stored one (Exif 2.3, 4.6.4). */
static void test_orientation(void **state)
{
    (void)state;
    struct cnn_image a = {0}, b = {0};
    for (int o = 1; o <= 8; o++)
        for (int kind = 0; kind < 4; kind++) {
            unsigned char *bytes, *turned;
            size_t size, n;
            struct cnn_chw shape;
            fill(&a, kind & 1 ? 3 : 1, 5, 7, kind & 2 ? 65535 : 255);
            assert_int_equal(cnn_png_encode(&a, &bytes, &size), 0);
            turned = with_exif(bytes, size, o, kind == 1, &n);
            if (cnn_image_decode(turned, n, &b))
                fail_msg("%s", cnn_error_message());
            assert_int_equal(cnn_image_size(turned, n, &shape), 0);
            assert_int_equal(b.h * 10 + b.w, o >= 5 ? 75 : 57);
            assert_int_equal(shape.h * 10 + shape.w, b.h * 10 + b.w);
            for (size_t i = 0; i < b.h * b.w * b.c; i++) {
                size_t x = i % b.w, y = i / b.w % b.h, k = i / b.w / b.h;
                size_t row = o >= 5 ? x : y, column = o >= 5 ? y : x;
                row = o == 3 || o == 4 || o == 6 || o == 7 ? 4 - row : row;
                column = o == 2 || o == 3 || o == 7 || o == 8 ? 6 - column : column;
                assert_true(b.px[i] == a.px[(k * 5 + row) * 7 + column]);
            }
            free(bytes);
            free(turned);
        }
    cnn_image_free(&a);
    cnn_image_free(&b);
}

/* Values outside 0..1 are clamped, and not-a-number is black. */
static void test_clamp(void **state)
{
    (void)state;
    float px[4] = {-1, 2, 0, 0.5f};
    px[2] = (float)(px[2] / px[2]);
    struct cnn_image a = {.c = 1, .h = 1, .w = 4, .maxval = 255, .px = px}, b = {0};
    unsigned char *bytes;
    size_t size;
    assert_int_equal(cnn_png_encode(&a, &bytes, &size), 0);
    assert_int_equal(cnn_image_decode(bytes, size, &b), 0);
    assert_true(b.px[0] == 0 && b.px[1] == 1 && b.px[2] == 0);
    assert_true(b.px[3] == 128.0f / 255);
    a.maxval = 0;
    free(bytes);
    assert_int_equal(cnn_png_encode(&a, &bytes, &size), CNN_EDATA);
    cnn_image_free(&b);
}

static void test_damaged(void **state)
{
    (void)state;
    struct cnn_image a = {0}, b = {0};
    unsigned char *bytes;
    size_t size;
    fill(&a, 3, 9, 11, 255);
    assert_int_equal(cnn_png_encode(&a, &bytes, &size), 0);
    for (size_t i = 0; i < size; i++) {
        unsigned char *cut = malloc(i ? i : 1); /* of its own, so that a sanitizer sees its end */
        memcpy(cut, bytes, i);
        assert_int_equal(cnn_image_decode(cut, i, &b), CNN_EDATA);
        free(cut);
        bytes[i] ^= 0x41;
        /* every byte is under a checksum, or a length, or the signature */
        if (!cnn_image_decode(bytes, size, &b))
            fail_msg("changed byte %zu goes unnoticed", i);
        bytes[i] ^= 0x41;
    }
    free(bytes);
    cnn_image_free(&a);
    cnn_image_free(&b);
}

/* A header that promises much is refused before memory is asked for. */
static void test_huge(void **state)
{
    (void)state;
    static const unsigned sides[][2] = {
        {65501, 1}, {1, 65501}, {65500, 65500}, {0x7fffffff, 0x7fffffff}, {16384, 16384}};
    unsigned char bytes[33 + 25] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        struct cnn_image im = {0};
        for (size_t k = 0; k < 4; k++) {
            bytes[16 + k] = (unsigned char)(sides[i][0] >> (24 - 8 * k));
            bytes[20 + k] = (unsigned char)(sides[i][1] >> (24 - 8 * k));
        }
        memcpy(bytes + 24, "\x08\x02\0\0", 5);
        unsigned long crc = crc32(0, bytes + 12, 17);
        for (size_t k = 0; k < 4; k++)
            bytes[29 + k] = (unsigned char)(crc >> (24 - 8 * k));
        memcpy(bytes + 33, "\0\0\0\rIDAT", 8);
        assert_int_equal(cnn_image_decode(bytes, sizeof bytes, &im), CNN_EDATA);
        assert_null(im.px);
    }
}

static void put_chunk(struct cnn_buf *png, const char *name, const void *data, size_t size)
{
    const unsigned char length[4] = {0, 0, 0, (unsigned char)size};
    unsigned char sum[4];
    cnn_buf_add(png, length, 4);
    cnn_buf_add(png, name, 4);
    cnn_buf_add(png, data, size);
    unsigned long crc =
        crc32(0, (const unsigned char *)png->text + png->size - size - 4, (uInt)(size + 4));
    for (int k = 0; k < 4; k++)
        sum[k] = (unsigned char)(crc >> (24 - 8 * k));
    cnn_buf_add(png, sum, 4);
}

/* A PNG file of two rows of four pixels of 2 bits each: 0 1 2 3 and 3 0 2 1. Colour type 3 has a
 * palette of red, green, blue and black; 0 is grey. */
static struct cnn_buf tiny_png(unsigned char colour_type)
{
    const unsigned char head[13] = {0, 0, 0, 4, 0, 0, 0, 2, 2, colour_type};
    const unsigned char palette[12] = {255, 0, 0, 0, 255, 0, 0, 0, 255};
    const unsigned char rows[4] = {0, 0x1b, 0, 0xc9}; /* each behind its filter's number */
    unsigned char packed[64];
    uLongf size = sizeof packed;
    struct cnn_buf png = {0};
    assert_int_equal(compress(packed, &size, rows, sizeof rows), Z_OK);
    cnn_buf_add(&png, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(&png, "IHDR", head, sizeof head);
    if (colour_type == 3)
        put_chunk(&png, "PLTE", palette, sizeof palette);
    put_chunk(&png, "IDAT", packed, size);
    put_chunk(&png, "IEND", "", 0);
    assert_false(png.failed);
    return png;
}

/* In a label image the samples count, not the colours or greys that they stand for. */
static void test_labels(void **state)
{
    (void)state;
    static const float red[] = {1, 0, 0, 0, 0, 1, 0, 0}, label[] = {0, 1, 2, 3, 3, 0, 2, 1};
    for (unsigned char type = 0; type <= 3; type += 3) {
        struct cnn_buf png = tiny_png(type);
        const unsigned char *bytes = (const unsigned char *)png.text;
        struct cnn_image im = {0};
        struct cnn_sample s = {0};
        assert_int_equal(cnn_image_decode(bytes, png.size, &im), 0);
        assert_int_equal(im.c, type ? 3 : 1);
        for (size_t i = 0; i < 8; i++)
            assert_true(im.px[i] == (type ? red[i] : label[i] / 3));
        assert_int_equal(cnn_source_decode(&seg, bytes, png.size, &s), 0);
        assert_int_equal(s.field->kind, CNN_FIELD_LABELS);
        assert_true(s.field->values.c == 1 && s.field->values.h == 2 && s.field->values.w == 4);
        assert_int_equal(s.field->values.maxval, 0);
        assert_memory_equal(s.field->values.px, label, sizeof label);
        cnn_image_free(&im);
        cnn_sample_free(&s);
        cnn_buf_free(&png);
    }
}

/* Labels of more than 255 classes, and colours, which are none. */
static void test_labels_of_16_bits(void **state)
{
    (void)state;
    struct cnn_image a = {0};
    struct cnn_sample s = {0};
    unsigned char *bytes;
    size_t size;
    fill(&a, 1, 3, 5, 65535);
    assert_int_equal(cnn_png_encode(&a, &bytes, &size), 0);
    assert_int_equal(cnn_source_decode(&seg, bytes, size, &s), 0);
    for (size_t i = 0; i < 15; i++)
        assert_true(s.field->values.px[i] == (float)((i * 2654435761u >> 7) % 65536));
    free(bytes);
    fill(&a, 3, 3, 5, 255);
    assert_int_equal(cnn_png_encode(&a, &bytes, &size), 0);
    assert_int_equal(cnn_source_decode(&seg, bytes, size, &s), CNN_EDATA);
    assert_string_equal(cnn_error_message(),
                        "a label image of 3 channels (grey or a palette is needed, or colours that "
                        "a palette.seg.txt beside the dataset lists)");
    free(bytes);
    cnn_image_free(&a);
    cnn_sample_free(&s);
}

static void test_write(void **state)
{
    (void)state;
    struct cnn_image a = {0}, b = {0};
    size_t size;
    fill(&a, 1, 3, 3, 255);
    assert_int_equal(cnn_png_write(scratch_path("a.png"), &a), 0);
    unsigned char *bytes = slurp(scratch_path("a.png"), &size);
    assert_int_equal(cnn_image_decode(bytes, size, &b), 0);
    assert_memory_equal(a.px, b.px, 9 * sizeof(float));
    free(bytes);
    assert_int_equal(cnn_png_write("/dev/full", &a), CNN_EIO);
    assert_string_equal(cnn_error_message(), "/dev/full: No space left on device");
    assert_int_equal(cnn_png_write(scratch_path("none/a.png"), &a), CNN_ECREATE);
    assert_int_equal(cnn_png_write(scratch, &a), CNN_ECREATE);
    cnn_image_free(&a);
    cnn_image_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suite),      cmocka_unit_test(test_suite_broken),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_clamp),      cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_huge),       cmocka_unit_test(test_write),
        cmocka_unit_test(test_labels),     cmocka_unit_test(test_labels_of_16_bits),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
