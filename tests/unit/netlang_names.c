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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_prints),
        cmocka_unit_test(every_mistake),
    };
    return cmocka_run_group_tests_name("netlang_names", tests, NULL, NULL);
}
