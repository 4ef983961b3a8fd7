/* Signals in WAV files (IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991, chapter
 * 3; WAVE_FORMAT_EXTENSIBLE): planes of one row, (channels, 1, samples), as numbers -1 .. 1, which are no image. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/image/codec.h"

enum { PCM = 1, IEEE_FLOAT = 3, A_LAW = 6, MU_LAW = 7, EXTENSIBLE = 0xfffe, MOST_CHANNELS = 64 };

struct wav {
    unsigned format, channels, bits;
    size_t each; /* bytes of a sample of one channel */
    const unsigned char *data;
    size_t count; /* samples of each channel */
};

static unsigned long number(const unsigned char *at, size_t bytes)
{
    unsigned long v = 0;
    for (size_t i = bytes; i-- > 0;)
        v = v << 8 | at[i];
    return v;
}

static int wav_sniff(const unsigned char *bytes, size_t size)
{
    return size >= 12 && !memcmp(bytes, "RIFF", 4) && !memcmp(bytes + 8, "WAVE", 4);
}

/* Whether samples of so many bits are read. */
static int is_known(const struct wav *w)
{
    switch (w->format) {
    case PCM:
        return w->bits == 8 || w->bits == 16 || w->bits == 24 || w->bits == 32;
    case IEEE_FLOAT:
        return w->bits == 32 || w->bits == 64;
    case A_LAW:
    case MU_LAW:
        return w->bits == 8;
    }
    return 0;
}

static int read_format(const unsigned char *at, size_t size, struct wav *w)
{
    if (size < 16)
        return cnn_fail(CNN_EDATA, "corrupt WAV: a format of %zu bytes", size);
    w->format = (unsigned)number(at, 2);
    w->channels = (unsigned)number(at + 2, 2);
    w->bits = (unsigned)number(at + 14, 2);
    if (w->format == EXTENSIBLE && size >= 26)
        w->format = (unsigned)number(at + 24, 2);
    if (!is_known(w))
        return cnn_fail(CNN_EDATA,
                        "WAV: format %u of %u bits is not read (it is PCM, float, A-law or mu-law)",
                        w->format, w->bits);
    w->each = w->bits / 8;
    if (!w->channels || w->channels > MOST_CHANNELS || number(at + 12, 2) != w->channels * w->each)
        return cnn_fail(CNN_EDATA, "corrupt WAV: %u channels of %u bits in blocks of %lu bytes",
                        w->channels, w->bits, number(at + 12, 2));
    return 0;
}

/* A chunk's size may be 0 or all ones where the file was written to a pipe: it is all that follows. */
static int read_header(const unsigned char *bytes, size_t size, struct wav *w)
{
    *w = (struct wav){0};
    for (size_t at = 12; at + 8 <= size;) {
        size_t left = size - at - 8, length = number(bytes + at + 4, 4);
        const unsigned char *chunk = bytes + at + 8;
        if (!memcmp(bytes + at, "data", 4)) {
            int open = length == 0xffffffff || (!length && left > 8);
            if (!w->channels)
                return cnn_fail(CNN_EDATA, "corrupt WAV: samples before their format");
            if (length > left && !open)
                return cnn_fail(CNN_EDATA, "truncated WAV");
            w->data = chunk;
            w->count = (open ? left : length) / (w->channels * w->each);
            return w->count ? cnn_image_bounds(w->channels, 1, w->count, 0)
                            : cnn_fail(CNN_EDATA, "WAV: no samples");
        }
        if (length > left)
            return cnn_fail(CNN_EDATA, "truncated WAV");
        int rc = memcmp(bytes + at, "fmt ", 4) ? 0 : read_format(chunk, length, w);
        if (rc)
            return rc;
        at += 8 + length + (length & 1);
    }
    return cnn_fail(CNN_EDATA, "truncated WAV: no samples");
}

/* Samples of 8 bits are without a sign, the others two's complement. */
static float pcm(const unsigned char *at, size_t bytes)
{
    if (bytes == 1)
        return ((float)at[0] - 128) / 128;
    double half = (double)(1ul << (8 * bytes - 1)), v = (double)number(at, bytes);
    return (float)((v < half ? v : v - 2 * half) / half);
}

static float ieee(const unsigned char *at, size_t bytes)
{
    float f;
    double d;
    uint32_t low = (uint32_t)number(at, 4);
    uint64_t all = bytes == 8 ? (uint64_t)number(at + 4, 4) << 32 | low : 0;
    memcpy(&f, &low, sizeof f);
    memcpy(&d, &all, sizeof d);
    return bytes == 8 ? (float)d : f;
}

/* ITU-T G.711: 13 and 14 bits in segments, each twice as coarse as the one before. */
static float g711(unsigned format, unsigned char code)
{
    unsigned v = format == A_LAW ? code ^ 0x55u : ~(unsigned)code & 0xff;
    unsigned segment = v >> 4 & 7, step = v & 15;
    int level = format == MU_LAW ? (int)(((2 * step + 33) << segment) - 33)
                : segment        ? (int)((2 * step + 33) << (segment - 1))
                                 : (int)(2 * step + 1);
    int negative = (v >> 7) == (format == MU_LAW);
    return (float)(negative ? -level : level) / (format == A_LAW ? 4096 : 8192);
}

static float sample(const struct wav *w, const unsigned char *at)
{
    switch (w->format) {
    case IEEE_FLOAT:
        return ieee(at, w->each);
    case A_LAW:
    case MU_LAW:
        return g711(w->format, *at);
    }
    return pcm(at, w->each);
}

static int wav_size(const unsigned char *bytes, size_t size, struct cnn_chw *out)
{
    struct wav w;
    int rc = read_header(bytes, size, &w);
    *out = (struct cnn_chw){w.channels, 1, w.count};
    return rc;
}

static int wav_decode(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                      struct cnn_image *out)
{
    struct wav w;
    (void)how;
    int rc = read_header(bytes, size, &w);
    if (!rc)
        rc = cnn_image_reshape(out, w.channels, 1, w.count, 0);
    for (size_t c = 0; !rc && c < w.channels; c++)
        for (size_t i = 0; i < w.count; i++)
            out->px[c * w.count + i] = sample(&w, w.data + (i * w.channels + c) * w.each);
    return rc;
}

const struct cnn_image_codec cnn_codec_wav = {
    .name = "WAV",
    .endings = ".wav .wave",
    .sniff = wav_sniff,
    .size = wav_size,
    .decode = wav_decode,
};
