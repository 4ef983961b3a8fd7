/* Which rows see which; see struct cnn_depth. On both devices. */
#ifndef CNN_KERN_DEPTH_H
#define CNN_KERN_DEPTH_H

#include "base/random.h" /* CNN_BOTH */
#include "kern/kernels.h"

enum { CNN_NO_ROW = -1 };

/* The k-th row that row o of the output sees; CNN_NO_ROW: padding. */
CNN_BOTH int cnn_depth_seen(const struct cnn_depth *g, int o, int k)
{
    int row = o * (int)g->stride - (int)g->before + k * (int)g->dilation;
    return row >= 0 && row < (int)g->in ? row : CNN_NO_ROW;
}

/* The row of the output that sees this one as its k-th; CNN_NO_ROW: none does. */
CNN_BOTH int cnn_depth_seer(const struct cnn_depth *g, int row, int k)
{
    int at = row + (int)g->before - k * (int)g->dilation, stride = (int)g->stride;
    return at >= 0 && at % stride == 0 && at / stride < (int)g->out ? at / stride : CNN_NO_ROW;
}

/* What the sum of the rows that row o sees is divided by for their mean. */
CNN_BOTH size_t cnn_depth_divisor(const struct cnn_depth *g, int o)
{
    size_t count = 0;
    for (int k = 0; k < (int)g->kernel; k++) {
        size_t at = (size_t)o * g->stride + (size_t)k * g->dilation;
        count += g->count_pad ? at < g->before + g->in + g->after
                              : at >= g->before && at < g->before + g->in;
    }
    return g->divisor ? g->divisor : count;
}

/* How many rows of sample n are there. */
CNN_BOTH int cnn_depth_real(const struct cnn_depth *g, const int32_t *count, size_t n)
{
    return count && count[n] < (int32_t)g->in ? count[n] : (int)g->in;
}

#endif
