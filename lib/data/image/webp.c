/* WebP through libwebp, lossy and lossless; of an animation the first frame, on black. Transparency
 * is dropped, the colour under it kept. Turned as an EXIF chunk says. */
#include <string.h>

#include "base/memory.h"
#include "data/image/codec.h"

static int webp_sniff(const unsigned char *bytes, size_t size)
{
    return size >= 12 && !memcmp(bytes, "RIFF", 4) && !memcmp(bytes + 8, "WEBP", 4);
}

#ifdef CNN_LIBWEBP
#include <stdlib.h>
#include <webp/decode.h>
#include <webp/demux.h>

/* The file taken apart; its pieces are the caller's bytes. */
struct parts {
    WebPDemuxer *demuxer;
    WebPIterator frame; /* the first */
    int orientation;
    size_t h, w; /* of the canvas */
};

static void close_parts(struct parts *p)
{
    WebPDemuxReleaseIterator(&p->frame);
    WebPDemuxDelete(p->demuxer);
}

static int orientation_of(const WebPDemuxer *demuxer)
{
    WebPChunkIterator chunk;
    int orientation = 1;
    if (WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk))
        orientation = cnn_exif_orientation(chunk.chunk.bytes, chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
    return orientation;
}

/* Everything is checked here that can be without decoding. close_parts() after success. */
static int open_parts(const unsigned char *bytes, size_t size, struct parts *p)
{
    WebPData data = {bytes, size};
    WebPDemuxState state;
    *p = (struct parts){.demuxer = WebPDemuxPartial(&data, &state)};
    if (!p->demuxer || state != WEBP_DEMUX_DONE) {
        close_parts(p);
        return cnn_fail(CNN_EDATA, "%s WebP",
                        state == WEBP_DEMUX_PARSE_ERROR ? "corrupt" : "truncated");
    }
    p->w = WebPDemuxGetI(p->demuxer, WEBP_FF_CANVAS_WIDTH);
    p->h = WebPDemuxGetI(p->demuxer, WEBP_FF_CANVAS_HEIGHT);
    int rc = cnn_image_bounds(3, p->h, p->w, 255);
    if (!rc && !WebPDemuxGetFrame(p->demuxer, 1, &p->frame))
        rc = cnn_fail(CNN_EDATA, "corrupt WebP: no image");
    if (!rc && !p->frame.complete)
        rc = cnn_fail(CNN_EDATA, "truncated WebP");
    const WebPIterator *f = &p->frame;
    if (!rc && (f->x_offset < 0 || f->y_offset < 0 || f->width <= 0 || f->height <= 0 ||
                (size_t)f->x_offset + (size_t)f->width > p->w ||
                (size_t)f->y_offset + (size_t)f->height > p->h))
        rc = cnn_fail(CNN_EDATA, "corrupt WebP: a frame outside its image");
    if (rc)
        close_parts(p);
    else
        p->orientation = orientation_of(p->demuxer);
    return rc;
}

static int webp_size(const unsigned char *bytes, size_t size, struct cnn_chw *out)
{
    struct parts p;
    int rc = open_parts(bytes, size, &p);
    if (rc)
        return rc;
    struct cnn_turn t = cnn_turn_of(p.orientation, p.h, p.w);
    *out = (struct cnn_chw){3, t.h, t.w};
    close_parts(&p);
    return 0;
}

/* The frame into its place of a black canvas (h, w, 3). */
static int decode_canvas(const struct parts *p, unsigned char *canvas)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return cnn_fail(CNN_ESYSTEM, "another version of libwebp than this was built with");
    size_t stride = 3 * p->w;
    size_t at = (size_t)p->frame.y_offset * stride + 3 * (size_t)p->frame.x_offset;
    VP8StatusCode rc =
        WebPGetFeatures(p->frame.fragment.bytes, p->frame.fragment.size, &config.input);
    if (rc == VP8_STATUS_OK &&
        (config.input.width != p->frame.width || config.input.height != p->frame.height))
        rc = VP8_STATUS_BITSTREAM_ERROR;
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = canvas + at;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = p->h * stride - at;
    if (rc == VP8_STATUS_OK)
        rc = WebPDecode(p->frame.fragment.bytes, p->frame.fragment.size, &config);
    WebPFreeDecBuffer(&config.output);
    if (rc == VP8_STATUS_OUT_OF_MEMORY)
        return cnn_fail_memory(0);
    if (rc == VP8_STATUS_SUSPENDED || rc == VP8_STATUS_NOT_ENOUGH_DATA)
        return cnn_fail(CNN_EDATA, "truncated WebP");
    return rc == VP8_STATUS_OK ? 0 : cnn_fail(CNN_EDATA, "corrupt WebP");
}

static int webp_decode(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                       struct cnn_image *out)
{
    struct parts p;
    (void)how;
    int rc = open_parts(bytes, size, &p);
    if (rc)
        return rc;
    struct cnn_turn t = cnn_turn_of(p.orientation, p.h, p.w);
    unsigned char *canvas = cnn_calloc(p.h, 3 * p.w);
    rc = canvas ? decode_canvas(&p, canvas) : CNN_ESYSTEM;
    if (!rc)
        rc = cnn_image_reshape(out, 3, t.h, t.w, 255);
    for (size_t y = 0; !rc && y < p.h; y++)
        cnn_turn_row(out, &t, y, canvas + y * 3 * p.w, 3);
    free(canvas);
    close_parts(&p);
    return rc;
}
#else
#define webp_size   NULL
#define webp_decode NULL
#endif

const struct cnn_image_codec cnn_codec_webp = {
    .name = "WebP",
    .library = "libwebp",
    .endings = ".webp",
    .sniff = webp_sniff,
    .size = webp_size,
    .decode = webp_decode,
};
