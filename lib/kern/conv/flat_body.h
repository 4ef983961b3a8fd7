/* The bodies of the blocks, for one instruction set: included by flat_blocks.c once for each,
 * with ISA (a name), TARGET (an attribute or nothing), BYTES (of a vector), OUTPUTS, VECTORS and
 * SUMS (what registers hold) defined. Sizes are constants, so that sums stay in registers. */

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)
#define NAME(stem)  JOIN(ISA, stem)
#define INLINE      TARGET static inline __attribute__((always_inline))
#define LANES       ((int)(BYTES / sizeof(real)))

typedef real NAME(vector) __attribute__((vector_size(BYTES)));
/* The same anywhere in memory. */
typedef real NAME(loose) __attribute__((vector_size(BYTES), aligned(sizeof(real)), may_alias));

INLINE void NAME(forward_block)(const struct cnn_flat_taps *t, const real *x, const real *w,
                                const real *bias, real *out, size_t ld, const int outputs,
                                const int vectors)
{
    NAME(vector) sum[CNN_FLAT_OUTPUTS][CNN_FLAT_VECTORS], in[CNN_FLAT_VECTORS];
#pragma GCC unroll 8
    for (int k = 0; k < outputs; k++)
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            sum[k][v] = bias[k] - (NAME(vector)){0};
    for (size_t c = 0; c < t->channels; c++)
        for (size_t r = 0; r < t->kh; r++) {
            const real *at = x + c * t->plane + r * t->row;
            for (size_t s = 0; s < t->kw; s++) {
#pragma GCC unroll 3
                for (int v = 0; v < vectors; v++)
                    in[v] = *(const NAME(loose) *)(at + v * LANES);
#pragma GCC unroll 8
                for (int k = 0; k < outputs; k++)
#pragma GCC unroll 3
                    for (int v = 0; v < vectors; v++)
                        sum[k][v] += w[k] * in[v];
                w += outputs;
                at += t->step;
            }
        }
#pragma GCC unroll 8
    for (int k = 0; k < outputs; k++)
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            *(NAME(loose) *)(out + (size_t)k * ld + v * LANES) = sum[k][v];
}

/* The elements of a vector added pairwise. */
INLINE real NAME(total)(const NAME(vector) * v)
{
    real s[BYTES / sizeof(real)];
    for (int i = 0; i < LANES; i++)
        s[i] = (*v)[i];
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            s[i] += s[i + half]; /* cppcheck-suppress uninitvar */
    return s[0];
}

INLINE void NAME(weight_block)(const struct cnn_flat_samples *p, const real *x, size_t step,
                               const real *dy, real *dw, size_t ld, const int outputs,
                               const int taps)
{
    NAME(vector) sum[CNN_FLAT_OUTPUTS][CNN_FLAT_TAPS], d[CNN_FLAT_OUTPUTS];
#pragma GCC unroll 8
    for (int k = 0; k < outputs; k++)
#pragma GCC unroll 5
        for (int s = 0; s < taps; s++)
            sum[k][s] = (NAME(vector)){0};
    for (size_t n = 0; n < p->samples; n++) {
        const real *xn = x + n * p->x_sample, *dyn = dy + n * p->dy_sample;
        for (size_t v = 0; v < p->vectors; v++) {
#pragma GCC unroll 8
            for (int k = 0; k < outputs; k++)
                d[k] = *(const NAME(loose) *)(dyn + (size_t)k * p->dy_plane);
#pragma GCC unroll 5
            for (int s = 0; s < taps; s++) {
                NAME(vector) in = *(const NAME(loose) *)(xn + (size_t)s * step);
#pragma GCC unroll 8
                for (int k = 0; k < outputs; k++)
                    sum[k][s] += d[k] * in;
            }
            xn += LANES;
            dyn += LANES;
        }
    }
#pragma GCC unroll 8
    for (int k = 0; k < outputs; k++)
#pragma GCC unroll 5
        for (int s = 0; s < taps; s++) {
            NAME(vector) one = sum[k][s];
            dw[(size_t)k * ld + (size_t)s] += NAME(total)(&one);
        }
}

/* Only the sizes that are used have a body. */
#define FORWARD(k, v)                                                                              \
    TARGET static void NAME(forward_##k##v)(const struct cnn_flat_taps *t, const real *x,          \
                                            const real *w, const real *bias, real *out, size_t ld) \
    {                                                                                              \
        if (k <= OUTPUTS && (v == 1 || v == VECTORS))                                              \
            NAME(forward_block)(t, x, w, bias, out, ld, k, v);                                     \
    }
#define WEIGHT(k, s)                                                                               \
    TARGET static void NAME(weight_##k##s)(const struct cnn_flat_samples *p, const real *x,        \
                                           size_t step, const real *dy, real *dw, size_t ld)       \
    {                                                                                              \
        if (k <= OUTPUTS && k * s <= SUMS)                                                         \
            NAME(weight_block)(p, x, step, dy, dw, ld, k, s);                                      \
    }
#define BODIES(k)                                                                                  \
    FORWARD(k, 1)                                                                                  \
    FORWARD(k, 2)                                                                                  \
    FORWARD(k, 3)                                                                                  \
    WEIGHT(k, 1)                                                                                   \
    WEIGHT(k, 2)                                                                                   \
    WEIGHT(k, 3)                                                                                   \
    WEIGHT(k, 4)                                                                                   \
    WEIGHT(k, 5)
#define FORWARDS(k) {NAME(forward_##k##1), NAME(forward_##k##2), NAME(forward_##k##3)},
#define WEIGHTS(k)                                                                                 \
    {NAME(weight_##k##1), NAME(weight_##k##2), NAME(weight_##k##3), NAME(weight_##k##4),           \
     NAME(weight_##k##5)},
#define EACH(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8)

EACH(BODIES)
static const struct cnn_flat_blocks NAME(blocks) = {
    BYTES / sizeof(real), OUTPUTS, VECTORS, SUMS, {EACH(FORWARDS)}, {EACH(WEIGHTS)}};

#undef JOIN2
#undef JOIN
#undef NAME
#undef INLINE
#undef LANES
#undef FORWARD
#undef WEIGHT
#undef BODIES
#undef FORWARDS
#undef WEIGHTS
#undef EACH
#undef ISA
#undef TARGET
#undef BYTES
#undef OUTPUTS
#undef VECTORS
#undef SUMS
