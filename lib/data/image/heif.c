/* HEIC and AVIF through libheif: the primary image, turned and cropped as the file says, at 8 bits
 * a sample. */
#include <stdio.h>
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
#include <dlfcn.h>
#include <libheif/heif.h>
#include <pthread.h>
#include <stdlib.h>

/* It brings several codecs of video with it, a third of the time that a program takes to start and
 * some 3 MiB: it is loaded for the first picture that wants it. */
#define LIBRARY "libheif.so.1"
#define FUNCTIONS(F)                                                                               \
    F(context_alloc)                                                                               \
    F(context_free)                                                                                \
    F(context_set_maximum_image_size_limit)                                                        \
    F(context_set_max_decoding_threads)                                                            \
    F(context_read_from_memory_without_copy)                                                       \
    F(context_get_primary_image_handle)                                                            \
    F(image_handle_get_height)                                                                     \
    F(image_handle_get_width)                                                                      \
    F(image_handle_release)                                                                        \
    F(decode_image)                                                                                \
    F(image_get_height)                                                                            \
    F(image_get_width)                                                                             \
    F(image_get_plane_readonly)                                                                    \
    F(image_release)

#define POINTER(name) __typeof__(heif_##name) *name;
static struct {
    FUNCTIONS(POINTER)
} heif;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char why_not[256]; /* empty: it is loaded */

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    int whole = library != NULL;
#define FIND(name) whole = whole && (*(void **)&heif.name = dlsym(library, "heif_" #name));
    FUNCTIONS(FIND)
    const char *error = whole ? NULL : dlerror();
    if (!whole)
        snprintf(why_not, sizeof why_not, "%s", error ? error : "it cannot be loaded");
}

struct parts {
    struct heif_context *context;
    struct heif_image_handle *handle;
    struct heif_image *image;
};

static void close_parts(struct parts *p)
{
    if (!p->context)
        return;
    heif.image_release(p->image);
    heif.image_handle_release(p->handle);
    heif.context_free(p->context);
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
    *p = (struct parts){NULL, NULL, NULL};
    pthread_once(&once, load);
    if (*why_not)
        return cnn_fail(CNN_EDATA, "HEIF: libheif cannot be loaded: %s", why_not);
    if (!(p->context = heif.context_alloc()))
        return cnn_fail_memory(0);
    heif.context_set_maximum_image_size_limit(p->context, 1 << 14);
    heif.context_set_max_decoding_threads(p->context, 0);
    struct heif_error e = heif.context_read_from_memory_without_copy(p->context, bytes, size, NULL);
    if (e.code == heif_error_Ok)
        e = heif.context_get_primary_image_handle(p->context, &p->handle);
    if (e.code != heif_error_Ok)
        return fail_heif(e);
    int h = heif.image_handle_get_height(p->handle), w = heif.image_handle_get_width(p->handle);
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
    int stride, h = heif.image_get_height(image, heif_channel_interleaved);
    int w = heif.image_get_width(image, heif_channel_interleaved);
    const unsigned char *rows =
        heif.image_get_plane_readonly(image, heif_channel_interleaved, &stride);
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
        struct heif_error e = heif.decode_image(p.handle, &p.image, heif_colorspace_RGB,
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
