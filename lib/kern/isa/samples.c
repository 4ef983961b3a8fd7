/* Convolutions of vectors of samples. Each lane is a sample, so that weights are the same for all
 * lanes, and channels may be as few and as odd as they like. A block is outputs x pixels, or
 * outputs x taps of the weight gradient, that stay in registers; one function for each size, all
 * unrolled from the same body. */
#include "kern/isa/vector.h"

enum { OUTPUTS = CNN_SAMPLES_OUTPUTS, TAPS = CNN_SAMPLES_TAPS, PIXELS = 6 };

/* How many pixels or taps fit beside so many outputs: they, their sums, and one more vector. */
#define BESIDE(outputs) ((REGISTERS - 1) / ((outputs) + 1))

INLINE void sum_taps(const int outputs, const int pixels, const struct cnn_samples *s,
                     const real *x, vec sum[OUTPUTS][PIXELS])
{
    const struct cnn_rectangle *r = s->r;
    for (size_t c = 0; c < s->channels; c++)
        for (size_t i = 0; i < r->taps_h; i++) {
            const real *p = x + c * s->x_channel + (ptrdiff_t)i * r->tap_row;
            const real *w = s->w + (ptrdiff_t)(c * s->w_channel) + (ptrdiff_t)i * s->w_row;
            for (size_t j = 0; j < r->taps_w; j++, p += r->tap_column, w += s->w_column) {
                vec v[PIXELS];
                UNROLL
                for (int k = 0; k < pixels; k++)
                    v[k] = v_load(p + k * r->in_column);
                UNROLL
                for (int o = 0; o < outputs; o++) {
                    vec weight = v_set(w[o]);
                    UNROLL
                    for (int k = 0; k < pixels; k++)
                        sum[o][k] += weight * v[k];
                }
            }
        }
}

INLINE void run(const int outputs, const int pixels, const struct cnn_samples *s, const real *x,
                size_t at)
{
    vec sum[OUTPUTS][PIXELS];
    UNROLL
    for (int o = 0; o < outputs; o++)
        UNROLL
    for (int k = 0; k < pixels; k++)
        sum[o][k] = v_zero();
    sum_taps(outputs, pixels, s, x, sum);
    UNROLL
    for (int o = 0; o < outputs; o++) {
        vec bias = s->bias ? v_set(s->bias[o]) : v_zero();
        UNROLL
        for (int k = 0; k < pixels; k++) {
            size_t to = at + (size_t)o * s->y_channel + (size_t)k * s->r->out_column;
            vec y = sum[o][k] + bias;
            if (s->add)
                y += v_load(s->add + to);
            if (s->limit)
                y = v_at_least(y, v_zero());
            if (s->limit > 1)
                y = v_at_most(y, v_set(s->high));
            v_store(s->y + to, y);
        }
    }
}

/* Sizes that would spill are never asked for: size 1 stands in their place. */
#define OR_1(outputs, others, size) (1 + ((others) <= BESIDE(outputs)) * ((size)-1))

typedef void forward_function(const struct cnn_samples *s, const real *x, size_t at);

#define FORWARD(outputs, pixels)                                                                   \
    static void forward_##outputs##_##pixels(const struct cnn_samples *s, const real *x,           \
                                             size_t at)                                            \
    {                                                                                              \
        run(OR_1(outputs, pixels, outputs), OR_1(outputs, pixels, pixels), s, x, at);              \
    }
#define FORWARDS(outputs)                                                                          \
    FORWARD(outputs, 1)                                                                            \
    FORWARD(outputs, 2)                                                                            \
    FORWARD(outputs, 3) FORWARD(outputs, 4) FORWARD(outputs, 5) FORWARD(outputs, 6)
FORWARDS(1)
FORWARDS(2)
FORWARDS(3)
FORWARDS(4)
FORWARDS(5)
FORWARDS(6)
FORWARDS(7)
FORWARDS(8)

#define FORWARD_ROW(outputs)                                                                       \
    {                                                                                              \
        forward_##outputs##_1, forward_##outputs##_2, forward_##outputs##_3,                       \
            forward_##outputs##_4, forward_##outputs##_5, forward_##outputs##_6                    \
    }
static forward_function *const forward[OUTPUTS][PIXELS] = {
    FORWARD_ROW(1), FORWARD_ROW(2), FORWARD_ROW(3), FORWARD_ROW(4),
    FORWARD_ROW(5), FORWARD_ROW(6), FORWARD_ROW(7), FORWARD_ROW(8),
};

void CNN_V(samples)(size_t outputs, const struct cnn_samples *s)
{
    const struct cnn_rectangle *r = s->r;
    size_t most = BESIDE(outputs) < PIXELS ? BESIDE(outputs) : PIXELS;
    size_t tiles = (r->columns + most - 1) / most;
    for (size_t i = 0; i < r->rows; i++)
        for (size_t t = 0; t < tiles; t++) {
            size_t begin = r->columns * t / tiles, end = r->columns * (t + 1) / tiles;
            const real *x =
                s->x + r->in + (ptrdiff_t)i * r->in_row + (ptrdiff_t)begin * r->in_column;
            forward[outputs - 1][end - begin - 1](s, x,
                                                  r->out + i * r->out_row + begin * r->out_column);
        }
}

INLINE void gradient(const int outputs, const int taps, const struct cnn_rectangle *r,
                     const real *x, const real *dy, size_t dy_channel, real *to)
{
    vec sum[OUTPUTS][TAPS];
    UNROLL
    for (int o = 0; o < outputs; o++)
        UNROLL
    for (int t = 0; t < taps; t++)
        sum[o][t] = v_zero();
    for (size_t i = 0; i < r->rows; i++) {
        const real *p = x + (ptrdiff_t)i * r->in_row, *d = dy + i * r->out_row;
        for (size_t j = 0; j < r->columns; j++, p += r->in_column, d += r->out_column) {
            vec v[TAPS];
            UNROLL
            for (int t = 0; t < taps; t++)
                v[t] = v_load(p + t * r->tap_column);
            UNROLL
            for (int o = 0; o < outputs; o++) {
                vec g = v_load(d + (size_t)o * dy_channel);
                UNROLL
                for (int t = 0; t < taps; t++)
                    sum[o][t] += g * v[t];
            }
        }
    }
    UNROLL
    for (int t = 0; t < taps; t++)
        UNROLL
    for (int o = 0; o < outputs; o++, to += V)
        v_store(to, v_load(to) + sum[o][t]);
}

typedef void weight_function(const struct cnn_rectangle *r, const real *x, const real *dy,
                             size_t dy_channel, real *to);

#define WEIGHT(outputs, taps)                                                                      \
    static void weight_##outputs##_##taps(const struct cnn_rectangle *r, const real *x,            \
                                          const real *dy, size_t dy_channel, real *to)             \
    {                                                                                              \
        gradient(OR_1(outputs, taps, outputs), OR_1(outputs, taps, taps), r, x, dy, dy_channel,    \
                 to);                                                                              \
    }
#define WEIGHTS(outputs)                                                                           \
    WEIGHT(outputs, 1)                                                                             \
    WEIGHT(outputs, 2) WEIGHT(outputs, 3) WEIGHT(outputs, 4) WEIGHT(outputs, 5)
WEIGHTS(1)
WEIGHTS(2)
WEIGHTS(3)
WEIGHTS(4)
WEIGHTS(5)
WEIGHTS(6)
WEIGHTS(7)
WEIGHTS(8)

#define WEIGHT_ROW(outputs)                                                                        \
    {                                                                                              \
        weight_##outputs##_1, weight_##outputs##_2, weight_##outputs##_3, weight_##outputs##_4,    \
            weight_##outputs##_5                                                                   \
    }
static weight_function *const weight[OUTPUTS][TAPS] = {
    WEIGHT_ROW(1), WEIGHT_ROW(2), WEIGHT_ROW(3), WEIGHT_ROW(4),
    WEIGHT_ROW(5), WEIGHT_ROW(6), WEIGHT_ROW(7), WEIGHT_ROW(8),
};

void CNN_V(samples_weight)(size_t outputs, size_t taps, const struct cnn_rectangle *r,
                           const real *x, const real *dy, size_t dy_channel, real *sum)
{
    weight[outputs - 1][taps - 1](r, x, dy, dy_channel, sum);
}
