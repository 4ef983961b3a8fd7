/* Softmax over channels at each (n, h, w); see softmax.c. */
#include "kern/cuda/positions.cuh"

template <int TEAM, typename T>
static __global__ void forward_kernel(cnn_positions s, const T *x, T *y)
{
    CNN_SHARED(float, shared, CNN_TEAM_WARPS);
    uint32_t position = cnn_position<TEAM>(), first = cnn_position_at(s, position);
    if (position >= s.count)
        return;
    cnn_softmax m = cnn_softmax_of<TEAM>(s, x + first, shared);
    float scale = 1 / m.sum;
    for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM) {
        uint32_t i = first + c * s.hw.by;
        y[i] = cnn_to<T>(expf(cnn_float(x[i]) - m.top) * scale);
    }
}

template <int TEAM, typename T>
static __global__ void backward_kernel(cnn_positions s, const T *y, const T *dy, T *dx)
{
    CNN_SHARED(float, shared, CNN_TEAM_WARPS);
    uint32_t position = cnn_position<TEAM>(), first = cnn_position_at(s, position);
    float dot = 0;
    if (position >= s.count)
        return;
    for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM) {
        uint32_t i = first + c * s.hw.by;
        dot += cnn_float(y[i]) * cnn_float(dy[i]);
    }
    dot = cnn_reduce<cnn_add, TEAM>(dot, shared);
    for (uint32_t c = cnn_member<TEAM>(); c < s.c.by; c += TEAM) {
        uint32_t i = first + c * s.hw.by;
        dx[i] = cnn_to<T>(cnn_float(y[i]) * (cnn_float(dy[i]) - dot));
    }
}

template <typename T>
static void forward(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    cnn_launch_positions(q, "softmax_forward", forward_kernel<1, T>, forward_kernel<CNN_TEAM, T>,
                         cnn_positions_of(x), x->data, y->data);
}

template <typename T>
static void backward(struct cnn_queue *q, const struct cnn_tensor *y, const struct cnn_tensor *dy,
                     struct cnn_tensor *dx)
{
    cnn_launch_positions(q, "softmax_backward", backward_kernel<1, T>, backward_kernel<CNN_TEAM, T>,
                         cnn_positions_of(y), y->data, dy->data, dx->data);
}

void cnn_cuda_softmax_forward(struct cnn_queue *q, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, forward, q, x, y);
}

void cnn_cuda_softmax_backward(struct cnn_queue *q, const struct cnn_tensor *y,
                               const struct cnn_tensor *dy, struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, backward, q, y, dy, dx);
}
