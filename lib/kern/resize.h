/* Where the outputs of a resized plane read, along one axis; on both devices. As PyTorch's
 * interpolate: nearest counts in single precision there, and so does this. */
#ifndef CNN_KERN_RESIZE_H
#define CNN_KERN_RESIZE_H

#include <math.h>

#include "base/random.h" /* CNN_BOTH */
#include "kern/kernels.h"

/* Output i reads `lower` and, for the part `upper_share`, the element behind it. */
struct cnn_resize_tap {
    uint32_t lower;
    real upper_share;
};

CNN_BOTH struct cnn_resize_tap cnn_resize_at(enum cnn_resize_mode mode, int corners, double step,
                                             uint32_t in, uint32_t i)
{
    struct cnn_resize_tap t = {0, 0};
    if (mode != CNN_RESIZE_BILINEAR) {
        float shift = mode == CNN_RESIZE_EXACT ? 0.5f : 0.0f;
        t.lower = (uint32_t)(((float)i + shift) * (float)step);
        t.lower = t.lower < in ? t.lower : in - 1;
        return t;
    }
    real at = (real)(corners ? i * step : (i + 0.5) * step - 0.5);
    if (at <= 0)
        return t;
    t.lower = (uint32_t)at;
    if (t.lower + 1 < in)
        t.upper_share = at - (real)t.lower;
    else
        t.lower = in - 1;
    return t;
}

#endif
