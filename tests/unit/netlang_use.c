/* Definitions of other texts: of files beside the net, of the zoo. */
#include <string.h>

#include "net_build.h"

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Of a file beside the net, which uses another and is used by it; and of the zoo. */
static void defs_of_other_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"use ./names_a.net; a 4 99", "./names_b.net:1: conv: kernel 99x99 does not fit into 16x16 "
                                      "(pad 0) (in a, called on line 1 "
                                      "of ./my.net)"},
        {"use ./names_a.net\ndef b(n) { relu }; a 4",
         "./my.net:2: def b: there is one already (line 1 of ./names_b.net)"},
        {"use ./names_c.net; relu", "./names_c.net:2: unknown layer 'cnov' (did you mean conv?)"},
        {"use ./names_d.net; relu", "./names_d.net:1: '}' without '{'"},
        {"use resnat; relu", "./my.net:1: use: 'resnat' is nothing of the zoo; a file is ./NAME"},
        {"use; relu", "./my.net:1: use: a name is missing"},
        {"use resnet vgg; relu", "./my.net:1: use: 'vgg' is one argument too many"},
        {"{ use resnet }; relu", "./my.net:1: use stands outside of all blocks"},
        {"x: use resnet; relu", "./my.net:1: use takes no label"},
        {"def use { relu }; relu", "./my.net:1: def use: the language has this word already"},
    };
    struct cnn_graph_config beside = {.name = "./my.net", .input = {3, 16, 16}};
    struct cnn_graph *g, *h;
    write_text("names_a.net", "use ./names_b.net\ndef a(n, k=1) { b n k; relu }\na 3\n");
    write_text("names_b.net", "def b(n, k) { conv n k }; use ./names_a.net\n");
    write_text("names_c.net", "\ndef c { cnov }");
    write_text("names_d.net", "def c { relu } }");
    assert_int_equal(
        cnn_graph_build("use ./names_a.net; use ./names_b.net; a 4; b 5 1", &beside, &g), 0);
    assert_string_equal(g->print, "input 3x16x16\nconv 4 1\nrelu\nconv 5 1\n");
    cnn_graph_free(g);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(cnn_graph_build(wrong[i].text, &beside, &g), CNN_EDATA);
        assert_string_equal(cnn_error_message(), wrong[i].message);
    }
    assert_int_equal(cnn_graph_build("use ./names_e.net; relu", &beside, &g), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "./my.net:1: use: ./names_e.net: "));
    beside.alone = 1; /* as the text of a model, which comes from anywhere */
    assert_int_equal(cnn_graph_build("use ./names_a.net; relu", &beside, &g), CNN_EDATA);
    assert_string_equal(cnn_error_message(), "./my.net:1: use: this text has to stand for itself");
    beside.alone = 0;
    for (char c = 'a'; c <= 'd'; c++) {
        char path[] = "names_a.net";
        path[6] = c;
        remove(path);
    }
    g = build("use resnet; l: stage basic 2 8 2");
    h = build("use resnet18; l: { 0: basic 8 2; 1: basic 8 }");
    assert_string_equal(g->print, h->print);
    cnn_graph_free(g);
    cnn_graph_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defs_of_other_texts),
    };
    return cmocka_run_group_tests_name("netlang_use", tests, NULL, NULL);
}
