/* PNG through libpng (ISO/IEC 15948), turned as an eXIf chunk says. Transparency is dropped, the
 * colour under it kept. */
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/image/codec.h"
#include "data/image/png.h"
#include "file/outfile.h"

/* Deflate makes at most 1032 bytes from one (zlib, "Maximum Compression Factor"). */
enum { DEFLATE_MAX_RATIO = 1032, MESSAGE = 128 };

/* One decoding or encoding; libpng's errors jump out of it. */
struct codec {
    png_structp png;
    png_infop info;
    const unsigned char *in; /* what is left to read */
    size_t in_size;
    unsigned char *out; /* what was written */
    size_t out_size, out_capacity;
    unsigned char *rows; /* one row, or all of an interlaced image */
    png_bytep *row;      /* its rows */
    char message[MESSAGE];
    int stored; /* as cnn_png_decode_stored */
    int orientation;
    int cut;  /* the input ended too early */
    int code; /* when it is not the data's fault */
};

static void on_error(png_structp png, png_const_charp text)
{
    struct codec *s = png_get_error_ptr(png);
    size_t n = strlen(text);
    n = n < MESSAGE ? n : MESSAGE - 1;
    memcpy(s->message, text, n);
    s->message[n] = '\0';
    if (strstr(text, "Out of memory") || strstr(text, "nsufficient memory"))
        s->code = cnn_fail_memory(0);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep to, size_t n)
{
    struct codec *s = png_get_io_ptr(png);
    if (n > s->in_size) {
        s->cut = 1;
        png_error(png, "truncated");
    }
    memcpy(to, s->in, n);
    s->in += n;
    s->in_size -= n;
}

static void write_bytes(png_structp png, png_bytep from, size_t n)
{
    struct codec *s = png_get_io_ptr(png);
    if (cnn_grow(&s->out, &s->out_capacity, s->out_size + n, 1)) {
        s->code = CNN_ESYSTEM;
        png_error(png, "out of memory");
    }
    memcpy(s->out + s->out_size, from, n);
    s->out_size += n;
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

/* Everything as 8 or 16 bits of grey or colour. */
static void ask_plain(struct codec *s)
{
    png_byte type = png_get_color_type(s->png, s->info);
    if (s->stored)
        png_set_packing(s->png); /* a sample a byte */
    else if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(s->png);
    else if (type == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(s->png, s->info) < 8)
        png_set_expand_gray_1_2_4_to_8(s->png);
    png_set_strip_alpha(s->png);
}

/* A file too short to hold that many pixels would only be found out after memory was asked for. */
static void check_length(struct codec *s, size_t whole, size_t w, size_t h)
{
    size_t bits = (size_t)png_get_bit_depth(s->png, s->info) * png_get_channels(s->png, s->info);
    if (w * h / 8 * bits / DEFLATE_MAX_RATIO > whole) {
        s->cut = 1;
        png_error(s->png, "truncated");
    }
}

/* The orientation that an eXIf chunk tells, which may stand before or behind the pixels. Chunks are
 * length, type, data, checksum. */
static int orientation_of(const unsigned char *bytes, size_t size)
{
    enum { SIGNATURE = 8, AROUND = 12 };
    size_t at = SIGNATURE;
    while (at < size && size - at >= AROUND) {
        const unsigned char *p = bytes + at;
        size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (n > size - at - AROUND)
            break;
        if (!memcmp(p + 4, "eXIf", 4))
            return cnn_exif_orientation(p + 8, n);
        at += n + AROUND;
    }
    return 1;
}

/* The shape as it is stored, and maxval. */
static struct cnn_chw read_header(struct codec *s, unsigned *maxval)
{
    size_t whole = s->in_size;
    png_set_read_fn(s->png, s, read_bytes);
    png_set_user_limits(s->png, CNN_IMAGE_MAX_SIDE, CNN_IMAGE_MAX_SIDE);
    /* no text, profile or time is wanted: a negative count drops all chunks that pixels do not need
     */
    png_set_keep_unknown_chunks(s->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(s->png, s->info);
    size_t w = png_get_image_width(s->png, s->info), h = png_get_image_height(s->png, s->info);
    png_byte type = png_get_color_type(s->png, s->info);
    int indices = s->stored && type == PNG_COLOR_TYPE_PALETTE;
    size_t c = (type & PNG_COLOR_MASK_COLOR) && !indices ? 3 : 1;
    *maxval = png_get_bit_depth(s->png, s->info) == 16 ? 65535 : 255;
    check_length(s, whole, w, h);
    s->code = cnn_image_bounds(c, h, w, *maxval);
    if (!s->code && s->stored && (type & PNG_COLOR_MASK_ALPHA))
        s->code = cnn_fail(CNN_EDATA, "an alpha channel, which says nothing of classes");
    if (s->code)
        png_longjmp(s->png, 1);
    return (struct cnn_chw){c, h, w};
}

static void read_pixels(struct codec *s, struct cnn_chw shape, unsigned maxval,
                        struct cnn_image *out)
{
    struct cnn_turn turn = cnn_turn_of(s->orientation, shape.h, shape.w);
    ask_plain(s);
    int interlaced = png_set_interlace_handling(s->png) > 1;
    png_read_update_info(s->png, s->info);
    size_t bytes = png_get_rowbytes(s->png, s->info);
    s->code = cnn_image_reshape(out, shape.c, turn.h, turn.w, maxval);
    s->rows = s->code ? NULL : cnn_calloc(interlaced ? shape.h : 1, bytes);
    s->row = s->code ? NULL : cnn_calloc(interlaced ? shape.h : 1, sizeof *s->row);
    if (!s->rows || !s->row) {
        s->code = s->code ? s->code : CNN_ESYSTEM;
        png_longjmp(s->png, 1);
    }
    for (size_t y = 0; interlaced && y < shape.h; y++)
        s->row[y] = s->rows + y * bytes;
    if (interlaced)
        png_read_image(s->png, s->row);
    for (size_t y = 0; y < shape.h; y++) {
        if (!interlaced)
            png_read_row(s->png, s->rows, NULL);
        cnn_turn_row(out, &turn, y, interlaced ? s->row[y] : s->rows, shape.c);
    }
    png_read_end(s->png, NULL);
}

/* Nonzero when libpng gave up. A function of its own: what the jump's frame owned would be lost.
 * out NULL: only the header is read. */
static int try_read(struct codec *s, struct cnn_chw *shape, struct cnn_image *out)
{
    unsigned maxval;
    if (setjmp(png_jmpbuf(s->png)))
        return 1;
    *shape = read_header(s, &maxval);
    if (out)
        read_pixels(s, *shape, maxval, out);
    return 0;
}

static int run(const unsigned char *bytes, size_t size, int stored, struct cnn_chw *shape,
               struct cnn_image *out)
{
    struct codec s = {.in = bytes, .in_size = size, .stored = stored};
    s.orientation = orientation_of(bytes, size);
    s.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
    s.info = s.png ? png_create_info_struct(s.png) : NULL;
    if (!s.info) {
        png_destroy_read_struct(&s.png, NULL, NULL);
        return cnn_fail(CNN_ESYSTEM, "cannot start libpng");
    }
    int failed = try_read(&s, shape, out);
    png_destroy_read_struct(&s.png, &s.info, NULL);
    free(s.rows);
    free(s.row);
    struct cnn_turn turn = cnn_turn_of(s.orientation, shape->h, shape->w);
    *shape = (struct cnn_chw){shape->c, turn.h, turn.w};
    if (!failed || s.code)
        return s.code;
    if (s.cut)
        return cnn_fail(CNN_EDATA, "truncated PNG");
    return cnn_fail(CNN_EDATA, "corrupt PNG: %s", s.message);
}

static int png_sniff(const unsigned char *bytes, size_t size)
{
    return size >= 8 && !memcmp(bytes, "\x89PNG\r\n\x1a\n", 8);
}

static int png_size(const unsigned char *bytes, size_t size, struct cnn_chw *out)
{
    return run(bytes, size, 0, out, NULL);
}

static int png_decode(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                      struct cnn_image *out)
{
    struct cnn_chw shape = {0};
    (void)how;
    return run(bytes, size, 0, &shape, out);
}

int cnn_png_decode_stored(const unsigned char *bytes, size_t size, struct cnn_image *out)
{
    struct cnn_chw shape = {0};
    if (!png_sniff(bytes, size))
        return cnn_fail(CNN_EDATA, "not a PNG file");
    return run(bytes, size, 1, &shape, out);
}

const struct cnn_image_codec cnn_codec_png = {
    .name = "PNG",
    .library = "libpng",
    .endings = ".png",
    .sniff = png_sniff,
    .size = png_size,
    .decode = png_decode,
};

/* Of zlib's levels the fastest: photographs take a third of the time that its usual one does, and
 * 5 % more bytes. */
static void write_image(struct codec *s, const struct cnn_image *im)
{
    enum { LEVEL = 1 };
    png_set_write_fn(s->png, s, write_bytes, flush_nothing);
    png_set_compression_level(s->png, LEVEL);
    png_set_IHDR(s->png, s->info, (png_uint_32)im->w, (png_uint_32)im->h, im->maxval > 255 ? 16 : 8,
                 im->c == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(s->png, s->info);
    for (size_t y = 0; y < im->h; y++) {
        cnn_codec_pack_row(im, y, s->rows);
        png_write_row(s->png, s->rows);
    }
    png_write_end(s->png, s->info);
}

static int try_write(struct codec *s, const struct cnn_image *im)
{
    if (setjmp(png_jmpbuf(s->png)))
        return 1;
    write_image(s, im);
    return 0;
}

int cnn_png_encode(const struct cnn_image *im, unsigned char **bytes, size_t *size)
{
    struct codec s = {0};
    int rc = cnn_codec_check(im, "PNG");
    if (rc)
        return rc;
    s.rows = cnn_calloc(1, cnn_codec_row_bytes(im));
    if (!s.rows)
        return CNN_ESYSTEM;
    s.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
    s.info = s.png ? png_create_info_struct(s.png) : NULL;
    if (!s.info) {
        png_destroy_write_struct(&s.png, NULL);
        free(s.rows);
        return cnn_fail(CNN_ESYSTEM, "cannot start libpng");
    }
    int failed = try_write(&s, im);
    png_destroy_write_struct(&s.png, &s.info);
    free(s.rows);
    if (failed) {
        free(s.out);
        return s.code ? s.code : cnn_fail(CNN_EINTERNAL, "cannot write PNG: %s", s.message);
    }
    *bytes = s.out;
    *size = s.out_size;
    return 0;
}

int cnn_png_write(const char *path, const struct cnn_image *im)
{
    unsigned char *bytes;
    size_t size;
    struct cnn_outfile *f;
    int rc = cnn_png_encode(im, &bytes, &size);
    if (rc)
        return cnn_fail_within("%s", path);
    rc = cnn_outfile_open(path, &f);
    if (!rc) {
        fwrite(bytes, 1, size, cnn_outfile_stream(f)); /* the commit notices what failed */
        rc = cnn_outfile_commit(f);
    }
    free(bytes);
    return rc;
}
