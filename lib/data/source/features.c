/* Features as TSV (features.h), kept in memory. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/source/features.h"
#include "data/source/matrix.h"

int cnn_matrix_load(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const struct cnn_matrix *m = ds->state;
    int rc = cnn_image_reshape(&out->image, m->d, 1, 1, 0);
    if (rc)
        return rc;
    memcpy(out->image.px, m->value + i * m->d, m->d * sizeof *m->value);
    if (!m->target)
        return 0;
    struct cnn_field *f = cnn_sample_add_field(out, NULL, CNN_FIELD_NUMBERS);
    rc = f ? cnn_image_reshape(&f->values, 1, 1, 1, 0) : CNN_ESYSTEM;
    if (!rc)
        f->values.px[0] = m->target[i];
    return rc;
}

void cnn_matrix_close(void *state)
{
    struct cnn_matrix *m = state;
    free(m->value);
    free(m->target);
    free(m);
}

static const struct cnn_source_type features_type = {
    .form = "features", .load = cnn_matrix_load, .close = cnn_matrix_close, .keyed = 1};
int cnn_matrix_number(const char *where, const char *text, const char *stop, float *out)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *text == ' ' || end != stop || !(fabs(value) <= FLT_MAX))
        return cnn_fail(CNN_EDATA, "%s: '%.*s' is not a number", where,
                        (int)(stop - text < 40 ? stop - text : 40), text);
    *out = (float)value;
    return 0;
}

static int add_row(void *context, const char *where, char *fields)
{
    struct cnn_matrix *m = context;
    size_t before = m->count;
    while (fields) {
        char *tab = strchr(fields, '\t');
        if (cnn_grow(&m->value, &m->capacity, m->count + 1, sizeof *m->value))
            return CNN_ESYSTEM;
        const char *stop = tab ? tab : fields + strlen(fields);
        int rc = cnn_matrix_number(where, fields, stop, &m->value[m->count]);
        if (rc)
            return rc;
        m->count++;
        fields = tab ? tab + 1 : NULL;
    }
    size_t got = m->count - before;
    if (before && got != m->d)
        return cnn_fail(CNN_EDATA, "%s: %zu numbers where the rows before have %zu", where, got,
                        m->d);
    m->d = got;
    return got ? 0 : cnn_fail(CNN_EDATA, "%s: no numbers", where);
}

static int open_features(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                         const char *folder, char *text, size_t size)
{
    struct cnn_matrix *m = cnn_calloc(1, sizeof *m);
    struct cnn_found found = {0};
    struct cnn_strings own = {0};
    struct cnn_feature_rows rows = {.row = add_row, .context = m};
    ds->type = &features_type;
    ds->state = m;
    int rc = m ? cnn_features_parse(ds, ds->path, text, size, &rows, &found, &own) : CNN_ESYSTEM;
    if (!rc && ds->count && rows.heading != m->d)
        rc = cnn_fail(CNN_EDATA, "%s: %zu names in the heading for %zu numbers", ds->path,
                      rows.heading, m->d);
    if (!rc && !own.count && strcmp(ds->path, "-"))
        rc = cnn_source_beside(folder, &own);
    if (!rc)
        rc = cnn_source_settle(ds, options, &found, &own);
    if (!rc)
        ds->bytes = m->capacity * sizeof *m->value;
    cnn_found_free(&found);
    cnn_strings_free(&own);
    return rc;
}

static int begins_line(const char *text, const char *word)
{
    return text && !strncmp(text, word, strlen(word));
}

static int is_features(const struct cnn_form_head *h)
{
    return begins_line(h->text, CNN_FEATURES_CLASSES "\t") ||
           begins_line(h->text, CNN_FEATURES_MADE "\t") ||
           begins_line(h->text, CNN_FEATURES_HEADING) || begins_line(h->text, CNN_FEATURES_PATHS);
}

const struct cnn_form cnn_form_features = {
    .name = "features", .is = is_features, .parse = open_features};
