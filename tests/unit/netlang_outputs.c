/* Layers with several outputs in the network language: the nodes that they become, what lines call
 * them, and how texts with them are printed. */
#include "net_build.h"

#include "base/error.h"

static void nodes(void **state)
{
    (void)state;
    struct cnn_graph *g =
        build("conv 4 1; s: split 1,3; a: relu; b: conv 2 1 from=s.1; concat from=a,b,s.1,s.0");
    static const char *const names[] = {"input", "conv1", "s", "s.1", "a", "b", "concat1", "loss"};
    static const size_t channels[] = {3, 4, 1, 3, 1, 2, 7, 1};
    static const int port[] = {0, 0, 0, 1, 0, 0, 0, 0};
    assert_int_equal(g->nodes, 8);
    for (int i = 0; i < g->nodes; i++) {
        assert_string_equal(g->node[i].layer.name, names[i]);
        assert_int_equal(g->node[i].layer.out.c, channels[i]);
        assert_int_equal(g->node[i].port, port[i]);
    }
    assert_int_equal(g->node[2].layer.outputs, 2);
    assert_int_equal(g->node[3].in[0], 2);
    assert_int_equal(g->node[4].in[0], 2);
    assert_int_equal(g->node[5].in[0], 3);
    assert_int_equal(g->node[6].in[2], 3);
    assert_int_equal(g->node[6].in[3], 2);
    assert_int_equal(cnn_graph_find(g, "s"), 2);
    assert_int_equal(cnn_graph_find(g, "s.0"), 2);
    assert_int_equal(cnn_graph_find(g, "s.1"), 3);
    assert_int_equal(cnn_graph_find(g, "s.2"), -1);
    cnn_graph_free(g);
}

/* Behind the line of the input; and that line and these make the same again. */
static void prints(void **state)
{
    static const struct {
        const char *text, *print;
    } cases[] = {
        {"split 3; tanh from=split1.2", "split 3\ntanh from=split1.2\n"},
        {"s: split 1,2; relu from=s.0; tanh from=s.0", "s: split 1,2\nrelu\ntanh from=s\n"},
        {"s: split 3; repeat 3 as i { p(i): conv 1+i 1 from=s.(i) }; concat from=p0,p1,p2",
         "s: split 3\np0: conv 1 1\np1: conv 2 1 from=s.1\np2: conv 3 1 from=s.2\n"
         "concat from=p0,p1,p2\n"},
        {"g: { conv 4 1; split 2; relu from=split1.1 }; conv 2 1 from=g.split1.1; output "
         "g.split1.1 conv1",
         "g: {\n  conv 4 1\n  split 2\n  relu from=split1.1\n}\nconv 2 1 from=g.split1.1\n"
         "output g.split1.1 conv1\n"},
        {"s: split 1,2; conv 5 1; dense 2; xent on=s.1 target=a; mse target=b",
         "s: split 1,2\nconv 5 1\ndense 2\nxent on=s.1 target=a\nmse target=b\n"},
        {"s: split 3; aux 0.5 from=s.2 { dense 4 }; dense 4",
         "s: split 3\naux 0.5 from=s.2 {\n  dense 4\n}\ndense 4\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cnn_graph *g = build(cases[i].text), *again = build(g->print);
        assert_string_equal(strchr(g->print, '\n') + 1, cases[i].print);
        assert_string_equal(again->print, g->print);
        assert_int_equal(again->nodes, g->nodes);
        for (int n = 0; n < g->nodes; n++) {
            assert_string_equal(again->node[n].layer.name, g->node[n].layer.name);
            for (int k = 0; k < g->node[n].layer.inputs; k++)
                assert_int_equal(again->node[n].in[k], g->node[n].in[k]);
        }
        cnn_graph_free(again);
        cnn_graph_free(g);
    }
}

static void mistakes(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"s: split 3; relu from=s.3",
         "net:1: 'relu1' reads 's.3', and the outputs of 's' are 0, 1, 2"},
        {"b: {\n  s: split 3\n  t: tanh from=s.x }",
         "net:3: 'b.t' reads 's.x', and the outputs of 'b.s' are 0, 1, 2"},
        {"s: split 3; relu; output s.4",
         "net:1: unknown label 's.4': the outputs of 's' are 0, 1, 2"},
        {"relu from=s.1\ns: split 3",
         "net:1: 'relu1' reads 's.1', which stands further below (line 2): a cycle"},
        {"s: split 3 from=s.1", "net:1: 's' reads itself"},
        {"a: relu; tanh from=a.1", "net:1: unknown label 'a.1'"},
        {"s: split 3; s.1: relu", "net:1: the label 's.1' is taken (line 1); a label around a "
                                  "repeat or a call keeps the labels inside apart"},
        {"split 2", "net:1: split: 3 channels make no 2 parts of the same size"},
        {"split 1", "net:1: split: 1 part: there are 2 to 64"},
        {"split 1,1", "net:1: split: the parts are 2 channels, the input has 3"},
        {"split 1.5,1.5", "net:1: split: parts: 1.5 is no whole number"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cnn_graph_config config = {.input = {3, 16, 16}};
        struct cnn_graph *g;
        assert_int_equal(cnn_graph_build(cases[i].text, &config, &g), CNN_EDATA);
        if (strcmp(cnn_error_message(), cases[i].message))
            fail_msg("%s\nis:  %s\nnot: %s", cases[i].text, cnn_error_message(), cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes),
        cmocka_unit_test(prints),
        cmocka_unit_test(mistakes),
    };
    return cmocka_run_group_tests_name("netlang_outputs", tests, NULL, NULL);
}
