/* Running means and arrays that change places; see average.c. */
#include "kern/cuda/elements.cuh"

/* A thread's numbers of two arrays. */
struct pair {
    enum { COUNT = cnn_pack<real>::COUNT };
    size_t at, left;
    float x[COUNT], y[COUNT];
};

/* false: there are none for this thread. */
static __device__ inline bool load_pair(size_t count, const real *x, const real *y, pair *p)
{
    p->at = cnn_first<real>();
    p->left = count - p->at;
    if (p->at >= count)
        return false;
    cnn_load(x + p->at, p->left, p->x);
    cnn_load(y + p->at, p->left, p->y);
    return true;
}

static __global__ void average_kernel(float share, size_t count, const real *x, real *y)
{
    pair p;
    if (!load_pair(count, x, y, &p))
        return;
    for (int i = 0; i < pair::COUNT; i++)
        p.y[i] += share * (p.x[i] - p.y[i]);
    cnn_store(y + p.at, p.left, p.y);
}

static __global__ void swap_kernel(size_t count, real *x, real *y)
{
    pair p;
    if (!load_pair(count, x, y, &p))
        return;
    cnn_store(x + p.at, p.left, p.y);
    cnn_store(y + p.at, p.left, p.x);
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
