/* Vectors that lie apart, side by side. */
#include "kern/isa/vector.h"

void CNN_V(gather)(const real *from, size_t stride, size_t count, real *to)
{
    for (size_t i = 0; i < count; i++)
        v_store(to + i * V, v_load(from + i * stride));
}
