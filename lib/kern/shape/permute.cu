/* Axes in another order; see permute.c. A thread fetches an element of y. */
#include "kern/cuda/places.cuh"

namespace
{

enum { THREADS = 256 };

/* Of y: its axes, and how far apart their elements are in x. */
struct axes {
    uint32_t count, each;
    cnn_divisor dim[4];
    uint32_t step[4];
};

template <typename T> __global__ void fetch(axes a, const T *x, T *y)
{
    uint32_t i = cnn_thread(), left = i, at = 0, k;
    if (i >= a.count)
        return;
    for (int d = 3; d >= 0; d--) {
        left = cnn_divide_rest(left, a.dim[d], &k);
        at += k * a.step[d];
    }
    y[i] = x[left * a.each + at];
}

template <typename T>
void permute(struct cnn_queue *q, const struct cnn_permutation *g, const struct cnn_tensor *x,
             struct cnn_tensor *y)
{
    size_t step[4] = {1, 1, 1, 1};
    axes a = {(uint32_t)cnn_tensor_count(y),
              (uint32_t)(g->dim[0] * g->dim[1] * g->dim[2] * g->dim[3]),
              {},
              {}};
    for (int i = 2; i >= 0; i--)
        step[i] = step[i + 1] * g->dim[i + 1];
    for (int k = 0; k < 4; k++) {
        a.dim[k] = cnn_divisor_of(g->dim[g->from[k]]);
        a.step[k] = (uint32_t)step[g->from[k]];
    }
    cnn_launch(q, "permute", fetch<T>, cnn_blocks(a.count, THREADS), THREADS, 0, a, x->data,
               y->data);
}

} // namespace

void cnn_cuda_permute(struct cnn_queue *q, const struct cnn_permutation *g,
                      const struct cnn_tensor *x, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, permute, q, g, x, y);
}
