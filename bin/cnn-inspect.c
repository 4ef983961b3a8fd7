/* cnn-inspect: what is in a model, a net or a file of tensors. */
#include <stdio.h>
#include <unistd.h>

#include "base/unicode.h"
#include "cli.h"
#include "task/inspect/request.h"

#define FIELD(name) offsetof(struct cnn_inspect_request, name)
#define FLAG(word, field, text)                                                                    \
    {                                                                                              \
        word, CNN_OPT_FLAG, FIELD(field), "0", 0, 1, NULL, 0, 0, NULL, text                        \
    }

static const struct cnn_option options[] = {
    CLI_HEADING("What to print"),
    FLAG("layers", layers, "the layer table and its totals (the default where there is a net)"),
    FLAG("windows", windows, "kernel, stride, padding and receptive field in the layer table, too"),
    {"depth", CNN_OPT_INT, FIELD(depth), "0", 0, 100, NULL, 0, 0, "N",
     "a row of the layer table sums up what shares the first N parts of its label (0: nothing)"},
    FLAG("tensors", tensors, "the tensors with their statistics"),
    FLAG("classes", classes, "the class list, one a line"),
    FLAG("meta", meta, "all metadata"),
    FLAG("print", print, "the net's text, expanded"),
    FLAG("dot", dot, "the net as a graph, for graphviz's dot"),
    FLAG("json", json, "everything, as JSON"),
    CLI_HEADING("What to do"),
    FLAG("time", time, "run the net and print where the time goes, step by step"),
    FLAG("check", check, "exit with status 1 when a tensor holds NaN or infinity"),
    FLAG("diff", diff, "print what differs between two; exit with status 1 when something does"),
    {"filters", CNN_OPT_TEXT, FIELD(filters), "", 0, 0, NULL, 0, 0, "LAYER",
     "picture the layer's weights in the file named last (PNG, SVG or PDF)"},
    FLAG("history", history,
         "a shell script that makes the model again (from the paths named behind it)"),
    FLAG("runs", runs,
         "a table of runs from their logs (cnn-train --log) or models, the best first"),
    FLAG("zoo", zoo, "list the built-in nets, or print the text of one"),
    CLI_HEADING("How --time runs the net"),
    {"batch", CNN_OPT_INT, FIELD(batch), "16", 1, 1 << 20, NULL, 0, 'b', "N",
     "samples that are computed together"},
    FLAG("training", training, "train: forward, backward and update"),
    CNN_COMPUTE_OPTIONS(struct cnn_inspect_request, compute),
    CLI_HEADING("Nets whose text leaves it open"),
    {"input", CNN_OPT_TEXT, FIELD(input), "", 0, 0, NULL, 0, 0, "CxHxW", "the input's shape"},
    {"outputs", CNN_OPT_INT, FIELD(outputs), "0", 0, 1e6, NULL, 0, 0, "N",
     "how many classes there are"},
    CNN_OPTION_END,
};

/* Parts of the usual text, which the other forms do not print. */
#define TEXT_PART(name)                                                                            \
    {name, "!print"}, {name, "!dot"}, {name, "!diff"}, {name, "!filters"},                         \
    {                                                                                              \
        name, "!zoo"                                                                               \
    }
#define TIME_ONLY(name)                                                                            \
    {                                                                                              \
        name, "time"                                                                               \
    }

static const struct cnn_need needs[] = {
    TIME_ONLY("batch"),   TIME_ONLY("training"), TIME_ONLY("exact-conv"), TIME_ONLY("tune"),
    TIME_ONLY("threads"), TIME_ONLY("device"),   TIME_ONLY("precision"),  TEXT_PART("layers"),
    TEXT_PART("tensors"), TEXT_PART("classes"),  TEXT_PART("meta"),       {"layers", "!json"},
    {"classes", "!json"}, {"meta", "!json"},     {"check", "!diff"},      {"check", "!filters"},
    {"check", "!zoo"},    {"input", "!zoo"},     {"outputs", "!zoo"},     {"time", "!zoo"},
    {"print", "!zoo"},    {"dot", "!zoo"},       {"diff", "!zoo"},        {"filters", "!zoo"},
    {NULL, NULL},
};

static const struct cli_program program = {
    .name = "cnn-inspect",
    .synopsis = "[OPTION]... MODEL|NET|TENSORS\n--time [OPTION]... MODEL|NET\n--filters LAYER "
                "MODEL PICTURE\n"
                "--diff A B\n--history MODEL [PATH]...\n--runs LOG|MODEL...\n--zoo [NAME]",
    .summary = "tell what a model, a net or a file of tensors is made of",
    .options = options,
    .needs = needs,
};

/* What people read, and what goes to a terminal, is shown; what programs read stays as it is. */
static int put(const struct cnn_inspect_request *r, const struct cnn_buf *out)
{
    struct cnn_buf shown = {0};
    if (cnn_inspect_request_is_data(r) && !isatty(STDOUT_FILENO)) {
        fwrite(out->text, 1, out->size, stdout);
        return 0;
    }
    cnn_buf_show_lines(&shown, out->text);
    if (!shown.failed)
        fwrite(shown.text, 1, shown.size, stdout);
    int failed = shown.failed;
    cnn_buf_free(&shown);
    return failed;
}

int main(int argc, char **argv)
{
    struct cnn_inspect_request request = {0};
    struct cnn_buf note = {0}, out = {0};
    int first = 0;
    cli_catch_signals();
    int status = cli_parse(&program, argc, argv, &request, NULL, &first);
    if (status >= 0)
        return status;
    char *const *operand = argv + first;
    size_t count = (size_t)(argc - first);
    if (cnn_inspect_request_check(&request, count))
        return cli_usage(&program, "%s", cnn_error_message());
    int rc = cnn_inspect_request_answer(&request, operand, count, &note, &out);
    if (note.size)
        cli_note(&program, "%s", note.text);
    if (out.size && (!rc || rc == CNN_ENEGATIVE))
        rc = put(&request, &out) ? CNN_ESYSTEM : rc;
    cnn_buf_free(&note);
    cnn_buf_free(&out);
    return cli_end(&program, rc);
}
