/* "digits:COUNT[:SEED]": the digits that the project draws itself, as a dataset. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/digits/digits.h"
#include "data/source/source.h"

struct digits {
    uint64_t seed;
};

static int load_digit(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const struct digits *d = ds->state;
    int label;
    return cnn_digits_draw(d->seed, i, &out->image, &label);
}

/* Rows of a list that name so many cost little; they are all drawn up for the one that is named. */
enum { MOST_IN_LISTS = 1 << 20 };

static const struct cnn_source_type digits_type = {
    .form = "digits", .load = load_digit, .close = free};

static int parse_name(const char *path, int64_t *count, int64_t *seed)
{
    char text[64];
    const char *from = path + strlen("digits:");
    size_t n = strcspn(from, ":");
    *seed = 0;
    if (n >= sizeof text)
        return cnn_fail(CNN_EUSAGE, "%s: it is digits:COUNT or digits:COUNT:SEED", path);
    memcpy(text, from, n);
    text[n] = '\0';
    if (cnn_parse_int(text, 1, UINT32_MAX, count) ||
        (from[n] && cnn_parse_int(from + n + 1, 0, INT64_MAX, seed)))
        return cnn_fail_within("%s: it is digits:COUNT or digits:COUNT:SEED", path);
    return 0;
}

static int add_digit(struct cnn_dataset *ds, uint64_t seed, size_t i, int32_t label)
{
    char key[64], source[160];
    snprintf(key, sizeof key, "digits-%llu/%06zu", (unsigned long long)seed, i);
    snprintf(source, sizeof source, "%s#%zu", ds->path, i);
    struct cnn_record r = {.key = key, .source = source, .label = label, .weight = 1};
    return cnn_source_add(ds, &r);
}

int cnn_open_digits(struct cnn_dataset *ds, const struct cnn_dataset_options *options)
{
    struct digits *d = cnn_calloc(1, sizeof *d);
    struct cnn_found found = {.numeric = 1};
    struct cnn_strings own = {0};
    int64_t count = 0, seed = 0;
    int32_t label[CNN_DIGITS_CLASSES];
    ds->type = &digits_type;
    ds->state = d;
    int rc = d ? parse_name(ds->path, &count, &seed) : CNN_ESYSTEM;
    for (int i = 0; !rc && i < CNN_DIGITS_CLASSES; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        rc = cnn_strings_add(&own, text);
        if (!rc)
            rc = cnn_found_add_number(&found, i, ds->path, &label[i]);
    }
    if (!rc && !ds->open && count > MOST_IN_LISTS)
        rc = cnn_fail(CNN_EDATA, "%s: lists name digits of %d at most", ds->path, MOST_IN_LISTS);
    if (!rc)
        d->seed = (uint64_t)seed;
    for (size_t i = 0; !rc && i < (size_t)count; i++)
        rc = add_digit(ds, d->seed, i, label[cnn_digits_class(d->seed, i)]);
    if (!rc)
        rc = cnn_source_settle(ds, options, &found, &own);
    cnn_found_free(&found);
    cnn_strings_free(&own);
    return rc;
}
