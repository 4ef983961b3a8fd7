/* Binary cross-entropy of logits; see bce.c. */
#include "kern/loss/elements.cuh"

/* exp never sees a positive argument, so nothing overflows. The slope s(x) - t is (1 - t) - s(-x)
 * where x is positive, which keeps what is left of a target that is nearly met. */
struct binary_cross_entropy {
    static __device__ inline uint32_t channel(uint32_t c, uint32_t channels)
    {
        return channels == 1 ? 1 : c;
    }
    static __device__ inline float loss(float x, float t)
    {
        return (x < 0 ? 0 : x) - x * t + log1pf(expf(-fabsf(x)));
    }
    static __device__ inline float slope(float x, float t)
    {
        float e = expf(-fabsf(x)), s = e / (1 + e);
        return x < 0 ? s - t : 1 - t - s;
    }
};

void cnn_cuda_bce_forward(struct cnn_queue *q, const struct cnn_tensor *x,
                          const struct cnn_targets *t, real *loss)
{
    CNN_BY_TYPE(q, cnn_element_forward, q, binary_cross_entropy(), x, t, loss);
}

void cnn_cuda_bce_backward(struct cnn_queue *q, double scale, const struct cnn_tensor *x,
                           const struct cnn_targets *t, struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, cnn_element_backward, q, binary_cross_entropy(), scale, x, t, dx);
}
