/* Inference statistics folded into the weights of a convolution or dense layer before: with
 * s = gamma / sqrt(var + eps),  w' = w s  and  b' = (b - mean) s + beta. */
#include <math.h>

#include "kern/parallel.h"

struct fold {
    double eps;
    size_t out, each, chunk; /* outputs, weights of an output, outputs of a job */
    const real *gamma, *beta, *mean, *var, *w, *b;
    real *w_out, *b_out;
};

static void fold_job(void *context, size_t job, int thread)
{
    const struct fold *f = context;
    struct cnn_range r = cnn_range_of(job, f->chunk, f->out);
    (void)thread;
    for (size_t k = r.begin; k < r.end; k++) {
        double root = f->var ? sqrt((double)f->var[k] + f->eps) : 1;
        double scale = (f->gamma ? (double)f->gamma[k] : 1) / root;
        double bias = f->b ? (double)f->b[k] : 0, shift = f->beta ? (double)f->beta[k] : 0;
        for (size_t i = k * f->each; i < (k + 1) * f->each; i++)
            f->w_out[i] = (real)((double)f->w[i] * scale);
        f->b_out[k] = (real)((bias - (f->mean ? (double)f->mean[k] : 0)) * scale + shift);
    }
}

static const real *data_of(const struct cnn_tensor *t)
{
    return t ? t->data : NULL;
}

void cnn_cpu_batchnorm_fold(struct cnn_queue *q, double eps, const struct cnn_tensor *gamma,
                            const struct cnn_tensor *beta, const struct cnn_tensor *mean,
                            const struct cnn_tensor *var, const struct cnn_tensor *w,
                            const struct cnn_tensor *b, struct cnn_tensor *w_out,
                            struct cnn_tensor *b_out)
{
    if (q->code)
        return;
    struct fold f = {.eps = eps,
                     .out = w->n,
                     .each = w->c * w->h * w->w,
                     .gamma = data_of(gamma),
                     .beta = data_of(beta),
                     .mean = data_of(mean),
                     .var = data_of(var),
                     .w = w->data,
                     .b = data_of(b),
                     .w_out = w_out->data,
                     .b_out = b_out->data};
    f.chunk = cnn_chunk_of(f.each);
    cnn_queue_run(q, cnn_ceil_div(f.out, f.chunk), fold_job, &f);
}
