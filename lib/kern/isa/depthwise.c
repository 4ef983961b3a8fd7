/* Convolution of each channel by itself. Up to PIXELS outputs beside each other stay in registers
 * while the taps pass by; their inputs come straight from the first cache, as nothing is read
 * often enough to be worth keeping. */
#include "kern/isa/vector.h"

enum { PIXELS = 8, TAPS = 3 };

/* What the next row of outputs reads at the columns of `pixels` outputs and this row has not: rows
 * of planes lie too far apart for the processor to guess. */
INLINE void ask_ahead(const int pixels, const ptrdiff_t step, const struct cnn_rectangle *r,
                      const real *x)
{
    const real *ahead = x + r->in_row + (ptrdiff_t)(r->taps_h - 1) * r->tap_row;
    UNROLL
    for (int p = 0; p < pixels; p++) {
        v_prefetch(ahead + p * step);
        if (step == (ptrdiff_t)2 * V) {
            v_prefetch(ahead + p * step + V);
            v_prefetch(ahead + p * step - r->tap_row);
            v_prefetch(ahead + p * step - r->tap_row + V);
        }
    }
}

/* `step` is the distance from output to output in x, a constant where it is a common one. */
INLINE void outputs(const int pixels, const ptrdiff_t step, const struct cnn_depthwise *d,
                    const real *x, size_t at)
{
    const struct cnn_rectangle *r = d->r;
    vec sum[PIXELS], bias = d->bias ? v_load(d->bias) : v_zero();
    UNROLL
    for (int p = 0; p < pixels; p++)
        sum[p] = bias;
    for (size_t i = 0; i < r->taps_h; i++) {
        const real *tap = x + (ptrdiff_t)i * r->tap_row, *w = d->w + (ptrdiff_t)i * d->w_row;
        for (size_t k = 0; k < r->taps_w; k++, tap += r->tap_column, w += d->w_column) {
            vec weight = v_load(w);
            UNROLL
            for (int p = 0; p < pixels; p++)
                sum[p] += v_load(tap + p * step) * weight;
        }
    }
    UNROLL
    for (int p = 0; p < pixels; p++) {
        size_t to = at + (size_t)p * r->out_column;
        vec y = sum[p];
        if (d->add)
            y += v_load(d->add + to);
        if (d->limit)
            y = v_at_least(y, v_zero());
        if (d->limit > 1)
            y = v_at_most(y, v_set(d->high));
        v_store(d->y + to, y);
    }
}

INLINE void rest(const ptrdiff_t step, const struct cnn_depthwise *d, const real *x, size_t at,
                 size_t count)
{
    switch (count) {
    case 7:
        outputs(7, step, d, x, at);
        break;
    case 6:
        outputs(6, step, d, x, at);
        break;
    case 5:
        outputs(5, step, d, x, at);
        break;
    case 4:
        outputs(4, step, d, x, at);
        break;
    case 3:
        outputs(3, step, d, x, at);
        break;
    case 2:
        outputs(2, step, d, x, at);
        break;
    case 1:
        outputs(1, step, d, x, at);
        break;
    default:
        break;
    }
}

INLINE void plane(const ptrdiff_t step, const struct cnn_depthwise *d)
{
    const struct cnn_rectangle *r = d->r;
    for (size_t i = 0; i < r->rows; i++) {
        const real *x = d->x + r->in + (ptrdiff_t)i * r->in_row;
        size_t at = r->out + i * r->out_row, j = 0;
        for (; j + PIXELS <= r->columns; j += PIXELS, x += PIXELS * step) {
            if (r->out_column == V)
                ask_ahead(PIXELS, step, r, x);
            outputs(PIXELS, step, d, x, at + j * r->out_column);
        }
        rest(step, d, x, at + j * r->out_column, r->columns - j);
    }
}

void CNN_V(depthwise)(const struct cnn_depthwise *d)
{
    if (d->r->in_column == V)
        plane(V, d);
    else if (d->r->in_column == (ptrdiff_t)2 * V)
        plane((ptrdiff_t)2 * V, d);
    else
        plane(d->r->in_column, d);
}

/* Taps (taps_h, taps_w) from x on; their sums stay in registers for the whole rectangle. */
INLINE void tap_sums(const int taps_h, const int taps_w, const struct cnn_rectangle *r,
                     const real *x, const real *dy, real *sum, size_t sum_row)
{
    vec s[TAPS][TAPS];
    UNROLL
    for (int i = 0; i < taps_h; i++)
        UNROLL
    for (int k = 0; k < taps_w; k++)
        s[i][k] = v_zero();
    for (size_t row = 0; row < r->rows; row++) {
        const real *from = x + (ptrdiff_t)row * r->in_row, *out = dy + r->out + row * r->out_row;
        for (size_t j = 0; j < r->columns; j++, from += r->in_column, out += r->out_column) {
            vec g = v_load(out);
            if (r->in_column == V) {
                v_prefetch(from + r->in_row + (taps_h - 1) * r->tap_row);
                v_prefetch(out + r->out_row);
            }
            UNROLL
            for (int i = 0; i < taps_h; i++)
                UNROLL
            for (int k = 0; k < taps_w; k++)
                s[i][k] += v_load(from + i * r->tap_row + k * r->tap_column) * g;
        }
    }
    UNROLL
    for (int i = 0; i < taps_h; i++)
        UNROLL
    for (int k = 0; k < taps_w; k++) {
        real *to = sum + (size_t)i * sum_row + (size_t)k * V;
        v_store(to, v_load(to) + s[i][k]);
    }
}

#define TAP_SUMS(h, w)                                                                             \
    static void tap_sums_##h##_##w(const struct cnn_rectangle *r, const real *x, const real *dy,   \
                                   real *sum, size_t sum_row)                                      \
    {                                                                                              \
        tap_sums(h, w, r, x, dy, sum, sum_row);                                                    \
    }
TAP_SUMS(1, 1)
TAP_SUMS(1, 2)
TAP_SUMS(1, 3)
TAP_SUMS(2, 1)
TAP_SUMS(2, 2)
TAP_SUMS(2, 3)
TAP_SUMS(3, 1)
TAP_SUMS(3, 2)
TAP_SUMS(3, 3)

typedef void tap_sums_function(const struct cnn_rectangle *r, const real *x, const real *dy,
                               real *sum, size_t sum_row);

void CNN_V(depthwise_weight)(const struct cnn_rectangle *r, const real *x, const real *dy,
                             real *sum, size_t sum_row)
{
    static tap_sums_function *const sizes[TAPS][TAPS] = {
        {tap_sums_1_1, tap_sums_1_2, tap_sums_1_3},
        {tap_sums_2_1, tap_sums_2_2, tap_sums_2_3},
        {tap_sums_3_1, tap_sums_3_2, tap_sums_3_3},
    };
    for (size_t i = 0; i < r->taps_h; i += TAPS)
        for (size_t k = 0; k < r->taps_w; k += TAPS) {
            size_t h = r->taps_h - i < TAPS ? r->taps_h - i : TAPS;
            size_t w = r->taps_w - k < TAPS ? r->taps_w - k : TAPS;
            ptrdiff_t tap = (ptrdiff_t)i * r->tap_row + (ptrdiff_t)k * r->tap_column;
            sizes[h - 1][w - 1](r, x + r->in + tap, dy, sum + i * sum_row + k * V, sum_row);
        }
}
