/* Safetensors: round trips, types, and every way in which a file can be wrong. */
#include "scratch.h"

#include <math.h>

#include "file/outfile.h"
#include "file/safetensors.h"

/* A file of that header and `data` bytes of data, counting up. */
static const char *make(const char *header, size_t data)
{
    unsigned char bytes[4096];
    size_t n = strlen(header);
    assert_true(8 + n + data <= sizeof bytes);
    memset(bytes, 0, 8);
    bytes[0] = (unsigned char)n;
    bytes[1] = (unsigned char)(n >> 8);
    memcpy(bytes + 8, header, n);
    for (size_t i = 0; i < data; i++)
        bytes[8 + n + i] = (unsigned char)i;
    return scratch_write("made.safetensors", bytes, 8 + n + data);
}

static int open_file(const char *path, struct cnn_tensor_source **out)
{
    struct cnn_bytes bytes;
    *out = NULL;
    int rc = cnn_bytes_map_form(path, cnn_safetensors_extent, &bytes);
    return rc ? rc : cnn_safetensors_open(path, &bytes, out);
}

static void refuse(const char *header, size_t data, const char *why)
{
    struct cnn_tensor_source *f;
    const char *path = make(header, data);
    assert_int_equal(open_file(path, &f), CNN_EDATA);
    assert_null(f);
    if (!strstr(cnn_error_message(), why) || strncmp(cnn_error_message(), path, strlen(path)))
        fail_msg("%s: '%s' does not say '%s'", header, cnn_error_message(), why);
}

static const char *write_sample(void)
{
    struct cnn_safetensors_writer *w;
    struct cnn_outfile *out;
    const char *path = scratch_path("sample.safetensors");
    struct cnn_shape weight = {4, {2, 1, 1, 3}}, scalar = {0, {0}}, none = {2, {0, 5}};
    const float x[6] = {1, -2, 0.5f, 1e-30f, 3e38f, -0.0f}, one = 7;
    const int64_t count = -3;
    assert_int_equal(cnn_safetensors_writer_new(&w), 0);
    assert_int_equal(cnn_safetensors_put_meta(w, "net", "input 1x2x3\n\"q\" \xc3\xa9"), 0);
    assert_int_equal(cnn_safetensors_put_meta(w, "classes", ""), 0);
    assert_int_equal(cnn_safetensors_put_meta(w, "bad", "\xff"), CNN_EDATA);
    assert_int_equal(cnn_safetensors_put(w, "z.weight", CNN_F32, &weight), 0);
    assert_int_equal(cnn_safetensors_put(w, "a", CNN_F32, &scalar), 0);
    assert_int_equal(cnn_safetensors_put(w, "empty", CNN_F32, &none), 0);
    assert_int_equal(cnn_safetensors_put(w, "n", CNN_I64, &scalar), 0);
    assert_int_equal(cnn_safetensors_put(w, "a", CNN_F32, &scalar), CNN_EINTERNAL);
    assert_int_equal(cnn_outfile_open(path, &out), 0);
    assert_int_equal(cnn_safetensors_begin(w, out), 0);
    assert_int_equal(cnn_safetensors_data(w, x, 20), CNN_EINTERNAL);
    assert_int_equal(cnn_safetensors_data(w, x, sizeof x), 0);
    assert_int_equal(cnn_safetensors_data(w, &one, sizeof one), 0);
    assert_int_equal(cnn_safetensors_data(w, NULL, 0), 0);
    assert_int_equal(cnn_safetensors_end(w), CNN_EINTERNAL);
    assert_int_equal(cnn_safetensors_data(w, &count, sizeof count), 0);
    assert_int_equal(cnn_safetensors_end(w), 0);
    assert_int_equal(cnn_outfile_commit(out), 0);
    cnn_safetensors_writer_free(w);
    return path;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct cnn_tensor_source *f;
    const float expected[6] = {1, -2, 0.5f, 1e-30f, 3e38f, -0.0f};
    float got[6];
    assert_int_equal(open_file(write_sample(), &f), 0);
    assert_int_equal(cnn_tensors_count(f), 4);
    const struct cnn_stored_tensor *t = cnn_tensors_find(f, "z.weight");
    assert_ptr_equal(t, cnn_tensors_at(f, 0));
    assert_int_equal(t->rank, 4);
    assert_int_equal(t->shape.dim[3], 3);
    assert_int_equal(t->count, 6);
    assert_int_equal(cnn_tensor_floats(f, t, got), 0);
    assert_memory_equal(got, expected, sizeof got);
    assert_int_equal(cnn_tensor_floats(f, cnn_tensors_find(f, "a"), got), 0);
    assert_true(got[0] == 7);
    assert_int_equal(cnn_tensor_floats(f, cnn_tensors_find(f, "n"), got), 0);
    assert_true(got[0] == -3);
    assert_int_equal(cnn_tensors_find(f, "empty")->bytes, 0);
    assert_null(cnn_tensors_find(f, "nothing"));
    assert_string_equal(cnn_tensors_text(f, "net"), "input 1x2x3\n\"q\" \xc3\xa9");
    assert_string_equal(cnn_tensors_text_key(f, 0), "classes");
    assert_string_equal(cnn_tensors_text_key(f, 1), "net");
    assert_null(cnn_tensors_text_key(f, 2));
    assert_null(cnn_tensors_text(f, "n"));
    cnn_tensors_close(f);
}

/* The header's size is a multiple of 8, so that a reader may map the data. */
static void test_aligned(void **state)
{
    (void)state;
    size_t n;
    unsigned char *bytes = slurp(write_sample(), &n);
    assert_int_equal(bytes[0] % 8, 0);
    free(bytes);
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        unsigned char bytes[8];
        size_t size;
        float value;
    } cases[] = {
        {"F16", {0x00, 0x3c}, 2, 1},
        {"F16", {0x01, 0x00}, 2, 5.9604645e-8f},
        {"F16", {0xff, 0xfb}, 2, -65504},
        {"F16", {0x00, 0x7c}, 2, INFINITY},
        {"BF16", {0xc0, 0xbf}, 2, -1.5f},
        {"F64", {0, 0, 0, 0, 0, 0, 0xe0, 0xbf}, 8, -0.5f},
        {"I64", {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8, -2},
        {"I32", {0, 0, 0, 0x80}, 4, -2147483648.0f},
        {"I16", {0x00, 0x80}, 2, -32768},
        {"I8", {0x80}, 1, -128},
        {"U64", {0, 0, 0, 0, 0, 0, 0, 0x80}, 8, 9223372036854775808.0f},
        {"U32", {0, 0, 0, 0x80}, 4, 2147483648.0f},
        {"U16", {0x00, 0x80}, 2, 32768},
        {"U8", {0xff}, 1, 255},
        {"BOOL", {1}, 1, 1},
        {"F8_E4M3", {0x38}, 1, 1},
        {"F8_E4M3", {0xfe}, 1, -448},
        {"F8_E4M3", {0x01}, 1, 0.001953125f},
        {"F8_E5M2", {0xbc}, 1, -1},
        {"F8_E5M2", {0x7b}, 1, 57344},
        {"F8_E5M2", {0x7c}, 1, INFINITY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[128];
        unsigned char bytes[160] = {0};
        int n = snprintf(header, sizeof header,
                         "{\"x\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%zu]}}",
                         cases[i].type, cases[i].size);
        bytes[0] = (unsigned char)n;
        memcpy(bytes + 8, header, (size_t)n);
        memcpy(bytes + 8 + n, cases[i].bytes, cases[i].size);
        const char *path = scratch_write("t.safetensors", bytes, 8 + (size_t)n + cases[i].size);
        struct cnn_tensor_source *f;
        float got = 0;
        assert_int_equal(open_file(path, &f), 0);
        assert_int_equal(cnn_tensor_floats(f, cnn_tensors_at(f, 0), &got), 0);
        cnn_tensors_close(f);
        assert_true(got == cases[i].value);
    }
}

#define T(name, shape, a, b)                                                                       \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" #a "," #b "]}"

static void test_malformed(void **state)
{
    (void)state;
    struct cnn_tensor_source *f;
    refuse("[]", 0, "not a safetensors file");
    refuse("{\"x\":3}", 4, "no dtype");
    refuse("{", 0, "malformed");
    refuse("{}garbage", 0, "malformed");
    refuse("{" T("x", "1", 0, 4) "," T("x", "1", 4, 8) "}", 8, "duplicate");
    refuse("{" T("x", "2", 0, 8) "," T("y", "1", 4, 8) "}", 8, "'x' and 'y' overlap");
    refuse("{" T("x", "2", 0, 4) "}", 4, "contradict");
    refuse("{" T("x", "1", 0, 4) "}", 3, "ends at byte 4 of 3");
    refuse("{" T("x", "1", 4, 0) "}", 4, "data_offsets");
    refuse("{" T("x", "-1", 0, 4) "}", 4, "shape");
    refuse("{" T("x", "1.5", 0, 4) "}", 4, "shape");
    refuse("{" T("x", "4294967296,4294967296", 0, 0) "}", 4, "too large");
    refuse("{" T("x", "0,4294967296,4294967296,4", 0, 0) "}", 4, "too large");
    refuse("{" T("x", "9223372036854775808", 0, 0) "}", 4, "malformed");
    refuse("{\"x\":{\"dtype\":\"F8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 4, "'F8'");
    refuse("{\"x\":{\"dtype\":\"U8\",\"shape\":[1]}}", 4, "data_offsets");
    refuse("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__");
    refuse("{\"__metadata__\":[]}", 0, "__metadata__");
    refuse("{" T("x", "1", 0, 4) "}", 5, "more follows");
    refuse("{}", 1, "more follows");
    assert_int_equal(open_file(scratch_path("missing"), &f), CNN_ENOINPUT);
    assert_non_null(strstr(cnn_error_message(), "missing: No such file"));
    /* gaps are nobody's harm */
    assert_int_equal(open_file(make("{" T("b", "1", 8, 12) "," T("a", "1", 0, 4) "}", 12), &f), 0);
    assert_string_equal(cnn_tensors_at(f, 0)->name, "a");
    cnn_tensors_close(f);
    /* a rank that no shape of ours holds is listed */
    assert_int_equal(open_file(make("{" T("x", "1,1,1,1,2", 0, 8) "}", 8), &f), 0);
    assert_int_equal(cnn_tensors_at(f, 0)->rank, 5);
    assert_int_equal(cnn_tensors_at(f, 0)->count, 2);
    cnn_tensors_close(f);
}

static void test_header_size(void **state)
{
    (void)state;
    struct cnn_tensor_source *f;
    unsigned char bytes[16] = {0, 0, 0, 0, 0, 0, 0, 0x80, '{', '}'};
    assert_int_equal(open_file(scratch_write("h", bytes, 16), &f), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "larger than safetensors allows"));
    bytes[7] = 0;
    bytes[0] = 9;
    assert_int_equal(open_file(scratch_write("h", bytes, 16), &f), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "truncated"));
}

/* Cut at every byte, and with every byte changed: an error or a file that can be read, never worse.
 */
static void test_damaged(void **state)
{
    (void)state;
    size_t n;
    unsigned char *bytes = slurp(write_sample(), &n);
    struct cnn_tensor_source *f;
    float values[64];
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(open_file(scratch_write("cut", bytes, i), &f), CNN_EDATA);
        bytes[i] ^= 0x15;
        if (!open_file(scratch_write("cut", bytes, n), &f))
            for (size_t k = 0; k < cnn_tensors_count(f); k++)
                assert_int_equal(cnn_tensor_floats(f, cnn_tensors_at(f, k), values), 0);
        cnn_tensors_close(f);
        bytes[i] ^= 0x15;
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_aligned),
        cmocka_unit_test(test_types),       cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_header_size), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
