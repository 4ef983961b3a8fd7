/* Products of rows with rows: what dense layers are made of, forward. Tiles of ROWS rows and up to
 * SAMPLES samples stay in registers while the inner dimension passes by, both sides as they lie. */
#include "kern/isa/vector.h"

#if CNN_VECTOR_BYTES == 64 || defined(__aarch64__)
enum { ROWS = 4, SAMPLES = 6 };
#else
enum { ROWS = 4, SAMPLES = 2 };
#endif

INLINE void step(const int rows, const int samples, const struct cnn_dots *d, size_t at,
                 const int part, size_t lanes, vec sum[SAMPLES][ROWS])
{
    vec w[ROWS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        const unsigned char *from = d->w + ((size_t)r * d->w_row + at) * sizeof(real);
        w[r] = part ? v_load_bytes_part(from, lanes) : v_load_bytes(from);
    }
    UNROLL
    for (int n = 0; n < samples; n++) {
        const real *from = d->x + (size_t)n * d->x_row + at;
        vec x = part ? v_load_part(from, lanes) : v_load(from);
        UNROLL
        for (int r = 0; r < rows; r++)
            sum[n][r] += x * w[r];
    }
}

INLINE void tile(const int rows, const int samples, const struct cnn_dots *d)
{
    vec sum[SAMPLES][ROWS];
    UNROLL
    for (int n = 0; n < samples; n++)
        UNROLL
    for (int r = 0; r < rows; r++)
        sum[n][r] = v_zero();
    size_t at = 0;
    for (; at + V <= d->count; at += V)
        step(rows, samples, d, at, 0, V, sum);
    if (at < d->count)
        step(rows, samples, d, at, 1, d->count - at, sum);
    UNROLL
    for (int n = 0; n < samples; n++)
        UNROLL
    for (int r = 0; r < rows; r++) {
        real *y = d->y + (size_t)n * d->y_row + r;
        *y = v_total(sum[n][r]) + (d->more ? *y : d->bias ? d->bias[r] : 0);
    }
}

INLINE void samples(const int rows, size_t count, const struct cnn_dots *d)
{
    switch (count) {
    case 1:
        tile(rows, 1, d);
        break;
    case 2:
        tile(rows, 2, d);
        break;
#if CNN_VECTOR_BYTES == 64 || defined(__aarch64__)
    case 3:
        tile(rows, 3, d);
        break;
    case 4:
        tile(rows, 4, d);
        break;
    case 5:
        tile(rows, 5, d);
        break;
    default:
        tile(rows, 6, d);
        break;
#endif
    }
}

void CNN_V(dots)(const struct cnn_dots *all)
{
    size_t groups = (all->samples + SAMPLES - 1) / SAMPLES;
    size_t each = groups ? (all->samples + groups - 1) / groups : 0;
    for (size_t r = 0; r < all->rows;) {
        size_t rows = all->rows - r < ROWS ? 1 : ROWS;
        for (size_t n = 0; n < all->samples; n += each) {
            size_t count = all->samples - n < each ? all->samples - n : each;
            struct cnn_dots d = *all;
            d.x += n * d.x_row;
            d.w += r * d.w_row * sizeof(real);
            d.y += n * d.y_row + r;
            d.bias = d.bias ? d.bias + r : NULL;
            if (rows == ROWS)
                samples(ROWS, count, &d);
            else
                samples(1, count, &d);
        }
        r += rows;
    }
}
