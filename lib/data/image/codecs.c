/* The table of image codecs, and what goes through it. */
#include "data/image/codecs.h"

#include <string.h>

#include "base/text.h"
#include "data/image/codec.h"
#include "file/text_file.h"

#define CNN_IMAGE_CODEC(name) &cnn_codec_##name,
static const struct cnn_image_codec *const codecs[] = {
#include "data/image/image_codecs.def"
};
#undef CNN_IMAGE_CODEC

enum { CODECS = sizeof codecs / sizeof *codecs };

const struct cnn_image_codec *cnn_image_codec_at(size_t i)
{
    return i < CODECS ? codecs[i] : NULL;
}

const struct cnn_image_codec *cnn_image_codec_find(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < CODECS; i++)
        if (codecs[i]->sniff(bytes, size))
            return codecs[i];
    return NULL;
}

int cnn_image_is(const unsigned char *bytes, size_t size)
{
    return cnn_image_codec_find(bytes, size) || cnn_image_foreign(bytes, size);
}

/* Whether the word is one of those in the text, which single spaces separate. */
static int has_word(const char *text, const char *word, size_t n)
{
    for (; *text; text += strcspn(text, " "), text += *text == ' ')
        if (strcspn(text, " ") == n && !strncmp(text, word, n))
            return 1;
    return 0;
}

/* A name's ending in lower case, how long; 0: it has none, or a long one. */
static size_t ending_of(const char *name, char ending[16])
{
    const char *dot = strrchr(name, '.');
    size_t n = dot ? strlen(dot) : 0;
    if (!dot || n >= 16 || strchr(dot, '/'))
        return 0;
    for (size_t i = 0; i <= n; i++)
        ending[i] = (char)(dot[i] >= 'A' && dot[i] <= 'Z' ? dot[i] - 'A' + 'a' : dot[i]);
    return n;
}

int cnn_image_has_name(const char *name)
{
    char ending[16];
    size_t n = ending_of(name, ending);
    for (size_t i = 0; n && i < CODECS; i++)
        if (has_word(codecs[i]->endings, ending, n))
            return 1;
    return 0;
}

int cnn_image_has_foreign_name(const char *name)
{
    static const char endings[] =
        ".tga .jxl .jp2 .j2k .jpx .psd .xcf .exr .hdr .ico .icns .svg .svgz .eps .pdf .dng .cr2 "
        ".cr3 .nef .arw .orf .rw2 .raf .pcx .dds .pfm .qoi .ras .sgi .xbm .xpm";
    char ending[16];
    size_t n = ending_of(name, ending);
    return n && has_word(endings, ending, n);
}

const char *cnn_image_foreign(const unsigned char *bytes, size_t size)
{
    static const struct {
        const char *name, *magic;
        size_t at, size;
    } known[] = {
        {"JPEG XL", "\xff\x0a", 0, 2},         {"JPEG XL", "\0\0\0\x0cJXL ", 0, 8},
        {"JPEG 2000", "\0\0\0\x0cjP  ", 0, 8}, {"JPEG 2000", "\xff\x4f\xff\x51", 0, 4},
        {"Photoshop", "8BPS", 0, 4},           {"PDF", "%PDF-", 0, 5},
        {"OpenEXR", "\x76\x2f\x31\x01", 0, 4},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (size >= known[i].at + known[i].size &&
            !memcmp(bytes + known[i].at, known[i].magic, known[i].size))
            return known[i].name;
    return NULL;
}

/* "PNG, JPEG and PNM": those that this build reads. */
static void put_names(struct cnn_buf *out)
{
    size_t there = 0, said = 0;
    for (size_t i = 0; i < CODECS; i++)
        there += codecs[i]->decode != NULL;
    for (size_t i = 0; i < CODECS; i++)
        if (codecs[i]->decode) {
            said++;
            cnn_buf_printf(out, "%s%s", codecs[i]->name,
                           said == there       ? ""
                           : said + 1 == there ? " or "
                                               : ", ");
        }
}

/* Bytes that no codec knows. */
static int fail_unknown(const unsigned char *bytes, size_t size)
{
    const char *foreign = cnn_image_foreign(bytes, size), *text = cnn_text_foreign(bytes, size);
    struct cnn_buf names = {0};
    if (!size)
        return cnn_fail(CNN_EDATA, "empty file");
    if (text)
        return cnn_fail(CNN_EDATA, "%s, not an image", text);
    put_names(&names);
    int rc = names.failed ? CNN_ESYSTEM
             : foreign    ? cnn_fail(CNN_EDATA, "a %s file (%s is needed)", foreign, names.text)
                          : cnn_fail(CNN_EDATA, "not a %s file", names.text);
    cnn_buf_free(&names);
    return rc;
}

/* The codec for these bytes, which this build can use; NULL after cnn_fail. */
static int choose(const unsigned char *bytes, size_t size, const struct cnn_image_codec **out)
{
    *out = cnn_image_codec_find(bytes, size);
    if (!*out)
        return fail_unknown(bytes, size);
    if (!(*out)->decode)
        return cnn_fail(CNN_EDATA, "%s: this build has no %s", (*out)->name, (*out)->library);
    return 0;
}

int cnn_image_check(const unsigned char *bytes, size_t size)
{
    const struct cnn_image_codec *codec;
    return choose(bytes, size, &codec);
}

int cnn_image_size(const unsigned char *bytes, size_t size, struct cnn_chw *out)
{
    const struct cnn_image_codec *codec;
    int rc = choose(bytes, size, &codec);
    return rc ? rc : codec->size(bytes, size, out);
}

int cnn_image_decode_as(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                        struct cnn_image *out)
{
    const struct cnn_image_codec *codec;
    int rc = choose(bytes, size, &codec);
    return rc ? rc : codec->decode(bytes, size, how, out);
}

int cnn_image_decode(const unsigned char *bytes, size_t size, struct cnn_image *out)
{
    static const struct cnn_decoding plain;
    return cnn_image_decode_as(bytes, size, &plain, out);
}
