/* The register block: pixels x vectors accumulators that stay in registers while the inner
 * dimension passes by. Each step loads `vectors` vectors of weights and multiplies them with one
 * broadcast element for each pixel. One function for each size, all unrolled from the same body. */
#include "kern/isa/vector.h"

INLINE void start(const int pixels, const int vectors, const struct cnn_block *b,
                  vec sum[PIXELS_1][2])
{
    UNROLL
    for (int p = 0; p < pixels; p++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        sum[p][v] = b->more ? v_load(b->out + (size_t)p * b->out_step + (size_t)v * b->out_vector)
                            : v_zero();
}

INLINE void finish(const int pixels, const int vectors, const struct cnn_block *b,
                   vec sum[PIXELS_1][2])
{
    UNROLL
    for (int v = 0; v < vectors; v++) {
        vec bias = b->bias ? v_load(b->bias + v * V) : v_zero();
        UNROLL
        for (int p = 0; p < pixels; p++) {
            vec x = sum[p][v] + bias;
            if (b->add)
                x += v_load(b->add + (size_t)p * b->out_step + (size_t)v * b->out_vector);
            if (b->limit)
                x = v_at_least(x, v_zero());
            if (b->limit > 1)
                x = v_at_most(x, v_set(b->high));
            sum[p][v] = x;
        }
    }
}

INLINE void run(const int pixels, const int vectors, const int step, const struct cnn_block *b)
{
    vec sum[PIXELS_1][2];
    start(pixels, vectors, b, sum);
    const real *w = b->w;
    for (size_t s = 0; s < b->segments; s++) {
        const real *a = b->a + b->segment[s];
        for (size_t i = 0; i < b->inner; i++, w += vectors * V) {
            vec w0 = v_load(w), w1 = vectors > 1 ? v_load(w + V) : w0;
            v_prefetch_ahead(w, (ptrdiff_t)b->w_ahead);
            if (vectors > 1)
                v_prefetch_ahead(w, (ptrdiff_t)b->w_ahead + V);
            UNROLL
            for (int p = 0; p < pixels; p++) {
                vec x = v_set(a[(size_t)(p * step) + i]);
                sum[p][0] += x * w0;
                if (vectors > 1)
                    sum[p][1] += x * w1;
            }
        }
    }
    if (b->finish)
        finish(pixels, vectors, b, sum);
    UNROLL
    for (int p = 0; p < pixels; p++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        v_store(b->out + (size_t)p * b->out_step + (size_t)v * b->out_vector, sum[p][v]);
}

/* More pixels than registers would spill; such sizes are never asked for. */
#define SIZE(pixels)                                                                               \
    static void wide1_##pixels(const struct cnn_block *b)                                          \
    {                                                                                              \
        run(pixels <= PIXELS_1 ? pixels : 1, 1, V, b);                                             \
    }                                                                                              \
    static void wide2_##pixels(const struct cnn_block *b)                                          \
    {                                                                                              \
        run(pixels <= PIXELS_2 ? pixels : 1, 2, V, b);                                             \
    }                                                                                              \
    static void narrow1_##pixels(const struct cnn_block *b)                                        \
    {                                                                                              \
        run(pixels <= PIXELS_1 ? pixels : 1, 1, 4, b);                                             \
    }                                                                                              \
    static void narrow2_##pixels(const struct cnn_block *b)                                        \
    {                                                                                              \
        run(pixels <= PIXELS_2 ? pixels : 1, 2, 4, b);                                             \
    }
#define SIZES(each)                                                                                \
    each(1) each(2) each(3) each(4) each(5) each(6) each(7) each(8) each(9) each(10) each(11)      \
        each(12) each(13) each(14) each(15) each(16) each(17) each(18) each(19) each(20) each(21)  \
            each(22) each(23) each(24) each(25) each(26) each(27) each(28)
SIZES(SIZE) /* NOLINT(bugprone-branch-clone): size 1 is the substitute of the others */

typedef void block_function(const struct cnn_block *b);

#define WIDE1(pixels)   wide1_##pixels,
#define WIDE2(pixels)   wide2_##pixels,
#define NARROW1(pixels) narrow1_##pixels,
#define NARROW2(pixels) narrow2_##pixels,
static block_function *const wide[2][28] = {{SIZES(WIDE1)}, {SIZES(WIDE2)}};
static block_function *const narrow[2][28] = {{SIZES(NARROW1)}, {SIZES(NARROW2)}};

void CNN_V(block)(size_t pixels, size_t vectors, const struct cnn_block *b)
{
    wide[vectors - 1][pixels - 1](b);
}

void CNN_V(block_narrow)(size_t pixels, size_t vectors, const struct cnn_block *b)
{
    narrow[vectors - 1][pixels - 1](b);
}
