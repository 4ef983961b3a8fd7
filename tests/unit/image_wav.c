/* WAV files of each kind of samples, and those that are none. */
#include "scratch.h"

#include "base/error.h"
#include "data/image/codecs.h"
#include "tensor/tensor.h"

struct file {
    unsigned char bytes[256];
    size_t size;
};

static void put(struct file *f, unsigned long value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        f->bytes[f->size++] = (unsigned char)(value >> (8 * i));
}

static void text(struct file *f, const char *four)
{
    memcpy(f->bytes + f->size, four, 4);
    f->size += 4;
}

/* A file as programs write it, with a chunk of another kind and of odd length on the way. */
static struct file begin(unsigned format, unsigned channels, unsigned bits, size_t data)
{
    struct file f = {.size = 0};
    text(&f, "RIFF");
    put(&f, 4 + 24 + 12 + 8 + data, 4);
    text(&f, "WAVE");
    text(&f, "fmt ");
    put(&f, format == 0xfffe ? 40 : 16, 4);
    put(&f, format, 2);
    put(&f, channels, 2);
    put(&f, 16000, 4);
    put(&f, 16000ul * channels * bits / 8, 4);
    put(&f, channels * bits / 8, 2);
    put(&f, bits, 2);
    if (format == 0xfffe) {
        put(&f, 22, 2);
        put(&f, bits, 2);
        put(&f, 0, 4);
        put(&f, 1, 2);
        put(&f, 0, 14);
    }
    text(&f, "LIST");
    put(&f, 3, 4);
    put(&f, 0, 4);
    text(&f, "data");
    put(&f, data, 4);
    return f;
}

static void expect(const struct file *f, size_t channels, size_t count, const float *values)
{
    struct cnn_image im = {0};
    struct cnn_chw shape;
    if (cnn_image_size(f->bytes, f->size, &shape) || cnn_image_decode(f->bytes, f->size, &im))
        fail_msg("%s", cnn_error_message());
    assert_int_equal(shape.c, channels);
    assert_int_equal(shape.w, count);
    assert_true(im.c == channels && im.h == 1 && im.w == count && im.maxval == 0);
    for (size_t i = 0; i < channels * count; i++)
        if (im.px[i] != values[i])
            fail_msg("number %zu is %g, not %g", i, (double)im.px[i], (double)values[i]);
    cnn_image_free(&im);
}

static void test_pcm(void **state)
{
    (void)state;
    struct file f = begin(1, 1, 8, 3);
    put(&f, 0xc08000, 3);
    expect(&f, 1, 3, (float[]){-1, 0, 0.5f});
    f = begin(1, 2, 16, 8);
    put(&f, 0x40008000, 4);
    put(&f, 0xffff0001, 4);
    expect(&f, 2, 2, (float[]){-1, 1 / 32768.f, 0.5f, -1 / 32768.f});
    f = begin(0xfffe, 1, 24, 6);
    put(&f, 0x800000, 3);
    put(&f, 0x600000, 3);
    expect(&f, 1, 2, (float[]){-1, 0.75f});
    f = begin(1, 1, 32, 4);
    put(&f, 0xe0000000, 4);
    expect(&f, 1, 1, (float[]){-0.25f});
}

static void test_float(void **state)
{
    (void)state;
    struct file f = begin(3, 1, 32, 8);
    put(&f, 0x3fc00000, 4);
    put(&f, 0xbe000000, 4);
    expect(&f, 1, 2, (float[]){1.5f, -0.125f});
    f = begin(3, 1, 64, 8);
    put(&f, 0, 4);
    put(&f, 0x3fe80000, 4);
    expect(&f, 1, 1, (float[]){0.75f});
}

/* ITU-T G.711, tables 1a to 2b: the largest and the smallest levels. */
static void test_g711(void **state)
{
    (void)state;
    struct file f = begin(6, 1, 8, 4);
    put(&f, 0x55d52aaa, 4);
    expect(&f, 1, 4, (float[]){4032 / 4096.f, -4032 / 4096.f, 1 / 4096.f, -1 / 4096.f});
    f = begin(7, 1, 8, 4);
    put(&f, 0x7eff0080, 4);
    expect(&f, 1, 4, (float[]){8031 / 8192.f, -8031 / 8192.f, 0, -2 / 8192.f});
}

/* A pipe's writer does not know how much follows; what is behind the samples is none of them. */
static void test_sizes(void **state)
{
    (void)state;
    struct file f = begin(1, 1, 8, 0xffffffff);
    put(&f, 0xc080, 2);
    expect(&f, 1, 2, (float[]){0, 0.5f});
    f = begin(1, 1, 16, 2);
    put(&f, 0x4000, 2);
    text(&f, "LIST");
    put(&f, 0, 4);
    expect(&f, 1, 1, (float[]){0.5f});
}

static void refused(const struct file *f, const char *why)
{
    struct cnn_image im = {0};
    assert_int_equal(cnn_image_decode(f->bytes, f->size, &im), CNN_EDATA);
    if (!strstr(cnn_error_message(), why))
        fail_msg("'%s' is not '%s'", cnn_error_message(), why);
    cnn_image_free(&im);
}

static void test_refused(void **state)
{
    (void)state;
    struct file f = begin(1, 1, 16, 4);
    refused(&f, "truncated WAV");
    f.size -= 8;
    refused(&f, "truncated WAV: no samples");
    f = begin(1, 1, 16, 0);
    refused(&f, "WAV: no samples");
    f = begin(85, 1, 16, 0);
    refused(&f, "format 85 of 16 bits is not read");
    f = begin(1, 1, 12, 0);
    refused(&f, "format 1 of 12 bits is not read");
    f = begin(1, 0, 16, 0);
    refused(&f, "0 channels of 16 bits");
    f = begin(1, 1, 16, 0);
    memmove(f.bytes + 12, f.bytes + 36, f.size -= 24);
    refused(&f, "samples before their format");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pcm),   cmocka_unit_test(test_float),   cmocka_unit_test(test_g711),
        cmocka_unit_test(test_sizes), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
