/* What outputs of a padded axis read; on both devices. */
#ifndef CNN_KERN_BORDER_H
#define CNN_KERN_BORDER_H

#include "base/random.h" /* CNN_BOTH */
#include "kern/kernels.h"

/* The input that output i reads, of `in` inputs of which the first stands at output `before`; -1:
 * none. Mirrored elements are fewer than those that there are. */
CNN_BOTH ptrdiff_t cnn_border_at(enum cnn_border_mode mode, ptrdiff_t before, size_t in, size_t i)
{
    ptrdiff_t at = (ptrdiff_t)i - before, last = (ptrdiff_t)in - 1;
    if (at >= 0 && at <= last)
        return at;
    switch (mode) {
    case CNN_BORDER_CONSTANT:
        return -1;
    case CNN_BORDER_REFLECT:
        return at < 0 ? -at : 2 * last - at;
    case CNN_BORDER_REPLICATE:
        break;
    }
    return at < 0 ? 0 : last;
}

#endif
