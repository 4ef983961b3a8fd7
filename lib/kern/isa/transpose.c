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

/* Where column after column lies among the vectors. */
struct column {
    size_t tap;
    ptrdiff_t turn;
};

INLINE ptrdiff_t next_place(const struct cnn_transpose *t, struct column *c)
{
    ptrdiff_t at = c->turn + (ptrdiff_t)c->tap * t->tap_step;
    if (++c->tap == t->taps) {
        c->tap = 0;
        c->turn += t->step;
    }
    return at;
}

void CNN_V(interleave)(const struct cnn_transpose *t, const real *rows, real *vectors)
{
    struct column column = {0, 0};
    for (size_t at = 0; at < t->count; at += V) {
        size_t columns = t->count - at < V ? t->count - at : V;
        vec x[V];
        UNROLL
        for (size_t r = 0; r < V; r++) {
            x[r] = v_zero();
            if (r < t->rows) {
                const real *p = rows + r * t->row_step + at;
                x[r] = columns < V ? v_load_part(p, columns) : v_load(p);
            }
        }
        transpose(x);
        UNROLL
        for (size_t i = 0; i < V; i++) {
            if (i >= columns)
                break;
            real *p = vectors + next_place(t, &column);
            v_store(p, t->add ? v_load(p) + x[i] : x[i]);
        }
    }
}

void CNN_V(separate)(const struct cnn_transpose *t, const real *vectors, real *rows)
{
    struct column column = {0, 0};
    for (size_t at = 0; at < t->count; at += V) {
        size_t columns = t->count - at < V ? t->count - at : V;
        vec x[V];
        UNROLL
        for (size_t i = 0; i < V; i++)
            x[i] = i < columns ? v_load(vectors + next_place(t, &column)) : v_zero();
        transpose(x);
        UNROLL
        for (size_t r = 0; r < V; r++) {
            if (r >= t->rows)
                break;
            real *p = rows + r * t->row_step + at;
            if (columns == V)
                v_store(p, t->add ? v_load(p) + x[r] : x[r]);
            else
                v_store_part(p, columns, t->add ? v_load_part(p, columns) + x[r] : x[r]);
        }
    }
}
