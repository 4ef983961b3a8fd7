/* GIF through giflib (CompuServe, "Graphics Interchange Format", version 89a): the first image, on
 * its screen. Outside of it the screen is transparent, or has the background's colour of the table;
 * transparency is dropped, the colour under it kept. */
#include <string.h>

#include "base/memory.h"
#include "data/image/codec.h"

static int gif_sniff(const unsigned char *bytes, size_t size)
{
    return size >= 6 && (!memcmp(bytes, "GIF87a", 6) || !memcmp(bytes, "GIF89a", 6));
}

#ifdef CNN_LIBGIF
#include <gif_lib.h>
#include <stdlib.h>

struct input {
    const unsigned char *at;
    size_t left;
    int cut; /* more was wanted than there is */
};

static int read_input(GifFileType *gif, GifByteType *to, int n)
{
    struct input *in = gif->UserData;
    size_t give = n < 0 ? 0 : (size_t)n < in->left ? (size_t)n : in->left;
    in->cut |= give < (size_t)n;
    memcpy(to, in->at, give);
    in->at += give;
    in->left -= give;
    return (int)give;
}

static int fail_gif(const struct input *in, int error)
{
    if (error == D_GIF_ERR_NOT_ENOUGH_MEM)
        return cnn_fail_memory(0);
    if (in->cut)
        return cnn_fail(CNN_EDATA, "truncated GIF");
    const char *text = GifErrorString(error);
    return cnn_fail(CNN_EDATA, "corrupt GIF: %s", text ? text : "bad data");
}

/* To the first image, over extensions. */
static int find_image(GifFileType *gif, const struct input *in)
{
    GifRecordType type;
    for (;;) {
        if (DGifGetRecordType(gif, &type) == GIF_ERROR)
            return fail_gif(in, gif->Error);
        if (type == IMAGE_DESC_RECORD_TYPE)
            return DGifGetImageDesc(gif) == GIF_ERROR ? fail_gif(in, gif->Error) : 0;
        if (type == TERMINATE_RECORD_TYPE)
            return cnn_fail(CNN_EDATA, "corrupt GIF: no image");
        int rc;
        GifByteType *block = NULL;
        if (type == EXTENSION_RECORD_TYPE && DGifGetExtension(gif, &rc, &block) == GIF_ERROR)
            return fail_gif(in, gif->Error);
        while (block)
            if (DGifGetExtensionNext(gif, &block) == GIF_ERROR)
                return fail_gif(in, gif->Error);
    }
}

/* Row y of the image gets its colours. */
static int put_colours(const GifFileType *gif, const ColorMapObject *map, const GifPixelType *index,
                       unsigned char *row)
{
    for (int x = 0; x < gif->Image.Width; x++) {
        if (index[x] >= map->ColorCount)
            return cnn_fail(CNN_EDATA, "corrupt GIF: a colour beyond its table");
        const GifColorType *c = &map->Colors[index[x]];
        row[3 * x] = c->Red;
        row[3 * x + 1] = c->Green;
        row[3 * x + 2] = c->Blue;
    }
    return 0;
}

static int read_rows(GifFileType *gif, const struct input *in, GifPixelType *index,
                     unsigned char *row, struct cnn_image *out)
{
    /* of an interlaced image every eighth row comes first, then those between them (appendix E) */
    static const int first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    const ColorMapObject *map = gif->Image.ColorMap ? gif->Image.ColorMap : gif->SColorMap;
    const struct cnn_turn turn = cnn_turn_of(1, out->h, out->w);
    size_t left = (size_t)gif->Image.Left;
    for (int pass = 0; pass < (gif->Image.Interlace ? 4 : 1); pass++)
        for (int y = first[pass]; y < gif->Image.Height;
             y += gif->Image.Interlace ? step[pass] : 1) {
            if (DGifGetLine(gif, index, gif->Image.Width) == GIF_ERROR)
                return fail_gif(in, gif->Error);
            int rc = put_colours(gif, map, index, row + 3 * left);
            if (rc)
                return rc;
            cnn_turn_row(out, &turn, (size_t)(gif->Image.Top + y), row, 3);
        }
    return 0;
}

/* What the screen shows outside of the image: colour 0 of the table, as Pillow has it. */
static void fill(const GifFileType *gif, unsigned char *row, struct cnn_image *out)
{
    const ColorMapObject *map = gif->SColorMap ? gif->SColorMap : gif->Image.ColorMap;
    const struct cnn_turn turn = cnn_turn_of(1, out->h, out->w);
    for (size_t x = 0; x < out->w; x++) {
        row[3 * x] = map->Colors[0].Red;
        row[3 * x + 1] = map->Colors[0].Green;
        row[3 * x + 2] = map->Colors[0].Blue;
    }
    for (size_t y = 0; y < out->h; y++)
        cnn_turn_row(out, &turn, y, row, 3);
}

static int check_image(const GifFileType *gif, const struct cnn_chw *screen, size_t size)
{
    const GifImageDesc *im = &gif->Image;
    if ((!im->ColorMap && !gif->SColorMap) ||
        (im->ColorMap ? im->ColorMap : gif->SColorMap)->ColorCount < 1)
        return cnn_fail(CNN_EDATA, "corrupt GIF: no table of colours");
    if (im->Left < 0 || im->Top < 0 || im->Width < 1 || im->Height < 1 ||
        (size_t)im->Left + (size_t)im->Width > screen->w ||
        (size_t)im->Top + (size_t)im->Height > screen->h)
        return cnn_fail(CNN_EDATA, "corrupt GIF: an image outside its screen");
    /* a code of 3 bits at least gives 4096 pixels at most */
    if ((size_t)im->Width * (size_t)im->Height / 4096 > size * 8 / 3)
        return cnn_fail(CNN_EDATA, "truncated GIF");
    return 0;
}

static int read_gif(GifFileType *gif, const struct input *in, struct cnn_image *out)
{
    struct cnn_chw screen = {3, (size_t)gif->SHeight, (size_t)gif->SWidth};
    int rc = cnn_image_bounds(3, screen.h, screen.w, 255);
    if (!rc)
        rc = find_image(gif, in);
    if (!rc)
        rc = check_image(gif, &screen, in->left);
    if (!rc)
        rc = cnn_image_reshape(out, 3, screen.h, screen.w, 255);
    if (rc)
        return rc;
    unsigned char *row = cnn_calloc(screen.w, 4);
    if (!row)
        return CNN_ESYSTEM;
    int covers = (size_t)gif->Image.Width == screen.w && (size_t)gif->Image.Height == screen.h;
    if (!covers)
        fill(gif, row, out);
    rc = read_rows(gif, in, row + 3 * screen.w, row, out);
    free(row);
    return rc;
}

static int gif_size(const unsigned char *bytes, size_t size, struct cnn_chw *out)
{
    if (size < 10)
        return cnn_fail(CNN_EDATA, "truncated GIF");
    *out = (struct cnn_chw){3, bytes[8] | (size_t)bytes[9] << 8, bytes[6] | (size_t)bytes[7] << 8};
    return cnn_image_bounds(3, out->h, out->w, 255);
}

static int gif_decode(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                      struct cnn_image *out)
{
    struct input in = {bytes, size, 0};
    int error = 0;
    (void)how;
    GifFileType *gif = DGifOpen(&in, read_input, &error);
    if (!gif)
        return fail_gif(&in, error);
    int rc = read_gif(gif, &in, out);
    DGifCloseFile(gif, &error);
    return rc;
}
#else
#define gif_size   NULL
#define gif_decode NULL
#endif

const struct cnn_image_codec cnn_codec_gif = {
    .name = "GIF",
    .library = "giflib",
    .endings = ".gif",
    .sniff = gif_sniff,
    .size = gif_size,
    .decode = gif_decode,
};
