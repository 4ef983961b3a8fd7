/* Mean squared error; see mse.c. */
#include "kern/loss/elements.cuh"

struct squared_error {
    static __device__ inline uint32_t channel(uint32_t c, uint32_t)
    {
        return c;
    }
    static __device__ inline float loss(float x, float t)
    {
        return (x - t) * (x - t);
    }
    static __device__ inline float slope(float x, float t)
    {
        return 2 * (x - t);
    }
};

void cnn_cuda_mse_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                          const struct cnn_targets *t, real *loss)
{
    CNN_BY_TYPE(q, cnn_element_forward, q, squared_error(), x, t, loss);
}

void cnn_cuda_mse_backward(struct cnn_queue *q, double scale, const struct cnn_tensor *x,
                           const struct cnn_targets *t, struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, cnn_element_backward, q, squared_error(), scale, x, t, dx);
}
