/* Nets that others wrote as ONNX: what scripts/make-golden-onnx made is computed as ONNX Runtime does, and whatever is
 * damaged, lies or is not supported is refused by name before memory is asked for. */
#include "scratch.h"

#include <math.h>

#include "model/import/import.h"
#include "model/model.h"
#include "net/net.h"

static const char *golden_path(const char *name)
{
    static char path[512];
    const char *root = getenv("ROOT");
    snprintf(path, sizeof path, "%s/tests/golden/%s", root ? root : ".", name);
    return path;
}

struct net {
    struct cnn_model *model;
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
};

static void open_net(struct net *n, const char *name)
{
    char file[64];
    const struct cnn_net_config config = {.batch = 1};
    snprintf(file, sizeof file, "models/onnx/%s.onnx", name);
    if (cnn_model_open_net(golden_path(file), &n->model) ||
        cnn_model_graph(n->model, &(struct cnn_graph_config){0}, &n->graph) ||
        cnn_backend_open("cpu", 1, &n->backend) ||
        cnn_net_new(n->graph, n->backend, &config, &n->net) ||
        cnn_model_load_params(n->model->tensors, n->net, NULL, NULL))
        fail_msg("%s: %s", name, cnn_error_message());
    size_t count = cnn_chw_count(n->graph->input->shape) * n->graph->node[0].layer.rows;
    float *x = calloc(count, sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(2 * (double)i / (double)count - 1);
    const struct cnn_batch_view batch = {.n = 1, .x = x};
    assert_int_equal(cnn_net_forward(n->net, &batch, 0, 0, 0), 0);
    free(x);
}

static void close_net(struct net *n)
{
    cnn_net_free(n->net);
    cnn_backend_close(n->backend);
    cnn_graph_free(n->graph);
    cnn_model_free(n->model);
}

/* As the numbers of the rest of a line of onnx.txt. */
static void check_output(struct net *n, const char *name, int k, char *rest)
{
    int node = n->graph->outputs ? n->graph->each_output[k] : n->graph->output;
    size_t count = cnn_chw_count(n->graph->node[node].layer.out) * n->graph->node[node].layer.rows;
    float *y = calloc(count, sizeof *y);
    double error = 0, scale = 0;
    assert_int_equal(cnn_net_value(n->net, node, y), 0);
    for (size_t i = 0; i < count; i++) {
        char *end;
        double expected = strtod(rest, &end);
        if (end == rest)
            fail_msg("%s: %zu numbers are too many", name, count);
        rest = end;
        error = fmax(error, fabs((double)y[i] - expected));
        scale = fmax(scale, fabs(expected));
    }
    assert_int_equal(strspn(rest, " \n"), strlen(rest));
    if (!(error <= 1e-5 * scale))
        fail_msg("%s: output %d is %g off, of %g", name, k, error, scale);
    free(y);
}

static void test_golden(void **state)
{
    (void)state;
    size_t n;
    int nets = 0;
    char *text = (char *)slurp(golden_path("onnx.txt"), &n);
    for (char *next, *line = text; *line; line = next) {
        char name[32], *rest = strchr(line, ':');
        int k;
        struct net net;
        next = strchr(line, '\n') + 1;
        next[-1] = 0;
        assert_int_equal(sscanf(line, "%31s output %d", name, &k), 2);
        open_net(&net, name);
        check_output(&net, name, k, rest + 1);
        close_net(&net);
        nets++;
    }
    assert_true(nets >= 13);
    free(text);
}

/* Tensors have the names that they had, and are read where they lie. */
static void test_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "conv1.weight",       "bn1.running_var", "layer1.0.conv.weight",
        "layer1.0.conv.bias", "fc.weight",       "fc.bias"};
    struct cnn_model *m;
    assert_int_equal(cnn_model_open(golden_path("models/onnx/plain.onnx"), &m), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_find(m->tensors, names[i]);
        if (!t || !t->data)
            fail_msg("%s: %s", names[i], t ? "copied" : "not there");
    }
    assert_int_equal(cnn_tensors_count(m->tensors), 9);
    assert_int_equal(m->classes.count, 5);
    cnn_model_free(m);
}

static int open_bytes(const unsigned char *bytes, size_t n, struct cnn_imported *out)
{
    unsigned char *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    struct cnn_bytes b = {.data = copy, .size = n};
    return cnn_import_open("x.onnx", &b, out);
}

static void check_refused(const char *name, const char *words)
{
    struct cnn_imported m;
    char file[64];
    size_t n;
    snprintf(file, sizeof file, "models/onnx/%s.onnx", name);
    unsigned char *bytes = slurp(golden_path(file), &n);
    assert_int_equal(open_bytes(bytes, n, &m), CNN_EDATA);
    if (!strstr(cnn_error_message(), words))
        fail_msg("%s, which lacks '%s'", cnn_error_message(), words);
    free(bytes);
}

/* All at once, and none that only lacks what another gives. */
static void test_refused(void **state)
{
    (void)state;
    check_refused("refused",
                  "x.onnx: 2 nodes cannot be imported: node 'again' (Loop): unknown operator; "
                  "node 'sideways' (Softmax): axes that do not keep samples apart");
    check_refused("limits", "6 nodes cannot be imported: node 'steep' (Celu): alpha of 1000: it is "
                            "0.001 to 100; node 'down' (Selu): alpha of -1: it is 0 to 100; "
                            "node 'columns' (PRelu): slopes that are neither one number nor one "
                            "for each channel; node 'odd' (GroupNormalization): 3 groups of 2 "
                            "channels; node 'open' (InstanceNormalization): its scale is no "
                            "constant; node 'row' (Mul): values of shapes that do not fit each "
                            "other");
    check_refused("extents",
                  "3 nodes cannot be imported: node 'six' (GlobalLpPool): axes that are not those "
                  "of a volume; node 'five' (GlobalLpPool): axes that are not those of a volume; "
                  "node 'less' (ConvTranspose): output_shape of -9223372036854775808");
    check_refused("ranks", "node 'both' (Add): values of several shapes");
    check_refused("cycle", "node 'first' (Add): it reads 'b', which comes later: a cycle");
}

/* Cut anywhere, and with any byte changed: refused or read, and never beyond the end. */
static void test_damaged(void **state)
{
    (void)state;
    static const char *const names[] = {"plain", "shapes", "old", "constant", "gates", "norms"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        char file[64];
        struct cnn_imported m;
        size_t n;
        snprintf(file, sizeof file, "models/onnx/%s.onnx", names[k]);
        unsigned char *bytes = slurp(golden_path(file), &n);
        for (size_t cut = 0; cut < n; cut++)
            if (!open_bytes(bytes, cut, &m))
                cnn_imported_free(&m);
            else
                assert_int_equal(cnn_error_code(), CNN_EDATA);
        for (size_t i = 0; i < n; i++) {
            unsigned char was = bytes[i];
            bytes[i] = (unsigned char)(was ^ (1u << i % 8));
            int rc = open_bytes(bytes, n, &m);
            assert_true(rc == 0 || rc == CNN_EDATA);
            cnn_imported_free(&m);
            bytes[i] = was;
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("import_onnx", tests, NULL, NULL);
}
