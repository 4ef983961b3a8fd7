/* Batch normalisation (Ioffe and Szegedy 2015, algorithms 1 and 2): over n, h, w of each channel,
 *   y = (x - mean) invstd gamma + beta,   invstd = 1 / sqrt(var + eps).
 * Backward through the batch's own statistics, with z = (x - mean) invstd and m elements a channel:
 *   dgamma += sum dy z,  dbeta += sum dy,  dx = gamma invstd (dy - sum dy / m - z sum(dy z) / m).
 * Sums are taken in double precision. */
#include "kern/hot.h"
#include "kern/parallel.h"

struct norm {
    size_t n, c, hw, chunk;
    double eps, momentum;
    const real *x, *dy;            /* (n, c, hw) */
    const real *gamma, *beta;      /* (c), NULL: 1 and 0 */
    const real *mean, *var;        /* (c) running statistics, read */
    const real *saved, *saved_inv; /* (c) */
    real *running_mean, *running_var, *save_mean, *save_inv;
    real *y, *dx, *dgamma, *dbeta;
    void (*channel)(const struct norm *b, size_t c);
};

static double scale_of(const struct norm *b, size_t c)
{
    return b->gamma ? (double)b->gamma[c] : 1;
}

static double count_of(const struct norm *b)
{
    return (double)(b->n * b->hw);
}

/* lane += x - shift, or its square. */
CNN_HOT static void add_plane(const real *x, size_t count, double shift, int square,
                              double lane[CNN_LANES])
{
    size_t i = 0;
    for (; i + CNN_LANES <= count; i += CNN_LANES)
        for (size_t k = 0; k < CNN_LANES; k++) {
            double v = (double)x[i + k] - shift;
            lane[k] += square ? v * v : v;
        }
    for (size_t k = 0; i < count; i++, k++) {
        double v = (double)x[i] - shift;
        lane[k] += square ? v * v : v;
    }
}

static double sum_channel(const struct norm *b, const real *x, size_t c, double shift, int square)
{
    double lane[CNN_LANES] = {0};
    for (size_t n = 0; n < b->n; n++)
        add_plane(x + (n * b->c + c) * b->hw, b->hw, shift, square, lane);
    return cnn_lanes_total(lane);
}

/* Sums of dy and of dy (x - mean). */
CNN_HOT static void add_products(const real *x, const real *dy, size_t count, double mean,
                                 double sum[CNN_LANES], double dot[CNN_LANES])
{
    size_t i = 0;
    for (; i + CNN_LANES <= count; i += CNN_LANES)
        for (size_t k = 0; k < CNN_LANES; k++) {
            sum[k] += (double)dy[i + k];
            dot[k] += (double)dy[i + k] * ((double)x[i + k] - mean);
        }
    for (size_t k = 0; i < count; i++, k++) {
        sum[k] += (double)dy[i];
        dot[k] += (double)dy[i] * ((double)x[i] - mean);
    }
}

CNN_HOT static void normalise(const real *x, real *y, size_t count, real mean, real scale,
                              real shift)
{
    for (size_t i = 0; i < count; i++)
        y[i] = (x[i] - mean) * scale + shift;
}

static void normalise_channel(const struct norm *b, size_t c, double mean, double inv)
{
    real scale = (real)(inv * scale_of(b, c)), shift = b->beta ? b->beta[c] : 0;
    for (size_t n = 0; n < b->n; n++) {
        size_t at = (n * b->c + c) * b->hw;
        normalise(b->x + at, b->y + at, b->hw, (real)mean, scale, shift);
    }
}

static void train_channel(const struct norm *b, size_t c)
{
    double m = count_of(b), mean = sum_channel(b, b->x, c, 0, 0) / m;
    double squares = sum_channel(b, b->x, c, mean, 1);
    double unbiased = m > 1 ? squares / (m - 1) : 0, keep = 1 - b->momentum;
    double inv = 1 / sqrt(squares / m + b->eps);
    b->save_mean[c] = (real)mean;
    b->save_inv[c] = (real)inv;
    b->running_mean[c] = (real)(keep * (double)b->running_mean[c] + b->momentum * mean);
    b->running_var[c] = (real)(keep * (double)b->running_var[c] + b->momentum * unbiased);
    normalise_channel(b, c, mean, inv);
}

static void infer_channel(const struct norm *b, size_t c)
{
    normalise_channel(b, c, (double)b->mean[c], 1 / sqrt((double)b->var[c] + b->eps));
}

/* dx = dy a - (x - mean) b - d */
CNN_HOT static void combine(const real *x, const real *dy, real *dx, size_t count, real mean,
                            real a, real b, real d)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = dy[i] * a - (x[i] - mean) * b - d;
}

/* `through`: the statistics depend on x. */
static void backward_channel(const struct norm *b, size_t c, double mean, double inv, int through)
{
    double sums[CNN_LANES] = {0}, dots[CNN_LANES] = {0}, m = count_of(b);
    for (size_t n = 0; n < b->n; n++) {
        size_t at = (n * b->c + c) * b->hw;
        add_products(b->x + at, b->dy + at, b->hw, mean, sums, dots);
    }
    double sum = cnn_lanes_total(sums), dot = cnn_lanes_total(dots) * inv;
    if (b->dgamma)
        b->dgamma[c] += (real)dot;
    if (b->dbeta)
        b->dbeta[c] += (real)sum;
    if (!b->dx)
        return;
    double scale = inv * scale_of(b, c);
    double slope = through ? scale * inv * dot / m : 0, offset = through ? scale * sum / m : 0;
    for (size_t n = 0; n < b->n; n++) {
        size_t at = (n * b->c + c) * b->hw;
        combine(b->x + at, b->dy + at, b->dx + at, b->hw, (real)mean, (real)scale, (real)slope,
                (real)offset);
    }
}

static void backward_batch_channel(const struct norm *b, size_t c)
{
    backward_channel(b, c, (double)b->saved[c], (double)b->saved_inv[c], 1);
}

static void backward_frozen_channel(const struct norm *b, size_t c)
{
    backward_channel(b, c, (double)b->mean[c], 1 / sqrt((double)b->var[c] + b->eps), 0);
}

static void channels_job(void *context, size_t job, int thread)
{
    const struct norm *b = context;
    struct cnn_range r = cnn_range_of(job, b->chunk, b->c);
    (void)thread;
    for (size_t c = r.begin; c < r.end; c++)
        b->channel(b, c);
}

static void run(struct cnn_queue *q, struct norm *b, const struct cnn_tensor *x)
{
    b->n = x->n;
    b->c = x->c;
    b->hw = x->h * x->w;
    b->x = x->data;
    b->chunk = cnn_chunk_of(b->n * b->hw);
    cnn_queue_run(q, cnn_ceil_div(b->c, b->chunk), channels_job, b);
}

static void *data_of(const struct cnn_tensor *t)
{
    return t ? t->data : NULL;
}

void cnn_cpu_batchnorm_train(struct cnn_queue *q, double eps, double momentum,
                             const struct cnn_tensor *x, const struct cnn_tensor *gamma,
                             const struct cnn_tensor *beta, struct cnn_tensor *running_mean,
                             struct cnn_tensor *running_var, void *save_mean, void *save_invstd,
                             struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct norm b = {.channel = train_channel,
                     .eps = eps,
                     .momentum = momentum,
                     .gamma = data_of(gamma),
                     .beta = data_of(beta),
                     .running_mean = running_mean->data,
                     .running_var = running_var->data,
                     .save_mean = save_mean,
                     .save_inv = save_invstd,
                     .y = y->data};
    run(q, &b, x);
}

void cnn_cpu_batchnorm_infer(struct cnn_queue *q, double eps, const struct cnn_tensor *x,
                             const struct cnn_tensor *gamma, const struct cnn_tensor *beta,
                             const struct cnn_tensor *running_mean,
                             const struct cnn_tensor *running_var, struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct norm b = {.channel = infer_channel,
                     .eps = eps,
                     .gamma = data_of(gamma),
                     .beta = data_of(beta),
                     .mean = running_mean->data,
                     .var = running_var->data,
                     .y = y->data};
    run(q, &b, x);
}

void cnn_cpu_batchnorm_backward(struct cnn_queue *q, const struct cnn_tensor *x,
                                const struct cnn_tensor *gamma, const void *save_mean,
                                const void *save_invstd, const struct cnn_tensor *dy,
                                struct cnn_tensor *dx, struct cnn_tensor *dgamma,
                                struct cnn_tensor *dbeta)
{
    if (q->code)
        return;
    struct norm b = {.channel = backward_batch_channel,
                     .gamma = data_of(gamma),
                     .saved = save_mean,
                     .saved_inv = save_invstd,
                     .dy = dy->data,
                     .dx = data_of(dx),
                     .dgamma = data_of(dgamma),
                     .dbeta = data_of(dbeta)};
    run(q, &b, x);
}

void cnn_cpu_batchnorm_backward_frozen(struct cnn_queue *q, double eps, const struct cnn_tensor *x,
                                       const struct cnn_tensor *gamma,
                                       const struct cnn_tensor *running_mean,
                                       const struct cnn_tensor *running_var,
                                       const struct cnn_tensor *dy, struct cnn_tensor *dx,
                                       struct cnn_tensor *dgamma, struct cnn_tensor *dbeta)
{
    if (q->code)
        return;
    struct norm b = {.channel = backward_frozen_channel,
                     .eps = eps,
                     .gamma = data_of(gamma),
                     .mean = running_mean->data,
                     .var = running_var->data,
                     .dy = dy->data,
                     .dx = data_of(dx),
                     .dgamma = data_of(dgamma),
                     .dbeta = data_of(dbeta)};
    run(q, &b, x);
}
