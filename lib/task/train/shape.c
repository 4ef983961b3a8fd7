/* The input's shape where the net does not say it: that of --input, else what the dataset says as a
 * whole. Samples are looked at in an order that their keys give, so that it does not matter how
 * they are listed; channels, height and width are each the median. */
#include <stdlib.h>
#include <string.h>

#include "task/train/data.h"

enum { MOST_SAMPLES = 1000 };
static const size_t MOST_PIXELS = (size_t)1 << 26;

struct look {
    uint64_t order;
    size_t sample;
};

static int by_order(const void *a, const void *b)
{
    const struct look *x = a, *y = b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return (x->sample > y->sample) - (x->sample < y->sample);
}

static struct look *looks(const struct cnn_dataset *ds)
{
    size_t n = cnn_dataset_count(ds);
    struct look *all = cnn_calloc(n + 1, sizeof *all);
    for (size_t i = 0; all && i < n; i++)
        all[i] = (struct look){cnn_hash_string(cnn_dataset_record(ds, i)->key, 0), i};
    if (all)
        qsort(all, n, sizeof *all, by_order);
    return all;
}

static int by_size(const void *a, const void *b)
{
    const size_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Shapes that were seen, as (3, MOST_SAMPLES). */
struct survey {
    size_t count, mixed, side[3][MOST_SAMPLES];
    int raw;
};

static void note_shape(struct survey *v, const struct cnn_image *im)
{
    const size_t side[] = {im->c, im->h, im->w};
    for (int k = 0; k < 3; k++) {
        v->mixed |= v->count && v->side[k][0] != side[k];
        v->side[k][v->count] = side[k];
    }
    v->raw |= im->maxval == 0;
    v->count++;
}

static int look_around(const struct train_data *d, const struct train_settings *settings,
                       struct survey *v)
{
    struct cnn_sample s = {0};
    size_t n = cnn_dataset_count(d->train), pixels = 0;
    struct look *order = looks(d->train);
    int rc = order ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < n && v->count < MOST_SAMPLES && pixels < MOST_PIXELS; i++) {
        rc = cnn_dataset_load(d->train, order[i].sample, &s);
        if (!rc) {
            note_shape(v, &s.image);
            pixels += s.image.h * s.image.w;
        }
        if (train_skips(settings, rc))
            rc = 0;
    }
    free(order);
    cnn_sample_free(&s);
    return rc || v->count
               ? rc
               : cnn_fail(CNN_EDATA, "%s: no sample could be used", settings->options.data);
}

static int shape_of_data(const struct train_data *d, const struct train_settings *settings,
                         const struct train_report *report, struct cnn_graph_config *config)
{
    struct survey *v = cnn_calloc(1, sizeof *v);
    int rc = v ? look_around(d, settings, v) : CNN_ESYSTEM;
    for (int k = 0; !rc && k < 3; k++)
        qsort(v->side[k], v->count, sizeof v->side[k][0], by_size);
    if (!rc) {
        size_t middle = v->count / 2;
        config->input =
            (struct cnn_chw){v->side[0][middle], v->side[1][middle], v->side[2][middle]};
        config->raw_input = v->raw;
        char shape[72];
        cnn_chw_format(config->input, shape);
        if (v->mixed)
            cnn_train_note(report,
                           "samples differ in shape: the net takes %s, the median of %zu; --input "
                           "CxHxW says another",
                           shape, v->count);
    }
    free(v);
    return rc;
}

/* Numbers that are no images have one shape and no scale. */
int cnn_train_is_raw(const struct train_data *d, const struct train_settings *settings, int *raw)
{
    struct cnn_sample s = {0};
    *raw = 0;
    if (d->streaming || d->no_data)
        return 0;
    int rc = cnn_dataset_load(d->train, 0, &s);
    *raw = !rc && s.image.maxval == 0;
    cnn_sample_free(&s);
    return train_skips(settings, rc) ? 0 : rc;
}

int cnn_train_input_shape(const struct train_data *d, const struct train_settings *settings,
                          const char *text, const struct train_report *report,
                          struct cnn_graph_config *config)
{
    const char *option = settings->options.input;
    int own = cnn_net_has_input(config->name, text);
    config->input_option = "--input CxHxW";
    if (own < 0)
        return own;
    if (own && option[0])
        return cnn_fail(CNN_EUSAGE, "--input: %s has an input line of its own", config->name);
    if (own)
        return 0;
    if (option[0]) {
        int rc = cnn_net_shape(option, &config->input);
        return rc ? rc : cnn_train_is_raw(d, settings, &config->raw_input);
    }
    return d->streaming || d->no_data ? 0 : shape_of_data(d, settings, report, config);
}
