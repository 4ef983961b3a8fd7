/* cnn-augment: copies of images, augmented, as a tar stream or a folder. */
#include <stdio.h>
#include <unistd.h>

#include "cli_samples.h"
#include "data/augment/augment.h"
#include "task/augment/augment.h"

struct args {
    const char *output, *classes, *labels, *preview, *on_bad;
    long long copies, epoch, seed, threads;
    int keep, strict, quiet;
    struct cnn_strings given;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("copies", struct args, copies, "1", .min = 1, .max = 1e6, .letter = 'n',
                   .metavar = "N", .help = "copies of each sample"),
    CNN_OPTION_FLAG("keep", struct args, keep, "0",
                    .help = "pass the original on, too, in front of its copies"),
    CLI_OUTPUT(struct args, output,
               "a tar file (FILE.tar) or a folder of PNG files, instead of standard output"),
    CNN_OPTION_TEXT("preview", struct args, preview, "", .metavar = "FILE",
                    .help = "draw samples of each class beside their copies (PNG, SVG or PDF)"),
    CNN_OPTION_TEXT("classes", struct args, classes, "", .metavar = "FILE",
                    .help = "the class list, one name a line"),
    CNN_OPTION_TEXT(
        "labels", struct args, labels, "", .metavar = "FILE",
        .help = "the labels of an IDX file, where their name does not follow from its name"),
    CLI_ON_BAD(struct args, on_bad),
    CLI_STRICT(struct args, strict),
    CNN_OPTION_INT("epoch", struct args, epoch, "0", .max = 9.3e18, .metavar = "N",
                   .help = "draw what cnn-train draws in its epoch N, counted from 0"),
    CLI_SEED(struct args, seed),
    CLI_THREADS(struct args, threads),
    CLI_QUIET(struct args, quiet),
    CNN_OPTION_END,
};

static const struct cli_program program = {
    .name = "cnn-augment",
    .synopsis = "[OPTION]... DATASET | ...\n[OPTION]... -o FILE.tar|DIR DATASET",
    .summary = "augment images, as a tar stream or a folder; without options they pass unchanged",
    .options = options,
    .augmentations = 1,
    .given = offsetof(struct args, given),
};

/* What is drawn for nothing: -1, or the exit status. */
static int check_drawn(const struct args *a, const struct cnn_augmenter *augmenter)
{
    static const char *const names[] = {"seed", "epoch"};
    for (size_t i = 0; !cnn_augmenter_active(augmenter) && i < 2; i++)
        if (cnn_strings_find(&a->given, names[i]) >= 0)
            return cli_usage(&program,
                             "--%s has no effect: it needs an augmentation such as --rotate",
                             names[i]);
    return -1;
}

static int augment(const struct args *a, const char *data, const struct cnn_augmenter *augmenter)
{
    struct cli_samples samples;
    struct cnn_callbacks callbacks = CLI_SAMPLES_CALLBACKS(&samples);
    struct cnn_augment_options o = {.data = data,
                                    .output = a->output,
                                    .classes = a->classes,
                                    .labels = a->labels,
                                    .preview = a->preview,
                                    .bad_list = cli_bad_list(a->on_bad),
                                    .copies = a->copies,
                                    .keep = a->keep,
                                    .strict = a->strict,
                                    .seed = a->seed,
                                    .epoch = a->epoch,
                                    .threads = a->threads};
    int rc = cli_samples_open(&samples, &program, a->quiet, a->on_bad, &o.skip_bad, "augment");
    if (!rc)
        rc = cnn_augment_run(&o, augmenter, &callbacks);
    return cli_samples_close(&samples, rc);
}

int main(int argc, char **argv)
{
    struct args args = {0};
    struct cnn_augmenter *augmenter = cnn_augmenter_new();
    int first = 0, status;
    if (!augmenter)
        return cli_end(&program, cnn_error_code());
    cli_catch_signals();
    status = cli_parse(&program, argc, argv, &args, augmenter, &first);
    if (status < 0 && cnn_augmenter_check(augmenter))
        status = cli_usage(&program, "%s", cnn_error_message());
    if (status < 0)
        status = check_drawn(&args, augmenter);
    int to_stdout = status < 0 && (!args.output[0] || (args.output[0] == '-' && !args.output[1]));
    if (status < 0 && argc - first != 1)
        status = cli_usage(&program, argc == first ? "no DATASET" : "more than one DATASET");
    else if (to_stdout && isatty(STDOUT_FILENO))
        status = cli_usage(&program, "the tar stream is not for a terminal (use a pipe or -o)");
    else if (status < 0)
        status = cli_end(&program, augment(&args, argv[first], augmenter));
    cnn_augmenter_free(augmenter);
    cnn_strings_free(&args.given);
    return status;
}
