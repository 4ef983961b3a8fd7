/* Maximum and mean of windows over planes of vectors, and their gradients. */
#include "kern/isa/vector.h"

enum { PIXELS = 4, SUMS = 4 };

typedef int32_t indices __attribute__((vector_size(V * sizeof(int32_t))));
typedef int32_t indices_memory
    __attribute__((vector_size(V * sizeof(int32_t)), aligned(sizeof(int32_t)), may_alias));

/* Comparisons give all bits or none, in integers of the elements' size. */
typedef __typeof__((vec){0} > (vec){0}) bits;

INLINE vec pick(bits take, vec a, vec b)
{
    return (vec)((take & (bits)a) | (~take & (bits)b));
}

INLINE indices pick_index(bits take, indices a, indices b)
{
    indices t = __builtin_convertvector(take, indices);
    return (t & a) | (~t & b);
}

INLINE indices index_set(ptrdiff_t at)
{
    return (int32_t)(at / V) - (indices){0};
}

/* Neither an equal nor anything after a NaN takes the place of the best so far. */
INLINE bits beats(vec x, vec best)
{
    return (x > best) | (x != x);
}

/* Outputs beside each other whose first taps are at `in`. */
INLINE void max_outputs(const int pixels, const int with_index, const struct cnn_rectangle *r,
                        const real *x, ptrdiff_t in, size_t out, real *y, int32_t *argmax)
{
    vec best[PIXELS];
    indices at[PIXELS];
    UNROLL
    for (int p = 0; p < pixels; p++) {
        best[p] = v_load(x + in + p * r->in_column);
        at[p] = index_set(in + p * r->in_column);
    }
    for (size_t i = 0; i < r->taps_h; i++)
        for (size_t k = 0; k < r->taps_w; k++) {
            ptrdiff_t tap = in + (ptrdiff_t)i * r->tap_row + (ptrdiff_t)k * r->tap_column;
            UNROLL
            for (int p = 0; p < pixels; p++) {
                vec v = v_load(x + tap + p * r->in_column);
                bits take = beats(v, best[p]);
                best[p] = pick(take, v, best[p]);
                if (with_index)
                    at[p] = pick_index(take, index_set(tap + p * r->in_column), at[p]);
            }
        }
    UNROLL
    for (int p = 0; p < pixels; p++) {
        size_t to = out + (size_t)p * r->out_column;
        v_store(y + to, best[p]);
        if (with_index)
            *(indices_memory *)(argmax + to) = at[p];
    }
}

/* What the next row of outputs reads at the columns of PIXELS outputs, if they are at most 2 apart
 * in either direction. */
INLINE void ask_ahead(const struct cnn_rectangle *r, const real *x)
{
    const real *ahead = x + r->in_row + (ptrdiff_t)(r->taps_h - 1) * r->tap_row;
    ptrdiff_t width = PIXELS * r->in_column / V;
    for (ptrdiff_t p = 0; p < width; p++) {
        v_prefetch(ahead + p * V);
        v_prefetch(ahead + p * V - r->tap_row);
    }
}

INLINE void max_plane(const int with_index, const struct cnn_rectangle *r, const real *x, real *y,
                      int32_t *argmax)
{
    for (size_t i = 0; i < r->rows; i++) {
        ptrdiff_t in = r->in + (ptrdiff_t)i * r->in_row;
        size_t out = r->out + i * r->out_row, j = 0;
        for (; j + PIXELS <= r->columns; j += PIXELS) {
            ask_ahead(r, x + in);
            max_outputs(PIXELS, with_index, r, x, in, out, y, argmax);
            in += PIXELS * r->in_column;
            out += PIXELS * r->out_column;
        }
        for (; j < r->columns; j++, in += r->in_column, out += r->out_column)
            max_outputs(1, with_index, r, x, in, out, y, argmax);
    }
}

void CNN_V(pool_max)(const struct cnn_rectangle *r, const real *x, real *y, int32_t *argmax)
{
    if (argmax)
        max_plane(1, r, x, y, argmax);
    else
        max_plane(0, r, x, y, NULL);
}

void CNN_V(pool_max_back)(const struct cnn_rectangle *r, const real *dy, const int32_t *argmax,
                          real *dx)
{
    for (size_t i = 0; i < r->rows; i++)
        for (size_t j = 0; j < r->columns; j++) {
            ptrdiff_t in = r->in + (ptrdiff_t)i * r->in_row + (ptrdiff_t)j * r->in_column;
            size_t out = r->out + i * r->out_row + j * r->out_column;
            indices me = index_set((ptrdiff_t)out);
            vec sum = v_zero();
            v_prefetch(dy + in + r->in_row);
            v_prefetch(argmax + in + r->in_row);
            for (size_t a = 0; a < r->taps_h; a++)
                for (size_t b = 0; b < r->taps_w; b++) {
                    ptrdiff_t tap = in + (ptrdiff_t)a * r->tap_row + (ptrdiff_t)b * r->tap_column;
                    indices chosen = *(const indices_memory *)(argmax + tap);
                    bits mine = __builtin_convertvector(chosen == me, bits);
                    sum += (vec)(mine & (bits)v_load(dy + tap));
                }
            v_store(dx + out, sum);
        }
}

/* The sum of a row of taps; in several sums beside each other, as one would wait for itself. */
INLINE vec row_sum(const real *x, size_t taps, ptrdiff_t step)
{
    vec sum[SUMS] = {v_zero(), v_zero(), v_zero(), v_zero()};
    size_t k = 0;
    for (; k + SUMS <= taps; k += SUMS)
        UNROLL
    for (int s = 0; s < SUMS; s++)
        sum[s] += v_load(x + ((ptrdiff_t)k + s) * step);
    for (; k < taps; k++)
        sum[0] += v_load(x + (ptrdiff_t)k * step);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

void CNN_V(pool_sum)(const struct cnn_rectangle *r, const real *x, real scale, real *y)
{
    for (size_t i = 0; i < r->rows; i++)
        for (size_t j = 0; j < r->columns; j++) {
            const real *from = x + r->in + (ptrdiff_t)i * r->in_row + (ptrdiff_t)j * r->in_column;
            vec sum = v_zero();
            for (size_t a = 0; a < r->taps_h; a++)
                sum += row_sum(from + (ptrdiff_t)a * r->tap_row, r->taps_w, r->tap_column);
            v_store(y + r->out + i * r->out_row + j * r->out_column, sum * v_set(scale));
        }
}

void CNN_V(pool_spread)(const struct cnn_rectangle *r, const real *dy, real scale, real *dx)
{
    for (size_t i = 0; i < r->rows; i++)
        for (size_t j = 0; j < r->columns; j++) {
            vec share = v_load(dy + r->out + i * r->out_row + j * r->out_column) * v_set(scale);
            real *to = dx + r->in + (ptrdiff_t)i * r->in_row + (ptrdiff_t)j * r->in_column;
            for (size_t a = 0; a < r->taps_h; a++)
                for (size_t b = 0; b < r->taps_w; b++) {
                    real *tap = to + (ptrdiff_t)a * r->tap_row + (ptrdiff_t)b * r->tap_column;
                    v_store(tap, v_load(tap) + share);
                }
        }
}
