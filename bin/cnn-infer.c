/* cnn-infer: run a model over images, or measure how well it does. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cli_samples.h"
#include "task/infer/infer.h"
#include "task/predictions.h"

struct args {
    struct cnn_infer_options o;
    const char *on_bad;
    int quiet;
};

#define FLAG(name, field, help)                                                                    \
    {                                                                                              \
        name, CNN_OPT_FLAG, offsetof(struct args, o.field), "0", 0, 1, NULL, 0, 0, NULL, help      \
    }
#define TEXT(name, field, metavar, help)                                                           \
    {                                                                                              \
        name, CNN_OPT_TEXT, offsetof(struct args, o.field), "", 0, 0, NULL, 0, 0, metavar, help    \
    }

static const struct cnn_option options[] = {
    CLI_HEADING("Predictions"),
    {"top", CNN_OPT_INT, offsetof(struct args, o.top), "1", 1, 1e9, NULL, 0, 'k', "K",
     "name the K most probable classes"},
    FLAG("probabilities", probabilities, "print the probabilities of all classes"),
    {"format", CNN_OPT_CHOICE, offsetof(struct args, o.format), "tsv", 0, 0,
     CNN_PREDICTIONS_FORMATS, 0, 'f', "FORMAT",
     "how predictions are written (json: an object a line)"},
    FLAG("header", header, "begin TSV with a line of column names, as CSV always does"),
    {"null", CNN_OPT_FLAG, offsetof(struct args, o.nul), "0", 0, 1, NULL, 0, 'z', NULL,
     "end records of TSV with NUL, not newline, and leave names as they are"},
    CLI_OUTPUT(struct args, o.output, "write to FILE, whole or not at all, not to stdout"),
    CLI_HEADING("Evaluation"),
    FLAG("eval", eval, "print how well the model does instead of predictions"),
    {"gate", CNN_OPT_TEXTS, offsetof(struct args, o.gate), NULL, 0, 0, NULL, 0, 'g', "COND",
     "exit with 1 unless COND holds, such as 'top1>=0.91' (loss, top1, top5, error, f1, mse, mae; "
     ">= > <= <; repeatable); implies --eval"},
    FLAG("json", json, "print the evaluation as JSON"),
    TEXT("predictions", predictions, "FILE", "write the predictions to FILE as well"),
    TEXT("confusion", confusion, "FILE", "draw the confusion matrix (PNG, SVG or PDF by the name)"),
    {"target", CNN_OPT_CHOICE, offsetof(struct args, o.target), "auto", 0, 0, CNN_INFER_TARGETS, 0,
     0, "WHAT", "what answers are compared with (auto: classes where the model has them)"},
    CLI_HEADING("Running"),
    FLAG("selftest", selftest, "check the model's answers to the inputs stored in it"),
    {"labels", CNN_OPT_TEXT, offsetof(struct args, o.labels), "", 0, 0, NULL, 0, 0, "FILE",
     "the labels of an IDX file, when they are not where they usually are"},
    {"batch", CNN_OPT_INT, offsetof(struct args, o.batch), "64", 1, 1 << 20, NULL, 0, 'b', "N",
     "samples that are computed together"},
    CNN_COMPUTE_OPTIONS(struct args, o.compute),
    CLI_ON_BAD(struct args, on_bad),
    CLI_STRICT(struct args, o.strict),
    CLI_QUIET(struct args, quiet),
    CNN_OPTION_END,
};

/* Options of predictions, where an evaluation prints none. */
#define WITH_PREDICTIONS(name)                                                                     \
    {name, "!eval,predictions"},                                                                   \
    {                                                                                              \
        name, "!gate,predictions"                                                                  \
    }

static const struct cnn_need needs[] = {
    WITH_PREDICTIONS("top"),    WITH_PREDICTIONS("probabilities"),
    WITH_PREDICTIONS("format"), WITH_PREDICTIONS("header"),
    {"header", "format=tsv"},   {"top", "!probabilities"},
    {"json", "eval,gate"},      {"predictions", "eval,gate"},
    {"confusion", "eval,gate"}, {"target", "eval,gate"},
    {"top", "!selftest"},       {"probabilities", "!selftest"},
    {"format", "!selftest"},    {"header", "!selftest"},
    {"output", "!selftest"},    {"labels", "!selftest"},
    {"on-bad", "!selftest"},    {NULL, NULL},
};

static const struct cli_program program = {
    .name = "cnn-infer",
    .synopsis = "[OPTION]... MODEL INPUT...\n--eval [OPTION]... MODEL INPUT...\n--selftest MODEL",
    .summary = "classify images with a model, or measure how well it does",
    .options = options,
    .needs = needs,
};

/* A progress line and predictions would mix on one terminal. */
static const char *progress_label(const struct cnn_infer_options *o)
{
    int aside = o->eval || o->gate.count || o->output[0] || !isatty(STDOUT_FILENO);
    return aside ? o->eval || o->gate.count ? "evaluate" : "infer" : NULL;
}

static int infer(struct args *a)
{
    struct cli_samples samples;
    struct cnn_callbacks cb = CLI_SAMPLES_CALLBACKS(&samples);
    a->o.bad_list = cli_bad_list(a->on_bad);
    int rc = cli_samples_open(&samples, &program, a->quiet, a->on_bad, &a->o.skip_bad,
                              progress_label(&a->o));
    if (!rc)
        rc = cnn_infer(&a->o, &cb, stdout, "standard output");
    return cli_samples_close(&samples, rc);
}

int main(int argc, char **argv)
{
    struct args args = {0};
    int first = 0;
    cli_catch_signals();
    int status = cli_parse(&program, argc, argv, &args, NULL, &first);
    if (status < 0 && first == argc) {
        status = cli_usage(&program, "no MODEL");
    } else if (status < 0) {
        args.o.model = argv[first];
        args.o.input = argv + first + 1;
        if (!strcmp(args.o.output, "-"))
            args.o.output = "";
        args.o.inputs = (size_t)(argc - first - 1);
        status = cli_end(&program, infer(&args));
    }
    cnn_strings_free(&args.o.gate);
    return status;
}
