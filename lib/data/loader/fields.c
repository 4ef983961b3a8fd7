/* Wishes: the memory that they take, and how a sample's fields become labels and numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/loader/private.h"

static size_t row_elements(const struct cnn_loader_options *o, const struct cnn_wish *w)
{
    switch (w->kind) {
    case CNN_FIELD_CLASS:
    case CNN_FIELD_TEXT:
        return 1;
    case CNN_FIELD_NUMBERS:
    case CNN_FIELD_LABELS:
    case CNN_FIELD_BOXES:
    case CNN_FIELD_POINTS:
        return cnn_chw_count(w->shape);
    case CNN_FIELD_IMAGE:
        return cnn_chw_count(w->input->shape);
    case CNN_FIELD_INPUT:
        return cnn_chw_count(o->input->shape);
    case CNN_FIELD_KIND_COUNT:
        break;
    }
    return 0;
}

static size_t rows_of(const struct cnn_loader_options *o, const struct cnn_wish *w)
{
    if (w->kind == CNN_FIELD_IMAGE)
        return cnn_input_rows(w->input);
    if (w->kind == CNN_FIELD_INPUT)
        return cnn_input_rows(o->input);
    return w->rows ? w->rows : 1;
}

struct cnn_loader_wish cnn_loader_wish_of(const struct cnn_loader_options *o, size_t i)
{
    struct cnn_loader_wish w = {.w = o->wish[i], .elements = row_elements(o, &o->wish[i])};
    w.named = *w.w.name != '\0';
    w.name = w.named ? w.w.name : cnn_field_kind_info[w.w.kind].name;
    w.rows = rows_of(o, &w.w);
    w.whole = cnn_field_kind_info[w.w.kind].whole;
    w.counted = w.w.kind != CNN_FIELD_INPUT && (w.rows > 1 || (!w.whole && !w.w.required));
    w.is_x = w.w.kind == CNN_FIELD_INPUT && cnn_augmenter_is_geometric(o->augmenter);
    w.in_plane =
        cnn_field_kind_info[w.w.kind].in_plane || (w.w.kind == CNN_FIELD_NUMBERS && w.w.input);
    return w;
}

size_t cnn_loader_wish_elements(const struct cnn_loader *l, size_t i, struct cnn_chw shape)
{
    enum cnn_field_kind kind = l->wish[i].w.kind;
    if (l->options.native && kind == CNN_FIELD_LABELS)
        return shape.h * shape.w;
    if (l->options.native && kind == CNN_FIELD_INPUT)
        return cnn_chw_count(shape);
    return l->wish[i].elements;
}

size_t cnn_loader_wish_bytes(const struct cnn_loader_wish *w)
{
    size_t each = w->whole ? sizeof(int32_t) : sizeof(float);
    return (w->is_x ? 0 : w->rows * w->elements * each) + (w->counted ? sizeof(int32_t) : 0);
}

size_t cnn_loader_wish_scratch(const struct cnn_loader_wish *w)
{
    size_t copies = w->in_plane ? 2 : 1;
    int loaded = w->w.kind != CNN_FIELD_CLASS && w->w.kind != CNN_FIELD_INPUT;
    return loaded ? copies * w->rows * w->elements * sizeof(float) : 0;
}

int cnn_loader_fields_new(const struct cnn_loader *l, size_t n, struct cnn_loader_field **out)
{
    struct cnn_loader_field *f = *out = cnn_calloc(l->wishes, sizeof *f);
    for (size_t i = 0; f && i < l->wishes; i++) {
        const struct cnn_loader_wish *w = &l->wish[i];
        size_t each = w->rows * w->elements;
        if (w->counted && !(f[i].rows = cnn_calloc(n, sizeof *f[i].rows)))
            return CNN_ESYSTEM;
        if (w->whole && !(f[i].label = cnn_calloc(n, each * sizeof *f[i].label)))
            return CNN_ESYSTEM;
        f[i].labels = w->whole ? n * each : 0;
        if (!w->whole && !w->is_x && !(f[i].numbers = cnn_calloc(n, each * sizeof *f[i].numbers)))
            return CNN_ESYSTEM;
    }
    return f ? 0 : CNN_ESYSTEM;
}

void cnn_loader_fields_free(const struct cnn_loader *l, struct cnn_loader_field *f)
{
    for (size_t i = 0; f && i < l->wishes; i++) {
        free(f[i].label);
        free(f[i].numbers);
        free(f[i].rows);
    }
    free(f);
}

void cnn_loader_fields_copy(const struct cnn_loader *l, struct cnn_loader_field *dst, size_t n,
                            const struct cnn_loader_field *src, size_t at, struct cnn_chw shape)
{
    for (size_t i = 0; i < l->wishes; i++) {
        size_t each = l->wish[i].rows * cnn_loader_wish_elements(l, i, shape);
        if (dst[i].label)
            memcpy(dst[i].label + n * each, src[i].label + at * each, each * sizeof *dst[i].label);
        if (dst[i].numbers)
            memcpy(dst[i].numbers + n * each, src[i].numbers + at * each,
                   each * sizeof *dst[i].numbers);
        if (dst[i].rows)
            dst[i].rows[n] = src[i].rows[at];
    }
}

/* An error is about the file that the field was read from. */
static int within_file(const struct cnn_field *f, int rc)
{
    return rc == CNN_EDATA && f->file ? cnn_fail_within("%s", f->file) : rc;
}

static int fail_without(const struct cnn_loader_wish *w)
{
    const char *word = cnn_field_kind_info[w->w.kind].word;
    if (w->named)
        return cnn_fail(CNN_EDATA, "no field '%.63s' (%s)", w->name, word);
    return w->w.kind == CNN_FIELD_CLASS ? cnn_fail(CNN_EDATA, "no class")
                                        : cnn_fail(CNN_EDATA, "no target of %s", word);
}

static int gather_numbers(const struct cnn_loader_wish *w, const struct cnn_field *f,
                          const struct cnn_loader_place *to, size_t *rows)
{
    const struct cnn_image *v = &f->values;
    size_t count = v->c * v->h * v->w;
    char what[CNN_FIELD_NAME_MAX + 32], name[CNN_FIELD_NAME_MAX + 16];
    int rc = cnn_loader_count_rows(w, count, rows);
    if (rc)
        return rc;
    if (to->numbers)
        memcpy(to->numbers, v->px, count * sizeof *v->px);
    snprintf(what, sizeof what, "number of %s",
             w->named ? cnn_loader_called(w, name) : "the target");
    return cnn_numbers_check(what, v);
}

static int gather_class(const struct cnn_loader_wish *w, const struct cnn_field *f,
                        const struct cnn_loader_place *to, size_t *rows)
{
    char name[CNN_FIELD_NAME_MAX + 16];
    if (f->kind == CNN_FIELD_NUMBERS)
        return cnn_loader_gather_labels(w, f, to, rows);
    if (w->w.classes && f->label >= 0 && (size_t)f->label >= w->w.classes)
        return cnn_fail(CNN_EDATA, "%s has class %ld where there are %zu",
                        cnn_loader_called(w, name), (long)f->label, w->w.classes);
    *to->label = f->label;
    return 0;
}

static int gather_text(const struct cnn_loader_wish *w, const struct cnn_field *f,
                       const struct cnn_loader_place *to, size_t *rows)
{
    size_t n = f->text_size;
    int rc = cnn_loader_count_rows(w, n, rows);
    for (size_t i = 0; !rc && i < n; i++)
        to->label[i] = (unsigned char)f->text[i];
    return rc;
}

/* The input before its pixels are changed, in the view that it will have. */
static int gather_clean(const struct cnn_loader *l, struct cnn_loader_scratch *s, float *out)
{
    const struct cnn_loader_options *o = &l->options;
    size_t rows;
    int rc = cnn_augment_geometry(o->augmenter, o->seed, l->epoch, 0, s->sample.key,
                                  &s->sample.image, &s->augment);
    return rc ? rc : cnn_preprocess_rows(o->input, &s->augment.moved, &s->preprocess, out, &rows);
}

/* Whether a field of that kind can be what is wished for. */
static int suits(const struct cnn_wish *w, enum cnn_field_kind kind)
{
    return kind == w->kind ||
           (kind == CNN_FIELD_NUMBERS &&
            (w->kind == CNN_FIELD_CLASS || w->kind == CNN_FIELD_IMAGE ||
             (w->kind == CNN_FIELD_LABELS && w->rows > 1))) ||
           (kind == CNN_FIELD_IMAGE && w->kind == CNN_FIELD_NUMBERS && w->input) ||
           (kind == CNN_FIELD_POINTS && w->kind == CNN_FIELD_NUMBERS && !w->input);
}

/* One field; *rows: how many it has. */
static int gather(const struct cnn_loader *l, struct cnn_loader_scratch *s,
                  const struct cnn_loader_wish *w, const struct cnn_field *f,
                  const struct cnn_loader_place *to, size_t *rows)
{
    int rc;
    switch (w->w.kind) {
    case CNN_FIELD_CLASS:
        return gather_class(w, f, to, rows);
    case CNN_FIELD_NUMBERS:
        if ((rc = cnn_loader_mixing_takes(l, w, f->kind)))
            return rc;
        if (f->kind == CNN_FIELD_IMAGE)
            return cnn_preprocess(w->w.input, &f->values, &s->preprocess, to->numbers);
        return gather_numbers(w, f, to, rows);
    case CNN_FIELD_BOXES:
    case CNN_FIELD_POINTS:
        return gather_numbers(w, f, to, rows);
    case CNN_FIELD_LABELS:
        return within_file(f, cnn_loader_gather_label_image(l, s, w, f, to, rows));
    case CNN_FIELD_TEXT:
        return gather_text(w, f, to, rows);
    case CNN_FIELD_IMAGE:
        return cnn_preprocess_rows(w->w.input, &f->values, &s->preprocess, to->numbers, rows);
    case CNN_FIELD_INPUT:
        return w->is_x ? 0 : gather_clean(l, s, to->numbers);
    case CNN_FIELD_KIND_COUNT:
        break;
    }
    return 0;
}

/* One wish: its rows, and behind them nothing. */
static int fulfil(const struct cnn_loader *l, struct cnn_loader_scratch *s,
                  const struct cnn_loader_wish *w, const struct cnn_field *f,
                  const struct cnn_loader_place *to)
{
    size_t rows = 1, each = w->elements;
    int rc = 0;
    if (w->w.kind != CNN_FIELD_INPUT && (!f || !suits(&w->w, f->kind))) {
        if (w->w.required)
            return fail_without(w);
        rows = 0;
    } else {
        rc = gather(l, s, w, f, to, &rows);
    }
    for (size_t i = rows * each; to->label && !rc && i < w->rows * each; i++)
        to->label[i] = -1;
    for (size_t i = rows * each; to->numbers && !rc && i < w->rows * each; i++)
        to->numbers[i] = 0;
    if (to->rows)
        *to->rows = (int32_t)rows;
    return rc;
}

int cnn_loader_gather(const struct cnn_loader *l, struct cnn_loader_scratch *s, int in_plane,
                      struct cnn_loader_field *fields, size_t at, struct cnn_chw shape)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < l->wishes; i++) {
        struct cnn_loader_wish own = l->wish[i], *w = &own;
        struct cnn_loader_field *f = &fields[i];
        own.elements = cnn_loader_wish_elements(l, i, shape);
        const struct cnn_field *from =
            w->w.kind == CNN_FIELD_INPUT ? NULL : cnn_sample_field(&s->sample, w->name);
        size_t first = at * w->rows * w->elements;
        const struct cnn_loader_place to = {f->label ? f->label + first : NULL,
                                            f->rows ? f->rows + at : NULL,
                                            f->numbers ? f->numbers + first : NULL};
        int is_in_plane = w->in_plane || (from && from->kind == CNN_FIELD_POINTS);
        if (is_in_plane == in_plane)
            rc = fulfil(l, s, w, from, &to);
    }
    return rc;
}

/* What a wish's rows are to be as many as. */
static size_t rows_like(const struct cnn_loader *l, const struct cnn_loader_wish *w,
                        const struct cnn_loader_field *fields, size_t at, size_t rows)
{
    if (w->w.like == CNN_LIKE_ALL)
        return w->rows;
    if (w->w.like == CNN_LIKE_INPUT)
        return rows;
    const struct cnn_loader_field *other = &fields[w->w.like - CNN_LIKE_WISH];
    return other->rows ? (size_t)other->rows[at] : l->wish[w->w.like - CNN_LIKE_WISH].rows;
}

static int check_whole(const struct cnn_loader *l, size_t rows, size_t most)
{
    return l->options.whole && rows < most
               ? cnn_fail(CNN_EDATA, "%zu rows where %zu are needed: %s", rows, most,
                          l->options.whole)
               : 0;
}

int cnn_loader_check_rows(const struct cnn_loader *l, const struct cnn_loader_field *fields,
                          size_t at, size_t rows)
{
    char name[CNN_FIELD_NAME_MAX + 16];
    int rc = check_whole(l, rows, l->rows);
    for (size_t i = 0; !rc && i < l->wishes; i++) {
        const struct cnn_loader_wish *w = &l->wish[i];
        size_t have = fields[i].rows ? (size_t)fields[i].rows[at] : 0;
        if (w->rows == 1 || !fields[i].rows || (!have && !w->w.required))
            continue;
        if (w->w.kind == CNN_FIELD_IMAGE)
            rc = check_whole(l, have, w->rows);
        size_t want = w->w.like ? rows_like(l, w, fields, at, rows) : have;
        if (!rc && have != want)
            rc = cnn_fail(CNN_EDATA, "%s of %zu rows where there are %zu",
                          cnn_loader_called(w, name), have, want);
    }
    return rc;
}

void cnn_loader_place_fields(const struct cnn_loader *l, struct cnn_sample *s)
{
    const struct cnn_image *im = &s->image;
    struct cnn_view view = cnn_preprocess_view(l->options.input, im->h, im->w);
    if (!im->maxval || cnn_view_is_whole(&view, im->h, im->w))
        return;
    for (size_t i = 0; i < s->fields; i++) {
        struct cnn_field *f = &s->field[i];
        if (f->kind == CNN_FIELD_BOXES)
            cnn_boxes_move(&f->values, &view);
        else if (f->kind == CNN_FIELD_POINTS)
            cnn_points_move(&f->values, &view, NULL);
    }
}

int cnn_loader_wishes_for(const struct cnn_loader *l, const char *name)
{
    for (size_t i = 0; i < l->wishes; i++)
        if (!strcmp(l->wish[i].name, name))
            return 1;
    return 0;
}
