/* Weights of a direct convolution in the order in which its register blocks read them. */
#include <string.h>

#include "kern/conv_direct.h"
#include "kern/hot.h"

struct pack {
    const struct cnn_direct *d;
    const real *w;
    real *to;
};

/* to (taps, inputs, width) = w, `outputs` of the width: the rest stays as it is. */
CNN_HOT static void pack_block(const struct cnn_direct *d, const real *w, size_t inputs,
                               size_t outputs, size_t width, real *to)
{
    for (size_t r = 0; r < d->h.taps; r++)
        for (size_t s = 0; s < d->w.taps; s++, to += inputs * width) {
            ptrdiff_t tap = (d->h.tap + (ptrdiff_t)r * d->h.tap_step) * (ptrdiff_t)d->w_row +
                            d->w.tap + (ptrdiff_t)s * d->w.tap_step;
            const real *from = w + tap;
            if (d->w_out < d->w_in) {
                for (size_t i = 0; i < inputs; i++)
                    for (size_t o = 0; o < outputs; o++)
                        to[i * width + o] = from[i * d->w_in + o * d->w_out];
            } else {
                for (size_t o = 0; o < outputs; o++)
                    for (size_t i = 0; i < inputs; i++)
                        to[i * width + o] = from[i * d->w_in + o * d->w_out];
            }
        }
}

/* Job: a block of inputs of a pair of a group. */
static void pack_job(void *context, size_t job, int thread)
{
    const struct pack *p = context;
    const struct cnn_direct *d = p->d;
    size_t block = job % d->in_blocks, pair = job / d->in_blocks % d->pairs;
    size_t group = job / d->in_blocks / d->pairs, taps = d->h.taps * d->w.taps;
    size_t lanes = d->lanes, width = cnn_min(2, d->vectors - 2 * pair) * lanes;
    size_t inner = d->in_c * taps, i = block * d->from_lanes, o = 2 * pair * lanes;
    size_t inputs = cnn_min(d->from_lanes, d->in_c - i), outputs = cnn_min(width, d->out_c - o);
    real *to = p->to + (group * d->vectors + 2 * pair) * lanes * inner + i * taps * width;
    (void)thread;
    if (outputs < width)
        memset(to, 0, inputs * taps * width * sizeof *to);
    pack_block(d, p->w + group * d->w_group + o * d->w_out + i * d->w_in, inputs, outputs, width,
               to);
}

size_t cnn_direct_packed(const struct cnn_direct *d)
{
    return d->groups * d->vectors * d->lanes * d->in_c * d->h.taps * d->w.taps;
}

void cnn_direct_pack(struct cnn_queue *q, const struct cnn_direct *d, const real *w, real *packed)
{
    struct pack p = {d, w, packed};
    cnn_queue_run(q, d->groups * d->pairs * d->in_blocks, pack_job, &p);
}
