/* Fields of samples: what a member of a tar holds, or a file or a word that a manifest has. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"
#include "data/image/codec.h"
#include "data/image/png.h"
#include "data/source/source.h"
#include "file/npy.h"

enum { MOST_COLUMNS = 64 };

/* What data are, by the end of their name; images are the others that have an image's name. */
static const struct {
    const char *ending;
    enum cnn_field_kind kind;
} endings[] = {
    {".seg.png", CNN_FIELD_LABELS}, {".boxes.tsv", CNN_FIELD_BOXES},
    {".npy", CNN_FIELD_NUMBERS},    {".cls", CNN_FIELD_CLASS},
    {".txt", CNN_FIELD_TEXT},       {".points.tsv", CNN_FIELD_POINTS},
};

int cnn_field_ending(const char *name, enum cnn_field_kind *kind, size_t *before)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (cnn_path_ends(name, endings[i].ending)) {
            *kind = endings[i].kind;
            *before = strlen(name) - strlen(endings[i].ending);
            return 1;
        }
    *kind = CNN_FIELD_IMAGE;
    *before = dot ? (size_t)(dot - name) : 0;
    return dot && cnn_image_has_name(name);
}

/* classes.NAME.txt or palette.NAME.txt beside the dataset, where it is there; a pipe is beside nothing. */
static int read_beside(const struct cnn_dataset *ds, struct cnn_source_field *f)
{
    int labels = f->kind == CNN_FIELD_LABELS;
    if (!strcmp(ds->path, "-") || ds->fd >= 0)
        return 0;
    struct cnn_buf path = {0};
    char *folder = cnn_path_folder(ds->path);
    int rc = folder ? 0 : CNN_ESYSTEM;
    if (!rc)
        cnn_buf_printf(&path, "%s/%s.%s.txt", folder, labels ? "palette" : "classes", f->name);
    if (!rc && path.failed)
        rc = CNN_ESYSTEM;
    if (!rc && !access(path.text, F_OK))
        rc = labels ? cnn_palette_read(path.text, &f->palette)
                    : cnn_classes_read(path.text, &f->classes);
    cnn_buf_free(&path);
    free(folder);
    return rc;
}

int cnn_source_field(struct cnn_dataset *ds, const char *name, enum cnn_field_kind kind,
                     const struct cnn_source_field **out)
{
    for (const struct cnn_source_field *f = ds->field; f; f = f->next)
        if (f->kind == kind && !strcmp(f->name, name)) {
            *out = f;
            return 0;
        }
    struct cnn_source_field *f = cnn_calloc(1, sizeof *f);
    if (!f)
        return CNN_ESYSTEM;
    snprintf(f->name, sizeof f->name, "%s", name);
    f->kind = kind;
    f->next = ds->field;
    *out = ds->field = f;
    int listed = kind == CNN_FIELD_CLASS || kind == CNN_FIELD_BOXES || kind == CNN_FIELD_LABELS;
    return listed ? read_beside(ds, f) : 0;
}

const char *cnn_dataset_field(const struct cnn_dataset *ds, size_t i, enum cnn_field_kind *kind)
{
    const struct cnn_source_field *f = ds->field;
    while (f && i--)
        f = f->next;
    if (f)
        *kind = f->kind;
    return f ? f->name : NULL;
}

int cnn_source_counts_pixels(const struct cnn_source_field *of, const struct cnn_sample *s)
{
    if (of->kind == CNN_FIELD_LABELS && !strcmp(of->name, cnn_field_kind_info[of->kind].name))
        return 1;
    return (of->kind == CNN_FIELD_LABELS || of->kind == CNN_FIELD_POINTS ||
            of->kind == CNN_FIELD_BOXES) &&
           cnn_sample_wishes(s, of->name);
}

int cnn_numbers_decode(const unsigned char *bytes, size_t size, struct cnn_image *out)
{
    struct cnn_npy h;
    int rc = cnn_npy_parse(bytes, size, &h);
    if (rc)
        return rc;
    if ((size - h.offset) / h.item_size < h.count)
        return cnn_fail(CNN_EDATA, "npy: truncated");
    rc = cnn_source_numbers(out, h.rank, h.dim);
    if (!rc)
        cnn_npy_read(&h, bytes + h.offset, 0, h.count, out->px);
    return rc;
}

/* One of the colours of a pixel, from 0 to 255. */
static uint32_t byte_of(const struct cnn_image *im, size_t channel, size_t at)
{
    return (uint32_t)lroundf(im->px[channel * im->h * im->w + at] * 255.0f);
}

/* An image in colours of the palette; what they say is of no class becomes 255. */
static int look_up(const struct cnn_source_field *of, struct cnn_image *im)
{
    enum { NONE = 255 };
    for (size_t i = 0; i < im->h * im->w; i++) {
        uint32_t red = byte_of(im, 0, i), green = byte_of(im, 1, i), blue = byte_of(im, 2, i);
        int32_t class;
        if (!cnn_palette_find(&of->palette, red << 16 | green << 8 | blue, &class))
            return cnn_fail(
                CNN_EDATA, "the colour %u %u %u at row %zu, column %zu is not in palette.%s.txt",
                (unsigned)red, (unsigned)green, (unsigned)blue, i / im->w, i % im->w, of->name);
        im->px[i] = class < 0 ? (float)NONE : (float)class;
    }
    im->c = 1;
    im->maxval = 0;
    return 0;
}

/* A grey image whose samples are class numbers, or one with a palette whose indices are; or one in colours that the
 * field's palette has. */
static int decode_labels(const struct cnn_source_field *of, const unsigned char *bytes, size_t size,
                         struct cnn_image *out)
{
    int png = cnn_image_codec_find(bytes, size) == &cnn_codec_png;
    int rc = png ? cnn_png_decode_stored(bytes, size, out) : cnn_image_decode(bytes, size, out);
    if (rc)
        return rc;
    if (out->c == 3 && of->palette.count)
        return look_up(of, out);
    if (out->c != 1)
        return cnn_fail(CNN_EDATA,
                        "a label image of %zu channels (grey or a palette is needed, or colours "
                        "that a palette.%s.txt beside the dataset lists)",
                        out->c, of->name);
    for (size_t i = 0; i < out->h * out->w; i++)
        out->px[i] = roundf(out->px[i] * (float)out->maxval);
    out->maxval = 0;
    return 0;
}

/* A whole number is a place in the list; anything else is a name in it. */
static int read_class(const struct cnn_source_field *of, const char *text, size_t n, int64_t *out)
{
    char word[256];
    ptrdiff_t at;
    n = cnn_trim(&text, n);
    snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), text);
    if (!n || n >= sizeof word || memchr(text, '\n', n))
        return cnn_fail(CNN_EDATA, "malformed class");
    if (!cnn_parse_int(word, 0, CNN_CLASSES_MAX, out))
        return 0;
    if (!of->classes.count)
        return cnn_fail(CNN_EDATA, "class '%s' is no number, and there is no classes.%s.txt", word,
                        of->name);
    int rc = cnn_class_find(&of->classes, word, &at);
    *out = at;
    if (!rc && at < 0)
        rc = cnn_fail(CNN_EDATA, "class '%s' is not in classes.%s.txt", word, of->name);
    return rc;
}

/* The numbers of one line: of a box, of which the fifth is a class, or of a point. */
static int read_row(const struct cnn_source_field *of, char *line, size_t number, float *out,
                    size_t *columns)
{
    const char *word = cnn_field_kind_info[of->kind].word;
    int boxes = of->kind == CNN_FIELD_BOXES;
    size_t k = 0, least = boxes ? 4 : 2;
    for (char *at = line, *tab; at; at = tab, k++) {
        double x = 0;
        int64_t class = 0;
        if ((tab = strchr(at, '\t')))
            *tab++ = '\0';
        int classed = boxes && k == 4;
        if (classed && read_class(of, at, strlen(at), &class))
            return cnn_fail_within("%s, line %zu", word, number);
        if (k == MOST_COLUMNS || (!classed && cnn_parse_real(at, -1e9, 1e9, &x)))
            return cnn_fail(CNN_EDATA, "%s, line %zu: '%.40s' is no number", word, number, at);
        out[k] = classed ? (float)class : (float)x;
    }
    if (k < least || (*columns && k != *columns))
        return cnn_fail(CNN_EDATA, "%s, line %zu: %zu columns where %zu are needed", word, number,
                        k, *columns ? *columns : least);
    *columns = k;
    return 0;
}

static int read_rows(const struct cnn_source_field *of, char *text, size_t size,
                     struct cnn_image *out)
{
    struct cnn_lines lines = cnn_lines_of(text, size);
    size_t columns = 0, rows = 0, count = 0;
    float row[MOST_COLUMNS];
    for (size_t i = 0; i < size; i++)
        count += text[i] == '\n';
    int rc = cnn_image_reserve(out, (count + 1) * MOST_COLUMNS);
    for (char *line; !rc && (line = cnn_lines_next(&lines));) {
        rc = read_row(of, line, lines.number, row, &columns);
        if (!rc)
            memcpy(out->px + rows++ * columns, row, columns * sizeof *row);
    }
    out->c = rows;
    out->h = rows ? columns : 0;
    out->w = rows ? 1 : 0;
    out->maxval = 0;
    return rc;
}

/* No rows are nothing to shape. */
static int decode_numbers(const unsigned char *bytes, size_t size, struct cnn_image *out)
{
    struct cnn_npy h;
    int rc = cnn_npy_parse(bytes, size, &h);
    if (rc || h.count)
        return rc ? rc : cnn_numbers_decode(bytes, size, out);
    out->c = out->h = out->w = 0;
    out->maxval = 0;
    return 0;
}

static int decode_class(const struct cnn_source_field *of, const unsigned char *bytes, size_t size,
                        int32_t *out)
{
    int64_t class = 0;
    const char *text = (const char *)bytes;
    while (size && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    int rc = read_class(of, text, size, &class);
    *out = (int32_t) class;
    return rc;
}

static int decode_text(const char *text, size_t size, struct cnn_field *out)
{
    while (size && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    return cnn_field_set_text(out, text, size);
}

static int decode(const struct cnn_source_field *of, const unsigned char *bytes, size_t size,
                  int strict, struct cnn_field *out)
{
    const struct cnn_decoding how = {.strict = strict};
    switch (of->kind) {
    case CNN_FIELD_CLASS:
        return decode_class(of, bytes, size, &out->label);
    case CNN_FIELD_NUMBERS:
        return decode_numbers(bytes, size, &out->values);
    case CNN_FIELD_LABELS:
        return decode_labels(of, bytes, size, &out->values);
    case CNN_FIELD_BOXES: /* their lines are cut where they are */
    case CNN_FIELD_POINTS:
        return cnn_field_set_text(out, (const char *)bytes, size)
                   ? CNN_ESYSTEM
                   : read_rows(of, out->text, size, &out->values);
    case CNN_FIELD_TEXT:
        return decode_text((const char *)bytes, size, out);
    case CNN_FIELD_IMAGE:
        return cnn_image_decode_as(bytes, size, &how, &out->values);
    case CNN_FIELD_INPUT:
    case CNN_FIELD_KIND_COUNT:
        break;
    }
    return 0;
}

int cnn_source_decode(const struct cnn_source_field *of, const unsigned char *bytes, size_t size,
                      struct cnn_sample *out)
{
    struct cnn_field *f = cnn_sample_add_field(out, of->name, of->kind);
    int rc = f ? decode(of, bytes, size, out->strict, f) : CNN_ESYSTEM;
    int named = strcmp(of->name, cnn_field_kind_info[of->kind].name) != 0;
    return rc == CNN_EDATA && named ? cnn_fail_within("field '%s'", of->name) : rc;
}
