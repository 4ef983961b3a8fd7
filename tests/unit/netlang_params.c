/* What a line says of its layer's parameters: how they start, factors of rate and decay, and whose
 * they are. */
#include <math.h>
#include <string.h>

#include "net/net.h"
#include "net/optimize.h"
#include "net_build.h"

/* On inputs of 3x16x16: the text, and what it prints as below the input line. */
static const struct {
    const char *text, *print;
} texts[] = {
    {"conv 4 3 init=he_normal; dense 5 init=zero,one rate=1,2 decay=1,0",
     "conv 4 3 init=he_normal\n"
     "dense 5 init=zero,one rate=1,2 decay=1,0\n"},
    {"conv 4 3 init=gaussian:1/100,constant:(0 - 1) rate=2,2; dense 5 init=default rate=1,1 "
     "decay=1",
     "conv 4 3 init=gaussian:0.01,constant:-1 rate=2\n"
     "dense 5\n"},
    {"def f(x) { conv 4 3 init=uniform:x/10 rate=x }; f 3; bn decay=0 init=constant:0.5",
     "conv 4 3 init=uniform:0.3 rate=3\n"
     "bn init=constant:0.5 decay=0\n"},
    {"dropout rate=0.25; dense 5", "dropout 0.25\ndense 5\n"},
    {"a: conv 3 3 pad=1; tanh; l: { b: conv 3 3 pad=same share=a; c: conv 3 3 pad=1 share=b }; "
     "dense 5",
     "a: conv 3 3 pad=1\n"
     "tanh\n"
     "l: {\n"
     "  b: conv 3 3 pad=same share=a\n"
     "  c: conv 3 3 pad=1 share=a\n"
     "}\n"
     "dense 5\n"},
    {"l: { dense 4; bn }; dense 4 from=input share=l.dense1; bn share=l; repeat 2 as i { dense 4 }",
     "l: {\n"
     "  dense 4\n"
     "  bn\n"
     "}\n"
     "dense 4 share=l.dense1 from=input\n"
     "bn share=l.bn1\n"
     "dense 4\n"
     "dense 4\n"},
    /* All layers of a call, whatever stands in it. */
    {"def f(n) { conv n 3 pad=1 init=zero; l: { bn; tanh; a: conv n 1; conv n 1 share=a } }\n"
     "x: f 4; m: { y: f 4 from=input share=x; relu }; dense 3",
     "x: {\n"
     "  conv 4 3 pad=1 init=zero\n"
     "  l: {\n"
     "    bn\n"
     "    tanh\n"
     "    a: conv 4 1\n"
     "    conv 4 1 share=a\n"
     "  }\n"
     "}\n"
     "m: {\n"
     "  y: {\n"
     "    conv 4 3 pad=1 share=x.conv1 from=input\n"
     "    l: {\n"
     "      bn share=x.l.bn1\n"
     "      tanh\n"
     "      a: conv 4 1 share=x.l.a\n"
     "      conv 4 1 share=x.l.a\n"
     "    }\n"
     "  }\n"
     "  relu\n"
     "}\n"
     "dense 3\n"},
    {"def f(share) { dense share }; f share=4", "dense 4\n"},
};

static const struct {
    const char *text, *message;
} mistakes[] = {
    {"dense 5 init=gaussian", "net:1: dense: init: gaussian wants a number, as in gaussian:0.01"},
    {"dense 5 init=gaussian:", "net:1: 'init=gaussian' is no label: letters, digits, '_', '-' and "
                               "'/', in parts divided by dots"},
    {"dense 5 init=gaussian:-1", "net:1: dense: init: gaussian: -1 is negative"},
    {"dense 5 init=gaussian:x",
     "net:1: dense: init: 'x' is not a number (names known here: classes)"},
    {"dense 5 init=zero:1", "net:1: dense: init: zero takes no number"},
    {"dense 5 init=zero,zero,zero", "net:1: dense: init: 'zero,zero,zero' is not one rule or two"},
    {"dense 5 init=zero,",
     "net:1: dense: init: '' is none of " CNN_CHOICE_WORDS(CNN_INITS_OF_LINES)},
    {"dense 5 bias=0 init=zero,zero",
     "net:1: dense: init: the second value is the bias's, and there is none"},
    {"relu init=zero", "net:1: relu: init: it has no effect, since there are no parameters"},
    {"relu rate=2", "net:1: relu: rate: it has no effect, since there are no parameters"},
    {"dense 5 rate=1,2,3",
     "net:1: dense: rate: 3 values; there is one, or one for the weight and one for the bias"},
    {"dense 5 rate=-1", "net:1: dense: rate: '-1' is not in 0..1e+06"},
    {"dense 5 rate=1 rate=1", "net:1: dense: rate is given twice"},
    {"dense 5 decay=x", "net:1: dense: decay: 'x' is not a number (names known here: classes)"},
    {"a: dense 5; dense 5 share=a",
     "net:1: dense: share: the weight of 'a' is 5x768, that of 'dense2' 5x5"},
    {"a: dense 5; relu share=a", "net:1: relu: share: 'a' is no relu"},
    {"a: relu; relu share=a", "net:1: relu: share: 'a' has 0 parameters, 'relu2' 0"},
    {"a: dense 5; dense 5 bias=0 share=a", "net:1: dense: share: 'a' has 2 parameters, 'dense2' 1"},
    {"dense 5 share=input", "net:1: dense: share: 'input' is an input"},
    {"dense 5 share=a\na: dense 5",
     "net:1: 'dense1' shares 'a', which stands further below (line 2)"},
    {"a: dense 5 share=a", "net:1: 'a' shares itself"},
    {"alpha: dense 5; dense 5 share=alpah", "net:1: unknown label 'alpah' (did you mean alpha?)"},
    {"a: dense 5; dense 5 from=input share=a init=zero",
     "net:1: dense: init: it stands where the parameters are, at 'a'"},
    {"aux 0.3 { a: dense 5 }; dense 5 share=a",
     "net:1: 'a' is inside of an aux, which is there in training only"},
    {"def f { dense 5 }; x: f; f share=x", "net:1: f: share: the call needs a label of its own"},
    {"def f { dense 5 }; x: f; y: f share=x", "net:1: dense: share: the weight of 'x.dense1' is "
                                              "5x768, that of 'y.dense1' 5x5 (in f, called on "
                                              "line 1)"},
    {"def f(n) { repeat n { conv 3 3 } }; x: f 1; y: f 2 share=x",
     "net:1: conv: share: there is no 'x.conv2' for 'y.conv2' (in f, called on line 1)"},
    {"def f { dense 5 }; y: f share=x\nx: f",
     "net:1: 'y.dense1' shares 'x', which stands further below (line 2)"},
    {"xent init=zero", "net:1: the net has no layers"},
};

static void texts_and_prints(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cnn_graph *g = build(texts[i].text);
        const char *lines = strchr(g->print, '\n') + 1;
        if (strcmp(lines, texts[i].print))
            fail_msg("%s\nis:\n%snot:\n%s", texts[i].text, lines, texts[i].print);
        struct cnn_graph *again = build(g->print);
        assert_string_equal(again->print, g->print);
        for (int n = 0; n < g->nodes; n++)
            assert_int_equal(again->node[n].share, g->node[n].share);
        cnn_graph_free(again);
        cnn_graph_free(g);
    }
}

static void every_mistake(void **state)
{
    (void)state;
    struct cnn_graph_config config = {.input = {3, 16, 16}, .with_loss = 1};
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct cnn_graph *g;
        assert_int_equal(cnn_graph_build(mistakes[i].text, &config, &g), CNN_EDATA);
        if (strcmp(cnn_error_message(), mistakes[i].message))
            fail_msg("%s\nis:  %s\nnot: %s", mistakes[i].text, cnn_error_message(),
                     mistakes[i].message);
    }
}

/* Keys that any line may have would hide a layer's own. Dropout's rate is older than the key, and
 * it has no parameters that would be trained at a rate. */
static void keys_of_lines_are_free(void **state)
{
    (void)state;
    const struct cnn_layer_type *t;
    for (size_t i = 0; (t = cnn_layer_type_at(i)); i++) {
        assert_null(cnn_option_find(t->options, "from"));
        for (const struct cnn_option *o = cnn_line_table; o->name; o++)
            if (cnn_option_find(t->options, o->name))
                assert_true(!strncmp(t->name, "drop", 4) && !strcmp(o->name, "rate"));
    }
}

struct fixture {
    struct cnn_backend *backend;
    struct cnn_graph *graph;
    struct cnn_net *net;
    struct cnn_net_param *param;
    size_t params;
};

static void open_net(struct fixture *f, const char *text)
{
    struct cnn_graph_config config = {.input = {3, 4, 4}, .with_loss = 1};
    struct cnn_net_config nc = {.batch = 2, .training = 1};
    assert_int_equal(cnn_backend_open("cpu", 1, &f->backend), 0);
    f->graph = build_as(text, config);
    assert_int_equal(cnn_net_new(f->graph, f->backend, &nc, &f->net), 0);
    assert_int_equal(cnn_net_init(f->net, 1, CNN_INIT_HE_NORMAL), 0);
    f->param = cnn_net_params(f->net, &f->params);
}

static void close_net(struct fixture *f)
{
    cnn_net_free(f->net);
    cnn_graph_free(f->graph);
    cnn_backend_close(f->backend);
}

static void expect_values(const struct fixture *f, const char *name, double low, double high,
                          double deviation)
{
    for (size_t i = 0; i < f->params; i++) {
        if (strcmp(f->param[i].name, name))
            continue;
        const real *x = f->param[i].value.data;
        size_t n = cnn_shape_count(&f->param[i].shape);
        double squares = 0;
        for (size_t k = 0; k < n; k++) {
            assert_true(x[k] >= low && x[k] <= high);
            squares += x[k] * x[k];
        }
        assert_true(fabs(sqrt(squares / (double)n) - deviation) <= 0.3 * deviation);
        return;
    }
    fail_msg("no %s", name);
}

/* A line's rule goes before that of the run; the others of its parameters start as ever. */
static void starts(void **state)
{
    (void)state;
    struct fixture f = {0};
    open_net(&f,
             "a: dense 40 init=gaussian:0.02,uniform:0.5; b: dense 40 init=constant:-0.25; c: bn "
             "init=uniform:2; d: dense 40 init=default,one; e: dense 3");
    expect_values(&f, "a.weight", -0.1, 0.1, 0.02);
    expect_values(&f, "a.bias", -0.5, 0.5, 0.5 / sqrt(3));
    expect_values(&f, "b.weight", -0.25, -0.25, 0.25);
    expect_values(&f, "b.bias", 0, 0, 0);
    expect_values(&f, "c.weight", -2, 2, 2 / sqrt(3));
    expect_values(&f, "d.weight", -9, 9, sqrt(2. / 40));
    expect_values(&f, "d.bias", 1, 1, 1);
    close_net(&f);
}

/* w <- w - rate (g + decay w), each times its factor; a rate of 0 freezes. */
static void factors(void **state)
{
    (void)state;
    struct fixture f = {0};
    open_net(&f,
             "a: dense 5 rate=2,0.5 decay=1,3; tanh; b: dense 4; bn rate=0; c: dense 3 rate=0,1");
    float x[2 * 48];
    int32_t label[] = {0, 2};
    for (int i = 0; i < 96; i++)
        x[i] = (float)sin(i);
    struct cnn_target_view target = {.label = label};
    struct cnn_batch_view batch = {.n = 2, .x = x, .target = &target};
    struct cnn_optimizer_options o = cnn_optimizer_defaults(cnn_optimizer_type_find("sgd"));
    size_t count;
    o.momentum = 0;
    o.weight_decay = 0.125;
    real *w = cnn_net_slab_values(f.net, &count), before[512], g[512];
    assert_true(count <= 512);
    for (size_t i = 0; i < f.params; i++) /* padding stays zero */
        for (size_t k = 0; f.param[i].trained && k < cnn_shape_count(&f.param[i].shape); k++)
            w[f.param[i].offset + k] += (real)0.25;
    assert_int_equal(cnn_net_zero_gradients(f.net), 0);
    assert_int_equal(cnn_net_forward(f.net, &batch, 1, 0, 0), 0);
    assert_int_equal(cnn_net_backward(f.net, 1), 0);
    memcpy(before, w, count * sizeof *w);
    memcpy(g, cnn_net_slab_gradients(f.net), count * sizeof *g);
    assert_int_equal(cnn_optimizer_step(&o, f.net, 0.5, 1, 1, NULL), 0);
    static const double rate[] = {2, 0.5, 1, 1, 0, 0, 0, 1}, decay[] = {1, 3, 1, 1, 1, 1, 1, 1};
    int k = 0;
    for (size_t i = 0; i < f.params; i++) {
        const struct cnn_net_param *p = &f.param[i];
        for (size_t e = p->offset; p->trained && e < p->offset + cnn_shape_count(&p->shape); e++) {
            double want = before[e] - 0.5 * rate[k] * (g[e] + 0.125 * decay[k] * before[e]);
            assert_true(fabs(w[e] - want) < 1e-5);
        }
        k += p->trained;
    }
    assert_int_equal(k, 8);
    close_net(&f);
}

/* They are there once, under the name of the layer that has them. */
static void shared_once(void **state)
{
    (void)state;
    struct fixture f = {0};
    open_net(&f, "a: conv 3 3 pad=1; n: bn; relu; b: conv 3 3 pad=1 share=a; bn share=n; dense 3");
    static const char *const names[] = {"a.weight",      "a.bias",         "n.weight",
                                        "n.bias",        "n.running_mean", "n.running_var",
                                        "dense1.weight", "dense1.bias"};
    assert_int_equal(f.params, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(f.param[i].name, names[i]);
    assert_int_equal(cnn_graph_parameters(f.graph), 3 * 27 + 3 + 6 + 3 * 48 + 3);
    close_net(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_prints),
        cmocka_unit_test(every_mistake),
        cmocka_unit_test(keys_of_lines_are_free),
        cmocka_unit_test(starts),
        cmocka_unit_test(factors),
        cmocka_unit_test(shared_once),
    };
    return cmocka_run_group_tests_name("netlang_params", tests, NULL, NULL);
}
