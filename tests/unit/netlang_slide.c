/* Nets that slide over larger inputs: what their layers become, what cannot slide, and that the text of such
 * a net makes it again. */
#include "net_build.h"

#include "base/error.h"

static struct cnn_graph *slid(const char *text)
{
    const struct cnn_graph_config config = {.input = {3, 16, 16}};
    struct cnn_graph *g;
    if (cnn_graph_slide(text, &config, &g))
        fail_msg("%s", cnn_error_message());
    return g;
}

/* Behind the line of the input. */
static void becomes(void **state)
{
    static const struct {
        const char *text, *print;
    } cases[] = {
        {"conv 4 3; dense 5; relu; dense 6 bias=0",
         "conv 4 3\ndense1: conv 5 14\nrelu\ndense2: conv 6 1 bias=0\n"},
        {"maxpool 2x4; flatten; dropout 0.5; fc: dense 5",
         "maxpool 2x4\ndropout\nfc: conv 5 8x4\n"},
        {"conv 4 3 stride=2; avgpool global; dense 5; softmax",
         "conv 4 3 stride=2\navgpool 7 stride=1\ndense1: conv 5 1\nsoftmax\n"},
        {"maxpool 4; avgpool 4 divisor=3; dense 5",
         "maxpool 4\navgpool 4 stride=1 divisor=3\ndense1: conv 5 1\n"},
        {"adaptiveavgpool 16; adaptiveavgpool 4; adaptiveavgpool 1; dense 5",
         "adaptiveavgpool2: avgpool 4\nadaptiveavgpool3: avgpool 4 stride=1\ndense1: conv 5 1\n"},
        /* Names stay, whatever is counted; what was named is there under that name. */
        {"b: { dense 4; conv 3 1; relu }; conv 2 1; f: flatten; relu from=f",
         "b: {\n  dense1: conv 4 16\n  conv1: conv 3 1\n  relu\n}\nconv1: conv 2 1\nf: identity\n"
         "relu\n"},
        /* Behind a plane that became a vector: what sees each element by itself, and the next layer
         * that sees all. */
        {"maxpool 2; flatten; relu; dropout 0.5; celu; factor 2; flatten; dense 5; softmax",
         "maxpool 2\nrelu\ndropout\ncelu\nfactor 2\ndense1: conv 5 8\nsoftmax\n"},
        {"concat { maxpool 4; flatten } { avgpool 4; flatten; tanh }; dense 5",
         "concat {\n  maxpool 4\n} {\n  avgpool 4\n  tanh\n}\ndense1: conv 5 4\n"},
        {"d: dense 4 rate=2; relu; e: dense 4; dense 4 share=e; sum from=dense3,e",
         "d: conv 4 16 rate=2\nrelu\ne: conv 4 1\ndense3: conv 4 1 share=e\nsum from=dense3,e\n"},
        {"mul { conv 4 1 } { conv 4 1; sigmoid }; dense 3",
         "mul {\n  conv 4 1\n} {\n  conv 4 1\n  sigmoid\n}\ndense1: conv 3 16\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cnn_graph *g = slid(cases[i].text), *own = build(cases[i].text);
        struct cnn_graph *again = build_as(g->print, (struct cnn_graph_config){.name = "again"});
        assert_string_equal(strchr(g->print, '\n') + 1, cases[i].print);
        assert_string_equal(again->print, g->print);
        assert_int_equal(again->nodes, g->nodes);
        assert_true(cnn_chw_equal(g->node[g->output].layer.out, own->node[own->output].layer.out));
        for (int n = 0; n < g->nodes; n++) {
            const struct cnn_layer *l = &g->node[n].layer;
            int before = cnn_graph_find(own, l->name);
            assert_string_equal(again->node[n].layer.name, l->name);
            assert_true(before >= 0);
            for (int k = 0; k < l->params; k++)
                assert_int_equal(cnn_shape_count(&l->param[k].shape),
                                 cnn_shape_count(&own->node[before].layer.param[k].shape));
        }
        cnn_graph_free(again);
        cnn_graph_free(own);
        cnn_graph_free(g);
    }
}

/* Its text takes a larger input. */
static void larger(void **state)
{
    (void)state;
    struct cnn_graph *g = slid("conv 4 5; maxpool 2; flatten; dense 7; relu; dense 5");
    struct cnn_graph *at = build_as(g->print, (struct cnn_graph_config){.size = {20, 31}});
    struct cnn_chw out = at->node[at->output].layer.out;
    assert_int_equal(out.c, 5);
    assert_int_equal(out.h, 3);
    assert_int_equal(out.w, 8);
    struct cnn_receptive_field *f = cnn_graph_fields(g);
    assert_non_null(f);
    assert_int_equal(f[g->output].step[0], 2);
    assert_int_equal(f[g->output].size[1], 16);
    assert_int_equal(cnn_graph_padded(g), -1);
    free(f);
    cnn_graph_free(at);
    cnn_graph_free(g);
}

static void padded(void **state)
{
    static const struct {
        const char *text;
        int node;
    } cases[] = {
        {"conv 4 3; conv 4 3 pad=1; dense 5", 2},
        {"pad 1; conv 4 3; dense 5", 1},
        {"conv 4 3; maxpool 3 stride=2 ceil=1; dense 5", 2},
        {"conv 4 3; maxpool 3 stride=2; aux 0.3 { conv 4 3 pad=1; dense 5 }; dense 5", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cnn_graph *g = slid(cases[i].text);
        assert_int_equal(cnn_graph_padded(g), cases[i].node);
        cnn_graph_free(g);
    }
}

#define VECTOR   " the vector that a plane becomes"
#define TOGETHER " cannot slide: it takes together the elements of" VECTOR

static void cannot(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"conv 4 3; instancenorm; dense 5",
         "net:1: instancenorm1 cannot slide: it takes all of a plane, 4x14x14, together"},
        {"se: mul { } { avgpool global }; dense 5",
         "net:1: se cannot slide: each channel is multiplied by a number that is made of the whole "
         "plane"},
        {"a: adaptiveavgpool 5; dense 5",
         "net:1: a cannot slide: the windows that make 5x5 of 16x16 are not alike"},
        {"crop 8; dense 5", "net:1: crop1 cannot slide: 8x8 is its size in any plane"},
        {"upsample size=8x9; dense 5",
         "net:1: upsample1 cannot slide: 8x9 is its size, whatever it reads"},
        {"flatten; bn; dense 5",
         "net: bn1 cannot slide: it has parameters for each element of" VECTOR},
        {"flatten; softmax; dense 5", "net: softmax1" TOGETHER},
        {"flatten; relu; lrn 3; dense 5", "net: lrn1" TOGETHER},
        {"flatten; channelshuffle 3; dense 5", "net: channelshuffle1" TOGETHER},
        {"s: flatten; slice 1 3; dense 5", "net: slice1" TOGETHER},
        {"flatten; s: split 3; dense 5 from=s.1", "net: s" TOGETHER},
        {"flatten; upsample 2; dense 5", "net: upsample1" TOGETHER},
        {"flatten; maxpool 3 stride=1 pad=1; dense 5", "net: maxpool1" TOGETHER},
        {"flatten; adaptiveavgpool 1; relu", "net: adaptiveavgpool1" TOGETHER},
        {"conv 4 3; f: flatten; relu",
         "net: relu1 cannot slide: it is an output, and gives" VECTOR},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cnn_graph_config config = {.input = {3, 16, 16}};
        struct cnn_graph *g;
        assert_int_equal(cnn_graph_slide(cases[i].text, &config, &g), CNN_EDATA);
        assert_string_equal(cnn_error_message(), cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(becomes),
        cmocka_unit_test(larger),
        cmocka_unit_test(padded),
        cmocka_unit_test(cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
