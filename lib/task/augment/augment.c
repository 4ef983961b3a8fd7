/* Decode, augment and pack on all threads, write in order; see augment.h. */
#include "task/augment/augment.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/pipeline.h"
#include "base/threads.h"
#include "data/source/dataset_open.h"
#include "task/apart.h"
#include "task/augment/private.h"

/* One sample of the dataset on its way, and all that is made of it. */
struct item {
    size_t index;        /* in the dataset */
    struct cnn_raw *raw; /* of a stream */
    struct cnn_sample sample, copy;
    struct cnn_augment_scratch scratch;
    void **packed;                        /* (outputs) */
    struct cnn_image tile[PREVIEW_TILES]; /* what the preview may want: original, copies */
    int shown;
    char *bad; /* why it cannot be used */
};

struct run {
    const struct cnn_augment_options *options;
    const struct cnn_callbacks *callbacks;
    const struct cnn_augmenter *augmenter;
    struct cnn_dataset *ds;
    struct sink *sink;
    struct preview preview;
    size_t count;   /* of samples; SIZE_MAX: a stream */
    size_t outputs; /* for each sample */
    size_t next;    /* to be produced */
    size_t written;
    int closed; /* nobody reads the stream any more */
};

static int stopped(const struct run *run)
{
    return run->callbacks->stop && *run->callbacks->stop;
}

static int fail_stopped(void)
{
    return cnn_fail(CNN_EIO, "stopped by a signal: the output is incomplete");
}

static int item_ready(const struct run *run, struct item *item)
{
    if (!item->packed && !(item->packed = cnn_calloc(run->outputs, sizeof *item->packed)))
        return CNN_ESYSTEM;
    if (run->count == SIZE_MAX && !item->raw && !(item->raw = cnn_raw_new()))
        return CNN_ESYSTEM;
    return 0;
}

static int produce(void *context, void *slot)
{
    struct run *run = context;
    struct item *item = slot;
    if (stopped(run))
        return fail_stopped();
    if (item_ready(run, item))
        return CNN_ESYSTEM;
    item->index = run->next;
    if (run->count != SIZE_MAX)
        return run->next < run->count ? (run->next++, 1) : 0;
    int rc = cnn_dataset_next(run->ds, item->raw);
    run->next += rc > 0;
    return rc;
}

static int load(const struct run *run, struct item *item)
{
    if (run->count == SIZE_MAX)
        return cnn_raw_decode(run->ds, item->raw, &item->sample);
    return cnn_dataset_load(run->ds, item->index, &item->sample);
}

/* Output k of the item: the original when it is kept and k is 0, else a copy. */
static int make_output(const struct run *run, struct item *item, size_t k, struct cnn_sample **out)
{
    const struct cnn_augment_options *o = run->options;
    size_t number = o->keep ? k : k + 1; /* of the copy, from 1 */
    *out = &item->sample;
    if (!number)
        return 0;
    if (run->outputs > 1) {
        *out = &item->copy;
        int rc = cnn_augment_copy(*out, &item->sample);
        if (rc)
            return rc;
    }
    int rc = cnn_augment(run->augmenter, (uint64_t)o->seed, (uint64_t)o->epoch, number - 1,
                         &item->scratch, *out);
    if (rc) /* a stream's samples have no names but their keys */
        return run->count == SIZE_MAX ? cnn_fail_within("%s", item->sample.key)
                                      : cnn_dataset_fail_within(run->ds, item->index);
    return run->outputs > 1 ? cnn_augment_name_copy(*out, item->sample.key, number) : 0;
}

static int32_t label_of(const struct item *item)
{
    return cnn_sample_label(&item->sample);
}

/* Number 0: the original. */
static int show(const struct run *run, struct item *item, size_t number, const struct cnn_image *im)
{
    int wanted = item->shown && number < run->preview.tiles;
    return wanted ? cnn_preview_tile(&item->tile[number], im) : 0;
}

static const char *group_of(const struct run *run, const struct item *item)
{
    if (run->count != SIZE_MAX && cnn_dataset_record(run->ds, item->index)->group)
        return cnn_dataset_record(run->ds, item->index)->group;
    return run->outputs > 1 ? item->sample.key : NULL;
}

static int make_outputs(const struct run *run, struct item *item)
{
    int rc = load(run, item);
    const struct cnn_image *im = &item->sample.image;
    item->shown =
        !rc && im->maxval && im->h && im->w && cnn_preview_wants(&run->preview, label_of(item));
    if (!rc)
        rc = show(run, item, 0, im);
    for (size_t k = 0; k < run->outputs && !rc; k++) {
        struct cnn_sample *s;
        if (!(rc = make_output(run, item, k, &s)) &&
            !(rc = run->sink->type->pack(run->sink, s, group_of(run, item), &item->packed[k])))
            rc = show(run, item, run->options->keep ? k : k + 1, &s->image);
    }
    return rc;
}

static int work(void *context, void *slot)
{
    const struct run *run = context;
    struct item *item = slot;
    free(item->bad);
    item->bad = NULL;
    int rc = make_outputs(run, item);
    if (run->options->skip_bad && (rc == CNN_EDATA || rc == CNN_ENOINPUT)) {
        item->bad = cnn_strdup(cnn_error_message());
        rc = item->bad ? 0 : CNN_ESYSTEM;
    }
    return rc;
}

static void drop_item(void *context, void *slot)
{
    const struct run *run = context;
    struct item *item = slot;
    for (size_t k = 0; item->packed && k < run->outputs; k++)
        run->sink->type->drop(item->packed[k]);
    for (size_t k = 0; k < PREVIEW_TILES; k++)
        cnn_image_free(&item->tile[k]);
    free(item->packed);
    free(item->bad);
    cnn_raw_free(item->raw);
    cnn_sample_free(&item->sample);
    cnn_sample_free(&item->copy);
    cnn_augment_scratch_free(&item->scratch);
}

static int consume(struct run *run, struct item *item)
{
    const struct cnn_callbacks *cb = run->callbacks;
    int rc = 0;
    if (item->bad && cb->bad)
        cb->bad(cb->context,
                run->count != SIZE_MAX ? cnn_dataset_record(run->ds, item->index)->source
                : item->sample.key     ? item->sample.key
                                       : "?",
                item->bad);
    for (size_t k = 0; k < run->outputs && !item->bad && !rc; k++) {
        if (!run->closed)
            rc = run->sink->type->write(run->sink, item->packed[k]);
        if (rc == CNN_EPIPE && run->options->preview[0]) {
            run->closed = 1; /* the picture was asked for besides */
            rc = 0;
        }
    }
    if (!rc && !item->bad && run->preview.group) {
        cnn_preview_seen(&run->preview, label_of(item));
        if (item->shown)
            rc = cnn_preview_add(&run->preview, label_of(item), item->sample.key, item->tile);
    }
    run->written += !item->bad;
    if (!rc && cb->progress)
        cb->progress(cb->context, item->index + 1, run->count == SIZE_MAX ? 0 : run->count);
    return rc;
}

static int run_pipeline(struct run *run)
{
    const struct cnn_pipeline_job job = {produce, work, run, sizeof(struct item)};
    size_t threads = run->options->threads ? (size_t)run->options->threads : (size_t)cnn_cores();
    size_t ahead = 64 / run->outputs;
    ahead = ahead < 16 * threads ? ahead : 16 * threads;
    struct cnn_pipeline *p =
        cnn_pipeline_open(&job, (int)threads, ahead > threads ? ahead : threads + 1);
    if (!p)
        return CNN_ESYSTEM;
    void *slot;
    int rc;
    while ((rc = cnn_pipeline_next(p, &slot)) > 0) {
        rc = stopped(run) ? fail_stopped() : consume(run, slot);
        if (rc)
            break;
        cnn_pipeline_release(p);
        if (run->closed && cnn_preview_full(&run->preview))
            break;
    }
    if (!rc && !run->closed)
        run->preview.counted = 1;
    cnn_pipeline_close(p, drop_item);
    if (!rc && run->next && !run->written)
        return cnn_fail(CNN_EDATA, "%s: every sample is bad", run->options->data);
    return rc;
}

static int open_data(struct run *run)
{
    const struct cnn_augment_options *o = run->options;
    struct cnn_strings classes = {0};
    struct cnn_dataset_options how = {.stream = 1,
                                      .empty = 1,
                                      .strict = o->strict,
                                      .stop = run->callbacks->stop,
                                      .note = run->callbacks->note,
                                      .context = run->callbacks->context};
    int rc = o->classes[0] ? cnn_classes_read(o->classes, &classes) : 0;
    how.classes = o->classes[0] ? &classes : NULL;
    how.labels = o->labels[0] ? o->labels : NULL;
    if (!rc)
        rc = cnn_dataset_open(o->data, &how, &run->ds);
    if (!rc)
        rc = cnn_dataset_check_labels(&run->ds, 1, how.labels);
    cnn_strings_free(&classes);
    if (!rc)
        run->count = cnn_dataset_count(run->ds);
    return rc;
}

/* A folder is written to only when it is empty. */
static int check_apart(const struct run *run)
{
    const struct cnn_augment_options *o = run->options;
    const struct cnn_path_use out[] = {{"--output", o->output},
                                       {"--preview", o->preview},
                                       {"--on-bad list", o->bad_list},
                                       {NULL, NULL}};
    const struct cnn_path_use in[] = {
        {"the data", o->data}, {"--classes", o->classes}, {"--labels", o->labels}, {NULL, NULL}};
    int rc = cnn_apart_check(out, in);
    return rc ? rc : cnn_apart_samples(out, run->ds);
}

/* All outputs are written before the first gets its name. */
static int put_in_place(struct run *run)
{
    const struct cnn_augment_options *o = run->options;
    int rc = run->closed ? 0 : run->sink->type->finish(run->sink);
    if (!rc)
        rc = cnn_callbacks_ready(run->callbacks);
    if (!rc && o->preview[0] && run->written)
        rc = cnn_preview_write(&run->preview, run->ds, o, run->augmenter);
    if (!rc && run->closed)
        rc = cnn_fail(CNN_EPIPE, "%s: nobody reads it", o->output);
    return rc ? rc : run->sink->type->commit(run->sink);
}

int cnn_augment_run(const struct cnn_augment_options *options,
                    const struct cnn_augmenter *augmenter, const struct cnn_callbacks *callbacks)
{
    struct run run = {.options = options, .callbacks = callbacks, .augmenter = augmenter};
    run.outputs = (size_t)options->copies + (options->keep ? 1 : 0);
    int rc = open_data(&run);
    if (!rc)
        rc = check_apart(&run);
    if (!rc)
        rc = options->preview[0] ? cnn_preview_plan(&run.preview, run.ds, options, augmenter) : 0;
    if (!rc)
        rc = cnn_sink_open(options, augmenter, run.ds, callbacks->stop, &run.sink);
    if (!rc)
        rc = run_pipeline(&run);
    if (!rc)
        rc = put_in_place(&run);
    if (rc &&
        stopped(&run)) /* Ctrl-C ends the producer of a pipe, too: that is not what is wrong */
        rc = fail_stopped();
    if (run.sink)
        run.sink->type->free(run.sink);
    cnn_preview_free(&run.preview);
    cnn_dataset_close(run.ds);
    return rc;
}
