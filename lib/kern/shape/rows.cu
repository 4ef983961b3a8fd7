/* Rows of samples; see rows.c. A thread has an element of a sample's pooled rows, a sample whose rows
 * are chosen, or an element of a row in its new place. */
#include "kern/cuda/cuda.cuh"

enum { THREADS = 256 };

struct rows {
    enum cnn_rows_pool how;
    uint32_t rows;
    cnn_divisor each; /* elements of a row */
    const int32_t *count;
};

static struct rows rows_of(enum cnn_rows_pool how, size_t rows, const int32_t *count,
                           const struct cnn_tensor *t)
{
    return {how, (uint32_t)rows, cnn_divisor_of(t->c * t->h * t->w), count};
}

static __device__ inline uint32_t real_rows(struct rows p, uint32_t n)
{
    if (!p.count)
        return p.rows;
    return p.count[n] > 0 ? min((uint32_t)p.count[n], p.rows) : 0;
}

template <typename T>
static __global__ void pool_kernel(struct rows p, const T *x, T *y, int32_t *argmax, uint32_t count)
{
    uint32_t i = cnn_thread();
    if (i >= count)
        return;
    uint32_t n = cnn_divide(i, p.each), rows = real_rows(p, n), row = rows - 1;
    const T *first = x + (size_t)n * p.rows * p.each.by + (i - n * p.each.by);
    float sum = 0, best = rows ? cnn_float(first[0]) : 0;
    if (p.how == CNN_ROWS_MAX)
        row = 0;
    for (uint32_t r = 0; r < rows; r++) {
        float v = cnn_float(first[(size_t)r * p.each.by]);
        sum += v;
        if (p.how == CNN_ROWS_MAX && v > best) {
            best = v;
            row = r;
        }
    }
    if (argmax)
        argmax[i] = rows ? (int32_t)row : -1;
    if (!rows)
        y[i] = cnn_to<T>(0);
    else
        y[i] =
            p.how == CNN_ROWS_MEAN ? cnn_to<T>(sum / (float)rows) : first[(size_t)row * p.each.by];
}

template <typename T>
static __global__ void spread_kernel(struct rows p, const T *dy, const int32_t *argmax, T *dx,
                                     uint32_t count)
{
    uint32_t i = cnn_thread();
    if (i >= count)
        return;
    uint32_t n = cnn_divide(i, p.each), rows = real_rows(p, n), row = rows - 1;
    T *first = dx + (size_t)n * p.rows * p.each.by + (i - n * p.each.by);
    if (p.how == CNN_ROWS_MAX)
        row = (uint32_t)argmax[i];
    for (uint32_t r = 0; r < p.rows; r++) {
        T v = cnn_to<T>(0);
        if (p.how == CNN_ROWS_MEAN && r < rows)
            v = cnn_to<T>(cnn_float(dy[i]) / (float)rows);
        else if (p.how != CNN_ROWS_MEAN && r < rows && r == row)
            v = dy[i];
        first[(size_t)r * p.each.by] = v;
    }
}

template <typename T>
static void pool(struct cnn_queue *q, struct rows p, const struct cnn_tensor *x,
                 struct cnn_tensor *y, void *argmax)
{
    size_t count = cnn_tensor_count(y);
    cnn_launch(q, "rows_pool_forward", pool_kernel<T>, cnn_blocks(count, THREADS), THREADS, 0, p,
               x->data, y->data, argmax, count);
}

template <typename T>
static void spread(struct cnn_queue *q, struct rows p, const struct cnn_tensor *dy,
                   const void *argmax, struct cnn_tensor *dx)
{
    size_t count = cnn_tensor_count(dy);
    cnn_launch(q, "rows_pool_backward", spread_kernel<T>, cnn_blocks(count, THREADS), THREADS, 0, p,
               dy->data, argmax, dx->data, count);
}

void cnn_cuda_rows_pool_forward(struct cnn_queue *q, enum cnn_rows_pool how, size_t rows,
                                const int32_t *count, const struct cnn_tensor *x,
                                struct cnn_tensor *y, void *argmax)
{
    CNN_BY_TYPE(q, pool, q, rows_of(how, rows, count, x), x, y, argmax);
}

void cnn_cuda_rows_pool_backward(struct cnn_queue *q, enum cnn_rows_pool how, size_t rows,
                                 const int32_t *count, const struct cnn_tensor *dy,
                                 const void *argmax, struct cnn_tensor *dx)
{
    CNN_BY_TYPE(q, spread, q, rows_of(how, rows, count, dy), dy, argmax, dx);
}

template <typename T>
static __global__ void above_kernel(struct rows p, uint32_t channel, float limit, const T *x,
                                    int32_t *chosen, int32_t *from, int32_t *to, uint32_t samples)
{
    uint32_t n = cnn_thread();
    if (n >= samples)
        return;
    uint32_t first = n * p.rows, kept = 0, rows = real_rows(p, n);
    for (uint32_t r = 0; r < p.rows; r++) {
        const T *row = x + (size_t)(first + r) * p.each.by;
        bool keep = r < rows && cnn_float(row[channel]) > limit;
        to[first + r] = keep ? (int32_t)(first + kept) : -1;
        if (keep)
            from[first + kept++] = (int32_t)(first + r);
    }
    chosen[n] = (int32_t)kept;
    for (; kept < p.rows; kept++)
        from[first + kept] = -1;
}

template <typename T>
static void above(struct cnn_queue *q, struct rows p, size_t channel, double limit,
                  const struct cnn_tensor *x, int32_t *kept, int32_t *from, int32_t *to)
{
    size_t samples = x->n / p.rows;
    cnn_launch(q, "rows_above", above_kernel<T>, cnn_blocks(samples, THREADS), THREADS, 0, p,
               channel, (float)limit, x->data, kept, from, to, samples);
}

void cnn_cuda_rows_above(struct cnn_queue *q, size_t channel, double limit, size_t rows,
                         const int32_t *count, const struct cnn_tensor *x, int32_t *kept,
                         int32_t *from, int32_t *to)
{
    CNN_BY_TYPE(q, above, q, rows_of(CNN_ROWS_LAST, rows, count, x), channel, limit, x, kept, from,
                to);
}

template <typename T>
static __global__ void gather_kernel(const int32_t *from, const T *x, T *y, cnn_divisor each,
                                     uint32_t count)
{
    uint32_t i = cnn_thread();
    if (i >= count)
        return;
    uint32_t row = cnn_divide(i, each);
    int32_t at = from[row];
    y[i] = at < 0 ? cnn_to<T>(0) : x[(size_t)at * each.by + (i - row * each.by)];
}

template <typename T>
static void gather(struct cnn_queue *q, const int32_t *from, const struct cnn_tensor *x,
                   struct cnn_tensor *y)
{
    size_t count = cnn_tensor_count(y);
    cnn_launch(q, "rows_gather", gather_kernel<T>, cnn_blocks(count, THREADS), THREADS, 0, from,
               x->data, y->data, cnn_divisor_of(y->c * y->h * y->w), count);
}

void cnn_cuda_rows_gather(struct cnn_queue *q, const int32_t *from, const struct cnn_tensor *x,
                          struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, gather, q, from, x, y);
}

static __global__ void share_kernel(uint32_t rows, const int32_t *count, float *weight,
                                    uint32_t samples)
{
    uint32_t n = cnn_thread(), given = 0;
    if (n >= samples)
        return;
    float *mine = weight + (size_t)n * rows;
    double sum = 0;
    for (uint32_t r = 0; r < rows; r++) {
        sum += mine[r];
        given += mine[r] != 0 && (int32_t)r < count[n];
    }
    for (uint32_t r = 0; r < rows; r++)
        if (mine[r] != 0)
            mine[r] = (int32_t)r < count[n] ? (float)(sum / given) : 0;
}

void cnn_cuda_rows_share(struct cnn_queue *q, size_t n, size_t rows, const int32_t *count,
                         real *weight)
{
    cnn_launch(q, "rows_share", share_kernel, cnn_blocks(n, THREADS), THREADS, 0, rows, count,
               weight, n);
}
