/* Layer normalisation: several places at a time, whose sums are in registers. With z = (x - mean)
 * inv, and a and b the means over the channels of gamma dy and gamma dy z,
 *   dx = inv (gamma dy - a - z b). */
#include <math.h>

#include "kern/isa/vector.h"

/* Side by side, forward and backward: as many as registers hold. */
enum { PLACES = 8, BACK_PLACES = 4, COLUMNS = 4, BACK_COLUMNS = 2 };
enum { RUN = 32 }; /* channels that one sum takes */

/* Of `count` lanes: from memory, zeros beside them. */
INLINE vec load(const real *p, size_t count)
{
    return count == V ? v_load(p) : v_load_part(p, count);
}

INLINE void store(real *p, size_t count, vec x)
{
    if (count == V)
        v_store(p, x);
    else
        v_store_part(p, count, x);
}

/* x in the first `count` lanes, zeros beside them. */
INLINE vec first_lanes(vec x, size_t count)
{
    for (size_t k = count; k < V; k++)
        x[k] = 0;
    return x;
}

INLINE vec inverse_root(vec x, double eps)
{
    for (int k = 0; k < V; k++)
        x[k] = (real)(1 / sqrt((double)x[k] + eps));
    return x;
}

/* What is done with the i-th vectors of `count` places, of which `lanes` count. */
INLINE vec gamma_of(const struct cnn_layernorm *n, size_t i, size_t lanes)
{
    return n->gamma ? load(n->gamma + i * V, lanes) : v_set(1);
}

INLINE void add_vectors(const struct cnn_layernorm *n, const size_t count, size_t i,
                        const size_t lanes, const real *x, vec *sum)
{
    UNROLL
    for (size_t p = 0; p < count; p++)
        sum[p] += load(x + p * n->place + i * n->step, lanes);
}

INLINE void add_squares(const struct cnn_layernorm *n, const size_t count, size_t i,
                        const size_t lanes, const real *x, const real *mean, vec *sum)
{
    UNROLL
    for (size_t p = 0; p < count; p++) {
        vec d = load(x + p * n->place + i * n->step, lanes) - v_set(mean[p]);
        d = lanes < V ? first_lanes(d, lanes) : d;
        sum[p] += d * d;
    }
}

INLINE void write_vectors(const struct cnn_layernorm *n, const size_t count, size_t i,
                          const size_t lanes, const real *x, real *y, const real *mean,
                          const real *inv)
{
    vec gamma = gamma_of(n, i, lanes), beta = n->beta ? load(n->beta + i * V, lanes) : v_zero();
    UNROLL
    for (size_t p = 0; p < count; p++) {
        size_t at = p * n->place + i * n->step;
        vec v = (load(x + at, lanes) - v_set(mean[p])) * v_set(inv[p]) * gamma + beta;
        store(y + at, n->filled ? V : lanes, lanes < V ? first_lanes(v, lanes) : v);
    }
}

/* The sums of places' numbers, or of the squares of their distances from the mean; in runs, since the
 * error of a sum grows with its length. */
INLINE void sum_places(const struct cnn_layernorm *n, const size_t count, const int squares,
                       const real *x, const real *mean, vec *sum)
{
    size_t full = n->channels / V, rest = n->channels % V;
    vec part[PLACES];
    UNROLL
    for (size_t p = 0; p < count; p++)
        sum[p] = v_zero();
    for (size_t i = 0; i < full + (rest > 0);) {
        size_t end = full - i < RUN ? full : i + RUN;
        UNROLL
        for (size_t p = 0; p < count; p++)
            part[p] = v_zero();
        for (; i < end; i++)
            squares ? add_squares(n, count, i, V, x, mean, part)
                    : add_vectors(n, count, i, V, x, part);
        if (i == full && rest) {
            squares ? add_squares(n, count, i, rest, x, mean, part)
                    : add_vectors(n, count, i, rest, x, part);
            i++;
        }
        UNROLL
        for (size_t p = 0; p < count; p++)
            sum[p] += part[p];
    }
}

INLINE void normalise_places(const struct cnn_layernorm *n, const size_t count, const real *x,
                             real *y, real *mean, real *inv)
{
    size_t full = n->channels / V, rest = n->channels % V;
    vec sum[PLACES];
    sum_places(n, count, 0, x, mean, sum);
    UNROLL
    for (size_t p = 0; p < count; p++)
        mean[p] = v_total(sum[p]) / (real)n->channels;
    sum_places(n, count, 1, x, mean, sum);
    UNROLL
    for (size_t p = 0; p < count; p++)
        inv[p] = (real)(1 / sqrt((double)v_total(sum[p]) / (double)n->channels + n->eps));
    for (size_t i = 0; i < full; i++)
        write_vectors(n, count, i, V, x, y, mean, inv);
    if (rest)
        write_vectors(n, count, full, rest, x, y, mean, inv);
}

/* Numbers side by side: `count` vectors, or one of `rest` lanes. */
INLINE void moments_of_columns(const struct cnn_layernorm *n, const size_t count, size_t rest,
                               const real *x, vec *mean, vec *inv)
{
    vec total[COLUMNS], part[COLUMNS];
    for (int pass = 0; pass < 2; pass++) {
        UNROLL
        for (size_t u = 0; u < count; u++)
            total[u] = v_zero();
        for (size_t c = 0; c < n->channels;) {
            size_t end = n->channels - c < RUN ? n->channels : c + RUN;
            UNROLL
            for (size_t u = 0; u < count; u++)
                part[u] = v_zero();
            for (; c < end; c++)
                UNROLL
            for (size_t u = 0; u < count; u++) {
                vec v = load(x + c * n->step + u * V, rest);
                if (pass)
                    v = (v - mean[u]) * (v - mean[u]);
                part[u] += v;
            }
            UNROLL
            for (size_t u = 0; u < count; u++)
                total[u] += part[u];
        }
        UNROLL
        for (size_t u = 0; u < count; u++)
            (pass ? inv : mean)[u] = total[u] / v_set((real)n->channels);
    }
    UNROLL
    for (size_t u = 0; u < count; u++)
        inv[u] = inverse_root(inv[u], n->eps);
}

INLINE void normalise_columns(const struct cnn_layernorm *n, const size_t count, size_t rest,
                              const real *x, real *y, real *to_mean, real *to_inv)
{
    vec mean[COLUMNS], inv[COLUMNS];
    moments_of_columns(n, count, rest, x, mean, inv);
    UNROLL
    for (size_t u = 0; u < count; u++) {
        store(to_mean + u * V, rest, mean[u]);
        store(to_inv + u * V, rest, inv[u]);
    }
    for (size_t c = 0; c < n->channels; c++) {
        vec gamma = v_set(n->gamma ? n->gamma[c] : 1), beta = v_set(n->beta ? n->beta[c] : 0);
        UNROLL
        for (size_t u = 0; u < count; u++) {
            size_t at = c * n->step + u * V;
            store(y + at, rest, (load(x + at, rest) - mean[u]) * inv[u] * gamma + beta);
        }
    }
}

void CNN_V(layernorm)(const struct cnn_layernorm *n, const real *x, real *y, real *mean, real *inv)
{
    size_t i = 0;
    if (n->columns) {
        for (; i + COLUMNS * V <= n->places; i += COLUMNS * V)
            normalise_columns(n, COLUMNS, V, x + i, y + i, mean + i, inv + i);
        for (; i < n->places; i += V)
            normalise_columns(n, 1, n->places - i < V ? n->places - i : V, x + i, y + i, mean + i,
                              inv + i);
        return;
    }
    for (; i + PLACES <= n->places; i += PLACES)
        normalise_places(n, PLACES, x + i * n->place, y + i * n->place, mean + i, inv + i);
    for (; i < n->places; i++)
        normalise_places(n, 1, x + i * n->place, y + i * n->place, mean + i, inv + i);
}

/* Sums of gamma dy and gamma dy z of places, and of dy z and dy of channels. */
struct sums {
    vec a[BACK_PLACES], b[BACK_PLACES];
    real *slope, *level;
};

INLINE void sum_gradients(const struct cnn_layernorm *n, const size_t count, size_t i,
                          const size_t lanes, const real *x, const real *dy, const real *mean,
                          const real *inv, struct sums *s)
{
    vec gamma = gamma_of(n, i, lanes), dgamma = v_zero(), dbeta = v_zero();
    UNROLL
    for (size_t p = 0; p < count; p++) {
        size_t at = p * n->place + i * n->step;
        vec z = (load(x + at, lanes) - v_set(mean[p])) * v_set(inv[p]), d = load(dy + at, lanes);
        dgamma += d * z;
        dbeta += d;
        s->a[p] += d * gamma;
        s->b[p] += d * gamma * z;
    }
    v_store(s->slope + i * V, v_load(s->slope + i * V) + dgamma);
    v_store(s->level + i * V, v_load(s->level + i * V) + dbeta);
}

/* a and b: means of the sums. */
INLINE void write_gradients(const struct cnn_layernorm *n, const size_t count, size_t i,
                            const size_t lanes, const real *x, const real *dy, real *dx,
                            const real *mean, const real *inv, const struct sums *s)
{
    vec gamma = gamma_of(n, i, lanes);
    UNROLL
    for (size_t p = 0; p < count; p++) {
        size_t at = p * n->place + i * n->step;
        vec z = (load(x + at, lanes) - v_set(mean[p])) * v_set(inv[p]);
        vec d = (load(dy + at, lanes) * gamma - s->a[p] - z * s->b[p]) * v_set(inv[p]);
        store(dx + at, n->filled ? V : lanes, lanes < V ? first_lanes(d, lanes) : d);
    }
}

INLINE void back_places(const struct cnn_layernorm *n, const size_t count, const real *x,
                        const real *dy, real *dx, const real *mean, const real *inv, real *slope,
                        real *level)
{
    size_t full = n->channels / V, rest = n->channels % V;
    struct sums s = {.slope = slope, .level = level};
    UNROLL
    for (size_t p = 0; p < count; p++)
        s.a[p] = s.b[p] = v_zero();
    for (size_t i = 0; i < full; i++)
        sum_gradients(n, count, i, V, x, dy, mean, inv, &s);
    if (rest)
        sum_gradients(n, count, full, rest, x, dy, mean, inv, &s);
    if (!dx)
        return;
    UNROLL
    for (size_t p = 0; p < count; p++) {
        s.a[p] = v_set(v_total(s.a[p]) / (real)n->channels);
        s.b[p] = v_set(v_total(s.b[p]) / (real)n->channels);
    }
    for (size_t i = 0; i < full; i++)
        write_gradients(n, count, i, V, x, dy, dx, mean, inv, &s);
    if (rest)
        write_gradients(n, count, full, rest, x, dy, dx, mean, inv, &s);
}

INLINE void back_columns(const struct cnn_layernorm *n, const size_t count, size_t rest,
                         const real *x, const real *dy, real *dx, const real *mean, const real *inv,
                         real *slope, real *level)
{
    vec a[BACK_COLUMNS], b[BACK_COLUMNS], m[BACK_COLUMNS], s[BACK_COLUMNS];
    UNROLL
    for (size_t u = 0; u < count; u++) {
        a[u] = b[u] = v_zero();
        m[u] = load(mean + u * V, rest);
        s[u] = load(inv + u * V, rest);
    }
    for (size_t c = 0; c < n->channels; c++) {
        vec gamma = v_set(n->gamma ? n->gamma[c] : 1), dgamma = v_zero(), dbeta = v_zero();
        UNROLL
        for (size_t u = 0; u < count; u++) {
            size_t at = c * n->step + u * V;
            vec z = (load(x + at, rest) - m[u]) * s[u], d = load(dy + at, rest);
            dgamma += d * z;
            dbeta += d;
            a[u] += d * gamma;
            b[u] += d * gamma * z;
        }
        v_store(slope + c * V, v_load(slope + c * V) + dgamma);
        v_store(level + c * V, v_load(level + c * V) + dbeta);
    }
    UNROLL
    for (size_t u = 0; u < count; u++) {
        a[u] /= v_set((real)n->channels);
        b[u] /= v_set((real)n->channels);
    }
    for (size_t c = 0; dx && c < n->channels; c++) {
        vec gamma = v_set(n->gamma ? n->gamma[c] : 1);
        UNROLL
        for (size_t u = 0; u < count; u++) {
            size_t at = c * n->step + u * V;
            vec z = (load(x + at, rest) - m[u]) * s[u];
            store(dx + at, rest, (load(dy + at, rest) * gamma - a[u] - z * b[u]) * s[u]);
        }
    }
}

void CNN_V(layernorm_gradient)(const struct cnn_layernorm *n, const real *x, const real *mean,
                               const real *inv, const real *dy, real *dx, real *slope, real *level)
{
    size_t i = 0;
    if (n->columns) {
        for (; i + BACK_COLUMNS * V <= n->places; i += BACK_COLUMNS * V)
            back_columns(n, BACK_COLUMNS, V, x + i, dy + i, dx ? dx + i : NULL, mean + i, inv + i,
                         slope, level);
        for (; i < n->places; i += V)
            back_columns(n, 1, n->places - i < V ? n->places - i : V, x + i, dy + i,
                         dx ? dx + i : NULL, mean + i, inv + i, slope, level);
        return;
    }
    for (; i + BACK_PLACES <= n->places; i += BACK_PLACES)
        back_places(n, BACK_PLACES, x + i * n->place, dy + i * n->place,
                    dx ? dx + i * n->place : NULL, mean + i, inv + i, slope, level);
    for (; i < n->places; i++)
        back_places(n, 1, x + i * n->place, dy + i * n->place, dx ? dx + i * n->place : NULL,
                    mean + i, inv + i, slope, level);
}
