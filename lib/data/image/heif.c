/* HEIC and AVIF through libheif: the primary image, turned and cropped as the file says, at 8 bits
 * a sample. */
#include <string.h>

#include "base/memory.h"
#include "data/image/codec.h"

/* A box "ftyp" whose brand, or one of the compatible ones, is a still image's. */
static int heif_sniff(const unsigned char *bytes, size_t size)
{
    static const char brands[] = "heic heix heim heis hevc hevx mif1 msf1 avif avis";
    if (size < 16 || memcmp(bytes + 4, "ftyp", 4))
        return 0;
    size_t end = (size_t)bytes[2] << 8 | bytes[3];
    end = bytes[0] || bytes[1] || end > size ? size : end;
    for (size_t at = 8; at + 4 <= end; at += 4)
        for (size_t i = 0; i + 4 < sizeof brands; i += 5)
            if (at != 12 && !memcmp(bytes + at, brands + i, 4))
                return 1;
    return 0;
}

#ifdef CNN_LIBHEIF
#include <libheif/heif.h>
#include <stdlib.h>

struct parts {
    struct heif_context *context;
    struct heif_image_handle *handle;
    struct heif_image *image;
};

static void close_parts(struct parts *p)
{
    heif_image_release(p->image);
    heif_image_handle_release(p->handle);
    heif_context_free(p->context);
}

static int fail_heif(struct heif_error e)
{
    if (e.code == heif_error_Memory_allocation_error && e.subcode == heif_suberror_Unspecified)
        return cnn_fail_memory(0);
    if (e.code == heif_error_Unsupported_feature || e.code == heif_error_Unsupported_filetype)
        return cnn_fail(CNN_EDATA, "HEIF that this libheif does not read: %s", e.message);
    return cnn_fail(CNN_EDATA, "%s HEIF: %s",
                    e.subcode == heif_suberror_End_of_data ? "truncated" : "corrupt", e.message);
}

/* The header alone; what there is to free is in *p, whatever comes back. */
static int open_parts(const unsigned char *bytes, size_t size, struct parts *p,
                      struct cnn_chw *shape)
{
    *p = (struct parts){.context = heif_context_alloc()};
    if (!p->context)
        return cnn_fail_memory(0);
    heif_context_set_maximum_image_size_limit(p->context, 1 << 14);
    heif_context_set_max_decoding_threads(p->context, 0);
    struct heif_error e = heif_context_read_from_memory_without_copy(p->context, bytes, size, NULL);
    if (e.code == heif_error_Ok)
        e = heif_context_get_primary_image_handle(p->context, &p->handle);
    if (e.code != heif_error_Ok)
        return fail_heif(e);
    int h = heif_image_handle_get_height(p->handle), w = heif_image_handle_get_width(p->handle);
    *shape = (struct cnn_chw){3, h > 0 ? (size_t)h : 0, w > 0 ? (size_t)w : 0};
    return cnn_image_bounds(3, shape->h, shape->w, 255);
}

static int heif_size(const unsigned char *bytes, size_t size, struct cnn_chw *out)
{
    struct parts p;
    int rc = open_parts(bytes, size, &p, out);
    close_parts(&p);
    return rc;
}

static int take_pixels(const struct heif_image *image, const struct cnn_chw *shape,
                       struct cnn_image *out)
{
    int stride, h = heif_image_get_height(image, heif_channel_interleaved);
    int w = heif_image_get_width(image, heif_channel_interleaved);
    const unsigned char *rows =
        heif_image_get_plane_readonly(image, heif_channel_interleaved, &stride);
    if (!rows || h < 0 || w < 0 || (size_t)h != shape->h || (size_t)w != shape->w ||
        (size_t)stride / 3 < shape->w)
        return cnn_fail(CNN_EDATA, "corrupt HEIF: an image of another size than it says");
    int rc = cnn_image_reshape(out, 3, shape->h, shape->w, 255);
    const struct cnn_turn turn = cnn_turn_of(1, shape->h, shape->w);
    for (size_t y = 0; !rc && y < shape->h; y++)
        cnn_turn_row(out, &turn, y, rows + y * (size_t)stride, 3);
    return rc;
}

static int heif_decode(const unsigned char *bytes, size_t size, const struct cnn_decoding *how,
                       struct cnn_image *out)
{
    struct parts p;
    struct cnn_chw shape;
    (void)how;
    int rc = open_parts(bytes, size, &p, &shape);
    if (!rc) {
        struct heif_error e = heif_decode_image(p.handle, &p.image, heif_colorspace_RGB,
                                                heif_chroma_interleaved_RGB, NULL);
        rc = e.code == heif_error_Ok ? take_pixels(p.image, &shape, out) : fail_heif(e);
    }
    close_parts(&p);
    return rc;
}
#else
#define heif_size   NULL
#define heif_decode NULL
#endif

const struct cnn_image_codec cnn_codec_heif = {
    .name = "HEIF",
    .library = "libheif",
    .endings = ".heic .heif .hif .avif",
    .sniff = heif_sniff,
    .size = heif_size,
    .decode = heif_decode,
};
