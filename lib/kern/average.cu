/* Running means and arrays that change places; see average.c. */
#include "kern/elements.cuh"

static __global__ void average_kernel(float share, size_t count, const real *x, real *y)
{
    enum { COUNT = cnn_pack<real>::COUNT };
    size_t at = cnn_first<real>(), left = count - at;
    float vx[COUNT], vy[COUNT];
    if (at >= count)
        return;
    cnn_load(x + at, left, vx);
    cnn_load(y + at, left, vy);
    for (int i = 0; i < COUNT; i++)
        vy[i] += share * (vx[i] - vy[i]);
    cnn_store(y + at, left, vy);
}

static __global__ void swap_kernel(size_t count, real *x, real *y)
{
    enum { COUNT = cnn_pack<real>::COUNT };
    size_t at = cnn_first<real>(), left = count - at;
    float vx[COUNT], vy[COUNT];
    if (at >= count)
        return;
    cnn_load(x + at, left, vx);
    cnn_load(y + at, left, vy);
    cnn_store(x + at, left, vy);
    cnn_store(y + at, left, vx);
}

void cnn_cuda_average(struct cnn_queue *q, double share, size_t count, const real *x, real *y)
{
    cnn_launch(q, "average", average_kernel, cnn_element_blocks<real>(count), CNN_ELEMENT_THREADS,
               0, (float)share, count, x, y);
}

void cnn_cuda_swap(struct cnn_queue *q, size_t count, real *x, real *y)
{
    cnn_launch(q, "swap", swap_kernel, cnn_element_blocks<real>(count), CNN_ELEMENT_THREADS, 0,
               count, x, y);
}
