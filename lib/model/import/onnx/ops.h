/* What the operators' files share; see onnx.h. */
#ifndef CNN_MODEL_IMPORT_ONNX_OPS_H
#define CNN_MODEL_IMPORT_ONNX_OPS_H

#include "model/import/onnx/onnx.h"

/* Windows over the depth of volumes, rows and columns; signals have one row. */
struct onnx_window {
    int axes; /* 1 to 3: the last ones; the others are 1 */
    size_t kernel[3], stride[3], dilation[3];
    int before[3], after[3]; /* padding */
    int same;                /* CNN_PAD_SAME or CNN_PAD_SAME_LOWER in place of both; 0: no */
    char words[320];         /* "3x3 stride=2x2 pad=1,1,1,1", without what is 1 or 0 */
};
/* From attributes; kernel: of the weights, where there is no kernel_shape; NULL: none. rank: of the
 * value, 3 to 5. Without the words. */
CNN_CHECKED int cnn_onnx_window(const struct onnx_node *n, int rank, const size_t *kernel,
                                struct onnx_window *out);
CNN_CHECKED int cnn_onnx_window_words(struct onnx_window *w);
/* What is left of rows that are slices, and of a plane; and the words. */
CNN_CHECKED int cnn_onnx_windows(struct onnx_window *w, int ceiling, size_t *rows,
                                 struct cnn_chw *shape);

/* An input that must be a constant: NULL with an error set. */
const struct onnx_constant *cnn_onnx_weight(const struct onnx_node *n, int i, const char *what);
/* Whether a constant is one number, or one for each element of the value's dimension `of`: its dimensions are those of the
 * value, from `axis` on or, -1, up to the last. */
int cnn_onnx_by_axis(const struct onnx_value *x, const struct onnx_constant *c, int axis, int of);
/* The same of channels, which are dimension 1. */
int cnn_onnx_by_channel(const struct onnx_value *x, const struct onnx_constant *c, int axis);
/* What the value's only user, of that operator, does it with: a constant by channels of x. NULL, and no node: there is
 * none such. */
const struct onnx_constant *cnn_onnx_then(const struct onnx_value *y, const char *op,
                                          const struct onnx_value *x,
                                          const struct onnx_node **then);
/* Its numbers as often as those dimensions say, where it has 1 or fewer of them; NULL with an error set. */
const struct onnx_constant *cnn_onnx_spread(struct onnx_graph *g, const struct onnx_constant *c,
                                            int rank, const size_t *dim);
/* Whether the node has that input. */
int cnn_onnx_has(const struct onnx_node *n, int i);
/* The value's only user, where that is such an operator; else NULL. */
const struct onnx_node *cnn_onnx_only_user(const struct onnx_value *v, const char *op);
/* A number as nets have it. */
const char *cnn_onnx_format(double x, char out[32]);
/* The shape that a Reshape asks for, all of it known. */
CNN_CHECKED int cnn_onnx_reshaped(struct onnx_graph *g, const struct onnx_node *n, int *rank,
                                  size_t *dim);
/* That of the first input without axes of 1, or with more of them. */
CNN_CHECKED int cnn_onnx_squeezed(struct onnx_graph *g, const struct onnx_node *n, int *rank,
                                  size_t *dim);
CNN_CHECKED int cnn_onnx_unsqueezed(struct onnx_graph *g, const struct onnx_node *n, int *rank,
                                    size_t *dim);
/* Which axis each one of a transposition was. */
CNN_CHECKED int cnn_onnx_permutation(const struct onnx_node *n, int rank, int *perm);
/* What a Slice leaves of each axis of its first input: from first to before end, every step-th. */
CNN_CHECKED int cnn_onnx_ranges(struct onnx_graph *g, const struct onnx_node *n, size_t *first,
                                size_t *end, size_t *step);
/* A negative axis counts from the end; CNN_EDATA where there is none such. */
CNN_CHECKED int cnn_onnx_axis(int64_t axis, int rank, int *out);

#endif
