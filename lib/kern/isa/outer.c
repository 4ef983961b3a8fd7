/* The block of outer products: elements x vectors accumulators that stay in registers while
 * positions pass by. Each step multiplies a few neighbouring elements of one side with one or two
 * vectors of the other, which is what weight gradients are made of. One function for each size, all
 * unrolled from the same body.
 *
 * A call sums from zero and adds the result to what memory holds, so that rounding grows with the
 * square roots of the call's length and of the number of calls, not of their product. */
#include "kern/isa/vector.h"

/* lanes: of the vector, V where it is whole; `part` says at compile time whether it may not be. */
INLINE vec load(const int part, size_t lanes, const real *p)
{
    return part ? v_load_part(p, lanes) : v_load(p);
}

INLINE void row(const int elements, const int vectors, const int part, size_t lanes,
                const struct cnn_outer *o, const real *a, const real *d, vec sum[PIXELS_1][2])
{
    for (size_t t = 0; t < o->count; t++, a += o->a_step, d += o->d_step) {
        vec d0 = load(part, lanes, d), d1 = vectors > 1 ? v_load(d + o->d_vector) : d0;
        v_prefetch_ahead(a, o->a_ahead);
        v_prefetch_ahead(d, o->d_ahead);
        if (vectors > 1)
            v_prefetch_ahead(d, (ptrdiff_t)o->d_vector + o->d_ahead);
        UNROLL
        for (int i = 0; i < elements; i++) {
            vec x = v_set(a[i]);
            sum[i][0] += x * d0;
            if (vectors > 1)
                sum[i][1] += x * d1;
        }
    }
}

INLINE void run(const int elements, const int vectors, const int part, size_t lanes,
                const struct cnn_outer *o)
{
    vec sum[PIXELS_1][2];
    UNROLL
    for (int i = 0; i < elements; i++)
        sum[i][0] = sum[i][1] = v_zero();
    for (size_t n = 0; n < o->images; n++)
        for (size_t r = 0; r < o->rows; r++)
            row(elements, vectors, part, lanes, o, o->a + n * o->a_image + r * o->a_row,
                o->d + n * o->d_image + r * o->d_row, sum);
    UNROLL
    for (int i = 0; i < elements; i++)
        UNROLL
    for (int v = 0; v < vectors; v++) {
        real *to = o->sum + (size_t)i * o->sum_step + v * V;
        if (part)
            v_store_part(to, lanes, v_load_part(to, lanes) + sum[i][v]);
        else
            v_store(to, v_load(to) + sum[i][v]);
    }
}

/* More elements than registers would spill; such sizes are never asked for. */
#define SIZE(elements)                                                                             \
    static void one_##elements(const struct cnn_outer *o)                                          \
    {                                                                                              \
        run(elements <= PIXELS_1 ? elements : 1, 1, 0, V, o);                                      \
    }                                                                                              \
    static void part_##elements(size_t lanes, const struct cnn_outer *o)                           \
    {                                                                                              \
        run(elements <= PIXELS_2 ? elements : 1, 1, 1, lanes, o);                                  \
    }                                                                                              \
    static void two_##elements(const struct cnn_outer *o)                                          \
    {                                                                                              \
        run(elements <= PIXELS_2 ? elements : 1, 2, 0, V, o);                                      \
    }
#define SIZES(each)                                                                                \
    each(1) each(2) each(3) each(4) each(5) each(6) each(7) each(8) each(9) each(10) each(11)      \
        each(12) each(13) each(14) each(15) each(16) each(17) each(18) each(19) each(20) each(21)  \
            each(22) each(23) each(24) each(25) each(26) each(27) each(28)
SIZES(SIZE) /* NOLINT(bugprone-branch-clone): size 1 is the substitute of the others */

typedef void outer_function(const struct cnn_outer *o);

#define ONE(elements) one_##elements,
#define TWO(elements) two_##elements,
static outer_function *const functions[2][28] = {{SIZES(ONE)}, {SIZES(TWO)}};

void CNN_V(outer)(size_t elements, size_t vectors, const struct cnn_outer *o)
{
    functions[vectors - 1][elements - 1](o);
}

typedef void part_function(size_t lanes, const struct cnn_outer *o);

#define PART(elements) part_##elements,
static part_function *const parts[28] = {SIZES(PART)};

void CNN_V(outer_part)(size_t elements, size_t lanes, const struct cnn_outer *o)
{
    parts[elements - 1](lanes, o);
}
