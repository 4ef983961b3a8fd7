/* One sample of a tar as it was read, and what its members decode to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/codec.h"
#include "data/members.h"
#include "file/npy.h"

struct cnn_raw *cnn_raw_new(void)
{
    return cnn_calloc(1, sizeof(struct cnn_raw));
}

void cnn_raw_free(struct cnn_raw *raw)
{
    if (!raw)
        return;
    cnn_buf_free(&raw->key);
    free(raw->bytes);
    free(raw);
}

static int decode_numbers(struct cnn_image *out, const unsigned char *bytes, size_t size)
{
    struct cnn_npy h;
    int code = cnn_npy_parse(bytes, size, &h);
    if (code)
        return code;
    if ((size - h.offset) / h.item_size < h.count)
        return cnn_fail(CNN_EDATA, "npy: truncated");
    code = cnn_source_numbers(out, h.rank, h.dim);
    if (!code)
        cnn_npy_read(&h, bytes + h.offset, 0, h.count, out->px);
    return code;
}

/* A grey image whose samples are class numbers, or one with a palette whose indices are. */
static int decode_labels(struct cnn_image *out, const unsigned char *bytes, size_t size)
{
    int png = cnn_image_codec_find(bytes, size) == &cnn_codec_png;
    int code = png ? cnn_png_decode_stored(bytes, size, out) : cnn_image_decode(bytes, size, out);
    if (code)
        return code;
    if (out->c != 1)
        return cnn_fail(CNN_EDATA, "a label image of %zu channels (grey or a palette is needed)",
                        out->c);
    for (size_t i = 0; i < out->h * out->w; i++)
        out->px[i] = roundf(out->px[i] * (float)out->maxval);
    out->maxval = 0;
    return 0;
}

int cnn_part_decode(enum cnn_part_kind kind, const unsigned char *bytes, size_t size,
                    struct cnn_sample *out)
{
    switch (kind) {
    case CNN_PART_IMAGE:
        return cnn_sample_decode(out, bytes, size);
    case CNN_PART_NUMBERS:
        return decode_numbers(&out->image, bytes, size);
    case CNN_PART_TARGET:
        out->target.kind = CNN_TARGET_VECTOR;
        return decode_numbers(&out->target.values, bytes, size);
    case CNN_PART_LABELS:
        out->target.kind = CNN_TARGET_LABELS;
        return decode_labels(&out->target.values, bytes, size);
    default:
        return 0;
    }
}
