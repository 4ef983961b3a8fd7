/* Elements by themselves. */
#include "kern/isa/vector.h"

void CNN_V(multiply)(size_t count, const real *a, const real *b, real *y)
{
    size_t i = 0;
    for (; i + V <= count; i += V)
        v_store(y + i, v_load(a + i) * v_load(b + i));
    if (i < count)
        v_store_part(y + i, count - i,
                     v_load_part(a + i, count - i) * v_load_part(b + i, count - i));
}

void CNN_V(prelu)(const real slope[CNN_MOST_LANES], size_t count, const real *x, real *y)
{
    vec s = v_load(slope);
    size_t i = 0;
    for (; i + V <= count; i += V) {
        vec v = v_load(x + i);
        v_store(y + i, v_select(v > v_zero(), v, s * v));
    }
    if (i < count) {
        vec v = v_load_part(x + i, count - i);
        v_store_part(y + i, count - i, v_select(v > v_zero(), v, s * v));
    }
}

enum { RUN = 64 }; /* vectors that `real` sums up */

/* dx of a vector, and what it has of the slope's gradient. */
INLINE vec prelu_vector(vec s, vec x, vec dy, vec *sum)
{
    vec_mask positive = x > v_zero();
    *sum += v_select(positive, v_zero(), x * dy);
    return v_select(positive, dy, s * dy);
}

void CNN_V(prelu_gradient)(const real slope[CNN_MOST_LANES], size_t count, const real *x,
                           const real *dy, real *dx, double sum[CNN_MOST_LANES])
{
    vec s = v_load(slope);
    for (size_t i = 0; i < count;) {
        vec part = v_zero();
        size_t end = count - i < RUN * V ? count : i + RUN * V;
        for (; i + V <= end; i += V) {
            vec v = prelu_vector(s, v_load(x + i), v_load(dy + i), &part);
            if (dx)
                v_store(dx + i, v);
        }
        if (i < end) {
            size_t rest = end - i;
            vec v = prelu_vector(s, v_load_part(x + i, rest), v_load_part(dy + i, rest), &part);
            if (dx)
                v_store_part(dx + i, rest, v);
            i = end;
        }
        for (int k = 0; k < V; k++)
            sum[k] += (double)part[k];
    }
}
