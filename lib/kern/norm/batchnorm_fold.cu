/* Inference statistics folded into the weights of a convolution or dense layer before: with
 * s = gamma / sqrt(var + eps),  w' = w s  and  b' = (b - mean) s + beta. */
#include "kern/norm/batchnorm.cuh"

namespace
{

/* A thread for each weight; the first one of an output makes its bias. */
__global__ void __launch_bounds__(256)
    fold(cnn_bn bn, uint32_t count, cnn_divisor each, const float *w, const float *b, float *w_out,
         float *b_out)
{
    uint32_t i = cnn_thread();
    if (i >= count)
        return;
    uint32_t k = cnn_divide(i, each);
    double scale = (bn.gamma ? bn.gamma[k] : 1) * cnn_bn_inverse<double>(bn, k);
    double bias = b ? b[k] : 0, shift = bn.beta ? bn.beta[k] : 0;
    w_out[i] = (float)(w[i] * scale);
    if (i == k * each.by)
        b_out[k] = (float)((bias - cnn_bn_mean(bn, k)) * scale + shift);
}

} // namespace

void cnn_cuda_batchnorm_fold(struct cnn_queue *q, double eps, const struct cnn_tensor *gamma,
                             const struct cnn_tensor *beta, const struct cnn_tensor *mean,
                             const struct cnn_tensor *var, const struct cnn_tensor *w,
                             const struct cnn_tensor *b, struct cnn_tensor *w_out,
                             struct cnn_tensor *b_out)
{
    cnn_bn bn = {
        cnn_bn_data(gamma), cnn_bn_data(beta), cnn_bn_data(mean), NULL, cnn_bn_data(var), eps};
    size_t each = w->c * w->h * w->w, count = w->n * each;
    cnn_launch(q, "batchnorm_fold", fold, cnn_blocks(count, 256), 256, 0, bn, (uint32_t)count,
               cnn_divisor_of(each), (const float *)w->data, (const float *)cnn_bn_data(b),
               (float *)w_out->data, (float *)b_out->data);
}
