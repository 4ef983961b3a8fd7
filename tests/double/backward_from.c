/* Gradients of values with respect to the input and to other values, in double precision: backward
 * that begins at any node, in training and at inference, against central differences. */
#include "net_build.h"

#include <math.h>

#include "backend/backend.h"
#include "net/net_private.h"

enum { BATCH = 3 };
static const float STEP = 1.0f / (1 << 18); /* inputs and steps are exact in float */
static const double TOLERANCE = 1e-6;

static const char *const nets[] = {
    /* what is fused, in place, branches, shared by two, blocked by channels */
    "conv 16 3 pad=1; bn; relu; conv 16 3 pad=1; tanh; top: dense 5",
    "conv 8 3; sigmoid; maxpool 2; conv 4 1; top: tanh; dense 3; softmax",
    "a: conv 8 3 pad=1; sum { relu; conv 8 1 } { }; avgpool global; top: dense 4; tanh",
    "concat { conv 3 1; tanh } { conv 5 3 pad=1; bn } { }; dropout 0.3; top: conv 2 3; flatten",
    "top: sum { tanh } { } { sigmoid }",
    /* several outputs: from one behind them, from the first, from another (there is no top) */
    "a: conv 6 3 pad=1; s: split 2,4; b: tanh from=s.1; top: concat from=b,s.1; dense 3",
    "conv 6 3 pad=1; tanh; top: split 3; relu from=top.1",
    "conv 6 3 pad=1; tanh; s: split 2,4; relu from=s.1; dense 2",
};

struct trial {
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
    int from, training;
    float *x, *dy;
    size_t in, out; /* elements of all samples */
};

static double draw(size_t i, uint64_t stream)
{
    struct cnn_random r;
    cnn_random_start(&r, stream, i);
    return cnn_random_range(&r, -1, 1);
}

static void begin(struct trial *t, const char *text, int training, const int *gradient,
                  size_t gradients)
{
    t->graph = build_as(text, (struct cnn_graph_config){.input = {3, 6, 6}, .classes = 5});
    t->from = cnn_graph_find(t->graph, strstr(text, "top") ? "top" : "s.1");
    t->training = training;
    assert_true(t->from > 0);
    assert_int_equal(cnn_backend_open("cpu", 2, &t->backend), 0);
    struct cnn_net_config config = {.batch = BATCH,
                                    .training = training,
                                    .from = t->from,
                                    .gradient = gradient,
                                    .gradients = gradients};
    assert_int_equal(cnn_net_new(t->graph, t->backend, &config, &t->net), 0);
    assert_int_equal(cnn_net_init(t->net, 3, CNN_INIT_GLOROT_NORMAL), 0);
    t->in = BATCH * cnn_chw_count(t->graph->node[0].layer.out);
    t->out = BATCH * cnn_chw_count(t->graph->node[t->from].layer.out);
    t->x = malloc(t->in * sizeof *t->x);
    t->dy = malloc(t->out * sizeof *t->dy);
    for (size_t i = 0; i < t->in; i++)
        t->x[i] = (float)(floor(draw(i, 1) * 256) / 128);
    for (size_t i = 0; i < t->out; i++)
        t->dy[i] = (float)draw(i, 2);
}

static void end(struct trial *t)
{
    cnn_net_free(t->net);
    cnn_backend_close(t->backend);
    cnn_graph_free(t->graph);
    free(t->x);
    free(t->dy);
}

static void forward(struct trial *t)
{
    struct cnn_batch_view view = {.n = BATCH, .x = t->x};
    assert_int_equal(cnn_net_forward(t->net, &view, t->training, 7, 1), 0);
}

/* sum(dy * value of the node), in full precision. */
static double objective(struct trial *t)
{
    const struct cnn_tensor *value = &t->net->node[t->from].value;
    real *v = malloc(t->out * sizeof *v);
    struct cnn_tensor plain = cnn_tensor_plain(value->n, value->c, value->h, value->w, v);
    double sum = 0;
    forward(t);
    t->backend->kernels->copy(&t->backend->queue, value, &plain);
    for (size_t i = 0; i < t->out; i++)
        sum += (double)t->dy[i] * (double)v[i];
    free(v);
    return sum;
}

/* The largest difference of b from a, over the largest of a. */
static double distance(const double *a, const float *b, size_t n)
{
    double worst = 0, size = 1e-6;
    for (size_t i = 0; i < n; i++) {
        double d = fabs(a[i] - (double)b[i]);
        if (!(d <= worst))
            worst = d;
        size = fabs(a[i]) > size ? fabs(a[i]) : size;
    }
    return worst / size;
}

static double slope(struct trial *t, size_t i)
{
    float at = t->x[i];
    t->x[i] = at + STEP;
    double up = objective(t);
    t->x[i] = at - STEP;
    double down = objective(t);
    t->x[i] = at;
    return (up - down) / (2 * (double)STEP);
}

static void check_input(const char *text, int training)
{
    struct trial t;
    const int input = 0;
    begin(&t, text, training, &input, 1);
    double *expected = malloc(t.in * sizeof *expected);
    float *got = malloc(t.in * sizeof *got);
    for (size_t i = 0; i < t.in; i++)
        expected[i] = slope(&t, i);
    for (int again = 0; again < 2; again++) { /* nothing is left over from the first time */
        forward(&t);
        assert_int_equal(cnn_net_backward_from(t.net, t.dy), 0);
        assert_int_equal(cnn_net_gradient(t.net, 0, got), 0);
        double d = distance(expected, got, t.in);
        if (!(d <= TOLERANCE))
            fail_msg("%s (training %d): the input's gradient is off by %.3g", text, training, d);
    }
    free(expected);
    free(got);
    end(&t);
}

static void test_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        for (int training = 0; training < 2; training++)
            check_input(nets[i], training);
}

/* The bias of a convolution has the gradient of its output, summed over samples and places. */
static void test_value(void **state)
{
    (void)state;
    struct trial t;
    const char *text = "conv 4 3 pad=1; tanh; mid: conv 6 3; relu; sum { conv 6 1 } { }; top: tanh";
    struct cnn_graph *g = build_as(text, (struct cnn_graph_config){.input = {3, 6, 6}});
    int mid = cnn_graph_find(g, "mid");
    const int wanted[] = {mid, mid + 1};
    cnn_graph_free(g);
    begin(&t, text, 1, wanted, 2);
    enum { C = 6, PLACES = 16 };
    float value[BATCH * C * PLACES], gradient[BATCH * C * PLACES], behind[BATCH * C * PLACES];
    float bias[C];
    double sum[C] = {0};
    size_t params;
    assert_int_equal(cnn_net_zero_gradients(t.net), 0);
    forward(&t);
    assert_int_equal(cnn_net_backward_from(t.net, t.dy), 0);
    assert_int_equal(cnn_net_gradient(t.net, mid, gradient), 0);
    assert_int_equal(cnn_net_gradient(t.net, mid + 1, behind), 0);
    assert_int_equal(cnn_net_value(t.net, mid, value), 0);
    for (size_t i = 0; i < BATCH * C * PLACES; i++) {
        sum[i / PLACES % C] += (double)gradient[i];
        assert_true(gradient[i] == (value[i] > 0 ? behind[i] : 0)); /* through the relu */
    }
    struct cnn_net_param *param = cnn_net_params(t.net, &params);
    for (size_t i = 0; i < params; i++)
        if (!strcmp(param[i].name, "mid.bias"))
            t.backend->ops->download(t.backend, bias, &param[i].gradient);
    assert_true(distance(sum, bias, C) < 1e-6);
    end(&t);
}

/* Of an output that is read, and of one that is not. */
static void test_output(void **state)
{
    (void)state;
    struct trial t;
    const char *text = "conv 5 3 pad=1; s: split 2,3; relu from=s.1; top: tanh";
    struct cnn_graph *g = build_as(text, (struct cnn_graph_config){.input = {3, 6, 6}});
    int s = cnn_graph_find(g, "s");
    const int wanted[] = {s, s + 1, s + 2};
    cnn_graph_free(g);
    begin(&t, text, 0, wanted, 3);
    enum { C = 3, PLACES = 36, COUNT = BATCH * C * PLACES };
    float first[COUNT], value[COUNT], gradient[COUNT], behind[COUNT];
    forward(&t);
    assert_int_equal(cnn_net_backward_from(t.net, t.dy), 0);
    assert_int_equal(cnn_net_gradient(t.net, s, first), 0);
    assert_int_equal(cnn_net_gradient(t.net, s + 1, gradient), 0);
    assert_int_equal(cnn_net_gradient(t.net, s + 2, behind), 0);
    assert_int_equal(cnn_net_value(t.net, s + 1, value), 0);
    int some = 0;
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(i >= COUNT / C * 2 || first[i] == 0);
        assert_true(gradient[i] == (value[i] > 0 ? behind[i] : 0));
        some += gradient[i] != 0;
    }
    assert_true(some > 0);
    end(&t);
}

/* What lies behind the node where backward begins has no gradient. */
static void test_none(void **state)
{
    (void)state;
    struct trial t;
    const char *text = "conv 4 1; top: tanh; last: conv 2 1";
    struct cnn_graph *g = build_as(text, (struct cnn_graph_config){.input = {3, 6, 6}});
    const int last = cnn_graph_find(g, "last");
    float got[BATCH * 2 * 36];
    cnn_graph_free(g);
    begin(&t, text, 0, &last, 1);
    forward(&t);
    assert_int_equal(cnn_net_backward_from(t.net, t.dy), 0);
    got[5] = 1;
    assert_int_equal(cnn_net_gradient(t.net, last, got), 0);
    for (size_t i = 0; i < sizeof got / sizeof *got; i++)
        assert_true(got[i] == 0);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_input), cmocka_unit_test(test_value),
                                       cmocka_unit_test(test_output), cmocka_unit_test(test_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
