/* The transforms of Winograd's minimal filtering algorithms F(2x2, 3x3) and F(4x4, 3x3)
 * (Lavin and Gray 2016, "Fast algorithms for convolutional neural networks", section 4.1) on
 * vectors of channels:
 *   Y = A^T [(G g G^T) (.) (B^T d B)] A,  and for the weight gradient  dg = G^T [V (.) (A dY A^T)]
 * G.
 *
 * F(2x2) interpolates at 0, 1, -1 and infinity; F(4x4) at 0, p, -p, q, -q and infinity with p = 2/3
 * and q = 3/2, which rounds less than the usual 1 and 2: see kern/conv/winograd.c. Since p q = 1,
 * the matrices stay simple. */
#include "kern/isa/vector.h"

enum { SIDE = 6 }; /* of the largest transformed tile */

static const real P = (real)(2.0 / 3), Q = (real)(3.0 / 2);
static const real P2 = (real)(4.0 / 9), Q2 = (real)(9.0 / 4), PQ2 = (real)(97.0 / 36);
static const real P3 = (real)(8.0 / 27), Q3 = (real)(27.0 / 8);
/* Rows p and q of G: 1 / (2 p^2 (p^2 - q^2)) and 1 / (2 q^2 (q^2 - p^2)) times 1, x, x^2. */
static const real GP[3] = {(real)(-81.0 / 130), (real)(-54.0 / 130), (real)(-36.0 / 130)};
static const real GQ[3] = {(real)(16.0 / 130), (real)(24.0 / 130), (real)(36.0 / 130)};

/* o = B^T d */
INLINE void input_line(const int size, const vec *d, vec *o)
{
    if (size == 2) {
        o[0] = d[0] - d[2];
        o[1] = d[1] + d[2];
        o[2] = d[2] - d[1];
        o[3] = d[3] - d[1];
        return;
    }
    vec even = d[4] - Q2 * d[2], odd = P * d[3] - Q * d[1];
    o[0] = d[0] + (d[4] - PQ2 * d[2]);
    o[1] = even + odd;
    o[2] = even - odd;
    even = d[4] - P2 * d[2];
    odd = Q * d[3] - P * d[1];
    o[3] = even + odd;
    o[4] = even - odd;
    o[5] = d[1] + (d[5] - PQ2 * d[3]);
}

/* o = A^T d */
INLINE void output_line(const int size, const vec *d, vec *o)
{
    vec even = d[1] + d[2], odd = d[1] - d[2];
    if (size == 2) {
        o[0] = d[0] + even;
        o[1] = odd + d[3];
        return;
    }
    vec even_q = d[3] + d[4], odd_q = d[3] - d[4];
    o[0] = d[0] + even + even_q;
    o[1] = P * odd + Q * odd_q;
    o[2] = P2 * even + Q2 * even_q;
    o[3] = P3 * odd + Q3 * odd_q + d[5];
}

/* o = A d */
INLINE void gradient_line(const int size, const vec *d, vec *o)
{
    o[0] = d[0];
    if (size == 2) {
        o[1] = d[0] + d[1];
        o[2] = d[0] - d[1];
        o[3] = d[1];
        return;
    }
    vec even = d[0] + P2 * d[2], odd = P * d[1] + P3 * d[3];
    o[1] = even + odd;
    o[2] = even - odd;
    even = d[0] + Q2 * d[2];
    odd = Q * d[1] + Q3 * d[3];
    o[3] = even + odd;
    o[4] = even - odd;
    o[5] = d[3];
}

/* o = G d */
INLINE void weight_line(const int size, const vec *d, vec *o)
{
    o[0] = d[0];
    if (size == 2) {
        vec even = (real)0.5 * (d[0] + d[2]), odd = (real)0.5 * d[1];
        o[1] = even + odd;
        o[2] = even - odd;
        o[3] = d[2];
        return;
    }
    vec even = GP[0] * d[0] + GP[2] * d[2], odd = GP[1] * d[1];
    o[1] = even + odd;
    o[2] = even - odd;
    even = GQ[0] * d[0] + GQ[2] * d[2];
    odd = GQ[1] * d[1];
    o[3] = even + odd;
    o[4] = even - odd;
    o[5] = d[2];
}

/* o = G^T d */
INLINE void weight_gradient_line(const int size, const vec *d, vec *o)
{
    vec even = d[1] + d[2], odd = d[1] - d[2];
    if (size == 2) {
        o[0] = d[0] + (real)0.5 * even;
        o[1] = (real)0.5 * odd;
        o[2] = (real)0.5 * even + d[3];
        return;
    }
    vec even_q = d[3] + d[4], odd_q = d[3] - d[4];
    o[0] = d[0] + GP[0] * even + GQ[0] * even_q;
    o[1] = GP[1] * odd + GQ[1] * odd_q;
    o[2] = GP[2] * even + GQ[2] * even_q + d[5];
}

enum line { INPUT, OUTPUT, GRADIENT, WEIGHT, WEIGHT_GRADIENT };

INLINE void line(const enum line f, const int size, const vec *d, vec *o)
{
    if (f == INPUT)
        input_line(size, d, o);
    else if (f == OUTPUT)
        output_line(size, d, o);
    else if (f == GRADIENT)
        gradient_line(size, d, o);
    else if (f == WEIGHT)
        weight_line(size, d, o);
    else
        weight_gradient_line(size, d, o);
}

/* to = L from L^T for the line L: from (n, n) by rows and columns, to (m, m) by rows; distances in
 * elements. */
INLINE void square(const enum line f, const int size, const int n, const int m, const real *from,
                   size_t row, size_t column, vec to[SIDE][SIDE])
{
    vec half[SIDE][SIDE], d[SIDE], o[SIDE];
    for (int j = 0; j < n; j++) {
        UNROLL
        for (int i = 0; i < n; i++)
            d[i] = v_load(from + (size_t)i * row + (size_t)j * column);
        line(f, size, d, o);
        UNROLL
        for (int i = 0; i < m; i++)
            half[i][j] = o[i];
    }
    for (int i = 0; i < m; i++)
        line(f, size, half[i], to[i]);
}

/* What lies inside the image, of a tile of `side` at (top, left); zero elsewhere. */
INLINE void gather(const struct cnn_winograd *t, ptrdiff_t top, ptrdiff_t left, int side,
                   real tile[SIDE * SIDE * V])
{
    ptrdiff_t h = (ptrdiff_t)t->h, w = (ptrdiff_t)t->w;
    for (ptrdiff_t i = 0; i < side; i++)
        for (ptrdiff_t j = 0; j < side; j++) {
            ptrdiff_t y = top + i, x = left + j;
            int inside = y >= 0 && y < h && x >= 0 && x < w;
            v_store(tile + (i * SIDE + j) * V,
                    inside ? v_load(t->from + (y * w + x) * V) : v_zero());
        }
}

/* Tiles of an image, n x n with a distance of `size`, to m x m transformed numbers. */
INLINE void spread(const enum line f, const int size, const int n, const struct cnn_winograd *t)
{
    const int m = size + 2;
    real edge[SIDE * SIDE * V];
    vec o[SIDE][SIDE];
    int high = t->top >= 0 && t->top + n <= (ptrdiff_t)t->h;
    for (size_t tile = 0; tile < t->tiles; tile++) {
        ptrdiff_t left = t->left + (ptrdiff_t)tile * size;
        if (high && left >= 0 && left + n <= (ptrdiff_t)t->w) {
            const real *x = t->from + (t->top * (ptrdiff_t)t->w + left) * V;
            square(f, size, n, m, x, t->w * V, V, o);
        } else {
            gather(t, t->top, left, n, edge);
            square(f, size, n, m, edge, SIDE * V, V, o);
        }
        real *to = t->to + tile * V;
        for (int i = 0; i < m; i++)
            UNROLL
        for (int j = 0; j < m; j++)
            v_store(to + (size_t)(i * m + j) * t->step, o[i][j]);
    }
}

void CNN_V(winograd_input)(const struct cnn_winograd *t)
{
    if (t->size == 2)
        spread(INPUT, 2, 4, t);
    else
        spread(INPUT, 4, 6, t);
}

void CNN_V(winograd_gradient)(const struct cnn_winograd *t)
{
    if (t->size == 2)
        spread(GRADIENT, 2, 2, t);
    else
        spread(GRADIENT, 4, 4, t);
}

INLINE vec finish(const struct cnn_winograd *t, vec x, vec bias, size_t at)
{
    x += bias;
    if (t->add)
        x += v_load(t->add + at);
    if (t->limit)
        x = v_at_least(x, v_zero());
    if (t->limit > 1)
        x = v_at_most(x, v_set(t->high));
    return x;
}

INLINE void output(const int size, const struct cnn_winograd *t)
{
    const int m = size + 2;
    vec o[SIDE][SIDE], bias = t->bias ? v_load(t->bias) : v_zero();
    size_t top = (size_t)t->top, rows = t->h - top < (size_t)size ? t->h - top : (size_t)size;
    for (size_t tile = 0; tile < t->tiles; tile++) {
        size_t left = (size_t)t->left + tile * (size_t)size;
        size_t columns = t->w - left < (size_t)size ? t->w - left : (size_t)size;
        square(OUTPUT, size, m, size, t->from + tile * V, (size_t)m * t->step, t->step, o);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) {
                size_t at = ((top + i) * t->w + left + j) * V;
                v_store(t->to + at, finish(t, o[i][j], bias, at));
            }
    }
}

void CNN_V(winograd_output)(const struct cnn_winograd *t)
{
    if (t->size == 2)
        output(2, t);
    else
        output(4, t);
}

void CNN_V(winograd_weights)(size_t size, size_t count, const real *w, size_t step, int mirror,
                             real *u, size_t u_step)
{
    real taps[9 * V] = {0};
    vec o[SIDE][SIDE];
    struct cnn_transpose t = {
        .rows = count, .count = 9, .row_step = step, .taps = 1, .step = mirror ? -V : V};
    if (count)
        CNN_V(interleave)(&t, w, taps + (mirror ? 8 * V : 0));
    if (size == 2)
        square(WEIGHT, 2, 3, 4, taps, 3 * V, V, o);
    else
        square(WEIGHT, 4, 3, 6, taps, 3 * V, V, o);
    for (size_t i = 0; i < size + 2; i++)
        for (size_t j = 0; j < size + 2; j++, u += u_step)
            v_store(u, o[i][j]);
}

void CNN_V(winograd_weights_gradient)(size_t size, size_t count, const real *u, size_t u_step,
                                      real *dw, size_t step)
{
    real taps[9 * V];
    vec o[SIDE][SIDE];
    if (size == 2)
        square(WEIGHT_GRADIENT, 2, 4, 3, u, 4 * u_step, u_step, o);
    else
        square(WEIGHT_GRADIENT, 4, 6, 3, u, 6 * u_step, u_step, o);
    for (int i = 0; i < 9; i++)
        v_store(taps + i * V, o[i / 3][i % 3]);
    struct cnn_transpose t = {
        .rows = count, .count = 9, .row_step = step, .taps = 1, .step = V, .add = 1};
    CNN_V(separate)(&t, taps, dw);
}
