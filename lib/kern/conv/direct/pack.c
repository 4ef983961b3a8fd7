/* Weights of a direct convolution in the order in which its register blocks read them. */
#include <string.h>

#include "kern/conv/direct/direct.h"
#include "kern/hot.h"

struct pack {
    const struct cnn_direct *d;
    const real *w;
    real *to;
};

/* All taps of the kernel are there, forwards or backwards: 1, -1; else 0. */
static int order(const struct cnn_direct *d)
{
    size_t all = cnn_min(d->w_in, d->w_out);
    if (d->h.taps * d->w.taps != all)
        return 0;
    return all == 1 || d->w.tap_step > 0 ? 1 : -1;
}

/* As pack_any where `order`: rows of w become vectors. Rows are outputs, their columns the taps of
 * input after input, or of one input. */
static void pack_all(const struct cnn_direct *d, const real *w, size_t inputs, size_t outputs,
                     size_t width, real *to)
{
    size_t taps = d->h.taps * d->w.taps;
    ptrdiff_t tap_step = order(d) * (ptrdiff_t)(inputs * width);
    int joined = d->w_in == taps;
    real *first = order(d) > 0 ? to : to + (taps - 1) * inputs * width;
    for (size_t o = 0; o < outputs; o += d->lanes) {
        struct cnn_transpose t = {.rows = cnn_min(d->lanes, outputs - o),
                                  .count = joined ? inputs * taps : taps,
                                  .row_step = d->w_out,
                                  .taps = taps,
                                  .step = (ptrdiff_t)width,
                                  .tap_step = tap_step};
        for (size_t i = 0; i < (joined ? 1 : inputs); i++)
            cnn_isa()->interleave(&t, w + i * d->w_in + o * d->w_out, first + i * width + o);
    }
}

/* One tap whose outputs lie side by side. */
static void pack_rows(const struct cnn_direct *d, const real *w, size_t inputs, size_t outputs,
                      size_t width, real *to)
{
    for (size_t i = 0; i < inputs; i++)
        memcpy(to + i * width, w + i * d->w_in, outputs * sizeof *to);
}

/* to (taps, inputs, width) = w, `outputs` of the width: the rest stays as it is. */
CNN_HOT(pack_any,
        (const struct cnn_direct *d, const real *w, size_t inputs, size_t outputs, size_t width,
         real *to),
        (d, w, inputs, outputs, width, to))
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
    const real *w = p->w + group * d->w_group + o * d->w_out + i * d->w_in;
    (taps == 1 && d->w_out == 1 ? pack_rows
     : order(d)                 ? pack_all
                                : pack_any)(d, w, inputs, outputs, width, to);
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
