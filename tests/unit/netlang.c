/* The network language: what each construct builds, and the canonical text that it prints. */
#include "net_build.h"

/* On inputs of 3x16x16, with losses: the text, what it prints as, its nodes and their shapes. */
static const struct construct {
    const char *text, *print, *nodes;
} constructs[] = {
    {"relu",
     "input 3x16x16\n"
     "relu\n",
     "relu1 3x16x16\n"
     "loss 1\n"},
    {"conv 8 3 pad=same; bn; relu; maxpool 2",
     "input 3x16x16\n"
     "conv 8 3 pad=same\n"
     "bn\n"
     "relu\n"
     "maxpool 2\n",
     "conv1 8x16x16\n"
     "bn1 8x16x16\n"
     "relu1 8x16x16\n"
     "maxpool1 8x8x8\n"
     "loss 1\n"},
    {"batchnorm; bn",
     "input 3x16x16\n"
     "bn\n"
     "bn\n",
     "bn1 3x16x16\n"
     "bn2 3x16x16\n"
     "loss 1\n"},
    {"input 3x16x16; recipe crop-pad=2*2 rate=1/4 flip=h schedule=constant batch=32; relu",
     "input 3x16x16\n"
     "recipe rate=0.25 batch=32 schedule=constant flip=h crop-pad=4\n"
     "relu\n",
     "relu1 3x16x16\n"
     "loss 1\n"},
    {"recipe nesterov=1 milestones=3,4.5; relu; recipe: relu",
     "input 3x16x16\n"
     "recipe nesterov=1 milestones=3,4.5\n"
     "relu\n"
     "recipe: relu\n",
     "relu1 3x16x16\n"
     "recipe 3x16x16\n"
     "loss 1\n"},
    {"recipe; relu",
     "input 3x16x16\n"
     "relu\n",
     "relu1 3x16x16\n"
     "loss 1\n"},
    {"x: relu; relu; relu",
     "input 3x16x16\n"
     "x: relu\n"
     "relu\n"
     "relu\n",
     "x 3x16x16\n"
     "relu2 3x16x16\n"
     "relu3 3x16x16\n"
     "loss 1\n"},
    {"relu2: relu; relu; relu",
     "input 3x16x16\n"
     "relu2: relu\n"
     "relu\n"
     "relu\n",
     "relu2 3x16x16\n"
     "relu3 3x16x16\n"
     "relu4 3x16x16\n"
     "loss 1\n"},
    {"layer1: repeat 2 { conv 4 3 pad=1; bn }",
     "input 3x16x16\n"
     "layer1: {\n"
     "  0: {\n"
     "    conv 4 3 pad=1\n"
     "    bn\n"
     "  }\n"
     "  1: {\n"
     "    conv 4 3 pad=1\n"
     "    bn\n"
     "  }\n"
     "}\n",
     "layer1.0.conv1 4x16x16\n"
     "layer1.0.bn1 4x16x16\n"
     "layer1.1.conv1 4x16x16\n"
     "layer1.1.bn1 4x16x16\n"
     "loss 1\n"},
    {"repeat 2 { conv 4 3 pad=1 } relu",
     "input 3x16x16\n"
     "conv 4 3 pad=1\n"
     "conv 4 3 pad=1\n"
     "relu\n",
     "conv1 4x16x16\n"
     "conv2 4x16x16\n"
     "relu1 4x16x16\n"
     "loss 1\n"},
    {"def block(n, s=1, m=n*4) { conv n 1; conv m (s + 2) pad=s*2/2 stride=s }\nblock 2; l: block "
     "2 s=2; block n=3 m=(7 - 1)",
     "input 3x16x16\n"
     "conv 2 1\n"
     "conv 8 3 pad=1\n"
     "l: {\n"
     "  conv 2 1\n"
     "  conv 8 4 stride=2 pad=2\n"
     "}\n"
     "conv 3 1\n"
     "conv 6 3 pad=1\n",
     "conv1 2x16x16\n"
     "conv2 8x16x16\n"
     "l.conv1 2x16x16\n"
     "l.conv2 8x9x9\n"
     "conv3 3x9x9\n"
     "conv4 6x9x9\n"
     "loss 1\n"},
    {"sum { conv 3 3 pad=1 } { }",
     "input 3x16x16\n"
     "sum {\n"
     "  conv 3 3 pad=1\n"
     "} {\n"
     "}\n",
     "conv1 3x16x16\n"
     "sum1 3x16x16\n"
     "loss 1\n"},
    {"sum { relu } { tanh } { sigmoid }",
     "input 3x16x16\n"
     "sum {\n"
     "  relu\n"
     "} {\n"
     "  tanh\n"
     "} {\n"
     "  sigmoid\n"
     "}\n",
     "relu1 3x16x16\n"
     "tanh1 3x16x16\n"
     "sigmoid1 3x16x16\n"
     "sum1 3x16x16\n"
     "loss 1\n"},
    {"s: sum { a: relu } { relu }",
     "input 3x16x16\n"
     "s: sum {\n"
     "  a: relu\n"
     "} {\n"
     "  relu\n"
     "}\n",
     "s.a 3x16x16\n"
     "s.relu2 3x16x16\n"
     "s 3x16x16\n"
     "loss 1\n"},
    {"concat { conv 4 3 pad=1 }\n{ conv 5 3 pad=1 }\n{ }",
     "input 3x16x16\n"
     "concat {\n"
     "  conv 4 3 pad=1\n"
     "} {\n"
     "  conv 5 3 pad=1\n"
     "} {\n"
     "}\n",
     "conv1 4x16x16\n"
     "conv2 5x16x16\n"
     "concat1 12x16x16\n"
     "loss 1\n"},
    {"concat { } { }; { relu }",
     "input 3x16x16\n"
     "concat {\n"
     "} {\n"
     "}\n"
     "relu\n",
     "concat1 6x16x16\n"
     "relu1 6x16x16\n"
     "loss 1\n"},
    {"stem: { conv 8 3; relu }",
     "input 3x16x16\n"
     "stem: {\n"
     "  conv 8 3\n"
     "  relu\n"
     "}\n",
     "stem.conv1 8x14x14\n"
     "stem.relu1 8x14x14\n"
     "loss 1\n"},
    {"a.b: conv 3 3; a.c: { conv 3 3 }",
     "input 3x16x16\n"
     "a.b: conv 3 3\n"
     "a.c: {\n"
     "  conv 3 3\n"
     "}\n",
     "a.b 3x14x14\n"
     "a.c.conv1 3x12x12\n"
     "loss 1\n"},
    {"shortcut 3; shortcut 8 2; d: shortcut 9 2; d2: shortcut 9; shortcut 9 2 type=a; e: shortcut "
     "12 type=a",
     "input 3x16x16\n"
     "shortcut1: {\n"
     "  0: conv 8 1 stride=2 bias=0\n"
     "  1: bn\n"
     "}\n"
     "d: {\n"
     "  0: conv 9 1 stride=2 bias=0\n"
     "  1: bn\n"
     "}\n"
     "subsample 9 2\n"
     "e: subsample 12\n",
     "shortcut1.0 8x8x8\n"
     "shortcut1.1 8x8x8\n"
     "d.0 9x4x4\n"
     "d.1 9x4x4\n"
     "subsample1 9x2x2\n"
     "e 12x2x2\n"
     "loss 1\n"},
    {"aux 0.3 { dense 5 } dense 5",
     "input 3x16x16\n"
     "aux 0.3 {\n"
     "  dense 5\n"
     "}\n"
     "dense 5\n",
     "dense1 5\n"
     "dense2 5\n"
     "loss 1\n"
     "loss2 1\n"},
    {"h: aux 1/4 { conv 4 3; fc: dense 5; softmax } dense 5; softmax",
     "input 3x16x16\n"
     "h: aux 0.25 {\n"
     "  conv 4 3\n"
     "  fc: dense 5\n"
     "  softmax\n"
     "}\n"
     "dense 5\n"
     "softmax\n",
     "h.conv1 4x14x14\n"
     "h.fc 5\n"
     "h.softmax1 5\n"
     "dense1 5\n"
     "softmax1 5\n"
     "loss 1\n"
     "loss2 1\n"},
    {"conv 8 5x3 stride=2x1 pad=(1+1)x1",
     "input 3x16x16\n"
     "conv 8 5x3 stride=2x1 pad=2x1\n",
     "conv1 8x8x16\n"
     "loss 1\n"},
    {"conv 8 (5)x3 pad=full",
     "input 3x16x16\n"
     "conv 8 5x3 pad=full\n",
     "conv1 8x20x18\n"
     "loss 1\n"},
    {"conv 8 3 pad=0,1*2,1,3; maxpool 3 pad=same_lower stride=2",
     "input 3x16x16\n"
     "conv 8 3 pad=0,2,1,3\n"
     "maxpool 3 stride=2 pad=same_lower\n",
     "conv1 8x15x19\n"
     "maxpool1 8x8x10\n"
     "loss 1\n"},
    {"a: conv 4 3 pad=1,1,1,1; deconv 2 4 stride=2 pad=1 groups=2; crop from=deconv1,a offset=3",
     "input 3x16x16\n"
     "a: conv 4 3 pad=1\n"
     "deconv 2 4 stride=2 pad=1 groups=2\n"
     "crop offset=3 from=deconv1,a\n",
     "a 4x16x16\n"
     "deconv1 2x32x32\n"
     "crop1 2x16x16\n"
     "loss 1\n"},
    {"dense 5; softmax; xent smooth=1/10",
     "input 3x16x16\n"
     "dense 5\n"
     "softmax\n"
     "xent smooth=0.1\n",
     "dense1 5\n"
     "softmax1 5\n"
     "loss 1\n"},
    {"dense 5; sigmoid; bce",
     "input 3x16x16\n"
     "dense 5\n"
     "sigmoid\n"
     "bce\n",
     "dense1 5\n"
     "sigmoid1 5\n"
     "loss 1\n"},
    {"dense 5; softmax; mse",
     "input 3x16x16\n"
     "dense 5\n"
     "softmax\n"
     "mse\n",
     "dense1 5\n"
     "softmax1 5\n"
     "loss 1\n"},
    {"input 3x8x8 mean=0.5,1/2,0.25*2 std=1/2 scale=1/127.5 order=bgr resize=9\nrelu",
     "input 3x8x8 mean=0.5,0.5,0.5 std=0.5 scale=0.00784313725490196 order=bgr resize=9\n"
     "relu\n",
     "relu1 3x8x8\n"
     "loss 1\n"},
    {"input 20 classes=7; dense classes*2",
     "input 20\n"
     "dense 14\n",
     "dense1 14\n"
     "loss 1\n"},
    {"repeat 0 { relu } x: repeat 0 { } relu",
     "input 3x16x16\n"
     "x: {\n"
     "}\n"
     "relu\n",
     "relu1 3x16x16\n"
     "loss 1\n"},
    {"dropout; dropout 0.5; dropout 0.25",
     "input 3x16x16\n"
     "dropout\n"
     "dropout\n"
     "dropout 0.25\n",
     "dropout1 3x16x16\n"
     "dropout2 3x16x16\n"
     "dropout3 3x16x16\n"
     "loss 1\n"},
    {"avgpool global; avgpool 1 stride=1",
     "input 3x16x16\n"
     "avgpool global\n"
     "avgpool 1 stride=1\n",
     "avgpool1 3\n"
     "avgpool2 3\n"
     "loss 1\n"},
    {"def p(r) { dropout r; dropout r/10 }; p 0.5; p 9/10",
     "input 3x16x16\n"
     "dropout\n"
     "dropout 0.05\n"
     "dropout 0\n"
     "dropout 0\n",
     "dropout1 3x16x16\n"
     "dropout2 3x16x16\n"
     "dropout3 3x16x16\n"
     "dropout4 3x16x16\n"
     "loss 1\n"},
    {"leakyrelu .5e-1",
     "input 3x16x16\n"
     "leakyrelu 0.05\n",
     "leakyrelu1 3x16x16\n"
     "loss 1\n"},
    {"conv 8 3 init=he_uniform bias=1",
     "input 3x16x16\n"
     "conv 8 3 init=he_uniform\n",
     "conv1 8x14x14\n"
     "loss 1\n"},
};

static char *list_nodes(const struct cnn_graph *g)
{
    struct cnn_buf b = {0};
    for (int i = 1; i < g->nodes; i++) {
        char shape[72];
        cnn_chw_format(g->node[i].layer.out, shape);
        cnn_buf_printf(&b, "%s %s\n", g->node[i].layer.name, shape);
    }
    return cnn_buf_take(&b);
}

static void every_construct(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof constructs / sizeof *constructs; i++) {
        const struct construct *c = &constructs[i];
        struct cnn_graph *g = build(c->text), *again = build(c->print);
        char *nodes = list_nodes(g), *same = list_nodes(again);
        assert_string_equal(g->print, c->print);
        assert_string_equal(nodes, c->nodes);
        assert_string_equal(again->print, c->print);
        assert_string_equal(same, c->nodes);
        free(nodes);
        free(same);
        cnn_graph_free(g);
        cnn_graph_free(again);
    }
}

/* What is arithmetic and what it gives, by dense's width. */
static void arithmetic(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        size_t value;
    } cases[] = {
        {"7/2", 3},       {"7%4", 3},       {"1+2*3", 7},    {"(1+2)*3", 9},
        {"( 1 + 2 )", 3}, {"10-3-2", 5},    {"100/5/2", 10}, {"-(-3)", 3},
        {"--3", 3},       {"+3", 3},        {"2*-3+7", 1},   {"007", 7},
        {"n*n-1", 35},    {"n/4*4+n%4", 6}, {"units=n", 6},  {"units=(n + 1)/2", 3},
        {"classes*2", 8}, {"m", 12},        {"(((n)))", 6},  {"1048576*16", 16777216},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[100];
        snprintf(text, sizeof text, "def f(n, m=n*2) { dense %s }\nf 6", cases[i].expression);
        struct cnn_graph *g =
            build_as(text, (struct cnn_graph_config){.input = {1, 1, 1}, .classes = 4});
        assert_int_equal(g->node[1].layer.out.c, cases[i].value);
        cnn_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_construct),
        cmocka_unit_test(arithmetic),
    };
    return cmocka_run_group_tests_name("netlang", tests, NULL, NULL);
}
