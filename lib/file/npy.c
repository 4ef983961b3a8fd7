/* NumPy's .npy header: "\x93NUMPY", version, length, a Python dictionary such as
 * {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } padded with spaces and a newline
 * (numpy.lib.format, "Format Version 1.0" to "3.0"). See npy.h. */
#include "file/npy.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "file/elements.h"

enum { PREFIX = 10 }; /* magic, version and length in version 1 */

/* The dictionary's text, being read. */
struct cursor {
    const char *at, *end;
};

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t'))
        c->at++;
}

static int take(struct cursor *c, char what)
{
    skip_space(c);
    if (c->at == c->end || *c->at != what)
        return 0;
    c->at++;
    return 1;
}

static int take_word(struct cursor *c, const char *word)
{
    size_t n = strlen(word);
    skip_space(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n))
        return 0;
    c->at += n;
    return 1;
}

/* A quoted string without escapes into text[size]. */
static int take_string(struct cursor *c, char *text, size_t size)
{
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return 0;
    char quote = *c->at++;
    size_t n = 0;
    for (; c->at < c->end && *c->at != quote; c->at++) {
        if (*c->at == '\\' || n + 1 == size)
            return 0;
        text[n++] = *c->at;
    }
    text[n] = '\0';
    return take(c, quote);
}

static int take_size(struct cursor *c, size_t *out)
{
    skip_space(c);
    const char *start = c->at;
    *out = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (cnn_mul_overflows(*out, 10, out) ||
            cnn_add_overflows(*out, (size_t)(*c->at - '0'), out))
            return 0;
    return c->at > start;
}

static int read_type(struct cursor *c, struct cnn_npy *h)
{
    char type[32];
    if (!take_string(c, type, sizeof type))
        return cnn_fail(CNN_EDATA, "npy: its element type is not a plain number");
    char order = type[0], kind = '\0', size = '\0';
    if (strlen(type) == 3 && strchr("<>=|", order)) {
        kind = type[1];
        size = type[2];
    }
    const char *sizes = kind == 'f' ? "248" : kind == 'i' || kind == 'u' ? "1248" : "1";
    if (!kind || !strchr("fiub", kind) || !strchr(sizes, size))
        return cnn_fail(CNN_EDATA, "npy: element type '%s' is not supported", type);
    h->kind = kind;
    h->item_size = (size_t)(size - '0');
    h->swapped = h->item_size > 1 &&
                 ((order == '>' && !cnn_big_endian()) || (order == '<' && cnn_big_endian()));
    return 0;
}

static int read_shape(struct cursor *c, struct cnn_npy *h)
{
    if (!take(c, '('))
        return cnn_fail(CNN_EDATA, "npy: malformed shape");
    h->rank = 0;
    while (!take(c, ')')) {
        if (h->rank == CNN_NPY_MAX_RANK)
            return cnn_fail(CNN_EDATA, "npy: more than %d dimensions", CNN_NPY_MAX_RANK);
        if (!take_size(c, &h->dim[h->rank]))
            return cnn_fail(CNN_EDATA, "npy: malformed shape");
        h->rank++;
        if (take(c, ','))
            continue;
        if (!take(c, ')'))
            return cnn_fail(CNN_EDATA, "npy: malformed shape");
        break;
    }
    return 0;
}

static int read_order(struct cursor *c, int *fortran)
{
    *fortran = take_word(c, "True");
    if (!*fortran && !take_word(c, "False"))
        return cnn_fail(CNN_EDATA, "npy: fortran_order is neither True nor False");
    return 0;
}

/* The three keys in any order, each once. */
static int read_dictionary(struct cursor *c, struct cnn_npy *h)
{
    enum { TYPE = 1, ORDER = 2, SHAPE = 4 };
    int seen = 0, fortran = 0;
    if (!take(c, '{'))
        return cnn_fail(CNN_EDATA, "npy: malformed header");
    while (!take(c, '}')) {
        char key[32];
        if (!take_string(c, key, sizeof key) || !take(c, ':'))
            return cnn_fail(CNN_EDATA, "npy: malformed header");
        int which = !strcmp(key, "descr")           ? TYPE
                    : !strcmp(key, "fortran_order") ? ORDER
                    : !strcmp(key, "shape")         ? SHAPE
                                                    : 0;
        if (!which || (seen & which))
            return cnn_fail(CNN_EDATA, "npy: %s key '%s' in its header",
                            which ? "repeated" : "unknown", key);
        int rc = which == TYPE    ? read_type(c, h)
                 : which == ORDER ? read_order(c, &fortran)
                                  : read_shape(c, h);
        if (rc)
            return rc;
        seen |= which;
        if (!take(c, ',') && !(c->at < c->end && *c->at == '}'))
            return cnn_fail(CNN_EDATA, "npy: malformed header");
    }
    if (seen != (TYPE | ORDER | SHAPE))
        return cnn_fail(CNN_EDATA, "npy: its header lacks descr, fortran_order or shape");
    h->fortran = fortran && h->rank > 1;
    return 0;
}

static int count_elements(struct cnn_npy *h)
{
    size_t bytes = h->item_size;
    h->count = 1;
    for (int i = 0; i < h->rank; i++) {
        /* a zero elsewhere must not hide an overflow */
        size_t dim = h->dim[i] ? h->dim[i] : 1;
        if (cnn_mul_overflows(bytes, dim, &bytes) || bytes > SIZE_MAX / 2)
            return cnn_fail(CNN_EDATA, "npy: its shape is too large");
        h->count *= h->dim[i];
    }
    return 0;
}

int cnn_npy_parse(const unsigned char *bytes, size_t size, struct cnn_npy *out)
{
    *out = (struct cnn_npy){0};
    if (size < PREFIX || memcmp(bytes, "\x93NUMPY", 6))
        return cnn_fail(CNN_EDATA, size < PREFIX ? "npy: truncated header" : "not an npy file");
    int version = bytes[6];
    if (version < 1 || version > 3)
        return cnn_fail(CNN_EDATA, "npy: unknown version %d.%d", bytes[6], bytes[7]);
    size_t prefix = version == 1 ? PREFIX : PREFIX + 2, length = bytes[8] + 256u * bytes[9];
    if (size < prefix)
        return cnn_fail(CNN_EDATA, "npy: truncated header");
    if (version > 1)
        length += ((size_t)bytes[10] << 16) + ((size_t)bytes[11] << 24);
    if (length > size - prefix)
        return cnn_fail(CNN_EDATA, "npy: truncated header");
    const char *text = (const char *)bytes + prefix;
    struct cursor c = {text, text + length};
    int rc = read_dictionary(&c, out);
    if (rc)
        return rc;
    skip_space(&c);
    if (c.at != c.end)
        return cnn_fail(CNN_EDATA, "npy: malformed header");
    out->offset = prefix + length;
    return count_elements(out);
}

/* Where element i of C order lies in Fortran order, in which the first index is the fastest. */
static size_t fortran_place(const struct cnn_npy *h, size_t i)
{
    size_t place = 0;
    for (int k = h->rank - 1; k >= 0; k--) {
        size_t stride = 1;
        for (int j = 0; j < k; j++)
            stride *= h->dim[j];
        place += i % h->dim[k] * stride;
        i /= h->dim[k];
    }
    return place;
}

void cnn_npy_read(const struct cnn_npy *h, const unsigned char *data, size_t first, size_t count,
                  float *out)
{
    if (!h->fortran) {
        cnn_elements_read(h->kind, h->item_size, h->swapped, data + first * h->item_size, count,
                          out);
        return;
    }
    for (size_t i = 0; i < count; i++)
        cnn_elements_read(h->kind, h->item_size, h->swapped,
                          data + fortran_place(h, first + i) * h->item_size, 1, out + i);
}

int cnn_npy_header(enum cnn_dtype type, int rank, const size_t *dim, unsigned char **bytes,
                   size_t *size)
{
    enum { DIGITS = 20 }; /* of SIZE_MAX: room for a first dimension that grows */
    struct cnn_buf b = {0};
    if (rank > CNN_NPY_MAX_RANK)
        return cnn_fail(CNN_EINTERNAL, "npy: more than %d dimensions", CNN_NPY_MAX_RANK);
    cnn_buf_add(&b, "\x93NUMPY\x01\x00\x00\x00", PREFIX);
    cnn_buf_printf(&b, "{'descr': '%cf%zu', 'fortran_order': False, 'shape': (",
                   cnn_big_endian() ? '>' : '<', cnn_dtype_info[type].size);
    int first = 0;
    for (int i = 0; i < rank; i++) {
        size_t before = b.size;
        cnn_buf_printf(&b, i ? " %zu" : "%zu", dim[i]);
        if (i == 0)
            first = (int)(b.size - before);
        if (i + 1 < rank || rank == 1)
            cnn_buf_puts(&b, ",");
    }
    cnn_buf_puts(&b, "), }");
    size_t longest = b.size + (size_t)(rank ? DIGITS - first : 0) + 1;
    size_t total = (longest + 63) / 64 * 64;
    while (!b.failed && b.size + 1 < total)
        cnn_buf_puts(&b, " ");
    cnn_buf_puts(&b, "\n");
    char *text = cnn_buf_take(&b);
    if (!text)
        return CNN_ESYSTEM;
    text[8] = (char)((total - PREFIX) & 255);
    text[9] = (char)((total - PREFIX) >> 8);
    *bytes = (unsigned char *)text;
    *size = total;
    return 0;
}
