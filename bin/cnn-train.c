/* cnn-train: train a net on a dataset. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shell.h"
#include "base/unicode.h"
#include "cli.h"
#include "data/augment/augment.h"
#include "task/train/train.h"

static const struct cli_program program = {
    .name = "cnn-train",
    .synopsis = "[OPTION]... DATASET -o MODEL\n"
                "[OPTION]... --net NET --classes FILE|N --epochs 0 -o MODEL\n"
                "[OPTION]... --append MODEL HEAD... -o MODEL",
    .summary = "train a convolutional network",
    .options = cnn_train_option_table,
    .augmentations = 1,
    .mixing = 1,
    .given = offsetof(struct cnn_train_options, given),
};

/* What the callbacks show. */
struct screen {
    struct cli_progress *bar;
    uint64_t epoch; /* of the bar; 0: none yet */
    int validating, quiet;
    double begun, begun_at; /* when the first step was shown, and how much of the run was done */
    FILE *bad;
    const char *bad_path;
    int bad_failed, bad_fresh;
};

/* Seconds until the run is over, validation included, by what it took so far; negative: not known.
 */
static double time_left(struct screen *s, const struct cnn_train_progress *p)
{
    double part = p->validating ? 1 : p->samples ? (double)p->done / (double)p->samples : NAN;
    double done = ((double)p->epoch - 1 + part) / (double)p->epochs;
    if (isnan(done))
        return -1;
    if (!(s->begun > 0)) {
        s->begun = cnn_seconds();
        s->begun_at = done;
    }
    double passed = cnn_seconds() - s->begun;
    return passed > 0.2 && done > s->begun_at ? passed * (1 - done) / (done - s->begun_at) : -1;
}

static void on_step(void *context, const struct cnn_train_progress *p)
{
    struct screen *s = context;
    char label[48], text[48];
    if (s->epoch != p->epoch || s->validating != p->validating) {
        cli_progress_clear(s->bar);
        cli_progress_free(s->bar);
        snprintf(label, sizeof label, "%s %llu/%llu", p->validating ? "validate" : "epoch",
                 (unsigned long long)p->epoch, (unsigned long long)p->epochs);
        s->bar = cli_progress_new(label, s->quiet);
        s->epoch = p->epoch;
        s->validating = p->validating;
    }
    text[0] = 0;
    if (!isnan(p->loss))
        snprintf(text, sizeof text, "loss %.4f", p->loss);
    cli_progress_left(s->bar, time_left(s, p));
    size_t used = strlen(text);
    if (!isnan(p->loss) && !isnan(p->top1))
        snprintf(text + used, sizeof text - used, "  top-1 %.1f %%", 100 * p->top1);
    cli_progress_update(s->bar, p->done, p->samples, text);
}

/* " (class 0.2, box 0.1)", where there are several targets */
static void show_parts(const struct cnn_train_epoch *e, int val)
{
    for (size_t k = 0; k < e->parts; k++)
        fprintf(stderr, "%s%s %.4f", k ? ", " : " (", e->part[k].target,
                val ? e->part[k].val_loss : e->part[k].loss);
    if (e->parts)
        fputs(")", stderr);
}

static void on_epoch(void *context, const struct cnn_train_epoch *e)
{
    struct screen *s = context;
    cli_progress_clear(s->bar);
    if (s->quiet)
        return;
    fprintf(stderr, "epoch %llu/%llu: loss %.4f", (unsigned long long)e->epoch,
            (unsigned long long)e->epochs, e->loss);
    show_parts(e, 0);
    if (!isnan(e->train_top1))
        fprintf(stderr, ", top-1 %.2f %%", 100 * e->train_top1);
    if (e->validated)
        fprintf(stderr, ", val loss %.4f", e->val_loss);
    if (e->validated)
        show_parts(e, 1);
    if (e->validated && e->classes)
        fprintf(stderr, ", val top-1 %.2f %%", 100 * e->val_top1);
    if (e->validated && !isnan(e->val_miou))
        fprintf(stderr, ", val mIoU %.2f %%", 100 * e->val_miou);
    fprintf(stderr, ", %.1f s%s\n", e->seconds, e->best ? ", best so far" : "");
}

static void on_note(void *context, const char *text)
{
    struct screen *s = context;
    cli_progress_clear(s->bar);
    if (!s->quiet)
        cli_note(&program, "%s", text);
}

/* The list of an earlier run goes when this one has a name for it, or has none and is done: the
 * data are looked at by then, and it is none of them. */
static void begin_list(struct screen *s)
{
    if (s->bad && s->bad_fresh && ftruncate(fileno(s->bad), 0))
        s->bad_failed = errno != EINVAL; /* a pipe has nothing to cut off */
    s->bad_fresh = 0;
}

static void on_bad(void *context, const char *source, const char *message)
{
    struct screen *s = context;
    cli_progress_clear(s->bar);
    if (!s->quiet)
        cli_note(&program, "skipped: %s", message);
    begin_list(s);
    if (s->bad)
        cli_list_bad(s->bad, source);
}

/* A run that goes on adds to the list of the run before. */
static int open_bad_list(struct screen *s, const struct cnn_train_options *o)
{
    int skip, rc = cli_on_bad(o->on_bad, &skip, &s->bad_path);
    if (rc || !s->bad_path || o->plan)
        return rc;
    s->bad_fresh = !o->resume;
    s->bad = fopen(s->bad_path, "a");
    return s->bad ? 0 : cnn_fail_errno(CNN_ECREATE, "%s", s->bad_path);
}

static int close_bad_list(struct screen *s, int rc)
{
    if (!s->bad)
        return rc;
    if (!rc)
        begin_list(s);
    s->bad_failed |= ferror(s->bad) != 0;
    s->bad_failed |= fclose(s->bad) != 0;
    return rc || !s->bad_failed ? rc : cnn_fail(CNN_EIO, "%s: write error", s->bad_path);
}

static int train(const struct cnn_train_options *o, const struct cnn_augmenter *augmenter)
{
    struct screen screen = {.quiet = o->quiet};
    struct cnn_train_callbacks callbacks = {&screen,  cli_stop(), on_step,
                                            on_epoch, on_note,    on_bad};
    struct cnn_buf shown = {0};
    char *plan = NULL;
    int rc = cnn_train_check_outputs(o);
    if (!rc)
        rc = open_bad_list(&screen, o);
    if (!rc)
        rc = cnn_train(o, augmenter, &callbacks, &plan);
    if (plan)
        cnn_buf_show_lines(&shown, plan);
    if (shown.text)
        fputs(shown.text, stdout);
    cnn_buf_free(&shown);
    cli_progress_clear(screen.bar);
    cli_progress_free(screen.bar);
    free(plan);
    return close_bad_list(&screen, rc);
}

static int append(const struct cnn_train_options *o, const struct cnn_augmenter *augmenter,
                  char *const *model, int models)
{
    if (cnn_augmenter_active(augmenter))
        return cnn_fail(CNN_EUSAGE, "augmentation has no effect with --append");
    return cnn_train_append(o, model, (size_t)models);
}

int main(int argc, char **argv)
{
    struct cnn_train_options options = {0};
    struct cnn_augmenter *augmenter = cnn_augmenter_new();
    int first = 0, status;
    if (!augmenter)
        return cli_end(&program, cnn_error_code());
    struct cnn_buf command = {0};
    cli_catch_signals();
    cnn_shell_words(argv, (size_t)argc, &command);
    status = cli_parse(&program, argc, argv, &options, augmenter, &first);
    int none = argc == first && options.classes && options.classes[0];
    if (status < 0 && options.append) {
        status = cli_end(&program, append(&options, augmenter, argv + first, argc - first));
    } else if (status < 0 && argc - first != 1 && !none) {
        status = cli_usage(
            &program, argc != first     ? "more than one DATASET"
                      : !options.epochs ? "no DATASET: with --classes FILE or N a model is made "
                                          "without one"
                      : *options.solver ? "no DATASET: the data layers of a solver's net are not "
                                          "read"
                                        : "no DATASET");
    } else if (status < 0) {
        options.command = command.text;
        options.data = none ? NULL : argv[first];
        status = cli_end(&program, command.failed ? CNN_ESYSTEM : train(&options, augmenter));
    }
    cnn_strings_free(&options.allow_new);
    cnn_strings_free(&options.rename);
    cnn_strings_free(&options.freeze);
    cnn_strings_free(&options.unfreeze);
    cnn_strings_free(&options.rate_of);
    cnn_buf_free(&command);
    cnn_strings_free(&options.expect);
    cnn_strings_free(&options.given);
    cnn_augmenter_free(augmenter);
    return status;
}
