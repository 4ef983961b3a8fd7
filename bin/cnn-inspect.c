/* cnn-inspect: what is in a model, a net or a file of tensors. */
#include <stdio.h>
#include <unistd.h>

#include "base/unicode.h"
#include "cli_samples.h"
#include "task/inspect/request.h"

static const struct cnn_option options[] = {
    CNN_OPTION_HEADING("What to print"),
    CNN_OPTION_FLAG("layers", struct cnn_inspect_request, layers, "0",
                    .help = "the layer table and its totals (the default where there is a net)"),
    CNN_OPTION_FLAG("windows", struct cnn_inspect_request, windows, "0",
                    .help = "kernel, stride, padding and receptive field in the layer table, too"),
    CNN_OPTION_INT("depth", struct cnn_inspect_request, depth, "0", .max = 100, .metavar = "N",
                   .help = "a row of the layer table sums up what shares the first N parts of its "
                           "label (0: nothing)"),
    CNN_OPTION_FLAG("tensors", struct cnn_inspect_request, tensors, "0",
                    .help = "the tensors with their statistics"),
    CNN_OPTION_FLAG("classes", struct cnn_inspect_request, classes, "0",
                    .help = "the class list, one a line"),
    CNN_OPTION_FLAG("meta", struct cnn_inspect_request, meta, "0", .help = "all metadata"),
    CNN_OPTION_FLAG("print", struct cnn_inspect_request, print, "0",
                    .help = "the net's text, expanded"),
    CNN_OPTION_FLAG("dot", struct cnn_inspect_request, dot, "0",
                    .help = "the net as a graph, for graphviz's dot"),
    CNN_OPTION_FLAG("json", struct cnn_inspect_request, json, "0", .help = "everything, as JSON"),
    CNN_OPTION_HEADING("What to do"),
    CNN_OPTION_FLAG("time", struct cnn_inspect_request, time, "0",
                    .help = "run the net and print where the time goes, step by step"),
    CNN_OPTION_FLAG("check", struct cnn_inspect_request, check, "0",
                    .help = "exit with status 1 when a tensor holds NaN or infinity"),
    CNN_OPTION_FLAG("diff", struct cnn_inspect_request, diff, "0",
                    .help =
                        "print what differs between two; exit with status 1 when something does"),
    CNN_OPTION_TEXT("filters", struct cnn_inspect_request, filters, "", .metavar = "LAYER",
                    .help = "picture the layer's weights in the file named last (PNG, SVG or PDF)"),
    CNN_OPTION_TEXT("to", struct cnn_inspect_request, to, "", .metavar = "FILE",
                    .help = "write the tensors, as float32, to a file of the safetensors form"),
    CNN_OPTION_FLAG(
        "history", struct cnn_inspect_request, history, "0",
        .help = "a shell script that makes the model again (from the paths named behind it)"),
    CNN_OPTION_FLAG(
        "runs", struct cnn_inspect_request, runs, "0",
        .help = "a table of runs from their logs (cnn-train --log) or models, the best first"),
    CNN_OPTION_FLAG("zoo", struct cnn_inspect_request, zoo, "0",
                    .help = "list the built-in nets, or print the text of one"),
    CNN_OPTION_FLAG("dense", struct cnn_inspect_request, dense, "0",
                    .help =
                        "the net as it slides over larger images: dense layers as convolutions"),
    CNN_OPTION_HEADING("Seeing what a net has learned"),
    CNN_OPTION_CHOICE("saliency", struct cnn_inspect_request, see.saliency, "none",
                      CNN_SEE_SALIENCIES, .metavar = "METHOD",
                      .help = "picture which parts of images speak for a class:" CNN_SEE_METHODS),
    CNN_OPTION_TEXT("class", struct cnn_inspect_request, see.class, "", .metavar = "CLASS",
                    .help = "for which, by name or number (default: the best answer)"),
    CNN_OPTION_TEXT("layer", struct cnn_inspect_request, see.layer, "", .metavar = "LAYER",
                    .help =
                        "cam, gradcam, gradcam++: whose planes are weighted (default: the last)"),
    CNN_OPTION_INT("samples", struct cnn_inspect_request, see.samples, "32", .min = 1, .max = 1e6,
                   .metavar = "N",
                   .help = "smoothgrad, integrated: how many gradients are averaged"),
    CNN_OPTION_REAL("noise", struct cnn_inspect_request, see.noise, "0.15", .max = 100,
                    .metavar = "X",
                    .help = "smoothgrad: the noise's deviation, as a part of the image's range"),
    CNN_OPTION_PAIR("patch", struct cnn_inspect_request, see.patch, "auto", .min = 1,
                    .max = 1 << 15, .choices = "auto", .metavar = "N|HxW",
                    .help = "occlusion: pixels that are hidden (default: a seventh of each side)"),
    CNN_OPTION_PAIR("patch-stride", struct cnn_inspect_request, see.patch_stride, "auto", .min = 1,
                    .max = 1 << 15, .choices = "auto", .metavar = "N|HxW",
                    .help = "occlusion: from patch to patch (default: half of one)"),
    CNN_OPTION_CHOICE("fool", struct cnn_inspect_request, see.fool, "none", CNN_SEE_FOOLS,
                      .metavar = "METHOD",
                      .help = "change images until the net takes them for --class:" CNN_SEE_WAYS),
    CNN_OPTION_REAL("limit", struct cnn_inspect_request, see.limit, "0", .max = 255,
                    .metavar = "LEVELS",
                    .help = "fool: by how much of 255 a pixel may change (fgsm: 8; else 0, any)"),
    CNN_OPTION_TEXT("maximize", struct cnn_inspect_request, see.maximize, "",
                    .metavar = "LAYER:UNIT", .help = "make images that excite a unit most"),
    CNN_OPTION_INT("seeds", struct cnn_inspect_request, see.seeds, "4", .min = 1, .max = 256,
                   .metavar = "N", .help = "maximize: images, each from noise of its own"),
    CNN_OPTION_REAL("decay", struct cnn_inspect_request, see.decay, "0.01", .max = 1,
                    .metavar = "X",
                    .help = "maximize: the part of an image that each step takes away"),
    CNN_OPTION_TEXT("invert", struct cnn_inspect_request, see.invert, "", .metavar = "LAYER",
                    .help = "make an image again from what a layer makes of it"),
    CNN_OPTION_REAL("smooth", struct cnn_inspect_request, see.smooth, "1", .max = 1e6,
                    .metavar = "X", .help = "invert: the weight of total variation"),
    CNN_OPTION_INT("steps", struct cnn_inspect_request, see.steps, "200", .min = 1, .max = 1e6,
                   .metavar = "N", .help = "fool iterated, maximize, invert: steps, at most"),
    CLI_SEED(struct cnn_inspect_request, see.seed),
    CNN_OPTION_PAIR("size", struct cnn_inspect_request, see.size, "auto", .min = 1, .max = 1 << 15,
                    .choices = "auto|model", .metavar = "N|HxW|model",
                    .help = "bring images to this size, for nets that take any, not the model's"),
    CNN_OPTION_CHOICE("format", struct cnn_inspect_request, see.format, "png", CNN_SEE_FORMATS,
                      .metavar = "FORMAT",
                      .help = "files in a folder: png pictures, or npy, the plain numbers"),
    CNN_OPTION_HEADING("How nets run, with --time and where they are seen"),
    CNN_OPTION_INT("batch", struct cnn_inspect_request, batch, "16", .min = 1, .max = 1 << 20,
                   .letter = 'b', .metavar = "N", .help = "samples that are computed together"),
    CNN_OPTION_FLAG("training", struct cnn_inspect_request, training, "0",
                    .help = "train: forward, backward and update"),
    CNN_COMPUTE_OPTIONS(struct cnn_inspect_request, compute),
    CNN_OPTION_HEADING("Nets whose text leaves it open"),
    CNN_OPTION_TEXT("input", struct cnn_inspect_request, input, "", .metavar = "CxHxW",
                    .help = "the input's shape"),
    CNN_OPTION_INT("outputs", struct cnn_inspect_request, outputs, "0", .max = 1e6, .metavar = "N",
                   .help = "how many classes there are"),
    CNN_OPTION_END,
};

/* Parts of the usual text, which the other forms do not print. */
#define TEXT_PART(name)                                                                            \
    {name, "!print"}, {name, "!dot"}, {name, "!diff"}, {name, "!filters"},                         \
    {                                                                                              \
        name, "!zoo"                                                                               \
    }
/* Of what runs the net. */
#define RUNNING(name)                                                                              \
    {                                                                                              \
        name, "time,saliency,fool,maximize,invert"                                                 \
    }

static const struct cnn_need needs[] = {
    {"batch", "time,saliency=smoothgrad|integrated|occlusion"},
    RUNNING("exact-conv"),
    RUNNING("tune"),
    RUNNING("threads"),
    RUNNING("device"),
    RUNNING("precision"),
    {"training", "time"},
    TEXT_PART("layers"),
    TEXT_PART("tensors"),
    TEXT_PART("classes"),
    TEXT_PART("meta"),
    {"layers", "!json"},
    {"classes", "!json"},
    {"meta", "!json"},
    {"check", "!diff"},
    {"check", "!filters"},
    {"check", "!zoo"},
    {"dense", "!zoo"},
    {"dense", "!runs"},
    {"dense", "!history"},
    {"dense", "!filters"},
    {"dense", "!saliency"},
    {"dense", "!fool"},
    {"dense", "!maximize"},
    {"dense", "!invert"},
    {"input", "!zoo"},
    {"input", "!saliency"},
    {"input", "!fool"},
    {"input", "!maximize"},
    {"input", "!invert"},
    {"outputs", "!zoo"},
    {"outputs", "!saliency"},
    {"outputs", "!fool"},
    {"outputs", "!maximize"},
    {"outputs", "!invert"},
    {"time", "!zoo"},
    {"print", "!zoo"},
    {"dot", "!zoo"},
    {"diff", "!zoo"},
    {"filters", "!zoo"},
    {"class", "saliency,fool"},
    {"layer", "saliency=cam|gradcam|gradcam++"},
    {"samples", "saliency=smoothgrad|integrated"},
    {"noise", "saliency=smoothgrad"},
    {"patch", "saliency=occlusion"},
    {"patch-stride", "saliency=occlusion"},
    {"limit", "fool"},
    {"seeds", "maximize"},
    {"decay", "maximize"},
    {"smooth", "invert"},
    {"steps", "fool=iterated,maximize,invert"},
    {"seed", "saliency=smoothgrad,fool,maximize,invert"},
    {"size", "saliency,fool,maximize,invert"},
    {"format", "saliency,fool,invert"},
    {NULL, NULL},
};

static const struct cli_program program = {
    .name = "cnn-inspect",
    .synopsis = "[OPTION]... MODEL|NET|TENSORS\n--time [OPTION]... MODEL|NET\n--filters LAYER "
                "MODEL PICTURE\n"
                "--saliency METHOD [OPTION]... MODEL INPUT... PICTURE|FOLDER\n"
                "--fool METHOD --class CLASS [OPTION]... MODEL INPUT...|noise PICTURE|FOLDER\n"
                "--maximize LAYER:UNIT [OPTION]... MODEL PICTURE\n"
                "--invert LAYER [OPTION]... MODEL INPUT... PICTURE|FOLDER\n"
                "--diff A B\n--to FILE MODEL|TENSORS\n--history MODEL [PATH]...\n--runs "
                "LOG|MODEL...\n--zoo [NAME]",
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

static int see(const struct cnn_inspect_request *r, char *const *operand, size_t count,
               struct cnn_buf *out)
{
    struct cli_samples samples;
    struct cnn_callbacks cb = CLI_SAMPLES_CALLBACKS(&samples);
    int skip;
    int rc = cli_samples_open(&samples, &program, 0, "fail", &skip, "see");
    if (!rc)
        rc = cnn_inspect_request_see(r, operand, count, &cb, out);
    return cli_samples_close(&samples, rc);
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
    int rc = cnn_inspect_request_sees(&request)
                 ? see(&request, operand, count, &out)
                 : cnn_inspect_request_answer(&request, operand, count, &note, &out);
    if (note.size)
        cli_note(&program, "%s", note.text);
    if (out.size && (!rc || rc == CNN_ENEGATIVE))
        rc = put(&request, &out) ? CNN_ESYSTEM : rc;
    cnn_buf_free(&note);
    cnn_buf_free(&out);
    return cli_end(&program, rc);
}
