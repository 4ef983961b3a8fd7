/* cnn-inspect: what is in a model, a net or a file of tensors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/unicode.h"
#include "cli.h"
#include "task/inspect.h"
#include "task/inspect_runs.h"

struct args {
    const char *filters, *input;
    long long classes_given, batch, depth;
    struct cnn_compute compute;
    int time, training;
    int layers, windows, tensors, check, classes, history, meta, print, dot, diff, json, zoo, runs;
};

#define FIELD(name) offsetof(struct args, name)
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
    FLAG("history", history, "the commands that made the model"),
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
    FLAG("runs", runs, "a table of runs from their logs (cnn-train --log), the best first"),
    FLAG("zoo", zoo, "list the built-in nets, or print the text of one"),
    CLI_HEADING("How --time runs the net"),
    {"batch", CNN_OPT_INT, FIELD(batch), "16", 1, 1 << 20, NULL, 0, 'b', "N",
     "samples that are computed together"},
    FLAG("training", training, "train: forward, backward and update"),
    CNN_COMPUTE_OPTIONS(struct args, compute),
    CLI_HEADING("Nets whose text leaves it open"),
    {"input", CNN_OPT_TEXT, FIELD(input), "", 0, 0, NULL, 0, 0, "CxHxW", "the input's shape"},
    {"outputs", CNN_OPT_INT, FIELD(classes_given), "0", 0, 1e6, NULL, 0, 0, "N",
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
    TIME_ONLY("batch"),     TIME_ONLY("training"), TIME_ONLY("exact-conv"),
    TIME_ONLY("tune"),      TIME_ONLY("threads"),  TIME_ONLY("device"),
    TIME_ONLY("precision"), TEXT_PART("layers"),   TEXT_PART("tensors"),
    TEXT_PART("classes"),   TEXT_PART("history"),  TEXT_PART("meta"),
    {"layers", "!json"},    {"classes", "!json"},  {"history", "!json"},
    {"meta", "!json"},      {"check", "!diff"},    {"check", "!filters"},
    {"check", "!zoo"},      {"input", "!zoo"},     {"outputs", "!zoo"},
    {"time", "!zoo"},       {"print", "!zoo"},     {"dot", "!zoo"},
    {"diff", "!zoo"},       {"filters", "!zoo"},   {NULL, NULL},
};

static const struct cli_program program = {
    .name = "cnn-inspect",
    .synopsis = "[OPTION]... MODEL|NET|TENSORS\n--time [OPTION]... MODEL|NET\n--filters LAYER "
                "MODEL PICTURE\n"
                "--diff A B\n--runs LOG...\n--zoo [NAME]",
    .summary = "tell what a model, a net or a file of tensors is made of",
    .options = options,
    .needs = needs,
};

static unsigned chosen_parts(const struct args *a)
{
    unsigned parts = 0;
    parts |= a->layers || a->windows || a->depth ? CNN_INSPECT_LAYERS : 0;
    parts |= a->windows ? CNN_INSPECT_WINDOWS : 0;
    parts |= a->tensors ? CNN_INSPECT_LIST : 0;
    parts |= a->meta ? CNN_INSPECT_META : 0;
    parts |= a->classes ? CNN_INSPECT_CLASSES : 0;
    parts |= a->history ? CNN_INSPECT_HISTORY : 0;
    return parts;
}

static unsigned usual_parts(const struct cnn_inspect *in)
{
    return in->graph ? CNN_INSPECT_LAYERS | CNN_INSPECT_SUMMARY : CNN_INSPECT_LIST;
}

static int print_one(const struct args *a, struct cnn_inspect *in, struct cnn_buf *out)
{
    unsigned parts = chosen_parts(a);
    unsigned wanted = parts | (a->print ? CNN_INSPECT_LAYERS : 0);
    in->depth = (size_t)a->depth;
    int rc = cnn_inspect_require(in, wanted | (a->check ? CNN_INSPECT_LIST : 0));
    if (!rc && (a->tensors || a->check))
        rc = cnn_inspect_measure(in);
    if (rc)
        return rc;
    if (a->json)
        rc = cnn_inspect_json(in, out);
    else if (a->dot)
        rc = cnn_inspect_dot(in, out);
    else if (a->print)
        cnn_buf_puts(out, in->graph->print);
    else
        cnn_inspect_text(in, parts || a->check ? parts : usual_parts(in), out);
    return !rc && a->check ? cnn_inspect_check(in) : rc;
}

static int print_times(const struct args *a, const struct cnn_inspect *in, struct cnn_buf *out)
{
    struct cnn_time_options o = {
        .batch = (size_t)a->batch, .compute = a->compute, .training = a->training, .seconds = 1};
    struct cnn_buf note = {0};
    int rc = cnn_inspect_time(in, &o, a->json, &note, out);
    if (note.size)
        cli_note(&program, "%s", note.text);
    cnn_buf_free(&note);
    return rc;
}

/* "3x32x32" or "512", as in the input line of a net: let the language read it. */
static int read_shape(const char *text, struct cnn_chw *out)
{
    struct cnn_graph *g = NULL;
    struct cnn_buf net = {0};
    if (!text[0])
        return 0;
    cnn_buf_printf(&net, "input %s; flatten", text);
    struct cnn_graph_config config = {.name = "--input"};
    int rc = net.failed || strpbrk(text, " ;\n#{}") ? CNN_EUSAGE
                                                    : cnn_graph_build(net.text, &config, &g);
    if (rc)
        rc = cnn_fail(CNN_EUSAGE, "--input: '%s' is no shape such as 3x32x32 or 512", text);
    else
        *out = g->input.shape;
    cnn_graph_free(g);
    cnn_buf_free(&net);
    return rc;
}

/* One or two operands; what was printed before an error is still shown. */
static int inspect(const struct args *a, char **operand, struct cnn_buf *out)
{
    struct cnn_inspect_options o = {.classes = (size_t)a->classes_given,
                                    .with_loss = a->time && a->training};
    struct cnn_inspect *first = NULL, *second = NULL;
    int rc = read_shape(a->input, &o.input);
    if (!rc)
        rc = cnn_inspect_open(operand[0], &o, &first);
    if (!rc && a->diff)
        rc = cnn_inspect_open(operand[1], &o, &second);
    if (!rc && a->diff)
        rc = cnn_inspect_diff(first, second, out);
    else if (!rc && a->filters[0])
        rc = cnn_inspect_filters(first, a->filters, operand[1]);
    else if (!rc && a->time)
        rc = print_times(a, first, out);
    else if (!rc)
        rc = print_one(a, first, out);
    cnn_inspect_close(first);
    cnn_inspect_close(second);
    return rc;
}

static int show_zoo(const struct args *a, const char *name, struct cnn_buf *out)
{
    const struct cnn_zoo_entry *e = name ? cnn_zoo_find(name) : NULL;
    if (name && !e)
        return cnn_fail(CNN_ENOINPUT, "%s: no such net in the zoo (cnn-inspect --zoo lists them)",
                        name);
    if (name)
        cnn_buf_puts(out, e->text);
    else if (a->json)
        return cnn_inspect_zoo_json(out);
    else
        cnn_inspect_zoo_text(out);
    return 0;
}

/* Operands that the options ask for: exactly `n`, or an error in words. */
static int check_operands(const struct args *a, int n)
{
    int modes = a->print + a->dot + a->diff + (a->json && !a->time) + (a->filters[0] != 0);
    if (a->runs && (modes || a->zoo || a->time || chosen_parts(a) || a->check))
        return cli_usage(&program, "--runs prints its table only");
    if (a->runs)
        return n ? -1 : cli_usage(&program, "--runs takes logs of cnn-train");
    if (a->zoo)
        return n > 1 ? cli_usage(&program, "--zoo takes one name at most") : -1;
    if (a->time && (modes || chosen_parts(a) || a->check))
        return cli_usage(&program, "--time prints times only, as text or with --json");
    if ((a->windows || a->depth) &&
        (a->time || a->print || a->dot || a->diff || a->filters[0] || (a->windows && a->json)))
        return cli_usage(&program, a->windows && a->json
                                       ? "--json has windows always, without --windows"
                                       : "--windows and --depth are for the layer table");
    if (modes > 1)
        return cli_usage(&program,
                         "--print, --dot, --json, --diff and --filters exclude each other");
    if (a->diff)
        return n != 2 ? cli_usage(&program, "--diff takes two operands") : -1;
    if (a->filters[0])
        return n != 2 ? cli_usage(&program, "--filters takes a model and a file to write") : -1;
    if (n != 1)
        return cli_usage(&program, n ? "more than one operand" : "no MODEL, NET or TENSORS");
    return -1;
}

/* What people read, and what goes to a terminal, is shown; what programs read stays as it is. */
static int put(const struct args *a, const struct cnn_buf *out)
{
    struct cnn_buf shown = {0};
    unsigned parts = chosen_parts(a);
    int read = a->json || a->print || a->dot || a->zoo || a->runs || parts == CNN_INSPECT_CLASSES ||
               parts == CNN_INSPECT_HISTORY;
    if (read && !isatty(STDOUT_FILENO)) {
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
    struct args args = {0};
    struct cnn_buf out = {0};
    int first = 0, rc;
    cli_catch_signals();
    int status = cli_parse(&program, argc, argv, &args, NULL, &first);
    if (status < 0)
        status = check_operands(&args, argc - first);
    if (status >= 0)
        return status;
    if (args.runs)
        rc = cnn_inspect_runs(argv + first, (size_t)(argc - first), &out);
    else
        rc = args.zoo ? show_zoo(&args, argc > first ? argv[first] : NULL, &out)
                      : inspect(&args, argv + first, &out);
    if (out.failed && !rc)
        rc = CNN_ESYSTEM;
    if (out.size && (!rc || rc == CNN_ENEGATIVE))
        rc = put(&args, &out) ? CNN_ESYSTEM : rc;
    cnn_buf_free(&out);
    return cli_end(&program, rc);
}
