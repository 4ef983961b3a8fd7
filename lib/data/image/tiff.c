/* TIFF through libtiff (Adobe, "TIFF Revision 6.0"): the first page, in whatever way it is
 * compressed. Grey and colour of 8 and 16 bits keep all of them; other kinds (palettes, bits, CMYK,
 * YCbCr, Lab) come as libtiff's 8-bit colours. Transparency is dropped, the colour kept. */
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "data/image/codec.h"

static int tiff_sniff(const unsigned char *bytes, size_t size)
{
    return size >= 8 && (!memcmp(bytes, "II*\0", 4) || !memcmp(bytes, "MM\0*", 4) ||
                         !memcmp(bytes, "II+\0", 4) || !memcmp(bytes, "MM\0+", 4));
}

#ifdef CNN_LIBTIFF
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <tiffio.h>

/* No strip, tile or table of a sane file is larger. */
enum { MAX_ALLOC = 1 << 30, MESSAGE = 200 };

struct input {
    const unsigned char *bytes;
    size_t size, at;
    char message[MESSAGE]; /* libtiff's first */
};

static tmsize_t read_input(thandle_t handle, void *to, tmsize_t n)
{
    struct input *in = handle;
    size_t left = in->at < in->size ? in->size - in->at : 0, want = n > 0 ? (size_t)n : 0;
    size_t give = want < left ? want : left;
    memcpy(to, in->bytes + (left ? in->at : 0), give);
    in->at += give;
    return (tmsize_t)give;
}

static tmsize_t write_nothing(thandle_t handle, void *from, tmsize_t n)
{
    (void)handle;
    (void)from;
    (void)n;
    return -1;
}

static toff_t seek_input(thandle_t handle, toff_t offset, int whence)
{
    struct input *in = handle;
    in->at = whence == SEEK_CUR   ? in->at + (size_t)offset
             : whence == SEEK_END ? in->size + (size_t)offset
                                  : (size_t)offset;
    return in->at;
}

static int close_input(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t size_of_input(thandle_t handle)
{
    const struct input *in = handle;
    return in->size;
}

static int on_error(TIFF *tiff, void *context, const char *module, const char *format, va_list ap)
{
    struct input *in = context;
    (void)tiff;
    (void)module;
    if (!in->message[0])
        vsnprintf(in->message, sizeof in->message, format, ap);
    return 1;
}

static int on_warning(TIFF *tiff, void *context, const char *module, const char *format, va_list ap)
{
    (void)tiff;
    (void)context;
    (void)module;
    (void)format;
    (void)ap;
    return 1;
}

static int fail_tiff(const struct input *in)
{
    return cnn_fail(CNN_EDATA, "corrupt TIFF: %s", in->message[0] ? in->message : "bad data");
}

/* What the first page's header says. */
struct page {
    uint32_t w, h;
    uint16_t bits, samples, photometric, planar, format, orientation;
    int raw;  /* its samples are taken as they are */
    size_t c; /* channels that come of them */
    unsigned maxval;
};

static int read_page(TIFF *tiff, const struct input *in, struct page *p)
{
    *p = (struct page){.orientation = 1, .c = 3, .maxval = 255};
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &p->w) ||
        !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &p->h))
        return fail_tiff(in);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &p->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &p->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &p->planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &p->format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &p->orientation);
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &p->photometric))
        p->photometric = PHOTOMETRIC_MINISBLACK;
    if (p->orientation < 1 || p->orientation > 8)
        p->orientation = 1;
    if (p->format != SAMPLEFORMAT_UINT && p->format != SAMPLEFORMAT_VOID)
        return cnn_fail(CNN_EDATA, "a TIFF file of samples that are no unsigned integers");
    int grey = p->photometric == PHOTOMETRIC_MINISBLACK || p->photometric == PHOTOMETRIC_MINISWHITE;
    int colour = p->photometric == PHOTOMETRIC_RGB && p->samples >= 3;
    p->raw = (grey || colour) && (p->bits == 8 || p->bits == 16) && !TIFFIsTiled(tiff) &&
             p->planar == PLANARCONFIG_CONTIG;
    p->c = grey && p->bits <= 16 ? 1 : 3;
    p->maxval = p->raw && p->bits == 16 ? 65535 : 255;
    return cnn_image_bounds(p->c, p->h, p->w, p->maxval);
}

/* libtiff's compressions make at most some 6,000 bytes from one (zstd, LERC); a short file of many
 * pixels is refused before memory is asked for. */
static int check_length(const struct page *p, const struct input *in)
{
    enum { MOST = 1 << 16 };
    return (uint64_t)p->w * p->h / MOST > in->size ? cnn_fail(CNN_EDATA, "truncated TIFF") : 0;
}

/* 16 bits come in this machine's order. */
static void high_byte_first(unsigned char *row, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t v;
        memcpy(&v, row + 2 * i, 2);
        row[2 * i] = (unsigned char)(v >> 8);
        row[2 * i + 1] = (unsigned char)v;
    }
}

static int read_raw(TIFF *tiff, const struct input *in, const struct page *p,
                    const struct cnn_turn *turn, struct cnn_image *out)
{
    size_t count = (size_t)p->w * p->samples, bytes = count * (p->bits / 8);
    tmsize_t scanline = TIFFScanlineSize(tiff);
    unsigned char *row =
        scanline > 0 && (size_t)scanline >= bytes ? cnn_calloc(1, (size_t)scanline) : NULL;
    if (!row)
        return scanline > 0 && (size_t)scanline >= bytes ? CNN_ESYSTEM : fail_tiff(in);
    int rc = 0;
    for (uint32_t y = 0; !rc && y < p->h; y++) {
        if (TIFFReadScanline(tiff, row, y, 0) != 1) {
            rc = fail_tiff(in);
            break;
        }
        if (p->photometric == PHOTOMETRIC_MINISWHITE)
            for (size_t i = 0; i < bytes; i++)
                row[i] = (unsigned char)~row[i];
        if (p->bits == 16)
            high_byte_first(row, count);
        cnn_turn_row(out, turn, y, row, p->samples);
    }
    free(row);
    return rc;
}

/* Everything else as libtiff shows it: rows from the top as stored, a word a pixel. */
static int read_rgba(TIFF *tiff, const struct input *in, const struct page *p,
                     const struct cnn_turn *turn, struct cnn_image *out)
{
    char message[1024] = "";
    TIFFRGBAImage image;
    uint32_t *pixels = cnn_calloc(p->h, (size_t)p->w * sizeof *pixels);
    unsigned char *row = cnn_calloc(p->w, 3);
    int rc = pixels && row ? 0 : CNN_ESYSTEM, started = 0;
    if (!rc && !(TIFFRGBAImageOK(tiff, message) &&
                 (started = TIFFRGBAImageBegin(&image, tiff, 1, message))))
        rc = cnn_fail(CNN_EDATA, "TIFF that libtiff does not show: %s", message);
    if (started) {
        image.req_orientation = image.orientation; /* turned here, as every image is */
        if (!TIFFRGBAImageGet(&image, pixels, p->w, p->h))
            rc = fail_tiff(in);
        TIFFRGBAImageEnd(&image);
    }
    for (uint32_t y = 0; !rc && y < p->h; y++) {
        for (uint32_t x = 0; x < p->w; x++) {
            uint32_t v = pixels[(size_t)y * p->w + x];
            row[3 * (size_t)x] = (unsigned char)TIFFGetR(v);
            row[3 * (size_t)x + 1] = (unsigned char)TIFFGetG(v);
            row[3 * (size_t)x + 2] = (unsigned char)TIFFGetB(v);
        }
        cnn_turn_row(out, turn, y, row, 3);
    }
    free(row);
    free(pixels);
    return rc;
}

static TIFF *open_tiff(struct input *in)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return NULL;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, MAX_ALLOC);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, in);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, in);
    TIFF *tiff = TIFFClientOpenExt("image", "rm", in, read_input, write_nothing, seek_input,
                                   close_input, size_of_input, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

/* out NULL: only the shape. */
static int run(const unsigned char *bytes, size_t size, struct cnn_chw *shape,
               struct cnn_image *out)
{
    struct input in = {.bytes = bytes, .size = size};
    struct page p;
    TIFF *tiff = open_tiff(&in);
    if (!tiff)
        return fail_tiff(&in);
    int rc = read_page(tiff, &in, &p);
    struct cnn_turn turn = cnn_turn_of(p.orientation, p.h, p.w);
    *shape = (struct cnn_chw){p.c, turn.h, turn.w};
    if (!rc)
        rc = check_length(&p, &in);
    if (!rc && out)
        rc = cnn_image_reshape(out, p.c, turn.h, turn.w, p.maxval);
    if (!rc && out)
        rc = (p.raw ? read_raw : read_rgba)(tiff, &in, &p, &turn, out);
    TIFFClose(tiff);
    return rc;
}

static int tiff_size(const unsigned char *bytes, size_t size, struct cnn_chw *out)
{
    return run(bytes, size, out, NULL);
}

static int tiff_decode(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                       struct cnn_image *out)
{
    struct cnn_chw shape;
    (void)how;
    return run(bytes, size, &shape, out);
}
#else
#define tiff_size   NULL
#define tiff_decode NULL
#endif

const struct cnn_image_codec cnn_codec_tiff = {
    .name = "TIFF",
    .library = "libtiff",
    .endings = ".tif .tiff",
    .sniff = tiff_sniff,
    .size = tiff_size,
    .decode = tiff_decode,
};
