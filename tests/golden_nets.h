/* Whole networks of the zoo against PyTorch (tests/golden/nets.txt, made by
 * scripts/make-golden-nets): outputs at inference, and loss, gradients and running statistics of a
 * training pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden_draws.h"

struct fixture {
    struct cnn_backend *backend;
    struct cnn_graph *graph;
    struct cnn_net *net;
    float *x, *out;
    size_t n, outputs;
};

/* The text with all dropout rates set to 0. Ours to free. */
static char *without_dropout(const char *text)
{
    static const char dropout[] = "dropout 0.";
    char *copy = strdup(text);
    for (char *c = copy; (c = strstr(c, dropout));) {
        c += strlen(dropout);
        c[-1] = ' ';
        memset(c, ' ', strspn(c, "0123456789"));
    }
    return copy;
}

static void open_net(struct fixture *f, const char *name, size_t n, int training)
{
    const struct cnn_zoo_entry *zoo = cnn_zoo_find(name);
    struct cnn_graph_config config = {
        .name = name, .classes = strcmp(name, "resnet18") ? 10 : 1000, .with_loss = training};
    struct cnn_net_config nc = {.batch = n, .training = training};
    assert_non_null(zoo);
    assert_int_equal(cnn_backend_open("cpu", 2, &f->backend), 0);
    char *text = without_dropout(zoo->text);
    assert_int_equal(cnn_graph_build(text, &config, &f->graph), 0);
    free(text);
    assert_int_equal(cnn_net_new(f->graph, f->backend, &nc, &f->net), 0);
    set_params(f->net);
    f->n = n;
    f->x = draws("input", n * cnn_chw_count(f->graph->input->shape));
    f->outputs = cnn_chw_count(f->graph->node[f->graph->output].layer.out);
    f->out = malloc(n * f->outputs * sizeof *f->out);
}

static void close_net(struct fixture *f)
{
    cnn_net_free(f->net);
    cnn_graph_free(f->graph);
    cnn_backend_close(f->backend);
    free(f->x);
    free(f->out);
}

/* ||a - b|| / ||b|| where b is read from the rest of a golden line. */
static double normalised_error(char *rest, const float *a, size_t count)
{
    double error = 0, scale = 0;
    for (size_t i = 0; i < count; i++) {
        char *end;
        double b = strtod(rest, &end);
        assert_ptr_not_equal(end, rest);
        rest = end;
        error += (a[i] - b) * (a[i] - b);
        scale += b * b;
    }
    return sqrt(error / scale);
}

static void check(double err, double tolerance, const char *what)
{
    if (!(err <= tolerance))
        fail_msg("%s: error %g above %g", what, err, tolerance);
}

static void check_tensor(struct fixture *f, const char *kind, const char *name, char *rest,
                         double tolerance)
{
    size_t params;
    struct cnn_net_param *param = cnn_net_params(f->net, &params);
    for (size_t p = 0; p < params; p++) {
        if (strcmp(param[p].name, name))
            continue;
        size_t count = cnn_shape_count(&param[p].shape);
        float *v = malloc(count * sizeof *v);
        struct cnn_net_param view = param[p];
        if (!strcmp(kind, "gradient"))
            view.value = view.gradient;
        cnn_net_param_get(f->net, &view, v);
        double norm = 0, want_norm = strtod(rest, &rest), want_first = strtod(rest, &rest);
        for (size_t i = 0; i < count; i++)
            norm += (double)v[i] * (double)v[i];
        norm = sqrt(norm);
        check(fabs(norm - want_norm) / want_norm, tolerance, name);
        check(fabs((double)v[0] - want_first) / want_norm, tolerance, name);
        free(v);
        return;
    }
    fail_msg("no parameter '%s'", name);
}

/* Every line of the golden file that begins with the net's name; without training, its output only.
 */
static void compare(const char *name, size_t n, int training, double tolerance)
{
    struct fixture f = {0};
    open_net(&f, name, n, training);
    const char *root = getenv("ROOT");
    char path[4096], *line = NULL;
    size_t capacity = 0, lines = 0;
    snprintf(path, sizeof path, "%s/tests/golden/nets.txt", root ? root : ".");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    int32_t label[] = {0, 3, 6, 9};
    struct cnn_batch_view batch = {.n = n, .x = f.x};
    assert_int_equal(cnn_net_forward(f.net, &batch, 0, 0, 0), 0);
    assert_int_equal(cnn_net_value(f.net, f.graph->output, f.out), 0);
    if (training) {
        batch.target = &(struct cnn_target_view){.label = label};
        assert_int_equal(cnn_net_zero_gradients(f.net), 0);
        assert_int_equal(cnn_net_forward(f.net, &batch, 1, 0, 0), 0);
        assert_int_equal(cnn_net_backward(f.net, 1), 0);
    }
    while (getline(&line, &capacity, file) > 0) {
        char net[32], kind[32], tensor[128];
        int used = 0;
        assert_int_equal(sscanf(line, "%31s %31s %n", net, kind, &used), 2);
        if (strcmp(net, name) || (!training && strcmp(kind, "output")))
            continue;
        lines++;
        if (!strcmp(kind, "output")) {
            check(normalised_error(line + used, f.out, n * f.outputs), tolerance, "output");
        } else if (!strcmp(kind, "loss")) {
            double sum, weight, want = strtod(line + used, NULL);
            assert_int_equal(cnn_net_loss(f.net, &sum, &weight), 0);
            check(fabs(sum / weight - want) / want, tolerance, "loss");
        } else {
            int more = 0;
            assert_int_equal(sscanf(line + used, "%127s %n", tensor, &more), 1);
            check_tensor(&f, kind, tensor, line + used + more, tolerance);
        }
    }
    assert_true(lines >= (training ? 10u : 1u));
    free(line);
    fclose(file);
    close_net(&f);
}
