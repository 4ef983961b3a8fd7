/* What all layouts know of pooling windows. */
#ifndef CNN_KERN_WINDOW_H
#define CNN_KERN_WINDOW_H

#include "kern/parallel.h"

/* How many elements the mean at output (i, j) is over, of which rows x columns lie inside: these,
 * or those inside the padded input. */
static inline size_t cnn_window_divisor(const struct cnn_window *g, size_t i, size_t j, size_t rows,
                                        size_t columns)
{
    if (g->divisor)
        return g->divisor;
    if (!g->count_pad)
        return rows * columns;
    size_t bottom = g->in_h + g->pad_top + g->pad_bottom,
           right = g->in_w + g->pad_left + g->pad_right;
    size_t h = cnn_ceil_div(bottom - cnn_min(i * g->stride_h, bottom), g->dilation_h);
    size_t w = cnn_ceil_div(right - cnn_min(j * g->stride_w, right), g->dilation_w);
    return cnn_min(g->kh, h) * cnn_min(g->kw, w);
}

#endif
