/* Training with recomputation gives the same bytes as training without, in less memory: losses,
 * gradients, statistics and, after some steps, parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "net/net.h"

enum { BATCH = 3, STEPS = 4 };

struct fixture {
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
};

static void start(struct fixture *f, const char *text, int recompute)
{
    struct cnn_graph_config config = {.name = "net", .with_loss = 1};
    struct cnn_net_config nc = {.batch = BATCH, .training = 1, .recompute = recompute};
    assert_int_equal(cnn_graph_build(text, &config, &f->graph), 0);
    assert_int_equal(cnn_backend_open("cpu", 2, &f->backend), 0);
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

static double step(struct fixture *f, uint64_t number)
{
    size_t in = cnn_chw_count(f->graph->input->shape), count;
    float *x = calloc(BATCH * in, sizeof *x);
    int32_t label[BATCH] = {0, 1, 1};
    double loss, weight;
    struct cnn_random r;
    cnn_random_start(&r, 5, number);
    for (size_t i = 0; i < BATCH * in; i++)
        x[i] = (float)cnn_random_range(&r, -1, 1);
    struct cnn_target_view target = {.label = label};
    struct cnn_batch_view b = {.n = number % 2 ? BATCH - 1 : BATCH, .x = x, .target = &target};
    assert_int_equal(cnn_net_zero_gradients(f->net), 0);
    assert_int_equal(cnn_net_forward(f->net, &b, 1, 9, number), 0);
    assert_int_equal(cnn_net_loss(f->net, &loss, &weight), 0);
    assert_int_equal(cnn_net_backward(f->net, 1), 0);
    real *w = cnn_net_slab_values(f->net, &count), *g = cnn_net_slab_gradients(f->net);
    for (size_t i = 0; i < count; i++)
        w[i] -= (real)0.05 * g[i];
    free(x);
    return loss;
}

static void same_params(struct fixture *a, struct fixture *b)
{
    size_t params;
    struct cnn_net_param *p = cnn_net_params(a->net, &params), *q = cnn_net_params(b->net, &params);
    for (size_t i = 0; i < params; i++)
        if (memcmp(p[i].value.data, q[i].value.data, cnn_shape_count(&p[i].shape) * sizeof(real)))
            fail_msg("%s differs", p[i].name);
}

static void compare(const char *text)
{
    struct fixture plain, again;
    start(&plain, text, 0);
    start(&again, text, 1);
    const struct cnn_plan *p = cnn_net_plan(plain.net), *q = cnn_net_plan(again.net);
    assert_int_equal(p->segments, 1);
    assert_true(q->segments > 1);
    if (q->activation_bytes >= p->activation_bytes)
        fail_msg("%zu bytes with recomputation, %zu without", q->activation_bytes,
                 p->activation_bytes);
    for (uint64_t i = 0; i < STEPS; i++) {
        double a = step(&plain, i), b = step(&again, i);
        assert_memory_equal(&a, &b, sizeof a);
        same_params(&plain, &again);
    }
    stop(&plain);
    stop(&again);
}

static void test_chain(void **state)
{
    (void)state;
    compare("input 3x20x20; repeat 12 { conv 8 3 pad=1; relu; dropout 0.2 }; maxpool 2; dense 2");
}

static void test_residual(void **state)
{
    (void)state;
    compare("def block(n, s=1) {\n"
            "  sum { conv n 3 stride=s pad=1 bias=0; bn; relu; conv n 3 pad=1 bias=0; bn } { "
            "shortcut n s }\n"
            "  relu\n"
            "}\n"
            "input 3x24x24; conv 6 3 pad=1 bias=0; bn; relu; maxpool 3 stride=1 pad=1\n"
            "repeat 5 { block 6 }\nblock 12 2\nrepeat 4 { block 12 }\navgpool global; dense 2");
}

/* A side classifier's loss stands at the end and its value crosses everything. */
static void test_branches(void **state)
{
    (void)state;
    compare("def mix(n) { concat { conv n 1; bn; relu } { conv n 3 pad=1; sigmoid } { } }\n"
            "input 2x16x16; repeat 3 { mix 4 }\n"
            "aux 0.3 { avgpool 4; dense 2 }\n"
            "repeat 3 { mix 4 }; conv 5 3; tanh; flatten; dropout 0.5; dense 2");
}

/* Values that are read far below and past each other, and parameters that several layers share. */
static void test_by_name(void **state)
{
    (void)state;
    compare("input 3x20x20; conv 6 1; x0: relu; c: conv 6 3 pad=1; bn; relu; dropout 0.2\n"
            "repeat 6 as i from 1 { conv 6 3 pad=1 share=c; bn; relu; x(i): sum "
            "from=relu(i+2),x(i-1) }\n"
            "concat from=x6,x2,dropout1; avgpool global; dense 2");
}

/* Layers with several outputs, whose segments end before all of these are read. */
static void test_outputs(void **state)
{
    (void)state;
    compare("input 3x20x20; s0: conv 8 1\n"
            "repeat 6 as i { conv 8 3 pad=1; bn; p(i): split 2,6; relu; t(i): tanh from=p(i).1\n"
            "  concat from=relu(i+1),t(i) }\n"
            "concat from=concat6,p0.1,p3; avgpool global; dense 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain), cmocka_unit_test(test_residual),
        cmocka_unit_test(test_branches), cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_by_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
