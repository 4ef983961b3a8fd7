/* Numbers with a shape, a type and an order: what kernels take.
 *
 * `real` is float in the programs; the gradient tests build the whole library
 * with -DCNN_REAL=double. Files always hold float32. */
#ifndef CNN_TENSOR_TENSOR_H
#define CNN_TENSOR_TENSOR_H

#include <stddef.h>

#include "base/choices.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef CNN_REAL
#define CNN_REAL float
#endif
typedef CNN_REAL real;

/* The shape of one sample's activations: channels, height, width. A vector is (c, 1, 1). */
struct cnn_chw {
    size_t c, h, w;
};

/* What elements are. Parameters, statistics, losses and sums are reals, whatever activations are.
 *
 *     real      float32, but double in the gradient tests (the word is that of the programs)
 *     bfloat16  the upper half of a float32
 *     int8      from -128 to 127 */
#define CNN_TYPES(FIRST, NEXT)                                                                     \
    FIRST(CNN_TYPE_REAL, "float32")                                                                \
    NEXT(CNN_TYPE_BF16, "bfloat16")                                                                \
    NEXT(CNN_TYPE_INT8, "int8")
enum cnn_type { CNN_CHOICE_NAMES(CNN_TYPES) };

/* In which order elements lie in memory; which orders exist is the backend's own business. Weights
 * are always plain.
 *
 *     plain          row-major: (n, c, h, w), and of weights (out, in, h, w)
 *     channels last  (n, h, w, c)
 *     blocks         of channels, (n, ceil(c / lanes), h, w, lanes): numbers side by side that fill
 *                    a vector; the channels that fill up the last block are always zero
 *     groups         of samples, (ceil(n / lanes), c, h, w, lanes); the samples that fill up the
 *                    last group hold any finite numbers, in gradients zeros */
#define CNN_ORDERS(FIRST, NEXT)                                                                    \
    FIRST(CNN_ORDER_PLAIN, "plain")                                                                \
    NEXT(CNN_ORDER_CHANNELS_LAST, "channels-last")                                                 \
    NEXT(CNN_ORDER_BLOCKS, "blocks")                                                               \
    NEXT(CNN_ORDER_GROUPS, "groups")
enum cnn_order { CNN_CHOICE_NAMES(CNN_ORDERS) };

/* How elements lie in memory. {0} is plain, of reals. */
struct cnn_layout {
    enum cnn_type type;
    enum cnn_order order;
    size_t lanes; /* of a block or a group; 0 in the other orders */
};

/* A view of device memory: it owns nothing. Activations are (n, c, h, w); convolution weights are
 * (out, in / groups, kh, kw), of volumes (out, in / groups * kd, kh, kw), which is PyTorch's
 * (out, in / groups, kd, kh, kw); dense weights (out, in, 1, 1); vectors (1, c, 1, 1). */
struct cnn_tensor {
    size_t n, c, h, w;
    struct cnn_layout layout;
    void *data;
};

/* The logical shape of a parameter as files hold it. */
enum { CNN_MAX_RANK = 5 };
struct cnn_shape {
    int rank;
    size_t dim[CNN_MAX_RANK];
};

static inline size_t cnn_chw_count(struct cnn_chw s)
{
    return s.c * s.h * s.w;
}

static inline size_t cnn_tensor_count(const struct cnn_tensor *t)
{
    return t->n * t->c * t->h * t->w;
}

static inline int cnn_layout_equal(struct cnn_layout a, struct cnn_layout b)
{
    return a.type == b.type && a.order == b.order && a.lanes == b.lanes;
}

static inline size_t cnn_type_bytes(enum cnn_type type)
{
    size_t bytes = 0;
    switch (type) {
    case CNN_TYPE_REAL:
        bytes = sizeof(real);
        break;
    case CNN_TYPE_BF16:
        bytes = 2;
        break;
    case CNN_TYPE_INT8:
        bytes = 1;
        break;
    }
    return bytes;
}

/* The plain order of elements of that type. */
static inline struct cnn_layout cnn_layout_plain(enum cnn_type type)
{
    struct cnn_layout layout = {type, CNN_ORDER_PLAIN, 0};
    return layout;
}

static inline int cnn_layout_is_plain(struct cnn_layout layout)
{
    return layout.order == CNN_ORDER_PLAIN;
}

/* Channels and samples that lie in memory in that layout, what fills up included. */
static inline size_t cnn_layout_channels(struct cnn_layout layout, size_t c)
{
    size_t block = layout.order == CNN_ORDER_BLOCKS ? layout.lanes : 1;
    return (c + block - 1) / block * block;
}

static inline size_t cnn_layout_samples(struct cnn_layout layout, size_t n)
{
    size_t group = layout.order == CNN_ORDER_GROUPS ? layout.lanes : 1;
    return (n + group - 1) / group * group;
}

/* Numbers side by side: of a block or of a group; 1 in the other orders. */
static inline size_t cnn_tensor_lanes(const struct cnn_tensor *t)
{
    return t->layout.lanes ? t->layout.lanes : 1;
}

/* Elements that lie in memory. */
static inline size_t cnn_tensor_elements(const struct cnn_tensor *t)
{
    return cnn_layout_samples(t->layout, t->n) * cnn_layout_channels(t->layout, t->c) * t->h * t->w;
}

/* A plain tensor of reals. */
static inline struct cnn_tensor cnn_tensor_plain(size_t n, size_t c, size_t h, size_t w, void *data)
{
    struct cnn_tensor t = {n, c, h, w, cnn_layout_plain(CNN_TYPE_REAL), data};
    return t;
}

/* A tensor of groups of samples as one of blocks of channels, for what is done to each channel of
 * each sample by itself: a group is a sample there, and a channel of it a block. Others stay. */
static inline struct cnn_tensor cnn_tensor_blocks(const struct cnn_tensor *t)
{
    struct cnn_tensor blocks = *t;
    if (t->layout.order == CNN_ORDER_GROUPS) {
        blocks.layout.order = CNN_ORDER_BLOCKS;
        blocks.n = cnn_layout_samples(t->layout, t->n) / t->layout.lanes;
        blocks.c = t->c * t->layout.lanes;
    }
    return blocks;
}

/* Bytes that it takes in memory; SIZE_MAX where no size says how many. */
size_t cnn_tensor_size(const struct cnn_tensor *t);

/* Where the i-th element of the plain order lies. */
size_t cnn_tensor_place(const struct cnn_tensor *t, size_t i);

/* Elements of the shape; 1 for rank 0. */
size_t cnn_shape_count(const struct cnn_shape *s);
int cnn_shape_equal(const struct cnn_shape *a, const struct cnn_shape *b);
/* The same, or of another rank but for ones behind the first two: weights of dense layers, 1x1 and 1xN convolutions. */
int cnn_shape_alike(const struct cnn_shape *a, const struct cnn_shape *b);
int cnn_chw_equal(struct cnn_chw a, struct cnn_chw b);

/* "3x224x224" (vectors: "512"), and the shape of a parameter as "64x3x7x7". */
void cnn_chw_format(struct cnn_chw s, char out[72]);
void cnn_shape_format(const struct cnn_shape *s, char out[96]);

/* The tensor view of a parameter of that shape; of five sizes the second and third are one. */
struct cnn_tensor cnn_shape_tensor(const struct cnn_shape *s, void *data);

#ifdef __cplusplus
}
#endif
#endif
