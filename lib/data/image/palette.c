/* Palettes of label images; see palette.h. */
#include "data/image/palette.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/lines.h"
#include "base/memory.h"
#include "file/text_file.h"

/* The next number of a line, up to 255; 0: it is none. */
static int take_part(char **at, uint32_t *rgb)
{
    char *word = *at + strspn(*at, " \t"), *end = word + strcspn(word, " \t");
    char cut = *end;
    int64_t value;
    *end = '\0';
    int is = !cnn_parse_int(word, 0, 255, &value);
    *end = cut;
    *at = end;
    *rgb = *rgb << 8 | (uint32_t)(is ? value : 0);
    return is;
}

/* The class of a name, a new one where it is not there yet. */
static int name_class(struct cnn_palette *p, const char *name, uint32_t rgb, int32_t *class)
{
    enum { MOST = 255 }; /* which is no class */
    ptrdiff_t at = cnn_strings_find(&p->names, name);
    *class = -1;
    if (!strcasecmp(name, "void"))
        return 0;
    if (at < 0 && p->names.count == MOST)
        return cnn_fail(CNN_EDATA, "more than %d classes", (int)MOST);
    if (at < 0) {
        at = (ptrdiff_t)p->names.count;
        if (cnn_grow(&p->shown, &p->shown_capacity, p->names.count + 1, sizeof *p->shown) ||
            cnn_strings_add(&p->names, name))
            return CNN_ESYSTEM;
        p->shown[at] = rgb;
    }
    *class = (int32_t)at;
    return 0;
}

static int read_line(struct cnn_palette *p, char *line, const char *path, size_t number)
{
    struct cnn_palette_colour c = {0};
    char *at = line;
    if (!take_part(&at, &c.rgb) || !take_part(&at, &c.rgb) || !take_part(&at, &c.rgb))
        return cnn_fail(CNN_EDATA, "%s:%zu: not 'red green blue name', numbers from 0 to 255", path,
                        number);
    const char *name = at;
    size_t n = cnn_trim(&name, strlen(name));
    if (!n)
        return cnn_fail(CNN_EDATA, "%s:%zu: a colour without a name", path, number);
    for (size_t i = 0; i < p->count; i++)
        if (p->colour[i].rgb == c.rgb)
            return cnn_fail(CNN_EDATA, "%s:%zu: the colour is there twice", path, number);
    char *own = cnn_strndup(name, n);
    int rc = own ? name_class(p, own, c.rgb, &c.class) : CNN_ESYSTEM;
    free(own);
    if (rc == CNN_EDATA)
        rc = cnn_fail_within("%s:%zu", path, number);
    if (!rc && cnn_grow(&p->colour, &p->capacity, p->count + 1, sizeof *p->colour))
        rc = CNN_ESYSTEM;
    if (!rc)
        p->colour[p->count++] = c;
    return rc;
}

static int by_rgb(const void *a, const void *b)
{
    const struct cnn_palette_colour *x = a, *y = b;
    return (x->rgb > y->rgb) - (x->rgb < y->rgb);
}

int cnn_palette_read(const char *path, struct cnn_palette *out)
{
    enum { MOST_BYTES = 1 << 20 };
    char *text, *line;
    size_t size;
    int rc = cnn_text_read(path, MOST_BYTES, &text, &size);
    if (rc)
        return rc;
    struct cnn_lines lines = cnn_lines_of(text, size);
    while (!rc && (line = cnn_lines_next(&lines)))
        rc = *line == '#' ? 0 : read_line(out, line, path, lines.number);
    free(text);
    if (!rc && !out->names.count)
        rc = cnn_fail(CNN_EDATA, "%s: no classes", path);
    if (!rc)
        qsort(out->colour, out->count, sizeof *out->colour, by_rgb);
    return rc;
}

int cnn_palette_find(const struct cnn_palette *p, uint32_t rgb, int32_t *class)
{
    const struct cnn_palette_colour wanted = {.rgb = rgb};
    const struct cnn_palette_colour *c =
        p->count ? bsearch(&wanted, p->colour, p->count, sizeof *p->colour, by_rgb) : NULL;
    *class = c ? c->class : -1;
    return c != NULL;
}

void cnn_palette_free(struct cnn_palette *p)
{
    free(p->colour);
    free(p->shown);
    cnn_strings_free(&p->names);
    *p = (struct cnn_palette){0};
}

/* Bits 0, 3 and 6 of the class are the highest of red, bits 1, 4, 7 of green, 2 and 5 of blue, and so on. */
uint32_t cnn_palette_usual(size_t class)
{
    uint32_t part[3] = {0};
    for (unsigned bit = 0; bit < 8; bit++, class >>= 3)
        for (unsigned k = 0; k < 3; k++)
            part[k] |= (uint32_t)(class >> k & 1) << (7 - bit);
    return part[0] << 16 | part[1] << 8 | part[2];
}
