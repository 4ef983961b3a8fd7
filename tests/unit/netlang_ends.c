/* Several inputs and several outputs: what the language says of them, and that they run. */
#include <math.h>
#include <string.h>

#include "net/net.h"
#include "net_build.h"

/* The text, and what it prints as. */
static const struct {
    const char *text, *print;
} texts[] = {
    {"input left 1x8x8 mean=0.5; input right 2x8x8 scale=1; recipe rate=0.5\n"
     "conv 4 3; a: relu; conv 4 3 from=right; relu; sum from=a,relu2; dense 3",
     "input left 1x8x8 mean=0.5\n"
     "input right 2x8x8 scale=1\n"
     "recipe rate=0.5\n"
     "conv 4 3\n"
     "a: relu\n"
     "conv 4 3 from=right\n"
     "relu\n"
     "sum from=a,relu2\n"
     "dense 3\n"},
    {"input 5; input b shape=3; concat from=input,b; dense 2", "input 5\n"
                                                               "input b 3\n"
                                                               "concat from=input,b\n"
                                                               "dense 2\n"},
    {"input 3x8x8; a: conv 4 3; l: { b: conv 5 3 }; c: dense 3 from=a; output c l.b a; xent",
     "input 3x8x8\n"
     "a: conv 4 3\n"
     "l: {\n"
     "  b: conv 5 3\n"
     "}\n"
     "c: dense 3 from=a\n"
     "output c l.b a\n"
     "xent\n"},
    {"input 3x8x8; relu; repeat 2 as i { c(i): conv 4 1 }; none from=c0; output c(2-1) c0",
     "input 3x8x8\n"
     "relu\n"
     "c0: conv 4 1\n"
     "c1: conv 4 1\n"
     "output c1 c0\n"},
    {"input 4; t: relu; aux 0.3 target=box { dense 2 }; k: dense 3; p: dense 2 from=t; output k p\n"
     "xent target=kind; mse on=p target=box",
     "input 4\n"
     "t: relu\n"
     "aux 0.3 target=box {\n"
     "  dense 2\n"
     "}\n"
     "k: dense 3\n"
     "p: dense 2 from=t\n"
     "output k p\n"
     "xent target=kind\n"
     "mse on=p target=box\n"},
    {"input 3x8x8; a: relu; b: tanh; output b", "input 3x8x8\na: relu\nb: tanh\n"},
    {"input 3x8x8; a: relu; b: tanh; output a", "input 3x8x8\na: relu\nb: tanh\noutput a\n"},
};

static const struct {
    const char *text, *message;
} mistakes[] = {
    {"input a 3x4x4; input a 3x4x4; relu",
     "net:1: input: 'a' is there already: input NAME CxHxW gives "
     "one of several inputs a name of its own"},
    {"input a-b 3x4x4; relu",
     "net:1: input: '3x4x4' is one argument too many; it is: input shape "
     "[mean=] [std=] [scale=] [order=] [resize=] [interpolation=] [rows=] [classes=]"},
    {"input a 3x4x4; relu; input b 3x4x4", "net:1: input stands before all layers"},
    {"input a 3x4x4; recipe rate=1; input b 3x4x4; relu", "net:1: input stands before all layers"},
    {"input a 3x4x4; a: relu", "net:1: the label 'a' is the input's"},
    {"input a 3x4x4; input b 3x4x4", "net:1: the net has no layers"},
    {"input 3x4x4; relu; output input", "net:1: output: 'input' is an input"},
    {"input 3x4x4; relu; output relu2", "net:1: unknown label 'relu2' (did you mean relu1?)"},
    {"input 3x4x4; relu; output relu1 relu1", "net:1: output: 'relu1' is there twice"},
    {"input 3x4x4; relu; output", "net:1: output: labels are wanted: output LABEL ..."},
    {"input 3x4x4; relu; output a=relu1", "net:1: output: labels are wanted: output LABEL ..."},
    {"input 3x4x4; a: relu; output a; tanh",
     "net:1: output stands once, behind all layers and before the loss"},
    {"input 3x4x4; a: relu; output a; output a",
     "net:1: output stands once, behind all layers and before the loss"},
    {"input 3x4x4; a: relu; xent; output a",
     "net:1: xent is a loss: losses are the net's last lines"},
    {"input 3x4x4; { a: relu; output a }",
     "net:1: output stands once, behind all layers and before the loss"},
    {"input 3x4x4; a: relu; x: output a", "net:1: output takes no label"},
    {"input 4; aux 0.3 target=box { dense 2 }; dense 2; mse target=kind",
     "net:1: aux: no loss has the target 'box'"},
    {"input 4; aux 0.3 target=box { dense 3 }; k: dense 3; p: dense 2; output k; xent; mse on=p "
     "target=box",
     "net:1: aux: it ends in 3, the net in 2: they have the same target"},
    {"input 3x4x4; aux 0.3 { a: dense 4 }; b: dense 4; output b a",
     "net:1: 'a' is inside of an aux, which is there in training only"},
};

static void texts_and_prints(void **state)
{
    (void)state;
    struct cnn_graph_config config = {.with_loss = 1};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cnn_graph *g = build_as(texts[i].text, config);
        assert_string_equal(g->print, texts[i].print);
        struct cnn_graph *again = build_as(g->print, config);
        assert_string_equal(again->print, g->print);
        assert_int_equal(again->inputs, g->inputs);
        assert_int_equal(again->outputs, g->outputs);
        for (int k = 0; k < g->outputs; k++)
            assert_int_equal(again->each_output[k], g->each_output[k]);
        assert_int_equal(g->output, g->each_output[0]);
        cnn_graph_free(again);
        cnn_graph_free(g);
    }
}

/* The head of an aux has the loss of its target. */
static void auxiliary_targets(void **state)
{
    (void)state;
    const struct cnn_graph_config config = {.with_loss = 1};
    struct cnn_graph *g = build_as(
        "input 4; t: relu; aux 0.3 target=box { a: dense 2 }; k: dense 3; p: dense 2 from=t\n"
        "output k; xent; mse on=p target=box",
        config);
    const struct cnn_node *last = &g->node[g->nodes - 1];
    assert_int_equal(g->losses, 3);
    assert_string_equal(last->layer.type->name, "mse");
    assert_string_equal(g->node[last->in[0]].layer.name, "a");
    assert_true(last->training_only && last->loss_weight == 0.3 && last->target == 1);
    cnn_graph_free(g);
}

static void every_mistake(void **state)
{
    (void)state;
    struct cnn_graph_config config = {.with_loss = 1};
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct cnn_graph *g;
        assert_int_equal(cnn_graph_build(mistakes[i].text, &config, &g), CNN_EDATA);
        if (strcmp(cnn_error_message(), mistakes[i].message))
            fail_msg("%s\nis:  %s\nnot: %s", mistakes[i].text, cnn_error_message(),
                     mistakes[i].message);
    }
}

enum { SAMPLES = 3 };

struct run {
    struct cnn_backend *backend;
    struct cnn_graph *graph;
    struct cnn_net *net;
};

static void open_net(struct run *r, const char *text)
{
    struct cnn_net_config config = {.batch = SAMPLES};
    assert_int_equal(cnn_backend_open("cpu", 2, &r->backend), 0);
    r->graph = build_as(text, (struct cnn_graph_config){0});
    assert_int_equal(cnn_net_new(r->graph, r->backend, &config, &r->net), 0);
    assert_int_equal(cnn_net_init(r->net, 1, CNN_INIT_DEFAULT), 0);
}

static void close_net(struct run *r)
{
    cnn_net_free(r->net);
    cnn_graph_free(r->graph);
    cnn_backend_close(r->backend);
}

static void value_of(struct run *r, const char *label, const float *x, const float *const *others,
                     float *out)
{
    struct cnn_batch_view batch = {.n = SAMPLES, .x = x, .others = others};
    assert_int_equal(cnn_net_forward(r->net, &batch, 0, 0, 0), 0);
    assert_int_equal(cnn_net_value(r->net, cnn_graph_find(r->graph, label), out), 0);
}

/* A pair through the same weights: what each half gives is what it gives by itself. */
static void a_pair(void **state)
{
    (void)state;
    enum { X = 3 * 6 * 6, Y = 4 * 4 * 4 };
    struct run pair = {0}, one = {0};
    float left[SAMPLES * X], right[SAMPLES * X], a[SAMPLES * Y], b[SAMPLES * Y], want[SAMPLES * Y];
    const float *others[] = {right};
    for (int i = 0; i < SAMPLES * X; i++) {
        left[i] = sinf((float)i);
        right[i] = cosf((float)(3 * i));
    }
    open_net(&pair, "input left 3x6x6; input right 3x6x6\n"
                    "eye: conv 4 3; bn; a: relu\n"
                    "conv 4 3 from=right share=eye; bn share=bn1; b: relu\n"
                    "concat from=a,b; dense 2; output dense1 b a");
    open_net(&one, "input 3x6x6; eye: conv 4 3; bn; a: relu");
    value_of(&pair, "a", left, others, a);
    value_of(&pair, "b", left, others, b);
    value_of(&one, "a", left, NULL, want);
    for (int i = 0; i < SAMPLES * Y; i++)
        assert_true(fabsf(a[i] - want[i]) < 1e-5f);
    value_of(&one, "a", right, NULL, want);
    for (int i = 0; i < SAMPLES * Y; i++)
        assert_true(fabsf(b[i] - want[i]) < 1e-5f);
    close_net(&pair);
    close_net(&one);
}

/* Values of all outputs are there when the net has run, wherever they stand. */
static void outputs_are_kept(void **state)
{
    (void)state;
    struct run all = {0}, single = {0};
    static const char text[] =
        "input 3x6x6; a: conv 4 3; b: relu; c: conv 4 3 pad=1; d: tanh; e: dense 3";
    static const char *const labels[] = {"e", "a", "b", "c", "d"};
    float x[SAMPLES * 108], have[SAMPLES * 64], want[SAMPLES * 64];
    for (int i = 0; i < SAMPLES * 108; i++)
        x[i] = sinf((float)i);
    char with[200];
    snprintf(with, sizeof with, "%s; output e a b c d", text);
    open_net(&all, with);
    for (int k = 0; k < 5; k++) {
        snprintf(with, sizeof with, "%s; output %s", text, labels[k]);
        open_net(&single, with);
        size_t count = SAMPLES * cnn_chw_count(single.graph->node[single.graph->output].layer.out);
        value_of(&all, labels[k], x, NULL, have);
        value_of(&single, labels[k], x, NULL, want);
        for (size_t i = 0; i < count; i++)
            assert_true(fabsf(have[i] - want[i]) < 1e-5f);
        close_net(&single);
    }
    close_net(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_prints), cmocka_unit_test(auxiliary_targets),
        cmocka_unit_test(every_mistake),    cmocka_unit_test(a_pair),
        cmocka_unit_test(outputs_are_kept),
    };
    return cmocka_run_group_tests_name("netlang_ends", tests, NULL, NULL);
}
