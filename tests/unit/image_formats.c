/* Every format of images that this build reads: small files as Pillow writes them hold what it
 * reads from them; damaged ones are refused or read, and nothing else happens. */
#include "scratch.h"

#include <zlib.h>

#include "base/error.h"
#include "data/image/codec.h"
#include "data/image/codecs.h"

static const char *root(void)
{
    const char *at = getenv("ROOT");
    return at ? at : ".";
}

static unsigned char *read_format(const char *name, size_t *size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/golden/formats/%s", root(), name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("no %s", path);
    unsigned char *bytes = malloc(1 << 16);
    *size = fread(bytes, 1, 1 << 16, f);
    fclose(f);
    return bytes;
}

static unsigned long samples_crc(const struct cnn_image *im)
{
    unsigned long crc = crc32(0, NULL, 0);
    for (size_t i = 0; i < im->c * im->h * im->w; i++) {
        unsigned v = cnn_quantise(im->px[i], im->maxval);
        unsigned char b[2] = {(unsigned char)(v >> 8), (unsigned char)v};
        crc = crc32(crc, im->maxval > 255 ? b : b + 1, im->maxval > 255 ? 2 : 1);
    }
    return crc;
}

struct line {
    char name[64], crc[16];
    size_t c, h, w;
    unsigned maxval;
};

/* A line of formats.txt whose format this build reads; of others the message says what it lacks. */
static int next_line(FILE *f, struct line *l)
{
    while (fscanf(f, "%63s %zu %zu %zu %u %15s", l->name, &l->c, &l->h, &l->w, &l->maxval,
                  l->crc) == 6) {
        struct cnn_image im = {0};
        size_t size;
        unsigned char *bytes = read_format(l->name, &size);
        const struct cnn_image_codec *codec = cnn_image_codec_find(bytes, size);
        if (!codec)
            fail_msg("%s is not known", l->name);
        assert_true(cnn_image_has_name(l->name));
        int known = codec->decode != NULL;
        if (!known) {
            assert_int_equal(cnn_image_decode(bytes, size, &im), CNN_EDATA);
            assert_non_null(strstr(cnn_error_message(), "this build has no "));
            print_message("skipped: %s: %s\n", l->name, cnn_error_message());
        }
        free(bytes);
        if (known)
            return 1;
    }
    return 0;
}

static FILE *open_list(void)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/golden/formats.txt", root());
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    return f;
}

static void test_pixels(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    struct line l;
    FILE *f = open_list();
    while (next_line(f, &l)) {
        struct cnn_chw shape;
        size_t size;
        unsigned char *bytes = read_format(l.name, &size);
        if (cnn_image_size(bytes, size, &shape) || cnn_image_decode(bytes, size, &im))
            fail_msg("%s: %s", l.name, cnn_error_message());
        if (im.c != l.c || im.h != l.h || im.w != l.w || im.maxval != l.maxval)
            fail_msg("%s is %zux%zux%zu of %u", l.name, im.c, im.h, im.w, im.maxval);
        if (shape.c != l.c || shape.h != l.h || shape.w != l.w)
            fail_msg("%s: its header says %zux%zux%zu", l.name, shape.c, shape.h, shape.w);
        if (l.crc[0] != '-' && samples_crc(&im) != strtoul(l.crc, NULL, 16))
            fail_msg("%s decodes differently", l.name);
        free(bytes);
    }
    fclose(f);
    cnn_image_free(&im);
}

/* Cut anywhere and with any byte changed: refused with a message, or an image within its bounds. */
static void test_damaged(void **state)
{
    (void)state;
    struct cnn_image im = {0};
    struct line l;
    FILE *f = open_list();
    while (next_line(f, &l)) {
        size_t size;
        unsigned char *bytes = read_format(l.name, &size);
        for (size_t i = 0; i < size; i += 1 + size / 200) {
            unsigned char *copy = malloc(i ? i : 1);
            memcpy(copy, bytes, i);
            int rc = cnn_image_decode(copy, i, &im);
            assert_true(rc == 0 || (rc == CNN_EDATA && cnn_error_message()[0]));
            free(copy);
            bytes[i] ^= 0xff;
            rc = cnn_image_decode(bytes, size, &im);
            if (rc && rc != CNN_EDATA && rc != CNN_ESYSTEM)
                fail_msg("%s, byte %zu: %d", l.name, i, rc);
            bytes[i] ^= 0xff;
        }
        size_t half = size / 2;
        if (cnn_image_decode(bytes, half, &im) != CNN_EDATA)
            fail_msg("half of %s goes unnoticed", l.name);
        free(bytes);
    }
    fclose(f);
    cnn_image_free(&im);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const yes[] = {"a.png", "b/A.JPEG", ".jpg", "x.y.TiFF", "a.WEBP", "a.heic"};
    static const char *const no[] = {"a", "a.txt", "png", "a.png/b", "a.pn", "a.pngx", ".", "a. "};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(cnn_image_has_name(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(cnn_image_has_name(no[i]));
}

/* Texts may begin with two letters of a format. */
static void test_sniff(void **state)
{
    (void)state;
    static const char *const texts[] = {"BMW/1.png\tcar\n", "GIF\tno image at all",
                                        "RIFFraff, a list", "MM and II, two names"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(cnn_image_is((const unsigned char *)texts[i], strlen(texts[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_sniff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
