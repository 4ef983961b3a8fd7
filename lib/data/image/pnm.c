/* PBM, PGM, PPM (P1..P6) and PAM (P7) as netpbm's manual pages pbm(5), pgm(5), ppm(5), pam(5) say.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/image/codec.h"
#include "data/image/pnm.h"

struct cursor {
    const unsigned char *at, *end;
};

struct header {
    size_t w, h, depth, maxval; /* depth: samples a pixel */
    int bits;                   /* PBM: 1 is black */
    int ascii;
};

static int is_space(int ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && (is_space(*c->at) || *c->at == '#')) {
        if (*c->at == '#')
            while (c->at < c->end && *c->at != '\n' && *c->at != '\r')
                c->at++;
        else
            c->at++;
    }
}

/* A decimal number no larger than `max`; anything else is 0. */
static int take_number(struct cursor *c, size_t max, size_t *out)
{
    skip_space(c);
    const unsigned char *start = c->at;
    *out = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        *out = *out * 10 + (size_t)(*c->at - '0');
        if (*out > max)
            return 0;
    }
    return c->at > start;
}

static int malformed(const struct cursor *c)
{
    return cnn_fail(CNN_EDATA, "%s PNM header", c->at < c->end ? "malformed" : "truncated");
}

/* Width, height and, except in bitmaps, maxval; one white space before binary samples. */
static int read_plain_header(struct cursor *c, int kind, struct header *h)
{
    h->bits = kind == '1' || kind == '4';
    h->ascii = kind <= '3';
    h->depth = kind == '3' || kind == '6' ? 3 : 1;
    h->maxval = 1;
    if (!take_number(c, SIZE_MAX / 16, &h->w) || !take_number(c, SIZE_MAX / 16, &h->h) ||
        (!h->bits && !take_number(c, 65535, &h->maxval)))
        return malformed(c);
    if (!h->ascii && (c->at == c->end || !is_space(*c->at++)))
        return malformed(c);
    return 0;
}

/* One line of PAM's header without its end; 0 at the end of the input. */
static int take_line(struct cursor *c, char *line, size_t size)
{
    const unsigned char *newline = memchr(c->at, '\n', (size_t)(c->end - c->at));
    if (!newline || (size_t)(newline - c->at) >= size)
        return 0;
    memcpy(line, c->at, (size_t)(newline - c->at));
    line[newline - c->at] = '\0';
    c->at = newline + 1;
    return 1;
}

static int read_pam_header(struct cursor *c, struct header *h)
{
    char line[256];
    if (c->at == c->end || *c->at++ != '\n')
        return malformed(c);
    while (take_line(c, line, sizeof line)) {
        char key[16] = "", rest = '\0';
        unsigned long value = 0;
        size_t *field = NULL;
        if (!strcmp(line, "ENDHDR"))
            return h->w && h->h && h->depth && h->maxval ? 0 : malformed(c);
        if (line[0] == '#' || !line[strspn(line, " \t")] || !strncmp(line, "TUPLTYPE", 8))
            continue;
        int n = sscanf(line, "%15s %9lu %c", key, &value, &rest);
        field = !strcmp(key, "WIDTH")    ? &h->w
                : !strcmp(key, "HEIGHT") ? &h->h
                : !strcmp(key, "DEPTH")  ? &h->depth
                : !strcmp(key, "MAXVAL") ? &h->maxval
                                         : NULL;
        if (n != 2 || !field || strchr(line, '-') || *field)
            return malformed(c);
        *field = value;
    }
    return malformed(c);
}

static int check_header(const struct header *h)
{
    if (!h->w || !h->h || !h->maxval || h->maxval > 65535)
        return cnn_fail(CNN_EDATA, "malformed PNM header");
    if (h->depth < 1 || h->depth > 4)
        return cnn_fail(CNN_EDATA, "a PAM file of depth %zu (1 to 4)", h->depth);
    return 0;
}

static size_t row_bytes(const struct header *h)
{
    if (h->bits)
        return (h->w + 7) / 8;
    return h->w * h->depth * (h->maxval > 255 ? 2 : 1);
}

/* No sample may be above maxval. */
static int row_in_range(const struct header *h, const unsigned char *row)
{
    size_t n = h->w * h->depth;
    if (h->maxval == 255 || h->maxval == 65535)
        return 1;
    for (size_t i = 0; i < n; i++) {
        unsigned v = h->maxval > 255 ? (unsigned)(row[2 * i] << 8 | row[2 * i + 1]) : row[i];
        if (v > h->maxval)
            return 0;
    }
    return 1;
}

static int read_binary(struct cursor *c, const struct header *h, struct cnn_image *out)
{
    size_t stride = row_bytes(h);
    if ((size_t)(c->end - c->at) / stride < h->h)
        return cnn_fail(CNN_EDATA, "truncated PNM file");
    for (size_t y = 0; y < h->h; y++, c->at += stride) {
        if (h->bits) {
            for (size_t x = 0; x < h->w; x++)
                out->px[y * h->w + x] = c->at[x / 8] >> (7 - x % 8) & 1 ? 0.0f : 1.0f;
            continue;
        }
        if (!row_in_range(h, c->at))
            return cnn_fail(CNN_EDATA, "corrupt PNM file: a sample above %zu", h->maxval);
        if (h->maxval > 255)
            cnn_codec_row16(out, y, c->at, h->depth, (unsigned)h->maxval);
        else
            cnn_codec_row8(out, y, c->at, h->depth, (unsigned)h->maxval);
    }
    return 0;
}

/* The next sample of P1 (whose digits need no space between them), P2 or P3. */
static int take_sample(struct cursor *c, const struct header *h, size_t *v)
{
    if (!h->bits)
        return take_number(c, h->maxval, v);
    skip_space(c);
    if (c->at == c->end || (*c->at != '0' && *c->at != '1'))
        return 0;
    *v = *c->at++ == '0';
    return 1;
}

static int read_ascii(struct cursor *c, const struct header *h, struct cnn_image *out)
{
    size_t pixels = h->w * h->h;
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < h->depth; k++) {
            size_t v;
            if (!take_sample(c, h, &v))
                return cnn_fail(CNN_EDATA, "%s PNM file", c->at < c->end ? "corrupt" : "truncated");
            out->px[k * pixels + i] = (float)v / (float)h->maxval;
        }
    return 0;
}

static int pnm_sniff(const unsigned char *bytes, size_t size)
{
    return size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' && bytes[2] &&
           (bytes[2] == '#' || strchr(" \t\r\n\v\f", bytes[2]));
}

/* The header; an image whose samples cannot all be there is refused before memory is asked for. */
static int read_header(struct cursor *c, int kind, struct header *h)
{
    size_t pixels, least = (size_t)(c->end - c->at);
    int rc = kind == '7' ? read_pam_header(c, h) : read_plain_header(c, kind, h);
    if (!rc)
        rc = check_header(h);
    if (!rc && (cnn_mul_overflows(h->w, h->h, &pixels) || pixels / 8 > least))
        rc = h->w > CNN_IMAGE_MAX_SIDE || h->h > CNN_IMAGE_MAX_SIDE
                 ? cnn_fail(CNN_EDATA, "%zu x %zu pixels are more than %d on a side", h->w, h->h,
                            CNN_IMAGE_MAX_SIDE)
                 : cnn_fail(CNN_EDATA, "truncated PNM file");
    return rc ? rc : cnn_image_bounds(h->depth < 3 ? 1 : 3, h->h, h->w, (unsigned)h->maxval);
}

static int pnm_size(const unsigned char *bytes, size_t size, struct cnn_chw *out)
{
    struct header h = {0};
    struct cursor c = {bytes + 2, bytes + size};
    int rc = read_header(&c, bytes[1], &h);
    *out = (struct cnn_chw){h.depth < 3 ? 1 : 3, h.h, h.w};
    return rc;
}

static int pnm_decode(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                      struct cnn_image *out)
{
    struct header h = {0};
    struct cursor c = {bytes + 2, bytes + size};
    (void)how;
    int rc = read_header(&c, bytes[1], &h);
    if (!rc)
        rc = cnn_image_reshape(out, h.depth < 3 ? 1 : 3, h.h, h.w, h.maxval > 255 ? 65535 : 255);
    if (rc)
        return rc;
    return h.ascii ? read_ascii(&c, &h, out) : read_binary(&c, &h, out);
}

const struct cnn_image_codec cnn_codec_pnm = {
    .name = "PNM",
    .endings = ".pnm .pbm .pgm .ppm .pam",
    .sniff = pnm_sniff,
    .size = pnm_size,
    .decode = pnm_decode,
};

int cnn_pnm_encode(const struct cnn_image *im, unsigned char **bytes, size_t *size)
{
    int rc = cnn_codec_check(im, "PNM");
    if (rc)
        return rc;
    char header[64];
    size_t n = (size_t)snprintf(header, sizeof header, "P%c\n%zu %zu\n%u\n", im->c == 3 ? '6' : '5',
                                im->w, im->h, im->maxval);
    size_t stride = cnn_codec_row_bytes(im);
    unsigned char *out = malloc(n + stride * im->h);
    if (!out)
        return cnn_fail_memory(n + stride * im->h);
    memcpy(out, header, n);
    for (size_t y = 0; y < im->h; y++)
        cnn_codec_pack_row(im, y, out + n + y * stride);
    *bytes = out;
    *size = n + stride * im->h;
    return 0;
}
