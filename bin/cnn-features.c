/* cnn-features: write down what a net makes of samples at chosen layers. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cli_samples.h"
#include "task/features/features.h"

struct args {
    struct cnn_features_options o;
    const char *on_bad;
    int quiet;
};

static const struct cnn_option options[] = {
    CNN_OPTION_HEADING("Features"),
    CNN_OPTION_TEXTS("layer", struct args, o.layer, .letter = 'l', .metavar = "NAME",
                     .help = "a layer by its label or a pattern such as 'layer4.*'; 'output', "
                             "'logits' (repeatable)"),
    CNN_OPTION_FLAG("pool", struct args, o.pool, "0",
                    .help = "one value for all positions of each channel"),
    CNN_OPTION_CHOICE("pooling", struct args, o.pooling, "avg", CNN_FEATURES_POOLINGS,
                      .metavar = "HOW",
                      .help = "what that is: avg, max, or gem, the generalized mean"),
    CNN_OPTION_REAL("gem-power", struct args, o.gem_power, "3", .min = 1, .max = 1000,
                    .metavar = "P", .help = "the power of the generalized mean"),
    CNN_OPTION_FLAG("l2", struct args, o.l2, "0", .help = "bring rows to a length of 1"),
    CNN_OPTION_FLAG("concat", struct args, o.concat, "0",
                    .help = "several layers side by side in one output, not a file for each"),
    CNN_OPTION_HEADING("Principal components"),
    CNN_OPTION_INT(
        "fit-pca", struct args, o.components, "0", .min = 0, .max = 1 << 20, .metavar = "K",
        .help = "without MODEL: find the K principal components of INPUT's rows, and write them "
                "as a model to FILE"),
    CNN_OPTION_FLAG("whiten", struct args, o.whiten, "0",
                    .help = "bring each component to a variance of 1"),
    CNN_OPTION_HEADING("Output"),
    CLI_OUTPUT(struct args, o.output, "write to FILE, whole or not at all, not to stdout"),
    CNN_OPTION_CHOICE("format", struct args, o.format, "auto", CNN_FEATURES_FORMATS, .letter = 'f',
                      .metavar = "FORMAT",
                      .help =
                          "how features are written (auto: by FILE's extension, tsv on stdout)"),
    CNN_OPTION_FLAG("incremental", struct args, o.incremental, "0",
                    .help = "compute only files whose contents FILE.npy has no rows of yet"),
    CNN_OPTION_CHOICE("vanished", struct args, o.vanished, "keep", CNN_FEATURES_VANISHED,
                      .metavar = "WHAT",
                      .help = "what becomes of rows whose files are gone: keep, drop"),
    CNN_OPTION_FLAG("float16", struct args, o.half, "0", .help = "numbers of npy take 2 bytes"),
    CNN_OPTION_HEADING("Running"),
    CNN_OPTION_TEXT("labels", struct args, o.labels, "", .metavar = "FILE",
                    .help = "the labels of an IDX file, when they are not where they usually are"),
    CLI_SIZE(struct args, o.size),
    CLI_DENSE(struct args, o.dense),
    CNN_OPTION_INT("batch", struct args, o.batch, "64", .min = 1, .max = 1 << 20, .letter = 'b',
                   .metavar = "N", .help = "samples that are computed together"),
    CNN_COMPUTE_OPTIONS(struct args, o.compute),
    CLI_ON_BAD(struct args, on_bad),
    CLI_STRICT(struct args, o.strict),
    CLI_QUIET(struct args, quiet),
    CNN_OPTION_END,
};

static const struct cnn_need needs[] = {
    {"pooling", "pool"},         {"gem-power", "pooling=gem"},
    {"whiten", "fit-pca"},       {"layer", "!fit-pca"},
    {"pool", "!fit-pca"},        {"concat", "!fit-pca"},
    {"l2", "!fit-pca"},          {"float16", "!fit-pca"},
    {"format", "!fit-pca"},      {"size", "!fit-pca"},
    {"dense", "!fit-pca"},       {"batch", "!fit-pca"},
    {"labels", "!fit-pca"},      {"exact-conv", "!fit-pca"},
    {"tune", "!fit-pca"},        {"vanished", "incremental"},
    {"incremental", "!fit-pca"}, {"device", "!fit-pca"},
    {"precision", "!fit-pca"},   {NULL, NULL},
};

static const struct cli_program program = {
    .name = "cnn-features",
    .synopsis = "[OPTION]... MODEL INPUT... --layer NAME [-o FILE]\n--fit-pca K [OPTION]... "
                "INPUT... -o FILE",
    .summary = "write what a net makes of samples at chosen layers",
    .options = options,
    .needs = needs,
};

static int features(struct args *a)
{
    struct cli_samples samples;
    struct cnn_callbacks cb = CLI_SAMPLES_CALLBACKS(&samples);
    enum cnn_features_format format;
    int to_terminal = !a->o.output[0] && isatty(STDOUT_FILENO);
    int rc = a->o.components ? 0 : cnn_features_choose_format(&a->o, &format);
    if (!rc && !a->o.components && to_terminal && format == CNN_FEATURES_TAR)
        rc = cnn_fail(CNN_EUSAGE, "tar goes to a file (--output) or a pipe, not to a terminal");
    if (rc)
        return rc;
    a->o.bad_list = cli_bad_list(a->on_bad);
    rc = cli_samples_open(&samples, &program, a->quiet, a->on_bad, &a->o.skip_bad,
                          to_terminal ? NULL : "features");
    if (!rc)
        rc = a->o.components ? cnn_features_fit_pca(&a->o, &cb)
                             : cnn_features(&a->o, &cb, stdout, "standard output");
    return cli_samples_close(&samples, rc);
}

int main(int argc, char **argv)
{
    struct args args = {0};
    int first = 0;
    cli_catch_signals();
    int status = cli_parse(&program, argc, argv, &args, NULL, &first);
    int model = !args.o.components; /* the first operand */
    if (status < 0 && model && first == argc) {
        status = cli_usage(&program, "no MODEL");
    } else if (status < 0) {
        args.o.model = model ? argv[first] : NULL;
        args.o.input = argv + first + model;
        if (!strcmp(args.o.output, "-"))
            args.o.output = "";
        args.o.inputs = (size_t)(argc - first - model);
        status = cli_end(&program, features(&args));
    }
    cnn_strings_free(&args.o.layer);
    return status;
}
