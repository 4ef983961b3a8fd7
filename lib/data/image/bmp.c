/* BMP (Microsoft, "Bitmap Storage", BITMAPCOREHEADER to BITMAPV5HEADER): 1, 4 and 8 bits with a
 * table of colours, 16, 24 and 32 bits with their masks, and RLE4 and RLE8. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/image/codec.h"

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40, V2_HEADER = 52 };
enum { PLAIN = 0, RLE8 = 1, RLE4 = 2, MASKS = 3, MASKS_ALPHA = 6 };

struct header {
    size_t w, h;
    int top_down;
    unsigned bits, compression;
    uint32_t mask[3];             /* red, green, blue; of 16 and 32 bits */
    const unsigned char *palette; /* blue, green, red, and a fourth byte where `entry` is 4 */
    size_t colours, entry;
    const unsigned char *pixels, *end;
};

static unsigned get16(const unsigned char *p)
{
    return (unsigned)(p[0] | p[1] << 8);
}

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

/* Sizes that the kinds of header have, so that a text that begins with "BM" is none. */
static int bmp_sniff(const unsigned char *bytes, size_t size)
{
    static const unsigned char sizes[] = {12, 16, 40, 52, 56, 64, 108, 124};
    if (size < FILE_HEADER + 4 || bytes[0] != 'B' || bytes[1] != 'M')
        return 0;
    for (size_t i = 0; i < sizeof sizes; i++)
        if (get32(bytes + FILE_HEADER) == sizes[i])
            return 1;
    return 0;
}

static size_t row_bytes(const struct header *h)
{
    return (h->w * h->bits + 31) / 32 * 4;
}

static void core_sizes(const unsigned char *info, struct header *h)
{
    h->w = get16(info + 4);
    h->h = get16(info + 6);
    h->bits = get16(info + 10);
    h->entry = 3;
}

static void info_sizes(const unsigned char *info, uint32_t n, struct header *h)
{
    uint32_t height = get32(info + 8);
    h->top_down = height > INT32_MAX;
    h->w = get32(info + 4);
    h->h = h->top_down ? (size_t)(uint32_t)(0 - height) : height;
    h->bits = get16(info + 14);
    h->compression = n >= INFO_HEADER ? get32(info + 16) : PLAIN;
    h->colours = n >= INFO_HEADER ? get32(info + 32) : 0;
    h->entry = 4;
}

/* What is not said has 5 bits each, or 8. */
static void default_masks(struct header *h)
{
    static const uint32_t five[] = {0x7c00, 0x3e0, 0x1f}, eight[] = {0xff0000, 0xff00, 0xff};
    memcpy(h->mask, h->bits == 16 ? five : eight, sizeof h->mask);
}

static int check_form(const struct header *h)
{
    unsigned c = h->compression, b = h->bits;
    int right = (c == PLAIN && (b == 1 || b == 4 || b == 8 || b == 16 || b == 24 || b == 32)) ||
                (c == RLE8 && b == 8 && !h->top_down) || (c == RLE4 && b == 4 && !h->top_down) ||
                ((c == MASKS || c == MASKS_ALPHA) && (b == 16 || b == 32));
    if (!right)
        return cnn_fail(CNN_EDATA, "a BMP file of %u bits and compression %u", b, c);
    return cnn_image_bounds(3, h->h, h->w, 255);
}

/* The table of colours, or the masks, follow the header `n` bytes long at `info`. */
static int read_tables(const unsigned char *info, uint32_t n, struct header *h)
{
    const unsigned char *at = info + n;
    default_masks(h);
    if (h->compression == MASKS || h->compression == MASKS_ALPHA) {
        const unsigned char *masks = n >= V2_HEADER ? info + INFO_HEADER : at;
        if (h->end - masks < 12)
            return cnn_fail(CNN_EDATA, "truncated BMP");
        for (size_t i = 0; i < 3; i++)
            h->mask[i] = get32(masks + 4 * i);
    }
    size_t most = h->bits <= 8 ? (size_t)1 << h->bits : 0, there = (size_t)(h->end - at) / h->entry;
    h->colours = !h->colours || h->colours > most ? most : h->colours;
    if (h->colours > there)
        return cnn_fail(CNN_EDATA, "truncated BMP");
    h->palette = at;
    return 0;
}

static int read_header(const unsigned char *bytes, size_t size, struct header *h)
{
    const unsigned char *info = bytes + FILE_HEADER;
    *h = (struct header){.end = bytes + size};
    uint32_t n = get32(info), offset = get32(bytes + 10);
    if (size - FILE_HEADER < n || offset > size)
        return cnn_fail(CNN_EDATA, "truncated BMP");
    if (n == CORE_HEADER)
        core_sizes(info, h);
    else
        info_sizes(info, n, h);
    int rc = check_form(h);
    if (!rc)
        rc = read_tables(info, n, h);
    if (rc)
        return rc;
    h->pixels = bytes + offset;
    int packed = h->compression == RLE8 || h->compression == RLE4;
    size_t rest = size - offset;
    /* two bytes make 255 pixels at most, or skip so many rows and columns */
    if (packed ? h->h * h->w / 65536 > rest : rest / row_bytes(h) < h->h)
        return cnn_fail(CNN_EDATA, "truncated BMP");
    return 0;
}

/* The bits under the mask, stretched to 8. */
static unsigned char channel(uint32_t value, uint32_t mask)
{
    if (!mask)
        return 0;
    while (!(mask & 1)) {
        mask >>= 1;
        value >>= 1;
    }
    return (unsigned char)((uint64_t)(value & mask) * 255 / mask);
}

static int put_index(const struct header *h, unsigned index, unsigned char *to)
{
    if (index >= h->colours)
        return cnn_fail(CNN_EDATA, "corrupt BMP: a colour beyond its table");
    const unsigned char *p = h->palette + index * h->entry;
    to[0] = p[2];
    to[1] = p[1];
    to[2] = p[0];
    return 0;
}

static void put_colour(const struct header *h, const unsigned char *p, unsigned char *to)
{
    uint32_t v = h->bits == 16   ? get16(p)
                 : h->bits == 24 ? get16(p) | (uint32_t)p[2] << 16
                                 : get32(p);
    for (size_t i = 0; i < 3; i++)
        to[i] = channel(v, h->mask[i]);
}

/* One row (w, 3) from its bytes. */
static int unpack_row(const struct header *h, const unsigned char *from, unsigned char *row)
{
    int rc = 0;
    for (size_t x = 0; !rc && x < h->w; x++) {
        if (h->bits > 8) {
            put_colour(h, from + x * (h->bits / 8), row + 3 * x);
            continue;
        }
        size_t each = 8 / h->bits;
        unsigned shift = (unsigned)((each - 1 - x % each) * h->bits);
        rc = put_index(h, (unsigned)(from[x / each] >> shift) & ((1u << h->bits) - 1), row + 3 * x);
    }
    return rc;
}

/* Indices (h, w) of a run-length coded image, in the order of the file; what is skipped is 0. A
 * pair is a count and a value, or 0 and what else: 0 the row's end, 1 the image's, 2 a move by the
 * two bytes that follow, else so many values, filled up to a whole word. */
struct run_reader {
    const struct header *h;
    unsigned char *index;
    size_t x, y;
};

static int put_run(struct run_reader *r, size_t count, const unsigned char *value, int literal)
{
    int nibbles = r->h->compression == RLE4;
    if (count > r->h->w - r->x || (count && r->y >= r->h->h))
        return cnn_fail(CNN_EDATA, "corrupt BMP: a run beyond its row");
    for (size_t i = 0; i < count; i++) {
        unsigned v = value[literal ? (nibbles ? i / 2 : i) : 0];
        v = !nibbles ? v : i % 2 ? v & 15 : v >> 4;
        r->index[r->y * r->h->w + r->x++] = (unsigned char)v;
    }
    return 0;
}

static int read_runs(struct run_reader *r)
{
    const unsigned char *at = r->h->pixels, *end = r->h->end;
    int rc = 0;
    while (!rc) {
        if (end - at < 2)
            return r->y + 1 >= r->h->h && r->x == r->h->w ? 0
                                                          : cnn_fail(CNN_EDATA, "truncated BMP");
        unsigned count = at[0], value = at[1];
        at += 2;
        if (count) {
            rc = put_run(r, count, at - 1, 0);
        } else if (value == 0) {
            r->x = 0;
            r->y++;
        } else if (value == 1) {
            return 0;
        } else if (value == 2) {
            if (end - at < 2)
                return cnn_fail(CNN_EDATA, "truncated BMP");
            r->x += at[0];
            r->y += at[1];
            at += 2;
            if (r->x > r->h->w || r->y > r->h->h)
                return cnn_fail(CNN_EDATA, "corrupt BMP: a move beyond the image");
        } else {
            size_t bytes = r->h->compression == RLE4 ? (value + 1) / 2 : value;
            bytes += bytes % 2;
            if ((size_t)(end - at) < bytes)
                return cnn_fail(CNN_EDATA, "truncated BMP");
            rc = put_run(r, value, at, 1);
            at += bytes;
        }
    }
    return rc;
}

/* Rows are stored from the bottom up, unless the height is negative. */
static int read_rows(const struct header *h, const unsigned char *index, unsigned char *row,
                     struct cnn_image *out)
{
    int rc = 0;
    for (size_t y = 0; !rc && y < h->h; y++) {
        if (index)
            for (size_t x = 0; !rc && x < h->w; x++)
                rc = put_index(h, index[y * h->w + x], row + 3 * x);
        else
            rc = unpack_row(h, h->pixels + y * row_bytes(h), row);
        if (!rc)
            cnn_codec_row8(out, h->top_down ? y : h->h - 1 - y, row, 3, 255);
    }
    return rc;
}

static int bmp_size(const unsigned char *bytes, size_t size, struct cnn_chw *out)
{
    struct header h;
    int rc = read_header(bytes, size, &h);
    *out = (struct cnn_chw){3, h.h, h.w};
    return rc;
}

static int bmp_decode(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                      struct cnn_image *out)
{
    struct header h;
    (void)how;
    int rc = read_header(bytes, size, &h);
    if (!rc)
        rc = cnn_image_reshape(out, 3, h.h, h.w, 255);
    if (rc)
        return rc;
    int packed = h.compression == RLE8 || h.compression == RLE4;
    unsigned char *row = cnn_calloc(h.w, 3), *index = packed ? cnn_calloc(h.h, h.w) : NULL;
    if (!row || (packed && !index))
        rc = CNN_ESYSTEM;
    if (!rc && packed)
        rc = read_runs(&(struct run_reader){&h, index, 0, 0});
    if (!rc)
        rc = read_rows(&h, index, row, out);
    free(row);
    free(index);
    return rc;
}

const struct cnn_image_codec cnn_codec_bmp = {
    .name = "BMP",
    .endings = ".bmp .dib",
    .sniff = bmp_sniff,
    .size = bmp_size,
    .decode = bmp_decode,
};
