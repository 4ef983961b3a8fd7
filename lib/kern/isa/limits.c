/* The fastest that multiply-adds can come: independent sums that stay in registers. */
#include "kern/isa/vector.h"

real CNN_V(multiply_add_loop)(size_t rounds, real factor)
{
    vec sum[CNN_LOOP_SUMS], a = v_set(factor), b = v_set((real)0.5);
    real total = 0;
    UNROLL
    for (int i = 0; i < CNN_LOOP_SUMS; i++)
        sum[i] = v_set((real)i);
    for (size_t r = 0; r < rounds; r++) {
        UNROLL
        for (int i = 0; i < CNN_LOOP_SUMS; i++)
            sum[i] = sum[i] * a + b;
    }
    UNROLL
    for (int i = 0; i < CNN_LOOP_SUMS; i++)
        total += sum[i][0];
    return total;
}
