/* What maxpool, avgpool and lppool share: most options, and the shape rule.
 *
 * Windows with a depth see several rows of a sample, slices of a volume: what windows of planes give
 * is then pooled along the depth. lppool and maxunpool take planes only. */
#ifndef CNN_LAYER_POOLING_H
#define CNN_LAYER_POOLING_H

#include "layer/layer.h"
#include "layer/window.h"

enum {
    CNN_POOL_GLOBAL = -1, /* kernel: the whole plane */
    CNN_POOL_KERNEL = -1  /* stride: the kernel's size */
};

struct cnn_pooling {
    struct cnn_pair kernel, stride, dilation;
    struct cnn_pad pad;
    int ceiling, count_pad;
    long long divisor;
    double p;
};

/* deep: whether there may be a depth, 1 with deeper "|DxHxW" and a word on it, or 0 with "". */
#define CNN_POOLING_OPTIONS(deep, deeper, word)                                                    \
    CNN_OPTION_PAIR("kernel", struct cnn_pooling, kernel, NULL, .min = 1, .max = 1 << 14,          \
                    .depth = deep, .choices = "global", .position = 1,                             \
                    .metavar = "N|HxW" deeper "|global",                                           \
                    .help = "size of the windows; global: the whole plane" word),                  \
        CNN_OPTION_PAIR("stride", struct cnn_pooling, stride, "kernel", .min = 1, .max = 1 << 14,  \
                        .depth = deep, .choices = "kernel", .metavar = "N|HxW" deeper "|kernel",   \
                        .help = "step from window to window; kernel: windows lie side by side"),   \
        CNN_OPTION_PAD("pad", struct cnn_pooling, pad, "0", .max = 1 << 14, .depth = deep,         \
                       .metavar = "N|HxW" deeper "|T,L,B,R|same|valid|full|same_lower",            \
                       .help = "elements around the input, as conv's; smaller than the kernel"),   \
        CNN_OPTION_PAIR("dilation", struct cnn_pooling, dilation, "1", .min = 1, .max = 1 << 14,   \
                        .depth = deep, .metavar = "N|HxW" deeper,                                  \
                        .help = "step from element to element of a window"),                       \
        CNN_OPTION_FLAG("ceil", struct cnn_pooling, ceiling, "0", .metavar = "0|1",                \
                        .help =                                                                    \
                            "a last window may reach over the edge instead of being left out, if " \
                            "it does not begin there")

/* Of windows with a depth, for the last argument of CNN_POOLING_OPTIONS. */
#define CNN_POOLING_DEPTH "; with a depth: of so many rows, the slices of a volume"

/* Set l->out and l->rows. CNN_EDATA when no window fits, or one would have nothing of the input. */
CNN_CHECKED int cnn_pooling_setup(struct cnn_layer *l);

struct cnn_window cnn_pooling_window(const struct cnn_layer *l);
/* Whether windows have a depth; what it is; and, without data, what windows of planes make of x. */
int cnn_pooling_is_deep(const struct cnn_layer *l);
struct cnn_depth cnn_pooling_depth(const struct cnn_layer *l);
struct cnn_tensor cnn_pooling_planes(const struct cnn_layer *l, const struct cnn_tensor *x);
/* Bytes of work for these, 0 where there is no depth. */
size_t cnn_pooling_work(const struct cnn_layer *l, const struct cnn_backend *b,
                        const struct cnn_tensor *x);
void cnn_pooling_layer_window(const struct cnn_layer *l, struct cnn_layer_window *out);
/* One window goes on to all places of a larger plane, element by element; several go on as they do. */
int cnn_pooling_slide(const struct cnn_layer *l, struct cnn_buf *line);

#endif
