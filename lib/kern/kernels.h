/* What kernels take, and the table that carries them; the list itself, with each
 * kernel's contract, is kernels.def. */
#ifndef CNN_KERN_KERNELS_H
#define CNN_KERN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/choices.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cnn_pool;
struct cnn_conv_choices;
struct cnn_cuda;
struct cnn_stored_image;
struct cnn_image_rule;

/* CUDA: how activations are held and multiplied. Parameters, statistics, losses and sums are
 * float32 in all of them.
 *
 *     fp32  float32, as the CPU does
 *     tf32  float32, rounded to 10 bits of mantissa where they are multiplied by tensor cores
 *     bf16  bfloat16, multiplied by tensor cores */
#define CNN_PRECISIONS(FIRST, NEXT)                                                                \
    FIRST(CNN_PRECISION_FP32, "fp32")                                                              \
    NEXT(CNN_PRECISION_TF32, "tf32")                                                               \
    NEXT(CNN_PRECISION_BF16, "bf16")
enum cnn_precision { CNN_CHOICE_NAMES(CNN_PRECISIONS) };

/* What rows_pool_forward makes of rows. */
#define CNN_ROWS_POOLS(FIRST, NEXT)                                                                \
    FIRST(CNN_ROWS_MEAN, "mean") NEXT(CNN_ROWS_MAX, "max") NEXT(CNN_ROWS_LAST, "last")
enum cnn_rows_pool { CNN_CHOICE_NAMES(CNN_ROWS_POOLS) };

/* Where kernels run, in order. The first failure sticks and later kernels do nothing. */
struct cnn_queue {
    int code; /* 0, or the first failure's code */
    char message[256];
    struct cnn_pool *pool;        /* CPU: the threads */
    struct cnn_cuda *cuda;        /* CUDA: the stream and what belongs to it (cuda.cuh) */
    enum cnn_precision precision; /* CUDA */
    int exact_conv;               /* CPU: no algorithm that trades rounding for speed (Winograd) */
    int once; /* CPU: weights are packed for a single forward pass, which that has to repay */
    struct cnn_conv_choices *choices; /* CPU: measured ways to convolve; NULL: none */
};

/* The geometry of a convolution. Sizes in elements; output height is
 * (h + pad_top + pad_bottom - dilation_h * (kh - 1) - 1) / stride_h + 1. */
struct cnn_conv {
    /* samples that a call brings at most: what is chosen by cost is chosen for them */
    size_t batch;
    size_t in_c, in_h, in_w, out_c, out_h, out_w;
    size_t kh, kw, stride_h, stride_w, dilation_h, dilation_w, groups;
    size_t pad_top, pad_left, pad_bottom, pad_right;
};

/* The geometry of a pooling window. Windows may reach over the lower and right
 * edge (ceil mode); elements outside the input do not exist for max. */
struct cnn_window {
    size_t in_h, in_w, out_h, out_w;
    size_t kh, kw, stride_h, stride_w, dilation_h, dilation_w;
    size_t pad_top, pad_left;
    size_t pad_bottom, pad_right;
    int count_pad; /* avgpool: padded elements (not those beyond the padding) count in the divisor */
    size_t divisor; /* avgpool: instead of the count; 0: none */
};

/* Windows over the rows of a sample, which are the slices of a volume: row o of the output sees rows
 * o * stride - before + k * dilation, k < kernel; what lies outside 0 .. in - 1 is padding. */
struct cnn_depth {
    size_t in, out, kernel, stride, dilation, before, after;
    int count_pad; /* the mean: as struct cnn_window has it */
    size_t divisor;
};

/* Local response normalisation; see kernels.def. */
struct cnn_lrn {
    size_t size;
    double alpha, beta, k;
    int within; /* squares are of places of the same channel, not of channels at the same place */
};

/* Of the output, and of the gradients of input and weights. */
#define CNN_CONV_PASSES(FIRST, NEXT)                                                               \
    FIRST(CNN_CONV_FORWARD, "forward")                                                             \
    NEXT(CNN_CONV_DATA, "data")                                                                    \
    NEXT(CNN_CONV_WEIGHT, "weight")
enum cnn_conv_pass { CNN_CHOICE_NAMES(CNN_CONV_PASSES) };

/* How planes are resized.
 *
 *     nearest        the element at floor(i step)
 *     nearest-exact  the one nearest to the middle of what i covers
 *     bilinear       between the four around */
#define CNN_RESIZES(FIRST, NEXT)                                                                   \
    FIRST(CNN_RESIZE_NEAREST, "nearest")                                                           \
    NEXT(CNN_RESIZE_EXACT, "nearest-exact")                                                        \
    NEXT(CNN_RESIZE_BILINEAR, "bilinear")
enum cnn_resize_mode { CNN_CHOICE_NAMES(CNN_RESIZES) };

struct cnn_resize {
    enum cnn_resize_mode mode;
    int corners; /* bilinear: the corners' middles, not their outer edges, fall together */
    double step_h, step_w; /* of the input, from output to output */
};

/* What stands around a plane.
 *
 *     constant   the value
 *     reflect    the plane mirrored at its first and last elements, which do not come twice
 *     replicate  the nearest element */
#define CNN_BORDERS(FIRST, NEXT)                                                                   \
    FIRST(CNN_BORDER_CONSTANT, "constant")                                                         \
    NEXT(CNN_BORDER_REFLECT, "reflect")                                                            \
    NEXT(CNN_BORDER_REPLICATE, "replicate")
enum cnn_border_mode { CNN_CHOICE_NAMES(CNN_BORDERS) };

struct cnn_border {
    enum cnn_border_mode mode;
    ptrdiff_t top, left;
    double value;
};

#define CNN_ACTIVATION(NAME, ...) CNN_##NAME,
enum cnn_activation {
#include "kern/activations.def"
};

#define CNN_LOSS(NAME, ...) CNN_LOSS_##NAME,
enum cnn_loss_of_elements {
#include "kern/losses.def"
};

enum { CNN_ACTIVATION_OPTIONS = 2 };

/* Losses that take the channels of a position together, with options a and b; y = softmax(x).
 *
 *     margin  mean over channels of sum_k t_k max(0, a - x_k + x_c)^b, c != k; b is 1 or 2
 *     focal   -sum_k t_k (1 - y_k)^a log y_k
 *     kldiv   sum_k t_k (log t_k - log y_k) */
enum cnn_loss_of_positions { CNN_LOSS_MARGIN, CNN_LOSS_FOCAL_SOFTMAX, CNN_LOSS_KLDIV };

/* Axes in another order; see kernels.def. */
struct cnn_permutation {
    size_t dim[4]; /* of the input */
    int from[4];   /* which of them each of the output's is */
};

/* Matrices within a tensor: element (i, j) of pair (p, q) lies at `at + p step[0] + q step[1] +
 * i row + j col`. row or col is 1, or the matrix is one row or column. */
struct cnn_matrices {
    size_t at, step[2], row, col;
};

struct cnn_products {
    size_t batch[2], m, n, k;
    struct cnn_matrices a, b, c;
};

/* Attention of queries to keys; see kernels.def. */
struct cnn_attention {
    size_t n, heads, queries, keys; /* samples; rows of a sample */
    double scale;
    int causal;                              /* a query sees the keys up to its own row */
    const int32_t *queries_real, *keys_real; /* (n); NULL: all are */
};

/* What happens to a kernel's result v on its way to memory: y = f(v + add). */
struct cnn_epilogue {
    const struct cnn_tensor *add; /* of y's shape and layout; NULL: nothing is added */
    int activate;                 /* 0: f is the identity */
    enum cnn_activation f;
    double a[CNN_ACTIVATION_OPTIONS]; /* its layer's options */
};

/* What the samples of a batch should give; device memory. */
struct cnn_targets {
    const int32_t *label; /* (n, h, w) of the output; -1: ignore. NULL when `vector` is used */
    const real *vector;   /* (n, c, h, w): numbers or probabilities, in canonical order. NULL when
                             `label` is used */
    const real *weight;   /* (n) */
    /* (c) factors of the terms of positions by their labels, of losses that weigh classes; NULL: they are 1 */
    const real *class_weight;
};

#define CNN_OPTIMIZER(name, ...) CNN_RULE_##name,
enum cnn_rule {
#include "kern/optimizers.def"
};

enum { CNN_STATE_ARRAYS = 4 }; /* no optimizer keeps more */

/* Numbers of one optimizer step; optimizers.def says which are read. */
struct cnn_update {
    double rate, momentum, rho, beta1, beta2, eps, trust;
    double l1, l2, decoupled, clip_scale; /* decoupled: weight decay apart from the gradient */
    int nesterov;
    int adapt;     /* whether rules of parameters scale by their ratio */
    uint64_t step; /* 1 for the first */
};

#define CNN_KERNEL(result, name, arguments) result(*name) arguments;
struct cnn_kernels {
#include "kern/kernels.def"
};
#undef CNN_KERNEL

#define CNN_KERNEL(result, name, arguments)                                                        \
    result cnn_cpu_##name arguments;                                                               \
    result cnn_cuda_##name arguments;
#include "kern/kernels.def"
#undef CNN_KERNEL

#ifdef __cplusplus
}
#endif
#endif
