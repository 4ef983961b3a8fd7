/* The graphs that texts become: nodes and what feeds them, losses, heads, labels, the input; and
 * where texts come from. */
#include <time.h>

#include "net_build.h"

static void connections(void **state)
{
    (void)state;
    struct cnn_graph *g = build("conv 4 3; sum { relu; sum { } { tanh } } { } { bn }; relu");
    static const int in[][4] = {{0},        {0, -1}, {1, -1},       {2, -1},
                                {2, 3, -1}, {1, -1}, {4, 1, 5, -1}, {6, -1}};
    assert_int_equal(g->nodes, 9);
    for (int i = 1; i < 8; i++) {
        const struct cnn_node *n = &g->node[i];
        for (int k = 0; k < n->layer.inputs; k++) {
            assert_int_equal(n->in[k], in[i][k]);
            assert_true(cnn_chw_equal(n->layer.in[k], g->node[n->in[k]].layer.out));
        }
        assert_int_equal(in[i][n->layer.inputs], -1);
    }
    assert_int_equal(g->output, 7);
    assert_int_equal(g->logits, 7);
    assert_int_equal(g->first_loss, 8);
    assert_int_equal(g->losses, 1);
    assert_int_equal(g->node[8].in[0], 7);
    cnn_graph_free(g);
}

static void logits(void **state)
{
    (void)state;
    static const struct {
        const char *text, *loss;
        int logits, output;
    } cases[] = {
        {"dense 5; softmax", NULL, 1, 2},       {"dense 5; softmax", "mse", 2, 2},
        {"dense 5; softmax; mse", NULL, 2, 2},  {"dense 5; softmax; mse", "xent smooth=0.5", 1, 2},
        {"dense 5; sigmoid", NULL, 2, 2},       {"dense 5; sigmoid", "bce", 1, 2},
        {"dense 5; softmax; relu", NULL, 3, 3}, {"softmax", NULL, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int with = 0; with < 2; with++) {
            struct cnn_graph *g = build_as(
                cases[i].text, (struct cnn_graph_config){
                                   .input = {3, 4, 4}, .loss = cases[i].loss, .with_loss = with});
            assert_int_equal(g->logits, cases[i].logits);
            assert_int_equal(g->output, cases[i].output);
            assert_int_equal(g->losses, with);
            if (with)
                assert_int_equal(g->node[g->first_loss].in[0], g->logits);
            cnn_graph_free(g);
        }
}

/* A loss from outside stands in the canonical text; the default does not. */
static void loss_in_print(void **state)
{
    (void)state;
    struct cnn_graph_config config = {.input = {3, 4, 4}, .loss = "xent smooth=0.5"};
    struct cnn_graph *g = build_as("dense 5; mse", config);
    assert_string_equal(g->print, "input 3x4x4\ndense 5\nxent smooth=0.5\n");
    assert_int_equal(g->nodes, 2);
    cnn_graph_free(g);
}

/* Aux heads are in the graph for training only, in the text always. */
static void aux(void **state)
{
    (void)state;
    static const char text[] =
        "a: conv 4 3; x: aux 0.3 { b: { conv 2 3; fc: dense 5 } }; c: conv 3 3; dense 5";
    struct cnn_graph_config config = {.input = {3, 8, 8}};
    struct cnn_graph *bare = build_as(text, config);
    config.with_loss = 1;
    struct cnn_graph *full = build_as(text, config);
    assert_string_equal(bare->print, full->print);
    assert_int_equal(bare->nodes, 4);
    assert_int_equal(full->nodes, 8);
    assert_int_equal(cnn_graph_find(bare, "x.b.fc"), -1);
    assert_int_equal(cnn_graph_find(bare, "x"), -1);
    assert_int_equal(cnn_graph_find(bare, "c"), 2);
    assert_int_equal(cnn_graph_find(full, "x"), 3);
    assert_int_equal(cnn_graph_find(full, "c"), 4);
    assert_true(full->node[2].training_only && full->node[3].training_only);
    assert_false(full->node[4].training_only || full->node[6].training_only);
    assert_true(full->node[7].training_only);
    assert_true(full->node[6].loss_weight == 1 && full->node[7].loss_weight == 0.3);
    assert_int_equal(full->node[7].in[0], 3);
    assert_int_equal(cnn_graph_parameters(bare), cnn_graph_parameters(full));
    assert_int_equal(cnn_graph_multiply_adds(bare), cnn_graph_multiply_adds(full));
    cnn_graph_free(bare);
    cnn_graph_free(full);
}

static void labels_find_nodes(void **state)
{
    (void)state;
    struct cnn_graph *g =
        build("stem: { conv 4 3; relu } layer1: repeat 2 { sum { relu } { } } s: sum { relu } { }");
    assert_int_equal(cnn_graph_find(g, "input"), 0);
    assert_int_equal(cnn_graph_find(g, "stem.conv1"), 1);
    assert_int_equal(cnn_graph_find(g, "stem"), 2);
    assert_int_equal(cnn_graph_find(g, "layer1.0"), 4);
    assert_int_equal(cnn_graph_find(g, "layer1.1"), 6);
    assert_int_equal(cnn_graph_find(g, "layer1"), 6);
    assert_int_equal(cnn_graph_find(g, "s.relu1"), 7);
    assert_int_equal(cnn_graph_find(g, "s"), 8);
    assert_int_equal(cnn_graph_find(g, "conv1"), -1);
    assert_int_equal(cnn_graph_find(g, ""), -1);
    cnn_graph_free(g);
}

static void input_line(void **state)
{
    (void)state;
    struct cnn_graph *g = build("input 2x5x7 mean=1/4,0.5 std=2 scale=1 order=bgr resize=7; relu");
    const struct cnn_input *in = g->input;
    assert_true(cnn_chw_equal(in->shape, (struct cnn_chw){2, 5, 7}));
    assert_true(in->mean.count == 2 && in->mean.value[0] == 0.25 && in->mean.value[1] == 0.5);
    assert_true(in->std.count == 1 && in->std.value[0] == 2 && in->scale == 1);
    assert_true(in->bgr == 1 && in->resize == 7 && in->declared == 1);
    cnn_graph_free(g);
    g = build("relu");
    in = g->input;
    assert_true(in->scale == 1.0 / 255 && in->mean.count == 1 && in->mean.value[0] == 0);
    assert_true(in->std.count == 1 && in->std.value[0] == 1 && !in->bgr && !in->resize &&
                !in->declared);
    cnn_graph_free(g);
    g = build_as("relu", (struct cnn_graph_config){.input = {9, 1, 1}, .raw_input = 1});
    assert_true(g->input->scale == 1);
    assert_string_equal(g->print, "input 9 scale=1\nrelu\n");
    cnn_graph_free(g);
}

static void classes(void **state)
{
    (void)state;
    struct cnn_graph_config config = {.input = {3, 4, 4}, .classes = 12};
    struct cnn_graph *g = build_as("input 3x4x4 classes=5; dense classes", config);
    assert_int_equal(g->classes, 12);
    assert_string_equal(g->print, "input 3x4x4\ndense 12\n");
    cnn_graph_free(g);
    config.classes = 0;
    g = build_as("input 3x4x4 classes=5; dense classes+1", config);
    assert_int_equal(g->classes, 5);
    assert_int_equal(g->node[1].layer.out.c, 6);
    cnn_graph_free(g);
    config.classes = 9;
    g = build_as("dense 3", config);
    assert_int_equal(g->classes, 0);
    cnn_graph_free(g);
}

static void texts(void **state)
{
    (void)state;
    char *text, *name;
    assert_int_equal(cnn_net_text("lenet5", &text, &name), 0);
    assert_string_equal(name, "zoo/lenet5.net");
    assert_string_equal(text, cnn_zoo_find("lenet5")->text);
    free(text);
    free(name);
    assert_int_equal(cnn_net_text("dense 3", &text, &name), 0);
    assert_string_equal(name, "net");
    assert_string_equal(text, "dense 3");
    free(text);
    free(name);
    FILE *f = fopen("mine.net", "w");
    assert_non_null(f);
    fputs("relu\n", f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(cnn_net_text("mine.net", &text, &name), 0);
    assert_string_equal(name, "mine.net");
    assert_string_equal(text, "relu\n");
    free(text);
    free(name);
    remove("mine.net");
}

/* Time grows with the number of layers, not with its square: 30 times as many take less than 200
 * times as long, not 900 times. */
static void speed(void **state)
{
    (void)state;
    static const char *const text[] = {"l: repeat 333 { conv 8 3 pad=1; bn; relu }",
                                       "l: repeat 10000 { conv 8 3 pad=1; bn; relu }"};
    double took[2];
    for (int i = 0; i < 2; i++) {
        took[i] = 1e9;
        for (int k = 0; k < 3; k++) {
            clock_t start = clock(); /* the processor's time: tests run beside each other */
            struct cnn_graph *g = build_as(text[i], (struct cnn_graph_config){.input = {3, 8, 8}});
            double t = (double)(clock() - start) / CLOCKS_PER_SEC;
            if (t < took[i])
                took[i] = t;
            cnn_graph_free(g);
        }
    }
    if (!(took[1] <= 200 * took[0]))
        fail_msg("1,000 layers take %g s, 30,000 take %g s", took[0], took[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections),
        cmocka_unit_test(logits),
        cmocka_unit_test(loss_in_print),
        cmocka_unit_test(aux),
        cmocka_unit_test(labels_find_nodes),
        cmocka_unit_test(input_line),
        cmocka_unit_test(classes),
        cmocka_unit_test(texts),
        cmocka_unit_test(speed),
    };
    return cmocka_run_group_tests_name("netlang_graph", tests, NULL, NULL);
}
