/* cnn-split: datasets into manifests for training, validation and test. */
#include <stdio.h>

#include "base/unicode.h"
#include "cli_samples.h"
#include "task/split/split.h"

struct args {
    const char *output, *train, *val, *test, *classes, *labels, *on_bad;
    long long seed;
    int no_stratify, allow_missing, quiet;
};

static const struct cnn_option options[] = {
    CNN_OPTION_TEXT(
        "output", struct args, output, NULL, .letter = 'o', .metavar = "DIR",
        .help = "where train.tsv, val.tsv, test.tsv and classes.txt go; made when it is not there"),
    CNN_OPTION_TEXT(
        "train", struct args, train, "", .metavar = "SHARE",
        .help =
            "0.8: that part of the samples; 800: so many of them (default: what the others leave)"),
    CNN_OPTION_TEXT("val", struct args, val, "", .metavar = "SHARE",
                    .help = "likewise for validation (default 0.1)"),
    CNN_OPTION_TEXT("test", struct args, test, "", .metavar = "SHARE",
                    .help = "likewise for the test (default 0.1)"),
    CNN_OPTION_FLAG("no-stratify", struct args, no_stratify, "0",
                    .help = "divide all samples as one, not each class in the same proportions"),
    CNN_OPTION_FLAG("allow-missing", struct args, allow_missing, "0",
                    .help = "a class may be absent from a split"),
    CNN_OPTION_TEXT("classes", struct args, classes, "", .metavar = "FILE",
                    .help = "the class list, one name a line"),
    CNN_OPTION_TEXT(
        "labels", struct args, labels, "", .metavar = "FILE",
        .help = "the labels of an IDX file, where their name does not follow from its name"),
    CLI_ON_BAD(struct args, on_bad),
    CLI_SEED(struct args, seed),
    CLI_QUIET(struct args, quiet),
    CNN_OPTION_END,
};

static const struct cli_program program = {
    .name = "cnn-split",
    .synopsis = "[OPTION]... DATASET... -o DIR",
    .summary = "divide datasets into manifests for training, validation and test",
    .options = options,
};

static int split(const struct args *a, char *const *input, int inputs,
                 struct cnn_split_table *table)
{
    struct cli_samples samples;
    struct cnn_callbacks cb = CLI_SAMPLES_CALLBACKS(&samples);
    struct cnn_split_options o = {.input = input,
                                  .inputs = inputs,
                                  .folder = a->output,
                                  .bad_list = cli_bad_list(a->on_bad),
                                  .share = {a->train, a->val, a->test},
                                  .stratify = !a->no_stratify,
                                  .allow_missing = a->allow_missing,
                                  .seed = (uint64_t)a->seed,
                                  .classes = a->classes,
                                  .labels = a->labels,
                                  .stop = cli_stop(),
                                  .callbacks = &cb};
    int rc = cli_samples_open(&samples, &program, a->quiet, a->on_bad, &o.skip_bad, NULL);
    if (!rc)
        rc = cnn_split(&o, table);
    return cli_samples_close(&samples, rc);
}

int main(int argc, char **argv)
{
    struct args a = {0};
    struct cnn_split_table table = {0};
    struct cnn_buf text = {0}, shown = {0};
    int first, status = cli_parse(&program, argc, argv, &a, NULL, &first);
    if (status >= 0)
        return status;
    if (first == argc)
        return cli_usage(&program, "a dataset is missing");
    cli_catch_signals();
    int rc = split(&a, argv + first, argc - first, &table);
    cnn_split_table_print(&table, &text);
    cnn_buf_show_lines(&shown, text.text ? text.text : "");
    if (!rc && !a.quiet && !text.failed && shown.text)
        fputs(shown.text, stderr);
    cnn_buf_free(&shown);
    cnn_buf_free(&text);
    cnn_split_table_free(&table);
    return cli_end(&program, rc);
}
