/* The samples of a run. A dataset that is a folder of parts: train is trained on, val is for
 * validation, and test is never looked at. --classes: a class list from the user, which may take
 * the place of samples. */
#include <stdlib.h>
#include <string.h>

#include "data/source/dataset_open.h"
#include "task/train/data.h"

enum { MOST_CLASSES = 1 << 20 };

/* Parts */

/* Where --val names a folder of parts, its val is meant. */
static int divide_val(const char *path, struct cnn_divided *d)
{
    int rc = path[0] ? cnn_divided_find(path, d) : 0;
    if (rc == 1 && !d->val)
        return cnn_fail(CNN_EDATA, "%s: it has parts, but none for validation", path);
    return rc;
}

static int find_parts(struct train_data *data, struct cnn_train_options *o,
                      const struct train_report *report)
{
    struct cnn_divided *d = &data->parts, *v = &data->val_parts;
    int rc = cnn_divided_find(o->data, d);
    const char *path = o->data;
    if (rc == 1) {
        int both = d->val && !o->val[0];
        o->data = d->train;
        if (both)
            o->val = d->val;
        cnn_train_note(report, "%s has parts: training on %s%s%s%s%s", path, d->train,
                       both ? ", validating on " : "", both ? d->val : "",
                       d->test ? "; left alone: " : "", d->test ? d->test : "");
    }
    if (rc >= 0 && !(d->val && o->val == d->val)) {
        rc = divide_val(o->val, v);
        if (rc == 1) {
            o->val = v->val;
            cnn_train_note(report, "validating on %s", o->val);
        }
    }
    return rc < 0 ? rc : 0;
}

/* What is done with samples is not done without. */
static int check_no_data(const struct cnn_train_options *options)
{
    static const char *const useless[] = {"val",    "class-weights", "shuffle", "on-bad",
                                          "strict", "checkpoint",    "overfit"};
    if (options->epochs)
        return cnn_fail(CNN_EUSAGE,
                        "no DATASET: only --epochs 0 with --classes makes a model without one");
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++) {
        const struct cnn_option *o = cnn_option_find(cnn_train_option_table, useless[i]);
        int given = cnn_option_given(o, &options->given, options);
        if (given)
            return given < 0
                       ? given
                       : cnn_fail(CNN_EUSAGE, "--%s has no effect: it needs a DATASET", useless[i]);
    }
    return 0;
}

int cnn_train_data_find(struct train_data *d, struct cnn_train_options *o,
                        const struct train_report *report)
{
    d->no_data = !o->data;
    o->data = o->data ? o->data : "";
    return d->no_data ? check_no_data(o) : find_parts(d, o, report);
}

/* Classes */

/* "10": the names are 0 to 9. */
static int list_numbers(struct cnn_strings *out, int64_t count)
{
    int rc = 0;
    for (int64_t i = 0; !rc && i < count; i++) {
        struct cnn_buf name = {0};
        cnn_buf_printf(&name, "%lld", (long long)i);
        rc = name.failed ? CNN_ESYSTEM : cnn_strings_add(out, name.text);
        cnn_buf_free(&name);
    }
    return rc;
}

static int list_classes(const char *text, struct cnn_strings *out)
{
    int64_t count;
    if (!text[0])
        return 0;
    if (!text[strspn(text, "0123456789")])
        return cnn_parse_int(text, 1, MOST_CLASSES, &count) ? cnn_fail_within("--classes")
                                                            : list_numbers(out, count);
    int rc = cnn_classes_read(text, out);
    return rc || out->count ? rc : cnn_fail(CNN_EDATA, "%s: no class names", text);
}

static int take_classes(struct train_data *data, const char *path)
{
    if (!cnn_dataset_classes(data->train)->count)
        return cnn_fail(
            CNN_EDATA, "%s: no classes%s (--target vector or input trains without)", path,
            data->streaming ? " in the stream's header; with --shuffle 1 they are collected"
            : !strcmp(cnn_dataset_form(data->train), "manifest")
                ? ": its lines are paths, not path<TAB>class"
                : "");
    return cnn_strings_copy(&data->classes, cnn_dataset_classes(data->train));
}

/* Samples */

static struct cnn_dataset_options dataset_options(const struct cnn_train_options *o,
                                                  const struct train_report *report)
{
    return (struct cnn_dataset_options){.unlabelled = o->target != CNN_TRAIN_CLASS,
                                        .strict = o->strict,
                                        .stop = report->cb->stop,
                                        .note = report->cb->note,
                                        .context = report->cb->context};
}

static int open_train(struct train_data *data, const struct train_settings *settings,
                      const struct cnn_strings *known, const struct train_report *report)
{
    const struct cnn_train_options *o = &settings->options;
    int classes = o->target == CNN_TRAIN_CLASS;
    struct cnn_dataset_options d = dataset_options(o, report);
    if (cnn_train_may_stream(settings))
        d.stream = classes ? CNN_STREAM_ONCE_LISTED : CNN_STREAM_ONCE;
    if (known && known->count && classes)
        d.classes = known;
    int rc = classes ? list_classes(o->classes, &data->listed) : 0;
    if (data->listed.count)
        d.classes = &data->listed;
    d.empty = data->no_data;
    if (!rc)
        rc = data->no_data ? cnn_dataset_open_images(NULL, 0, &d, &data->train)
                           : cnn_dataset_open(o->data, &d, &data->train);
    if (rc)
        return rc;
    data->streaming = cnn_dataset_count(data->train) == SIZE_MAX;
    if (!data->no_data && !cnn_dataset_count(data->train))
        return cnn_fail(CNN_EDATA, "%s: no samples", o->data);
    return classes ? take_classes(data, o->data) : 0;
}

static int open_val(struct train_data *data, const struct cnn_train_options *o,
                    const struct train_report *report)
{
    struct cnn_dataset_options d = dataset_options(o, report);
    if (!o->val[0])
        return 0;
    if (o->target == CNN_TRAIN_CLASS)
        d.classes = &data->classes;
    int rc = cnn_dataset_open(o->val, &d, &data->val);
    if (!rc && !cnn_dataset_count(data->val))
        rc = cnn_fail(CNN_EDATA, "%s: no samples", o->val);
    return rc;
}

int cnn_train_data_open(struct train_data *d, const struct train_settings *settings,
                        const struct cnn_strings *known, const struct train_report *report)
{
    int rc = open_train(d, settings, known, report);
    return rc ? rc : open_val(d, &settings->options, report);
}

void cnn_train_data_close(struct train_data *d)
{
    cnn_loader_close(d->loader);
    cnn_loader_close(d->val_loader);
    cnn_image_store_close(d->images);
    cnn_dataset_close(d->kept);
    cnn_dataset_close(d->kept_val);
    cnn_train_cache_close(&d->cache);
    cnn_dataset_close(d->train);
    cnn_dataset_close(d->val);
    cnn_divided_free(&d->parts);
    cnn_divided_free(&d->val_parts);
    cnn_strings_free(&d->listed);
    cnn_strings_free(&d->classes);
    free(d->class_weight);
}
