/* Numbers with a shape: what kernels take.
 *
 * `real` is float in the programs; the gradient tests build the whole library
 * with -DCNN_REAL=double. Files always hold float32. */
#ifndef CNN_TENSOR_TENSOR_H
#define CNN_TENSOR_TENSOR_H

#include <stddef.h>

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

/* Physical order of the elements; which ones exist is the backend's own business.
 * Plain is row-major NCHW (activations) and OIHW (weights). The others are of activations: channels
 * last, (n, h, w, c), or B numbers side by side that fill a vector:
 *    B  blocks of channels, (n, ceil(c / B), h, w, B); the channels that fill up the last block are
 *       always zero
 *   -B  groups of samples, (ceil(n / B), c, h, w, B); the samples that fill up the last group hold
 *       any finite numbers, in gradients zeros */
enum { CNN_LAYOUT_PLAIN = 0, CNN_LAYOUT_NHWC = 1 };

/* A view of device memory: it owns nothing. Activations are (n, c, h, w); convolution weights are
 * (out, in / groups, kh, kw); dense weights (out, in, 1, 1); vectors (1, c, 1, 1). */
struct cnn_tensor {
    size_t n, c, h, w;
    int layout; /* CNN_LAYOUT_PLAIN, or as above */
    void *data; /* elements of the backend's activation type; real on the CPU */
};

/* The logical shape of a parameter as files hold it. */
enum { CNN_MAX_RANK = 4 };
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

/* Channels and samples that lie in memory in that layout, what fills up included. */
static inline size_t cnn_layout_channels(int layout, size_t c)
{
    size_t block = layout > 0 ? (size_t)layout : 1;
    return (c + block - 1) / block * block;
}

static inline size_t cnn_layout_samples(int layout, size_t n)
{
    size_t group = layout < 0 ? (size_t)-layout : 1;
    return (n + group - 1) / group * group;
}

/* Numbers side by side: of a block or of a group; 1 in plain order. */
static inline size_t cnn_tensor_lanes(const struct cnn_tensor *t)
{
    return t->layout ? (size_t)(t->layout < 0 ? -t->layout : t->layout) : 1;
}

/* Elements that lie in memory. */
static inline size_t cnn_tensor_elements(const struct cnn_tensor *t)
{
    return cnn_layout_samples(t->layout, t->n) * cnn_layout_channels(t->layout, t->c) * t->h * t->w;
}

/* A tensor of groups of samples as one of blocks of channels, for what is done to each channel of
 * each sample by itself: a group is a sample there, and a channel of it a block. Others stay. */
static inline struct cnn_tensor cnn_tensor_blocks(const struct cnn_tensor *t)
{
    struct cnn_tensor blocks = *t;
    if (t->layout < 0) {
        blocks.layout = -t->layout;
        blocks.n = cnn_layout_samples(t->layout, t->n) / (size_t)blocks.layout;
        blocks.c = t->c * (size_t)blocks.layout;
    }
    return blocks;
}

/* Elements of the shape; 1 for rank 0. */
size_t cnn_shape_count(const struct cnn_shape *s);
int cnn_shape_equal(const struct cnn_shape *a, const struct cnn_shape *b);
int cnn_chw_equal(struct cnn_chw a, struct cnn_chw b);

/* "3x224x224" (vectors: "512"), and the shape of a parameter as "64x3x7x7". */
void cnn_chw_format(struct cnn_chw s, char out[72]);
void cnn_shape_format(const struct cnn_shape *s, char out[96]);

/* The tensor view of a parameter of that shape. */
struct cnn_tensor cnn_shape_tensor(const struct cnn_shape *s, void *data);

#ifdef __cplusplus
}
#endif
#endif
