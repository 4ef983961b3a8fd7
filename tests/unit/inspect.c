/* Inspection of models: summary, classes, history, JSON, comparison, pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "data/image/codecs.h"
#include "file/infile.h"
#include "task/inspect/inspect.h"

static const char text[] = "input 3x6x6 order=bgr\nconv1: conv 2 3\nbn1: bn\nrelu\nfc: dense 2\n";
static const char history[] =
    "[{\"program\":\"cnn-augment\",\"options\":\"-n 2\"},{\"program\":\"cnn-train\",\"epochs\":3}]";

/* Write a model of `net` to the path, every element of its tensors `start`, then 0.25 more each. */
static void write_model(const char *path, const char *net_text, const char *const *classes,
                        size_t n, float start)
{
    struct cnn_graph_config config = {.name = path};
    struct cnn_net_config nc = {.batch = 2};
    struct cnn_backend *backend;
    struct cnn_graph *graph;
    struct cnn_net *net;
    struct cnn_model m = {0};
    size_t params;
    assert_int_equal(cnn_backend_open("cpu", 1, &backend), 0);
    assert_int_equal(cnn_graph_build(net_text, &config, &graph), 0);
    assert_int_equal(cnn_net_new(graph, backend, &nc, &net), 0);
    struct cnn_net_param *param = cnn_net_params(net, &params);
    for (size_t p = 0; p < params; p++) {
        float v[256];
        size_t count = cnn_shape_count(&param[p].shape);
        assert_true(count <= 256);
        for (size_t i = 0; i < count; i++)
            v[i] = start + 0.25f * (float)i;
        cnn_net_param_set(net, &param[p], v);
    }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(cnn_strings_add(&m.classes, classes[i]), 0);
    m.net_text = cnn_strdup(graph->print);
    m.history = cnn_strdup(history);
    float *samples = calloc(2 * cnn_chw_count(graph->input->shape), sizeof *samples);
    assert_non_null(samples);
    const struct cnn_batch_view two = {.n = 2, .x = samples};
    assert_int_equal(cnn_model_save(path, &m, net, &two), 0);
    free(samples);
    free(m.net_text);
    free(m.history);
    cnn_strings_free(&m.classes);
    cnn_net_free(net);
    cnn_graph_free(graph);
    cnn_backend_close(backend);
}

static struct cnn_inspect *inspect(const char *what)
{
    struct cnn_inspect_options none = {0};
    struct cnn_inspect *in;
    if (cnn_inspect_open(what, &none, &in))
        fail_msg("%s", cnn_error_message());
    return in;
}

static int setup(void **state)
{
    static const char *const ants[] = {"ant", "bee"}, *const bees[] = {"bee", "ant"};
    (void)state;
    write_model("a.safetensors", text, ants, 2, 1);
    write_model("b.safetensors", text, bees, 2, 1.5f);
    write_model("c.safetensors", "input 3x6x6\nconv1: conv 2 5\nfc: dense 2\nlast: dense 2", ants,
                2, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove("a.safetensors");
    remove("b.safetensors");
    remove("c.safetensors");
    return 0;
}

static void check_part(const struct cnn_inspect *in, unsigned part, const char *want)
{
    struct cnn_buf out = {0};
    assert_int_equal(cnn_inspect_require(in, part), 0);
    cnn_inspect_text(in, part, &out);
    assert_string_equal(out.text, want);
    cnn_buf_free(&out);
}

static void parts(void **state)
{
    (void)state;
    struct cnn_inspect *in = inspect("a.safetensors");
    assert_int_equal(in->form, CNN_INSPECT_MODEL);
    check_part(in, CNN_INSPECT_CLASSES, "ant\nbee\n");
    char hash[CNN_TENSORS_HASH], summary[256];
    assert_int_equal(cnn_tensors_hash(in->tensors, hash), 0);
    snprintf(summary, sizeof summary,
             "\nclasses        2 (ant, bee)\nmade by        cnn-augment, cnn-train\n"
             "hash           %s\nself-test      2 samples\n",
             hash);
    check_part(in, CNN_INSPECT_SUMMARY, summary);
    check_part(in, CNN_INSPECT_LAYERS,
               "layer  type   output  parameters  multiply-adds  activations\n"
               "input         3x6x6            -              -        432 B\n"
               "conv1  conv   2x4x4           56            864        128 B\n"
               "bn1    bn     2x4x4            4              -        128 B\n"
               "relu1  relu   2x4x4            -              -        128 B\n"
               "fc     dense  2               66             64          8 B\n"
               "\nlayers         4\nparameters     126\nstatistics     4\nin a file      520 B\n"
               "multiply-adds  928 for one sample\nactivations    392 B for one sample\n");
    cnn_inspect_close(in);
}

static void json(void **state)
{
    (void)state;
    struct cnn_inspect *in = inspect("a.safetensors");
    struct cnn_buf out = {0};
    assert_int_equal(cnn_inspect_measure(in), 0);
    assert_int_equal(cnn_inspect_check(in), 0);
    assert_int_equal(cnn_inspect_json(in, &out), 0);
    json_t *root = json_loads(out.text, 0, NULL);
    assert_non_null(root);
    json_t *layer = json_array_get(json_object_get(root, "layers"), 0);
    json_t *tensor = json_array_get(json_object_get(root, "tensors"), 0);
    assert_string_equal(json_string_value(json_object_get(root, "form")), "model");
    assert_string_equal(json_string_value(json_object_get(root, "net")), in->graph->print);
    assert_int_equal(json_array_size(json_object_get(root, "classes")), 2);
    assert_int_equal(json_array_size(json_object_get(root, "history")), 2);
    assert_string_equal(json_string_value(json_object_get(layer, "label")), "conv1");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(layer, "options"), "kernel")), "3");
    assert_string_equal(json_string_value(json_object_get(tensor, "name")), "conv1.weight");
    assert_true(json_number_value(json_object_get(tensor, "min")) == 1);
    assert_true(json_number_value(json_object_get(tensor, "max")) == 1 + 53 * 0.25);
    json_decref(root);
    cnn_buf_free(&out);
    cnn_inspect_close(in);
}

static void check_diff(const char *x, const char *y, int want_rc, const char *want)
{
    struct cnn_inspect *a = inspect(x), *b = inspect(y);
    struct cnn_buf out = {0};
    assert_int_equal(cnn_inspect_diff(a, b, &out), want_rc);
    assert_string_equal(out.text ? out.text : "", want);
    cnn_buf_free(&out);
    cnn_inspect_close(a);
    cnn_inspect_close(b);
}

static void differences(void **state)
{
    (void)state;
    check_diff("a.safetensors", "a.safetensors", 0, "");
    check_diff("a.safetensors", "b.safetensors", CNN_ENEGATIVE,
               "classes: 2 | 2, other names or order\n"
               "tensor conv1.weight: largest difference 0.5 (54 of 54 elements)\n"
               "tensor conv1.bias: largest difference 0.5 (2 of 2 elements)\n"
               "tensor bn1.weight: largest difference 0.5 (2 of 2 elements)\n"
               "tensor bn1.bias: largest difference 0.5 (2 of 2 elements)\n"
               "tensor bn1.running_mean: largest difference 0.5 (2 of 2 elements)\n"
               "tensor bn1.running_var: largest difference 0.5 (2 of 2 elements)\n"
               "tensor fc.weight: largest difference 0.5 (64 of 64 elements)\n"
               "tensor fc.bias: largest difference 0.5 (2 of 2 elements)\n"
               "self-test output: largest difference 232.5 (4 of 4 elements)\n");
    check_diff("a.safetensors",
               "input 3x6x6 order=bgr; conv1: conv 2 3; bn1: bn; relu; fc: dense 2", 0, "");
    struct cnn_inspect *a = inspect("a.safetensors"), *c = inspect("c.safetensors");
    struct cnn_buf out = {0};
    assert_int_equal(cnn_inspect_diff(a, c, &out), CNN_ENEGATIVE);
    assert_non_null(strstr(out.text, "input 3x6x6 order=bgr | input 3x6x6\n"));
    assert_non_null(strstr(out.text, "layer conv1: conv 2 3 <- input | conv 2 5 <- input\n"));
    assert_non_null(strstr(out.text, "layer bn1: only in a.safetensors\n"));
    assert_non_null(strstr(out.text, "layer last: only in c.safetensors\n"));
    assert_non_null(strstr(out.text, "tensor conv1.weight: 2x3x3x3 | 2x3x5x5\n"));
    assert_non_null(strstr(out.text, "tensor bn1.bias: only in a.safetensors\n"));
    assert_non_null(strstr(out.text, "tensor last.weight: only in c.safetensors\n"));
    assert_null(strstr(out.text, "self-test input"));
    cnn_buf_free(&out);
    cnn_inspect_close(a);
    cnn_inspect_close(c);
}

static void read_picture(const char *path, struct cnn_image *out)
{
    struct cnn_bytes b;
    assert_int_equal(cnn_bytes_map(path, 0, &b), 0);
    assert_int_equal(cnn_image_decode(b.data, b.size, out), 0);
    cnn_bytes_free(&b);
    remove(path);
}

/* Weights grow with their index, so the last plane is the brightest: red in an input of blue,
 * green, red. A filter of a layer that reads an image is in colour, a row of a dense layer that
 * reads two planes is two tiles in grey. */
static void filters(void **state)
{
    (void)state;
    struct cnn_inspect *in = inspect("a.safetensors");
    struct cnn_image im = {0};
    double sum[3] = {0};
    assert_int_equal(cnn_inspect_filters(in, "conv1", "f.png"), 0);
    read_picture("f.png", &im);
    assert_int_equal(im.c, 3);
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < im.h * im.w; i++)
            sum[c] += (double)im.px[c * im.h * im.w + i];
    assert_true(sum[0] > sum[1] && sum[1] > sum[2]);
    assert_int_equal(cnn_inspect_filters(in, "fc", "f.png"), 0);
    read_picture("f.png", &im);
    assert_int_equal(cnn_inspect_filters(in, "relu1", "f.png"), CNN_EDATA);
    assert_string_equal(cnn_error_message(), "a.safetensors: layer 'relu1' has no weights");
    assert_int_equal(cnn_inspect_filters(in, "bn1", "f.png"), CNN_EDATA);
    assert_string_equal(cnn_error_message(),
                        "a.safetensors: bn1.weight, 2, are no filters of images");
    cnn_image_free(&im);
    cnn_inspect_close(in);
    in = inspect("lenet5");
    assert_int_equal(cnn_inspect_filters(in, "conv1", "f.png"), CNN_EDATA);
    assert_string_equal(cnn_error_message(), "lenet5: a net without weights has no filters");
    cnn_inspect_close(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(json),
        cmocka_unit_test(differences),
        cmocka_unit_test(filters),
    };
    return cmocka_run_group_tests_name("inspect", tests, setup, teardown);
}
