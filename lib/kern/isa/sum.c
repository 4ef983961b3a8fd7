/* Sums over positions of a block of channels. */
#include "kern/isa/vector.h"

enum { BESIDE = 8, RUN = 32 * BESIDE }; /* sums beside each other; positions that `real` sums up */

/* Sums of `real` stay short: at most RUN / BESIDE terms each. */
INLINE vec sum_run(size_t count, const real *x)
{
    vec sum[BESIDE];
    for (int k = 0; k < BESIDE; k++)
        sum[k] = v_zero();
    size_t i = 0;
    for (; i + BESIDE <= count; i += BESIDE)
        UNROLL
    for (int k = 0; k < BESIDE; k++)
        sum[k] += v_load(x + (i + (size_t)k) * V);
    for (; i < count; i++)
        sum[0] += v_load(x + i * V);
    for (int half = BESIDE / 2; half; half /= 2)
        for (int k = 0; k < half; k++)
            sum[k] += sum[k + half];
    return sum[0];
}

void CNN_V(sum_positions)(size_t count, const real *x, double *sum)
{
    for (size_t i = 0; i < count; i += RUN) {
        vec part = sum_run(count - i < RUN ? count - i : RUN, x + i * V);
        for (int k = 0; k < V; k++)
            sum[k] += (double)part[k];
    }
}
