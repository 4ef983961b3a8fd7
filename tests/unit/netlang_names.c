/* The network language's names: indices of rounds, labels with arithmetic, references to labels;
 * and what mistakes with them are answered with. */
#include <string.h>

#include "net_build.h"

/* On inputs of 3x16x16: the text, and what it prints as below the input line. */
static const struct {
    const char *text, *print;
} texts[] = {
    {"repeat 3 as i { conv 4*(i+1) 1 }", "conv 4 1\n"
                                         "conv 8 1\n"
                                         "conv 12 1\n"},
    {"repeat 2 as i from 1 { stage(i): conv 4*i 1; x(i-1)/y(2*i): relu }", "stage1: conv 4 1\n"
                                                                           "x0/y2: relu\n"
                                                                           "stage2: conv 8 1\n"
                                                                           "x1/y4: relu\n"},
    {"s: repeat 2 from 3 { relu }", "s: {\n"
                                    "  3: {\n"
                                    "    relu\n"
                                    "  }\n"
                                    "  4: {\n"
                                    "    relu\n"
                                    "  }\n"
                                    "}\n"},
    {"def f(n) { repeat n as i { repeat i as k { c(i).(k): conv n+i 1 } } }; f 3",
     "c1.0: conv 4 1\n"
     "c2.0: conv 5 1\n"
     "c2.1: conv 5 1\n"},
    {"def f(as) { repeat as as from from as { relu } }; f 1", "relu\n"},
    {"l: repeat 2*1 as i from (0 + 1) { a(i): { dropout i/10 } }", "l: {\n"
                                                                   "  1: {\n"
                                                                   "    a1: {\n"
                                                                   "      dropout 0.1\n"
                                                                   "    }\n"
                                                                   "  }\n"
                                                                   "  2: {\n"
                                                                   "    a2: {\n"
                                                                   "      dropout 0.2\n"
                                                                   "    }\n"
                                                                   "  }\n"
                                                                   "}\n"},
    {"a: conv 4 3 pad=1; relu; b: conv 4 3 pad=1 from=a; sum from=relu1,b,a; dense 5",
     "a: conv 4 3 pad=1\n"
     "relu\n"
     "b: conv 4 3 pad=1 from=a\n"
     "sum from=relu1,b,a\n"
     "dense 5\n"},
    {"relu from=input; c: concat from=input,relu1; s: sum from=c { relu } { }",
     "relu\n"
     "c: concat from=input,relu1\n"
     "s: sum {\n"
     "  relu\n"
     "} {\n"
     "}\n"},
    {"relu; sum from=input { } { conv 3 1; bn }; aux 0.3 from=relu1 { dense 4 }; dense 4",
     "relu\n"
     "sum from=input {\n"
     "} {\n"
     "  conv 3 1\n"
     "  bn\n"
     "}\n"
     "aux 0.3 from=relu1 {\n"
     "  dense 4\n"
     "}\n"
     "dense 4\n"},
    /* From the innermost scope outwards; and printed as short as it can be. */
    {"a: relu; l: { a: tanh; m: { a: sigmoid; relu from=a; relu from=l.a; relu from=m.a }\n"
     "relu from=a; relu from=m.relu2 }; relu from=a; relu from=l; relu from=l.m",
     "a: relu\n"
     "l: {\n"
     "  a: tanh\n"
     "  m: {\n"
     "    a: sigmoid\n"
     "    relu\n"
     "    relu from=l.a\n"
     "    relu from=a\n"
     "  }\n"
     "  relu from=a\n"
     "  relu from=m.relu2\n"
     "}\n"
     "relu from=a\n"
     "relu from=l.relu2\n"
     "relu from=l.m.relu3\n"},
    {"def f(n) { conv n 1; relu }; x: relu; f 4 from=input; l: f 5 from=x; repeat 2 from=x { relu "
     "}",
     "x: relu\n"
     "conv 4 1 from=input\n"
     "relu\n"
     "l: {\n"
     "  conv 5 1 from=x\n"
     "  relu\n"
     "}\n"
     "relu from=x\n"
     "relu\n"},
    {"def f(from) { conv from 1 }; f from=4", "conv 4 1\n"},
    {"repeat 3 as i { e(i): conv 4 3 pad=1 }\n"
     "repeat 2 as i from 1 { d(i): sum from=e(2-i),e(2-i+1); relu }",
     "e0: conv 4 3 pad=1\n"
     "e1: conv 4 3 pad=1\n"
     "e2: conv 4 3 pad=1\n"
     "d1: sum from=e1,e2\n"
     "relu\n"
     "d2: sum from=e0,e1\n"
     "relu\n"},
    /* Branches, groups and nets that end elsewhere than at their last line. */
    {"a: conv 3 1; relu; sum { tanh; none from=a } { identity }; g: { identity from=a }",
     "a: conv 3 1\n"
     "relu\n"
     "sum {\n"
     "  tanh\n"
     "  identity from=a\n"
     "} {\n"
     "}\n"
     "g: {\n"
     "  identity from=a\n"
     "}\n"},
    {"a: conv 3 1; relu; x: none from=a; y: identity; none from=relu1", "a: conv 3 1\n"
                                                                        "relu\n"
                                                                        "x: identity from=a\n"
                                                                        "y: identity\n"
                                                                        "identity from=relu1\n"},
    {"a: conv 4 3 pad=1; relu; sum { s: shortcut 4 from=a } { d: shortcut 4 2 from=a; shortcut 4 "
     "from=a }",
     "a: conv 4 3 pad=1\n"
     "relu\n"
     "sum {\n"
     "  identity from=a\n"
     "} {\n"
     "  d: {\n"
     "    0: conv 4 1 stride=2 bias=0 from=a\n"
     "    1: bn\n"
     "  }\n"
     "  identity from=a\n"
     "}\n"},
    {"aux 0.5 { a: conv 4 1; relu; dense 5 from=a }; dense 5", "aux 0.5 {\n"
                                                               "  a: conv 4 1\n"
                                                               "  relu\n"
                                                               "  dense 5 from=a\n"
                                                               "}\n"
                                                               "dense 5\n"},
    {"def none { relu }; none", "relu\n"},
    /* Parameters that are words. */
    {"def block(n, act=relu, norm=bn) { conv n 1; norm; act }\n"
     "block 4; block 5 tanh; block 6 norm=none; l: block 7 leakyrelu identity",
     "conv 4 1\n"
     "bn\n"
     "relu\n"
     "conv 5 1\n"
     "bn\n"
     "tanh\n"
     "conv 6 1\n"
     "relu\n"
     "l: {\n"
     "  conv 7 1\n"
     "  leakyrelu\n"
     "}\n"},
    {"def a(n) { conv n 1 }; def b(n, f, g=f) { g n; x: f n*2 }; b 4 a; l: b 3 f=dense g=a",
     "conv 4 1\n"
     "x: {\n"
     "  conv 8 1\n"
     "}\n"
     "l: {\n"
     "  conv 3 1\n"
     "  x: dense 6\n"
     "}\n"},
    {"def f(bn=1, act=dropout) { bn; conv bn 1; act 1/4 }; f 3; f bn=2; def g(p) { f act=p }; g "
     "dropout",
     "bn\n"
     "conv 3 1\n"
     "dropout 0.25\n"
     "bn\n"
     "conv 2 1\n"
     "dropout 0.25\n"
     "bn\n"
     "conv 1 1\n"
     "dropout 0.25\n"},
    {"def j(f) { a: relu; f from=a,input }; j concat", "a: relu\nconcat from=a,input\n"},
};

static const struct {
    const char *text, *message;
} mistakes[] = {
    {"repeat 2 as { relu }", "net:1: repeat: as: a name is missing"},
    {"repeat 2 as 3 { relu }", "net:1: repeat: as: '3' is no name"},
    {"repeat 2 as i as k { relu }", "net:1: repeat: as is given twice"},
    {"repeat 2 as classes { relu }", "net:1: repeat: as: the name 'classes' is taken already"},
    {"repeat 2 as i { repeat 2 as i { relu } }",
     "net:1: repeat: as: the name 'i' is taken already"},
    {"repeat 2 from { relu }", "net:1: repeat: from: a number is missing"},
    {"repeat 2 from 0.5 { relu }", "net:1: repeat: from: '0.5' is not a whole number"},
    {"repeat 2 from 0-1 { relu }", "net:1: repeat: from: '0-1' is not in 0..1000000000"},
    {"repeat 2 from 1 from 2 { relu }", "net:1: repeat: from is given twice"},
    {"repeat 2 as i 3 { relu }",
     "net:1: repeat: '3' is one argument too many; it is: repeat rounds"},
    {"repeat 2 as i { relu }; conv i 1",
     "net:1: conv: filters: 'i' is not a number (names known here: classes)"},
    {"def f(n) { repeat n as i { conv k 1 } }; f 2",
     "net:1: conv: filters: 'k' is not a number (names known here: n, i, classes) (in f, called on "
     "line 1)"},
    {"x(i): relu", "net:1: unknown name 'i' in 'x(i)' (known here: classes)"},
    {"x(1 2): relu", "net:1: unexpected '2' in 'x(1 2)'"},
    {"x(1/2.): relu", "net:1: '2.' is not a whole number"},
    {"repeat 2 { a(1): relu }",
     "net:1: the label 'a1' is taken (line 1); a label around a repeat or a call keeps the labels "
     "inside apart"},
    {"a: relu; relu from=b", "net:1: unknown label 'b'"},
    {"encoder: relu; l: { relu from=encodr }",
     "net:1: unknown label 'encodr' (did you mean encoder?)"},
    {"l: { enc4: relu; relu from=enc5 }", "net:1: unknown label 'enc5' (did you mean enc4?)"},
    {"x: relu\nrelu from=y\ny: conv 9 99",
     "net:2: 'relu2' reads 'y', which stands further below (line 3): a cycle"},
    {"l: {\na: sum from=input,b\nb: conv 4 3 }\nb: relu",
     "net:2: 'l.a' reads 'b', which stands further below (line 3): a cycle"},
    {"relu from=conv2; conv 3 1; conv 3 1; conv 3 1 pad=x",
     "net:1: 'relu1' reads 'conv2', which stands further below (line 1): a cycle"},
    {"relu\nl: { relu from=l }",
     "net:2: 'l.relu1' reads 'l', which stands further below (line 2): a "
     "cycle"},
    {"a: relu from=a", "net:1: 'a' reads itself"},
    {"def f(n) { conv n 1 from=x }\n\nf 3", "net:1: unknown label 'x' (in f, called on line 3)"},
    {"a: conv 3 3; relu; b: conv 3 5 from=input\nsum from=a,b",
     "net:2: sum: branches differ in shape: 3x14x14 and 3x12x12 (a is 3x14x14, b is 3x12x12)"},
    {"a: maxpool 8; l: { b: conv 3 3 from=a }",
     "net:1: conv: kernel 3x3 does not fit into 2x2 (pad 0) (a is 3x2x2)"},
    {"relu; tanh; relu from=relu1,tanh1", "net:1: relu: it reads one value, from= names 2"},
    {"relu; tanh; shortcut 4 from=relu1,tanh1",
     "net:1: shortcut: it begins at one value, from= names 2"},
    {"relu; sum from=relu1,input { relu }", "net:1: sum takes no { block }"},
    {"relu; sum from=relu1", "net:1: sum: '{' is missing"},
    {"relu; sum from=relu1,,input", "net:1: from=: a label is missing"},
    {"relu; sum from=relu1, { relu }", "net:1: sum takes no { block }"},
    {"relu; relu from=relu1 from=input", "net:1: relu: from is given twice"},
    {"relu from=relu(i)", "net:1: unknown name 'i' in 'relu(i)' (known here: classes)"},
    {"aux 0.3 { a: conv 4 1; dense 5 }; relu from=a; dense 5",
     "net:1: 'a' is inside of an aux, which is there in training only"},
    {"aux 0.3 { a: conv 4 1; dense 5 }; aux 0.3 { relu from=a; dense 5 }; dense 5",
     "net:1: 'a' is inside of an aux, which is there in training only"},
    {"def f(act) { act }; f 3",
     "net:1: 'act' is a number here, not the word of a layer (in f, called "
     "on line 1)"},
    {"def f(act) { conv act 1 }; f relu",
     "net:1: conv: filters: 'act' is the word relu here, not a "
     "number (in f, called on line 1)"},
    {"def f(act) { act }; f rleu",
     "net:1: f: act: 'rleu' is not a number (names known here: classes)"},
    {"def f(act) { act }; f mse",
     "net:1: f: act: 'mse' is not a number (names known here: classes)"},
    {"def f(act) { act 3 }; f relu",
     "net:1: relu: '3' is one argument too many; it is: relu (in f, "
     "called on line 1)"},
    {"def f(g) { g g }; f f",
     "net:1: more than 64 levels of blocks and calls (in f, called on line 1)"},
    {"identity 3", "net:1: identity: '3' is one argument too many"},
    {"a: relu; a: none",
     "net:1: the label 'a' is taken (line 1); a label around a repeat or a call "
     "keeps the labels inside apart"},
    {"relu; xent from=input", "net:1: xent: unknown key 'from'; it is: xent [smooth=]"},
    {"linear 10", "net:1: unknown layer 'linear': it is dense here"},
    {"FC 10", "net:1: unknown layer 'FC': it is dense here"},
    {"batch_norm", "net:1: unknown layer 'batch_norm': it is bn here"},
    {"global_avgpool", "net:1: unknown layer 'global_avgpool': it is avgpool global here"},
    {"GlobalAveragePooling2D",
     "net:1: unknown layer 'GlobalAveragePooling2D': it is avgpool global here"},
    {"add", "net:1: unknown layer 'add': it is sum here"},
};

static struct cnn_graph_config config = {.input = {3, 16, 16}, .with_loss = 1};

/* What a text prints as builds the same text again. */
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
        cnn_graph_free(again);
        cnn_graph_free(g);
    }
}

static void every_mistake(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct cnn_graph *g;
        assert_int_equal(cnn_graph_build(mistakes[i].text, &config, &g), CNN_EDATA);
        if (strcmp(cnn_error_message(), mistakes[i].message))
            fail_msg("%s\nis:  %s\nnot: %s", mistakes[i].text, cnn_error_message(),
                     mistakes[i].message);
    }
}

/* The same layers, read in the same places. */
static void same_graph(const char *text, const char *other)
{
    struct cnn_graph *a = build(text), *b = build(other);
    assert_int_equal(a->nodes, b->nodes);
    assert_int_equal(a->output, b->output);
    for (int i = 1; i < a->nodes; i++) {
        assert_ptr_equal(a->node[i].layer.type, b->node[i].layer.type);
        assert_int_equal(a->node[i].layer.inputs, b->node[i].layer.inputs);
        assert_true(cnn_chw_equal(a->node[i].layer.out, b->node[i].layer.out));
        for (int k = 0; k < a->node[i].layer.inputs; k++)
            assert_int_equal(a->node[i].in[k], b->node[i].in[k]);
    }
    cnn_graph_free(a);
    cnn_graph_free(b);
}

static void what_blocks_say(void **state)
{
    (void)state;
    same_graph("conv 4 1; sum { conv 4 3 pad=1; bn } { }; relu",
               "a: conv 4 1; conv 4 3 pad=1; b: bn; sum from=b,a; relu");
    same_graph("concat { } { conv 8 3 pad=1; concat { } { conv 4 3 pad=1; relu } }; conv 5 1",
               "u: conv 8 3 pad=1; conv 4 3 pad=1; relu; v: concat from=u,relu1\n"
               "concat from=input,v; conv 5 1");
}

/* Labels inside of aux name nothing where there is no training. */
static void labels_of_aux(void **state)
{
    (void)state;
    for (int with = 0; with < 2; with++) {
        struct cnn_graph *g =
            build_as("aux 0.5 { a: conv 4 1; relu; b: dense 5 from=a }; c: dense 5",
                     (struct cnn_graph_config){.input = {3, 4, 4}, .with_loss = with});
        assert_int_equal(cnn_graph_find(g, "a"), with ? 1 : -1);
        assert_int_equal(cnn_graph_find(g, "b"), with ? 3 : -1);
        assert_int_equal(cnn_graph_find(g, "c"), with ? 4 : 1);
        assert_int_equal(g->node[g->output].in[0], 0);
        cnn_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_prints),
        cmocka_unit_test(every_mistake),
        cmocka_unit_test(what_blocks_say),
        cmocka_unit_test(labels_of_aux),
    };
    return cmocka_run_group_tests_name("netlang_names", tests, NULL, NULL);
}
