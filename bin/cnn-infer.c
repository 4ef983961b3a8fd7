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

static const struct cnn_option options[] = {
    CNN_OPTION_HEADING("Predictions"),
    CNN_OPTION_INT("top", struct args, o.top, "1", .min = 1, .max = 1e9, .letter = 'k',
                   .metavar = "K", .help = "name the K most probable classes"),
    CNN_OPTION_FLAG("probabilities", struct args, o.probabilities, "0",
                    .help = "print the probabilities of all classes"),
    CNN_OPTION_CHOICE("format", struct args, o.format, "tsv", CNN_RECORDS_FORMATS, .letter = 'f',
                      .metavar = "FORMAT",
                      .help = "how predictions are written (json: an object a line)"),
    CNN_OPTION_FLAG("header", struct args, o.header, "0",
                    .help = "begin TSV with a line of column names, as CSV always does"),
    CNN_OPTION_FLAG("null", struct args, o.nul, "0", .letter = 'z',
                    .help =
                        "end records of TSV with NUL, not newline, and leave names as they are"),
    CLI_OUTPUT(struct args, o.output, "write to FILE, whole or not at all, not to stdout"),
    CNN_OPTION_HEADING("Maps"),
    CLI_DENSE(struct args, o.dense),
    CNN_OPTION_TEXT("maps", struct args, o.maps, "", .metavar = "FOLDER",
                    .help =
                        "write what the net gives for each place of an image to FOLDER/KEY.npy"),
    CNN_OPTION_CHOICE(
        "maps-format", struct args, o.maps_format, "npy", CNN_INFER_MAPS, .metavar = "FORMAT",
        .help = "npy: (classes, height, width); png: the best class of each place, as "
                "label images; overlay: its colour over the image"),
    CNN_OPTION_TEXT("palette", struct args, o.palette, "", .metavar = "FILE",
                    .help = "colours and names of the classes of label images: lines of "
                            "'red green blue name'"),
    CNN_OPTION_INT("tile", struct args, o.tile, "0", .max = 1 << 15, .metavar = "N",
                   .help = "cut larger images into squares of NxN pixels that overlap (0: do not)"),
    CNN_OPTION_INT("overlap", struct args, o.overlap, "-1", .min = -1, .max = 1 << 15,
                   .metavar = "N", .help = "by how many pixels (-1: a quarter of --tile)"),
    CNN_OPTION_HEADING("Neighbours"),
    CNN_OPTION_TEXT("knn", struct args, o.knn, "", .metavar = "DUMP",
                    .help =
                        "answer by the nearest rows of a dataset, in the place of MODEL; without "
                        "INPUT each row is asked about the others"),
    CNN_OPTION_INT("neighbours", struct args, o.neighbours, "5", .min = 1, .max = 1e9,
                   .metavar = "K", .help = "how many are looked for"),
    CNN_OPTION_CHOICE("distance", struct args, o.distance, "cosine", CNN_INFER_DISTANCES,
                      .metavar = "WHAT", .help = "what is near: cosine, euclid"),
    CNN_OPTION_CHOICE("votes", struct args, o.votes, "equal", CNN_INFER_VOTES, .metavar = "WHAT",
                      .help =
                          "what the vote of a neighbour is worth: equal, distance (1 / distance)"),
    CNN_OPTION_FLAG("list", struct args, o.list, "0",
                    .help = "print the neighbours, not the classes that they vote for"),
    CNN_OPTION_FLAG("retrieval", struct args, o.retrieval, "0",
                    .help = "measure precision among the K nearest and mean average precision "
                            "(map) of all rows, too; implies --eval"),
    CNN_OPTION_HEADING("Evaluation"),
    CNN_OPTION_FLAG("eval", struct args, o.eval, "0",
                    .help = "print how well the model does instead of predictions"),
    CNN_OPTION_TEXTS("gate", struct args, o.gate, .letter = 'g', .metavar = "COND",
                     .help =
                         "exit with 1 unless COND holds, such as 'top1>=0.91' (loss, top1, "
                         "top5, error, f1, macc, miou, bf1, mse, mae, precision, map; >= > <= <; "
                         "repeatable); implies --eval"),
    CNN_OPTION_FLAG("json", struct args, o.json, "0", .help = "print the evaluation as JSON"),
    CNN_OPTION_TEXT("predictions", struct args, o.predictions, "", .metavar = "FILE",
                    .help = "write the predictions to FILE as well"),
    CNN_OPTION_TEXT("confusion", struct args, o.confusion, "", .metavar = "FILE",
                    .help = "draw the confusion matrix (PNG, SVG or PDF by the name)"),
    CNN_OPTION_CHOICE(
        "target", struct args, o.target, "auto", CNN_INFER_TARGETS, .metavar = "WHAT",
        .help = "what answers are compared with (auto: classes where the model has them)"),
    CNN_OPTION_HEADING("Running"),
    CNN_OPTION_FLAG("selftest", struct args, o.selftest, "0",
                    .help = "check the model's answers to the inputs stored in it"),
    CNN_OPTION_TEXT("labels", struct args, o.labels, "", .metavar = "FILE",
                    .help = "the labels of an IDX file, when they are not where they usually are"),
    CLI_SIZE(struct args, o.size),
    CNN_OPTION_INT("batch", struct args, o.batch, "64", .min = 1, .max = 1 << 20, .letter = 'b',
                   .metavar = "N", .help = "samples that are computed together"),
    CNN_COMPUTE_OPTIONS(struct args, o.compute),
    CLI_ON_BAD(struct args, on_bad),
    CLI_STRICT(struct args, o.strict),
    CLI_QUIET(struct args, quiet),
    CNN_OPTION_END,
};

/* Options of predictions, where an evaluation prints none. */
#define WITH_PREDICTIONS(name)                                                                     \
    {name, "!eval,predictions"}, {name, "!gate,predictions"},                                      \
    {                                                                                              \
        name, "!retrieval,predictions"                                                             \
    }

static const struct cnn_need needs[] = {
    WITH_PREDICTIONS("top"),
    WITH_PREDICTIONS("probabilities"),
    WITH_PREDICTIONS("format"),
    WITH_PREDICTIONS("header"),
    {"header", "format=tsv"},
    {"top", "!probabilities"},
    {"json", "eval,gate,retrieval"},
    {"predictions", "eval,gate,retrieval"},
    {"confusion", "eval,gate,retrieval"},
    {"target", "eval,gate"},
    {"top", "!selftest"},
    {"probabilities", "!selftest"},
    {"format", "!selftest"},
    {"header", "!selftest"},
    {"output", "!selftest"},
    {"labels", "!selftest"},
    {"on-bad", "!selftest"},
    {"size", "!selftest"},
    {"dense", "!selftest"},
    {"maps", "!selftest"},
    {"maps-format", "maps"},
    {"palette", "maps-format=overlay,eval,gate"},
    {"overlap", "tile"},
    {"tile", "!selftest"},
    {"tile", "!knn"},
    {"tile", "!dense"},
    {"tile", "!predictions"},
    {"output", "!tile,eval,gate"},
    {"format", "!tile"},
    {"header", "!tile"},
    {"null", "!tile"},
    {"tile", "!top"},
    {"tile", "!probabilities"},
    {"neighbours", "knn"},
    {"distance", "knn"},
    {"votes", "knn"},
    {"list", "knn"},
    {"retrieval", "knn"},
    {"votes", "!list"},
    {"top", "!list"},
    {"probabilities", "!list"},
    {"selftest", "!knn"},
    {"dense", "!knn"},
    {"maps", "!knn"},
    {"target", "!knn"},
    {"labels", "!knn"},
    {"size", "!knn"},
    {"batch", "!knn"},
    {"exact-conv", "!knn"},
    {"tune", "!knn"},
    {"device", "!knn"},
    {"precision", "!knn"},
    {NULL, NULL},
};

static const struct cli_program program = {
    .name = "cnn-infer",
    .synopsis = "[OPTION]... MODEL INPUT...\n--eval [OPTION]... MODEL INPUT...\n--knn DUMP "
                "[OPTION]... [INPUT]...\n--selftest MODEL",
    .summary = "classify images with a model, or measure how well it does",
    .options = options,
    .needs = needs,
};

/* A progress line and predictions would mix on one terminal. */
static const char *progress_label(const struct cnn_infer_options *o)
{
    int eval = o->eval || o->gate.count || o->retrieval;
    int aside = eval || o->output[0] || !isatty(STDOUT_FILENO);
    return aside ? eval ? "evaluate" : "infer" : NULL;
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
    int model = !args.o.knn || !args.o.knn[0]; /* the first operand */
    if (status < 0 && model && first == argc) {
        status = cli_usage(&program, "no MODEL");
    } else if (status < 0) {
        args.o.model = model ? argv[first] : NULL;
        args.o.input = argv + first + model;
        if (!strcmp(args.o.output, "-"))
            args.o.output = "";
        args.o.inputs = (size_t)(argc - first - model);
        status = cli_end(&program, infer(&args));
    }
    cnn_strings_free(&args.o.gate);
    return status;
}
