/* Rows to vectors and back: V rows, of which some may be missing, transposed in registers V columns
 * at a time. */
#include "kern/isa/vector.h"

/* Lane j of the first of two vectors that change halves of 2 d lanes, and of the second. */
INLINE vec_mask first_lanes(int d)
{
    vec_mask m;
    UNROLL
    for (int j = 0; j < V; j++)
        m[j] = j & d ? V + j - d : j;
    return m;
}

INLINE vec_mask second_lanes(int d)
{
    vec_mask m;
    UNROLL
    for (int j = 0; j < V; j++)
        m[j] = j & d ? V + j : j + d;
    return m;
}

INLINE void exchange(const int d, vec x[V])
{
    UNROLL
    for (int i = 0; i < V; i++)
        if (!(i & d)) {
            vec a = x[i], b = x[i + d];
            x[i] = v_shuffle(a, b, first_lanes(d));
            x[i + d] = v_shuffle(a, b, second_lanes(d));
        }
}

INLINE void transpose(vec x[V])
{
    exchange(1, x);
    if (V > 2)
        exchange(2, x);
    if (V > 4)
        exchange(4, x);
    if (V > 8)
        exchange(8, x);
}

void CNN_V(interleave)(size_t rows, size_t count, const real *from, size_t from_step, int add,
                       real *to)
{
    for (size_t at = 0; at < count; at += V) {
        size_t columns = count - at < V ? count - at : V;
        vec x[V];
        UNROLL
        for (size_t r = 0; r < V; r++) {
            const real *p = from + r * from_step + at;
            x[r] = r >= rows ? v_zero() : columns < V ? v_load_part(p, columns) : v_load(p);
        }
        transpose(x);
        UNROLL
        for (size_t i = 0; i < V; i++) {
            real *p = to + (at + i) * V;
            if (i < columns)
                v_store(p, add ? v_load(p) + x[i] : x[i]);
        }
    }
}

void CNN_V(separate)(size_t rows, size_t count, const real *from, int add, real *to, size_t to_step)
{
    for (size_t at = 0; at < count; at += V) {
        size_t columns = count - at < V ? count - at : V;
        vec x[V];
        UNROLL
        for (size_t i = 0; i < V; i++)
            x[i] = i < columns ? v_load(from + (at + i) * V) : v_zero();
        transpose(x);
        UNROLL
        for (size_t r = 0; r < V; r++) {
            real *p = to + r * to_step + at;
            if (r < rows)
                v_store_part(p, columns, add ? v_load_part(p, columns) + x[r] : x[r]);
        }
    }
}
