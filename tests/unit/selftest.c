/* Self-tests in model files: as pixels where they are, exact, bounded, and refused where the text
 * is not what it says. */
#include "scratch.h"

#include <math.h>

#include "base/base64.h"
#include "file/tensors.h"
#include "model/model.h"

struct fixture {
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
    struct cnn_model model;
};

static void start(struct fixture *f, const char *text)
{
    struct cnn_graph_config config = {.name = "net"};
    struct cnn_net_config nc = {.batch = 2};
    assert_int_equal(cnn_graph_build(text, &config, &f->graph), 0);
    assert_int_equal(cnn_backend_open("cpu", 1, &f->backend), 0);
    assert_int_equal(cnn_net_new(f->graph, f->backend, &nc, &f->net), 0);
    assert_int_equal(cnn_net_init(f->net, 1, CNN_INIT_DEFAULT), 0);
    f->model = (struct cnn_model){.net_text = (char *)f->graph->print};
}

static void stop(struct fixture *f)
{
    cnn_net_free(f->net);
    cnn_graph_free(f->graph);
    cnn_backend_close(f->backend);
}

static void test_base64(void **state)
{
    (void)state;
    static const char *const text[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                       "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    static const unsigned char bytes[] = "foobar";
    unsigned char got[8];
    for (size_t n = 0; n <= 6; n++) {
        struct cnn_buf b = {0};
        cnn_base64_add(&b, bytes, n);
        assert_string_equal(b.text ? b.text : "", text[n]);
        assert_true(cnn_base64_read(text[n], strlen(text[n]), got, n));
        assert_memory_equal(got, bytes, n);
        for (size_t other = 0; other <= 7; other++)
            assert_true(other == n || !cnn_base64_read(text[n], strlen(text[n]), got, other));
        cnn_buf_free(&b);
    }
    static const char *const bad[] = {"Zh==", "Zm9=",  "Z===", "====", "Zg=A",      "Zm8",
                                      "Zm 8", "Zm8\n", "Zm-v", "=m9v", "Zm\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (size_t n = 1; n <= 3; n++)
            assert_false(cnn_base64_read(bad[i], strlen(bad[i]), got, n));
}

/* Save and open again with n samples: the inputs come back to the last bit. */
static void round_trip(struct fixture *f, const float *x, size_t n, int pixels)
{
    const char *path = scratch_path("model");
    struct cnn_model *m;
    double error = 1;
    size_t count = n * cnn_chw_count(f->graph->input->shape);
    const struct cnn_batch_view samples = {.n = n, .x = x};
    assert_int_equal(cnn_model_save(path, &f->model, f->net, &samples), 0);
    assert_int_equal(cnn_model_open(path, &m), 0);
    assert_int_equal(m->selftest.samples, n);
    assert_int_equal(m->selftest.input->level != NULL, pixels);
    float *again = calloc(count, sizeof *again);
    assert_int_equal(cnn_selftest_input(&m->selftest, 0, f->graph->input, again), 0);
    assert_memory_equal(again, x, count * sizeof *x);
    assert_int_equal(cnn_model_selftest(m, f->net, &error), 0);
    assert_true(error == 0);
    size_t params;
    cnn_net_params(f->net, &params);
    assert_int_equal(cnn_tensors_count(m->tensors), params);
    free(again);
    cnn_model_free(m);
}

/* All levels in each channel; then one number that is none. */
static void check_pixels(const char *line, float scale, const float *mean, const float *std)
{
    struct fixture f;
    char text[200];
    float x[2 * 3 * 256];
    snprintf(text, sizeof text, "input 3x16x16 %s; conv 2 3; dense 2", line);
    start(&f, text);
    for (size_t i = 0; i < 2 * 3 * 256; i++) {
        float pixel = (float)((i * 7 + i / 256) % 256) / 255.0f;
        size_t c = i / 256 % 3;
        pixel = scale > 0 ? pixel * 255.0f * scale : pixel;
        x[i] = (pixel - mean[c]) / std[c];
    }
    round_trip(&f, x, 2, 1);
    x[5] = nextafterf(x[5], 100);
    round_trip(&f, x, 2, 0);
    x[5] = -0.0f;
    round_trip(&f, x, 2, 0);
    stop(&f);
}

static void test_pixels(void **state)
{
    (void)state;
    static const float none[3] = {0, 0, 0}, one[3] = {1, 1, 1}, mean[3] = {0.485f, 0.456f, 0.406f},
                       std[3] = {0.229f, 0.224f, 0.225f}, far[3] = {123, 117, 104};
    check_pixels("", 0, none, one);
    check_pixels("mean=0.485,0.456,0.406 std=0.229,0.224,0.225", 0, mean, std);
    check_pixels("scale=1 mean=123,117,104", 1, far, one);
    check_pixels("scale=0.00392 order=bgr", 0.00392f, none, one);
}

static void test_no_pixels(void **state)
{
    (void)state;
    struct fixture f;
    float x[64];
    start(&f, "input 32; dense 3");
    for (size_t i = 0; i < 64; i++)
        x[i] = (float)(i % 5) / 255.0f;
    round_trip(&f, x, 2, 0);
    for (size_t i = 0; i < 64; i++)
        x[i] = 1e30f / (float)(i + 1);
    round_trip(&f, x, 2, 0);
    round_trip(&f, x, 1, 0);
    stop(&f);
}

/* As many samples as there is room for in the metadata, or none. */
static void test_bounds(void **state)
{
    (void)state;
    struct fixture f;
    struct cnn_selftest s;
    struct cnn_buf text = {0};
    enum { SIDE = 768, COUNT = 3 * SIDE * SIDE };
    float *x = calloc(4 * (size_t)COUNT, sizeof *x);
    const struct cnn_batch_view samples = {.n = 4, .x = x};
    start(&f, "input 3x768x768; avgpool global; dense 2");
    assert_int_equal(cnn_selftest_make(f.net, &samples, &s), 0);
    assert_non_null(s.input->level);
    assert_int_equal(s.samples, 3);
    cnn_selftest_print(&s, &text);
    assert_true(text.size < CNN_SELFTEST_MAX + 200);
    cnn_buf_free(&text);
    cnn_selftest_free(&s);
    x[0] = 0.1234f;
    assert_int_equal(cnn_selftest_make(f.net, &samples, &s), 0);
    assert_int_equal(s.samples, 0);
    const char *path = scratch_path("model");
    struct cnn_model *m;
    double error;
    assert_int_equal(cnn_model_save(path, &f.model, f.net, &samples), 0);
    assert_int_equal(cnn_model_open(path, &m), 0);
    assert_null(cnn_tensors_text(m->tensors, "cnn.selftest"));
    assert_int_equal(cnn_model_selftest(m, f.net, &error), CNN_EDATA);
    cnn_model_free(m);
    stop(&f);
    free(x);
}

static void refuse(const char *text, const char *why)
{
    struct cnn_selftest s;
    assert_int_equal(cnn_selftest_read(text, &s), CNN_EDATA);
    if (!strstr(cnn_error_message(), why) ||
        strncmp(cnn_error_message(), "the self-test is malformed: ", 28))
        fail_msg("%s: '%s' does not say '%s'", text, cnn_error_message(), why);
    assert_int_equal(s.samples, 0);
    assert_true(!s.input && !s.output);
}

#define IN(type, shape, data)                                                                      \
    "\"input\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data\":\"" data "\"}"
#define OUT(type, shape, data)                                                                     \
    ",\"output\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data\":\"" data "\"}"
#define GOOD_IN  IN("U8", "[1,3]", "AAEC")
#define GOOD_OUT OUT("F32", "[1,1]", "AACAPw==")
#define NAMED(name, shape, data)                                                                   \
    "{\"name\":\"" name "\",\"dtype\":\"U8\",\"shape\":" shape ",\"data\":\"" data "\"}"
#define ROWS(list)                                                                                 \
    "\"input\":{\"dtype\":\"U8\",\"shape\":[1,3],\"data\":\"AAEC\",\"rows\":" list "}"

static void test_malformed(void **state)
{
    (void)state;
    struct cnn_selftest s;
    assert_int_equal(cnn_selftest_read("{" GOOD_IN GOOD_OUT "}", &s), 0);
    assert_true(s.samples == 1 && s.input->level[2] == 2 && s.output->x[0] == 1);
    cnn_selftest_free(&s);
    refuse("", "no JSON object");
    refuse("[]", "no JSON object");
    refuse("{" GOOD_IN GOOD_OUT, "no JSON object");
    refuse("{" GOOD_IN GOOD_OUT "}x", "no JSON object");
    refuse("{" GOOD_IN "," GOOD_IN GOOD_OUT "}", "no JSON object");
    refuse("{}", "input: its dtype");
    refuse("{\"input\":3" GOOD_OUT "}", "input: its dtype");
    refuse("{" IN("F64", "[1,3]", "AAEC") GOOD_OUT "}", "input: its dtype");
    refuse("{" GOOD_IN "}", "output: its dtype");
    refuse("{" GOOD_IN OUT("U8", "[1,1]", "AA==") "}", "output: its dtype");
    refuse("{" IN("U8", "[]", "") GOOD_OUT "}", "input: it has no shape");
    refuse("{" IN("U8", "3", "AAEC") GOOD_OUT "}", "input: it has no shape");
    refuse("{" IN("U8", "[1,1,1,1,3]", "AAEC") GOOD_OUT "}", "input: it has no shape");
    refuse("{" IN("U8", "[1,0]", "") GOOD_OUT "}", "input: its shape is none");
    refuse("{" IN("U8", "[1,-3]", "AAEC") GOOD_OUT "}", "input: its shape is none");
    refuse("{" IN("U8", "[1,3.0]", "AAEC") GOOD_OUT "}", "input: its shape is none");
    refuse("{" IN("U8", "[1,\"3\"]", "AAEC") GOOD_OUT "}", "input: its shape is none");
    refuse("{" IN("U8", "[4294967296,4294967297]", "AAEC") GOOD_OUT "}", "its shape is none");
    refuse("{" IN("F32", "[4611686018427387904,1]", "AAEC") GOOD_OUT "}", "its shape is none");
    refuse("{" IN("U8", "[9223372036854775807]", "AAEC") GOOD_OUT "}", "contradict");
    refuse("{" IN("U8", "[1000000,1000000]", "AAEC") GOOD_OUT "}", "contradict");
    refuse("{" IN("U8", "[1,4]", "AAEC") GOOD_OUT "}", "no base64 of its shape");
    refuse("{" IN("U8", "[1,2]", "AAEC") GOOD_OUT "}", "no base64 of its shape");
    refuse("{" IN("U8", "[1,3]", "AA!C") GOOD_OUT "}", "no base64 of its shape");
    refuse("{" IN("U8", "[1,3]", "AAECAAEC") GOOD_OUT "}", "no base64 of its shape");
    refuse("{\"input\":{\"dtype\":\"U8\",\"shape\":[1,3],\"data\":[0,1,2]}" GOOD_OUT "}",
           "contradict");
    refuse("{" GOOD_IN OUT("F32", "[1,1]", "AACAP===") "}", "output: its data are no base64");
    refuse("{" GOOD_IN OUT("F32", "[2,1]", "AACAPwAAgD8=") "}", "another number of samples");
    refuse("{\"inputs\":[]" GOOD_OUT "}", "inputs: it is no list");
    refuse("{\"inputs\":3" GOOD_OUT "}", "inputs: it is no list");
    refuse("{\"inputs\":[{\"dtype\":\"U8\"}]" GOOD_OUT "}", "inputs: one has no name");
    refuse("{\"inputs\":[" NAMED("l", "[1,3]", "AAEC") "," NAMED("r", "[3,1]", "AAEC") "]" GOOD_OUT
                                                                                       "}",
           "r: it has another number of samples");
    refuse("{\"inputs\":[" NAMED("l", "[1,3]", "AAEC") "]}", "output: its dtype");
    refuse("{" ROWS("[1,2]") GOOD_OUT "}", "input: its rows");
    refuse("{" ROWS("[-1]") GOOD_OUT "}", "input: its rows");
    refuse("{" ROWS("4") GOOD_OUT "}", "input: its rows");
}

/* A text that is well-formed, of another net. */
static void test_other_shapes(void **state)
{
    (void)state;
    struct fixture f;
    struct cnn_selftest s;
    double error;
    static const char *const text[] = {
        "{" IN("U8", "[1,3]", "AAEC") OUT("F32", "[1,1]", "AACAPw==") "}",
        "{" IN("U8", "[1,4]", "AAECAw==") OUT("F32", "[1,1]", "AACAPw==") "}",
        "{" IN("U8", "[2,2]", "AAECAw==") OUT("F32", "[2,1]", "AACAPwAAgD8=") "}",
        "{" IN("F32", "[1,1]", "AACAPw==") OUT("F32", "[1,2]", "AACAPwAAgD8=") "}",
    };
    start(&f, "input 1x2x2; flatten; dense 2");
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        assert_int_equal(cnn_selftest_read(text[i], &s), 0);
        assert_int_equal(cnn_selftest_run(&s, f.net, &error), CNN_EDATA);
        assert_string_equal(cnn_error_message(), "the self-test does not have the net's shapes");
        cnn_selftest_free(&s);
    }
    stop(&f);
    start(&f, "input 4; dense 1");
    assert_int_equal(cnn_selftest_read(text[1], &s), 0);
    assert_int_equal(cnn_selftest_run(&s, f.net, &error), CNN_EDATA);
    cnn_selftest_free(&s);
    stop(&f);
}

/* Several inputs and outputs, rows: all of them come back, and each that is wrong is noticed. */
static void test_several(void **state)
{
    (void)state;
    struct fixture f;
    struct cnn_model *m;
    double error = 1;
    float left[2 * 3 * 4], right[2 * 2];
    static const int32_t rows[2] = {3, 1};
    for (int i = 0; i < 24; i++)
        left[i] = i < 16 ? (float)i / 7 : 0;
    for (int i = 0; i < 4; i++)
        right[i] = (float)i / 3;
    start(&f, "input left 4 rows=3; input right 2\n"
              "a: dense 3 from=left; b: rowpool; c: concat from=b,right; dense 2; output a c");
    const float *const others[] = {right};
    const struct cnn_batch_view samples = {.n = 2, .x = left, .others = others, .rows = rows};
    const char *path = scratch_path("model");
    assert_int_equal(cnn_model_save(path, &f.model, f.net, &samples), 0);
    assert_int_equal(cnn_model_open(path, &m), 0);
    struct cnn_selftest *s = &m->selftest;
    assert_true(s->samples == 2 && s->inputs == 2 && s->outputs == 2);
    assert_string_equal(s->input[1].name, "right");
    assert_string_equal(s->output[0].name, "a");
    assert_memory_equal(s->input[0].rows, rows, sizeof rows);
    assert_null(s->input[1].rows);
    for (int i = 3 + 9; i < 18; i++)
        assert_true(s->output[0].x[i] == 0); /* rows that are not real */
    assert_int_equal(cnn_model_selftest(m, f.net, &error), 0);
    assert_true(error == 0);
    s->output[1].x[1] += 0.5f;
    assert_int_equal(cnn_model_selftest(m, f.net, &error), 0);
    assert_true(error > 0.01);
    s->output[1].x[1] -= 0.5f;
    s->input[1].x[3] += 1;
    assert_int_equal(cnn_model_selftest(m, f.net, &error), 0);
    assert_true(error > 0.01);
    s->input[1].x[3] -= 1;
    s->input[0].rows[1] = 2;
    assert_int_equal(cnn_model_selftest(m, f.net, &error), 0);
    assert_true(error > 0.01);
    cnn_model_free(m);
    stop(&f);
}

/* Cut at every byte, and with every byte changed: an error or a self-test, never worse. */
static void test_damaged(void **state)
{
    (void)state;
    char text[] = "{" GOOD_IN GOOD_OUT "}";
    struct cnn_selftest s;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char kept = text[i];
        for (int c = 0; c < 256; c++) {
            text[i] = (char)c;
            if (cnn_selftest_read(text, &s))
                assert_int_equal(cnn_error_code(), CNN_EDATA);
            cnn_selftest_free(&s);
        }
        text[i] = kept;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),    cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_no_pixels), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_other_shapes),
        cmocka_unit_test(test_damaged),   cmocka_unit_test(test_several),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
