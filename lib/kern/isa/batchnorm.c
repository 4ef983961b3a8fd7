/* Batch normalisation's passes over memory. Sums run in tiles that stay in the first-level cache:
 * single precision within a tile, double from tile to tile. */
#include <string.h>

#include "kern/isa/vector.h"
#include "kern/isa/moments.h"

enum { TILE = 64 /* vectors */, SUMS = 4 };

INLINE vec tile_sum(size_t vectors, const real *x)
{
    vec s[SUMS] = {v_zero(), v_zero(), v_zero(), v_zero()};
    size_t i = 0;
    for (; i + SUMS <= vectors; i += SUMS)
        UNROLL
    for (size_t u = 0; u < SUMS; u++)
        s[u] += v_load(x + (i + u) * V);
    for (; i < vectors; i++)
        s[0] += v_load(x + i * V);
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* Sums of x - near and of its square. Memory is idle while a tile is in the cache, so that the next
 * one is sent for. */
INLINE void tile_deviations(size_t vectors, const real *x, vec near, vec *sum, vec *squares)
{
    vec s[SUMS] = {v_zero(), v_zero(), v_zero(), v_zero()};
    vec q[SUMS] = {v_zero(), v_zero(), v_zero(), v_zero()};
    size_t i = 0;
    for (; i + SUMS <= vectors; i += SUMS)
        UNROLL
    for (size_t u = 0; u < SUMS; u++) {
        __builtin_prefetch(x + (i + u + TILE) * V);
        vec d = v_load(x + (i + u) * V) - near;
        s[u] += d;
        q[u] += d * d;
    }
    for (; i < vectors; i++) {
        vec d = v_load(x + i * V) - near;
        s[0] += d;
        q[0] += d * d;
    }
    *sum = (s[0] + s[1]) + (s[2] + s[3]);
    *squares = (q[0] + q[1]) + (q[2] + q[3]);
}

INLINE double total(vec x)
{
    double sum = 0;
    for (int k = 0; k < V; k++)
        sum += (double)x[k];
    return sum;
}

/* The first pass over a tile finds a number near its mean, the second the deviations from that. */
void CNN_V(moments)(size_t count, const real *x, struct cnn_moments *m)
{
    for (size_t at = 0; at < count; at += TILE * V) {
        size_t vectors = (count - at < TILE * V ? count - at : TILE * V) / V;
        vec near = tile_sum(vectors, x + at) / v_set((real)vectors), sum, squares;
        tile_deviations(vectors, x + at, near, &sum, &squares);
        struct cnn_moments tile;
        tile.count = (double)vectors;
        double each = 1 / tile.count;
        for (int k = 0; k < V; k++) {
            double s = (double)sum[k];
            tile.mean[k] = (double)near[k] + s * each;
            tile.squares[k] = (double)squares[k] - s * s * each;
        }
        cnn_moments_add(m, &tile, V);
    }
}

void CNN_V(moments_plain)(size_t count, const real *x, struct cnn_moments *m)
{
    for (size_t at = 0; at < count; at += TILE * V, x += TILE * V) {
        size_t rest = count - at < TILE * V ? count - at : TILE * V, vectors = rest / V;
        real near = x[0];
        if (vectors)
            near = (real)(total(tile_sum(vectors, x)) / (double)(vectors * V));
        vec sum, squares;
        tile_deviations(vectors, x, v_set(near), &sum, &squares);
        double s = total(sum), q = total(squares);
        for (size_t i = vectors * V; i < rest; i++) {
            double d = (double)x[i] - (double)near;
            s += d;
            q += d * d;
        }
        struct cnn_moments tile;
        tile.count = (double)rest;
        tile.mean[0] = (double)near + s / tile.count;
        tile.squares[0] = q - s * s / tile.count;
        cnn_moments_add(m, &tile, 1);
    }
}

/* The last, incomplete vector of a run of one channel. */
INLINE vec load_part(const real *x, size_t count)
{
    vec v = v_zero();
    memcpy(&v, x, count * sizeof *x);
    return v;
}

INLINE void store_part(real *y, vec v, size_t count)
{
    memcpy(y, &v, count * sizeof *y);
}

/* The lanes of a normalisation in registers. */
struct lanes {
    vec mean, scale, shift, slope, high;
};

INLINE struct lanes lanes_of(const struct cnn_norm *a)
{
    return (struct lanes){v_load(a->mean), v_load(a->scale), v_load(a->shift), v_set(a->slope),
                          v_set(a->high)};
}

INLINE vec normalised(const struct lanes *l, vec x)
{
    return (x - l->mean) * l->scale + l->shift;
}

INLINE vec activated(const int rule, const struct lanes *l, vec v)
{
    if (rule == CNN_NORM_LIMITS)
        return v_at_most(v_at_least(v, v_zero()), l->high);
    if (rule == CNN_NORM_LEAKY)
        return v_select(v > v_zero(), v, l->slope * v);
    return v;
}

INLINE void apply(const int rule, const int adds, const struct cnn_norm *a, size_t count,
                  const real *x, const real *add, real *y)
{
    struct lanes l = lanes_of(a);
    size_t i = 0;
    for (; i + V <= count; i += V) {
        vec v = normalised(&l, v_load(x + i));
        v_store(y + i, activated(rule, &l, adds ? v + v_load(add + i) : v));
    }
    if (i < count) {
        vec v = normalised(&l, load_part(x + i, count - i));
        v = activated(rule, &l, adds ? v + load_part(add + i, count - i) : v);
        store_part(y + i, v, count - i);
    }
}

INLINE void apply_rule(const int rule, const struct cnn_norm *a, size_t count, const real *x,
                       const real *add, real *y)
{
    if (add)
        apply(rule, 1, a, count, x, add, y);
    else
        apply(rule, 0, a, count, x, add, y);
}

void CNN_V(norm_apply)(const struct cnn_norm *a, size_t count, const real *x, const real *add,
                       real *y)
{
    switch (a->rule) {
    case CNN_NORM_LIMITS:
        apply_rule(CNN_NORM_LIMITS, a, count, x, add, y);
        break;
    case CNN_NORM_LEAKY:
        apply_rule(CNN_NORM_LEAKY, a, count, x, add, y);
        break;
    case CNN_NORM_IDENTITY:
    case CNN_NORM_RECTIFIED_X:
    case CNN_NORM_RECTIFIED_Y:
    case CNN_NORM_SIGMOID:
    case CNN_NORM_TANH:
        apply_rule(CNN_NORM_IDENTITY, a, count, x, add, y);
    }
}

INLINE int looks_at_y(const int rule)
{
    return rule >= CNN_NORM_RECTIFIED_Y;
}

/* dz of a vector; x less the mean is `d`. */
INLINE vec before_activation(const int rule, const struct lanes *l, vec d, vec y, vec dy)
{
    vec v = rule == CNN_NORM_RECTIFIED_X ? d * l->scale + l->shift : y;
    if (rule == CNN_NORM_RECTIFIED_X || rule == CNN_NORM_RECTIFIED_Y)
        return v_select((v > v_zero()) & (v < l->high), dy, l->slope * dy);
    if (rule == CNN_NORM_SIGMOID)
        return dy * y * (1 - y);
    if (rule == CNN_NORM_TANH)
        return dy * ((1 - y) * (1 + y));
    return dy;
}

/* A tile's sums, and dz where it is wanted. */
INLINE void sum_tile(const int rule, const int writes, const struct lanes *l, size_t count,
                     const real *x, const real *y, const real *dy, real *dz, vec sum[2], vec dot[2])
{
    size_t i = 0;
    for (; i + 2 * V <= count; i += 2 * V)
        UNROLL
    for (size_t u = 0; u < 2; u++) {
        size_t at = i + u * V;
        vec d = v_load(x + at) - l->mean, y1 = looks_at_y(rule) ? v_load(y + at) : d;
        vec z = before_activation(rule, l, d, y1, v_load(dy + at));
        sum[u] += z;
        dot[u] += z * d;
        if (writes)
            v_store(dz + at, z);
    }
    for (; i < count; i += V) {
        size_t rest = count - i < V ? count - i : V;
        vec d = load_part(x + i, rest) - l->mean;
        vec y1 = looks_at_y(rule) ? load_part(y + i, rest) : d;
        vec z = before_activation(rule, l, d, y1, load_part(dy + i, rest));
        sum[0] += z;
        dot[0] += z * d;
        if (writes)
            store_part(dz + i, z, rest);
    }
}

INLINE void sums(const int rule, const int writes, const struct cnn_norm *a, size_t count,
                 const real *x, const real *y, const real *dy, real *dz, double *sum, double *dot)
{
    struct lanes l = lanes_of(a);
    for (size_t at = 0; at < count; at += TILE * V) {
        size_t rest = count - at < TILE * V ? count - at : TILE * V;
        vec s[2] = {v_zero(), v_zero()}, p[2] = {v_zero(), v_zero()};
        sum_tile(rule, writes, &l, rest, x + at, looks_at_y(rule) ? y + at : NULL, dy + at,
                 writes ? dz + at : NULL, s, p);
        s[0] += s[1];
        p[0] += p[1];
        for (int k = 0; k < V; k++) {
            sum[k] += (double)s[0][k];
            dot[k] += (double)p[0][k];
        }
    }
}

/* `call` with the rule of a as a constant. */
#define EACH_RULE(call)                                                                            \
    switch (a->rule) {                                                                             \
    case CNN_NORM_RECTIFIED_X:                                                                     \
        call(CNN_NORM_RECTIFIED_X);                                                                \
        break;                                                                                     \
    case CNN_NORM_RECTIFIED_Y:                                                                     \
        call(CNN_NORM_RECTIFIED_Y);                                                                \
        break;                                                                                     \
    case CNN_NORM_SIGMOID:                                                                         \
        call(CNN_NORM_SIGMOID);                                                                    \
        break;                                                                                     \
    case CNN_NORM_TANH:                                                                            \
        call(CNN_NORM_TANH);                                                                       \
        break;                                                                                     \
    case CNN_NORM_IDENTITY:                                                                        \
    case CNN_NORM_LIMITS:                                                                          \
    case CNN_NORM_LEAKY:                                                                           \
        call(CNN_NORM_IDENTITY);                                                                   \
    }

void CNN_V(norm_sums)(const struct cnn_norm *a, size_t count, const real *x, const real *y,
                      const real *dy, real *dz, double sum[CNN_MOST_LANES],
                      double dot[CNN_MOST_LANES])
{
#define KEEP(rule)  sums(rule, 0, a, count, x, y, dy, NULL, sum, dot)
#define WRITE(rule) sums(rule, 1, a, count, x, y, dy, dz, sum, dot)
    if (dz)
        EACH_RULE(WRITE)
    else
        EACH_RULE(KEEP)
}

INLINE void gradient(const int rule, const struct cnn_norm *a, size_t count, const real *x,
                     const real *y, const real *dy, real *dx)
{
    struct lanes l = lanes_of(a);
    vec own = v_load(a->own), slant = v_load(a->slant), level = v_load(a->level);
    size_t i = 0;
    for (; i + V <= count; i += V) {
        vec d = v_load(x + i) - l.mean, y1 = looks_at_y(rule) ? v_load(y + i) : d;
        vec z = before_activation(rule, &l, d, y1, v_load(dy + i));
        v_store(dx + i, z * own - (d * slant + level));
    }
    if (i < count) {
        size_t rest = count - i;
        vec d = load_part(x + i, rest) - l.mean;
        vec y1 = looks_at_y(rule) ? load_part(y + i, rest) : d;
        vec z = before_activation(rule, &l, d, y1, load_part(dy + i, rest));
        store_part(dx + i, z * own - (d * slant + level), rest);
    }
}

void CNN_V(norm_gradient)(const struct cnn_norm *a, size_t count, const real *x, const real *y,
                          const real *dy, real *dx)
{
#define GRADIENT(rule) gradient(rule, a, count, x, y, dy, dx)
    EACH_RULE(GRADIENT)
}
