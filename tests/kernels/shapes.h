/* Shapes for kernels that go along the channels, and softmax as it is defined. */
#ifndef TESTS_KERNELS_SHAPES_H
#define TESTS_KERNELS_SHAPES_H

#include "kernels/rig.h"

/* Samples, channels, height, width. */
static const size_t shapes[][4] = {{1, 1, 1, 1},  {5, 10, 1, 1}, {300, 7, 1, 1},
                                   {3, 4, 9, 17}, {2, 3, 1, 70}, {70, 5, 13, 11}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static inline struct cnn_tensor shaped(int i, enum kind kind)
{
    return tensor(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3], kind);
}

/* y (c) = softmax of x (c), elements `step` apart. */
static inline void softmax_of(const real *x, size_t c, size_t step, double *y)
{
    double top = -INFINITY, sum = 0;
    for (size_t k = 0; k < c; k++)
        top = fmax(top, (double)x[k * step]);
    for (size_t k = 0; k < c; k++)
        sum += exp((double)x[k * step] - top);
    for (size_t k = 0; k < c; k++)
        y[k * step] = exp((double)x[k * step] - top) / sum;
}

#endif
