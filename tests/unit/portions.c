/* Inference in portions gives what inference of the whole batch gives: outputs, kept values and
 * losses, for full and for smaller batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "net/net.h"

enum { BATCH = 19, CLASSES = 3 };

struct fixture {
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
    int kept;
};

static void start(struct fixture *f, const char *text, const char *keep, size_t cache)
{
    struct cnn_graph_config config = {.name = "net", .with_loss = 1};
    assert_int_equal(cnn_graph_build(text, &config, &f->graph), 0);
    assert_int_equal(cnn_backend_open("cpu", 2, &f->backend), 0);
    f->backend->cache_bytes = cache;
    f->kept = 0;
    while (
        strcmp(f->graph->node[f->kept].layer.name ? f->graph->node[f->kept].layer.name : "", keep))
        assert_true(++f->kept < f->graph->nodes);
    struct cnn_net_config nc = {.batch = BATCH, .keep = &f->kept, .keeps = 1};
    if (cnn_net_new(f->graph, f->backend, &nc, &f->net))
        fail_msg("%s", cnn_error_message());
    assert_int_equal(cnn_net_init(f->net, 1, CNN_INIT_DEFAULT), 0);
}

static void stop(struct fixture *f)
{
    cnn_net_free(f->net);
    cnn_graph_free(f->graph);
    cnn_backend_close(f->backend);
}

static size_t count_of(const struct fixture *f, int node, size_t n)
{
    return n * cnn_chw_count(f->graph->node[node].layer.out);
}

/* n samples through the net; the node's value, to be freed. */
static float *run(struct fixture *f, size_t n, int node, double *loss)
{
    size_t in = cnn_chw_count(f->graph->input->shape);
    float *x = calloc(n * in, sizeof *x), *y = calloc(count_of(f, node, BATCH), sizeof *y);
    struct cnn_chw out = f->graph->node[f->graph->logits].layer.out;
    size_t labels = n * out.h * out.w;
    int32_t *label = calloc(labels, sizeof *label);
    double weight;
    struct cnn_random r;
    cnn_random_start(&r, 5, n);
    for (size_t i = 0; i < n * in; i++)
        x[i] = (float)cnn_random_range(&r, -1, 1);
    for (size_t i = 0; i < labels; i++)
        label[i] = (int32_t)cnn_random_below(&r, CLASSES);
    struct cnn_target_view target = {.label = label};
    const float *others[] = {x}; /* of nets with two inputs */
    struct cnn_batch_view b = {.n = n, .x = x, .others = others, .target = &target};
    assert_int_equal(cnn_net_forward(f->net, &b, 0, 1, 0), 0);
    assert_int_equal(cnn_net_loss(f->net, loss, &weight), 0);
    assert_int_equal(cnn_net_value(f->net, node, y), 0);
    free(x);
    free(label);
    return y;
}

static void same_value(struct fixture *a, struct fixture *b, size_t n, int node)
{
    double loss[2];
    float *x = run(a, n, node, &loss[0]), *y = run(b, n, node, &loss[1]);
    double worst = 0, size = 0;
    for (size_t i = 0; i < count_of(a, node, n); i++) {
        worst = fmax(worst, fabs((double)x[i] - (double)y[i]));
        size = fmax(size, fabs((double)x[i]));
    }
    if (!(size > 0 && worst <= 1e-5 * size))
        fail_msg("node %d of %zu samples is off by %g of %g", node, n, worst, size);
    assert_true(fabs(loss[0] - loss[1]) <= 1e-5 * fabs(loss[0]));
    free(x);
    free(y);
}

static int portioned(const struct cnn_plan *p, int nodes)
{
    int count = 0;
    for (int i = 1; i < nodes; i++)
        count += p->step[i].layer && cnn_step_in_portions(p->step, i, BATCH);
    return count;
}

static void compare(const char *text, const char *keep)
{
    static const size_t caches[] = {1 << 18, 1 << 20, 3 << 20};
    struct fixture whole, parts;
    start(&whole, text, keep, 0);
    const struct cnn_plan *p = cnn_net_plan(whole.net);
    assert_int_equal(portioned(p, whole.graph->nodes), 0);
    for (size_t k = 0; k < sizeof caches / sizeof *caches; k++) {
        start(&parts, text, keep, caches[k]);
        const struct cnn_plan *q = cnn_net_plan(parts.net);
        assert_true(!k || portioned(q, parts.graph->nodes));
        if (k == 1 && q->activation_bytes >= p->activation_bytes)
            fail_msg("%zu bytes in portions, %zu without", q->activation_bytes,
                     p->activation_bytes);
        for (size_t n = BATCH; n; n -= n > 3 ? 3 : 1) {
            same_value(&whole, &parts, n, parts.graph->output);
            same_value(&whole, &parts, n, parts.kept);
        }
        stop(&parts);
    }
    stop(&whole);
}

static void test_chain(void **state)
{
    (void)state;
    compare("input 3x64x64\nrepeat 3 { conv 16 3 pad=1; sigmoid; dropout 0.2 }\nmaxpool 2\n"
            "repeat 3 { conv 32 3 pad=1; relu }\navgpool global; dense 3",
            "conv2");
}

/* A value of an early portion is added far behind. */
static void test_residual(void **state)
{
    (void)state;
    compare("def block(n, s=1) {\n"
            "  sum { conv n 3 stride=s pad=1 bias=0; bn; relu; conv n 3 pad=1 bias=0; bn } { "
            "shortcut n s }\n"
            "  relu\n"
            "}\n"
            "input 3x64x64; conv 16 3 pad=1 bias=0; bn; relu; maxpool 3 stride=1 pad=1\n"
            "repeat 2 { block 16 }\nblock 40 2\nrepeat 2 { block 40 }\navgpool global; dense 3",
            "maxpool1");
}

static void test_branches(void **state)
{
    (void)state;
    compare("def mix(n) { concat { conv n 1; bn; relu } { conv n 3 pad=1; sigmoid } { } }\n"
            "input 2x64x64; repeat 3 { mix 6 }\n"
            "aux 0.3 { avgpool 16; dense 3 }\n"
            "maxpool 2; repeat 2 { mix 6 }; conv 5 3; tanh; avgpool global; flatten; dense 3",
            "concat2");
}

/* A class for each position: results, and the losses of them, as large as the values within. */
static void test_positions(void **state)
{
    (void)state;
    compare("input 3x64x64\nrepeat 4 { conv 16 3 pad=1; relu }\nconv 12 3 pad=1; conv 3 1",
            "conv4");
}

/* Two inputs through shared weights, and values that are read past others. */
static void test_by_name(void **state)
{
    (void)state;
    compare("input left 3x64x64; input right 3x64x64\n"
            "def tower(n) { conv n 3 pad=1; bn; a: relu; conv n 3 pad=1; relu; sum from=a,relu2 }\n"
            "near: tower 16; far: tower 16 from=right share=near; concat from=near,far,near.a\n"
            "conv 32 3 pad=1; relu; avgpool global; dense 3",
            "far.a");
}

/* Layers with several outputs, one of which is kept. */
static void test_outputs(void **state)
{
    (void)state;
    compare("input 3x64x64\n"
            "repeat 3 as i { conv 16 3 pad=1; p(i): split 4,12; relu; t(i): tanh from=p(i).1\n"
            "  concat from=relu(i+1),t(i) }\n"
            "conv 16 3 pad=1; relu; avgpool global; dense 3",
            "p1.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),    cmocka_unit_test(test_residual),
        cmocka_unit_test(test_branches), cmocka_unit_test(test_positions),
        cmocka_unit_test(test_by_name),  cmocka_unit_test(test_outputs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
