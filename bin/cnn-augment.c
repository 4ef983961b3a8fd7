/* cnn-augment: copies of images, augmented, as a tar stream or a folder. */
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "data/augment.h"
#include "file/outfile.h"
#include "task/augment.h"

struct args {
    const char *output, *classes, *labels, *preview, *on_bad;
    long long copies, epoch, seed, threads;
    int keep, strict, quiet;
};

static const struct cnn_option options[] = {
    {"copies", CNN_OPT_INT, offsetof(struct args, copies), "1", 1, 1e6, NULL, 0, 'n', "N",
     "copies of each sample"},
    {"keep", CNN_OPT_FLAG, offsetof(struct args, keep), "0", 0, 1, NULL, 0, 0, NULL,
     "pass the original on, too, in front of its copies"},
    CLI_OUTPUT(struct args, output,
               "a tar file (FILE.tar) or a folder of PNG files, instead of standard output"),
    {"preview", CNN_OPT_TEXT, offsetof(struct args, preview), "", 0, 0, NULL, 0, 0, "FILE",
     "draw samples of each class beside their copies (PNG, SVG or PDF)"},
    {"classes", CNN_OPT_TEXT, offsetof(struct args, classes), "", 0, 0, NULL, 0, 0, "FILE",
     "the class list, one name a line"},
    {"labels", CNN_OPT_TEXT, offsetof(struct args, labels), "", 0, 0, NULL, 0, 0, "FILE",
     "the labels of an IDX file, where their name does not follow from its name"},
    CLI_ON_BAD(struct args, on_bad),
    CLI_STRICT(struct args, strict),
    {"epoch", CNN_OPT_INT, offsetof(struct args, epoch), "0", 0, 9.3e18, NULL, 0, 0, "N",
     "draw what cnn-train draws in its epoch N, counted from 0"},
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
};

/* What the callbacks show and keep. */
struct screen {
    struct cli_progress *bar;
    struct cnn_outfile *list; /* of bad samples; NULL: none is wanted */
    int quiet;
    size_t skipped;
};

static void on_progress(void *context, uint64_t done, uint64_t total)
{
    struct screen *s = context;
    cli_progress_update(s->bar, done, total, NULL);
}

static void on_bad(void *context, const char *source, const char *message)
{
    struct screen *s = context;
    cli_progress_clear(s->bar);
    if (!s->quiet)
        cli_note(&program, "skipped: %s", message);
    if (s->list)
        cli_list_bad(cnn_outfile_stream(s->list), source);
    s->skipped++;
}

static int augment(const struct args *a, const char *data, const struct cnn_augmenter *augmenter)
{
    struct screen s = {.quiet = a->quiet};
    struct cnn_augment_options o = {.data = data,
                                    .output = a->output,
                                    .classes = a->classes,
                                    .labels = a->labels,
                                    .preview = a->preview,
                                    .copies = a->copies,
                                    .keep = a->keep,
                                    .strict = a->strict,
                                    .seed = a->seed,
                                    .epoch = a->epoch,
                                    .threads = a->threads};
    struct cnn_augment_callbacks callbacks = {&s, cli_stop(), on_progress, on_bad};
    const char *list;
    int rc = cli_on_bad(a->on_bad, &o.skip_bad, &list);
    o.bad_list = list;
    if (!rc && list)
        rc = cnn_outfile_open(list, &s.list);
    if (rc)
        return rc;
    s.bar = cli_progress_new("augment", a->quiet);
    rc = cnn_augment_run(&o, augmenter, &callbacks);
    cli_progress_free(s.bar);
    if (s.list && (!rc || rc == CNN_EPIPE)) {
        int lost = cnn_outfile_commit(s.list);
        rc = lost ? lost : rc;
    } else {
        cnn_outfile_abort(s.list);
    }
    if (s.skipped && !a->quiet)
        cli_note(&program, "%zu bad sample%s skipped", s.skipped, s.skipped == 1 ? "" : "s");
    return rc;
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
    int to_stdout = status < 0 && (!args.output[0] || (args.output[0] == '-' && !args.output[1]));
    if (status < 0 && argc - first != 1)
        status = cli_usage(&program, argc == first ? "no DATASET" : "more than one DATASET");
    else if (to_stdout && isatty(STDOUT_FILENO))
        status = cli_usage(&program, "the tar stream is not for a terminal (use a pipe or -o)");
    else if (status < 0)
        status = cli_end(&program, augment(&args, argv[first], augmenter));
    cnn_augmenter_free(augmenter);
    return status;
}
