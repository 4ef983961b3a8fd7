/* Concatenation along channels: y (n, c0 + c1 + ..., h, w) from x[i] (n, ci, h, w), and back. Each
 * branch is a matrix whose rows lie side by side in it and further apart in the whole: a row is a
 * sample in plain order, and a position where channels lie last. */
#include "kern/cuda/cuda.cuh"

enum { THREADS = 256 };

/* `count` units of rows of `width`; U is a number or a pack of them. */
template <typename U>
static __global__ void copy_rows(const U *from, uint32_t from_pitch, U *to, uint32_t to_pitch,
                                 cnn_divisor width, uint32_t count)
{
    uint32_t i = cnn_thread();
    if (i >= count)
        return;
    uint32_t row = cnn_divide(i, width), column = i - row * width.by;
    to[row * to_pitch + column] = from[row * from_pitch + column];
}

template <typename T>
static __global__ void zero_rows(T *to, uint32_t pitch, cnn_divisor width, uint32_t count)
{
    uint32_t i = cnn_thread();
    if (i >= count)
        return;
    uint32_t row = cnn_divide(i, width), column = i - row * width.by;
    to[row * pitch + column] = cnn_to<T>(0);
}

/* Elements: of the rows of a branch and from one to the next. */
struct rows {
    size_t count, width, from_pitch, to_pitch;
};

template <typename U>
static void copy_units(struct cnn_queue *q, const void *from, void *to, struct rows r, size_t unit)
{
    size_t width = r.width / unit, count = r.count * width;
    cnn_launch(q, "concat", copy_rows<U>, cnn_blocks(count, THREADS), THREADS, 0, from,
               r.from_pitch / unit, to, r.to_pitch / unit, cnn_divisor_of(width), count);
}

template <typename T> static void copy(struct cnn_queue *q, const T *from, T *to, struct rows r)
{
    enum { COUNT = cnn_pack<T>::COUNT };
    if (!r.width)
        return;
    if (!from)
        cnn_launch(q, "concat", zero_rows<T>, cnn_blocks(r.count * r.width, THREADS), THREADS, 0,
                   to, r.to_pitch, cnn_divisor_of(r.width), r.count * r.width);
    else if ((r.width | r.from_pitch | r.to_pitch) % COUNT == 0 &&
             ((uintptr_t)from | (uintptr_t)to) % sizeof(cnn_pack<T>) == 0)
        copy_units<cnn_pack<T>>(q, from, to, r, COUNT);
    else
        copy_units<T>(q, from, to, r, 1);
}

/* Elements of a channel that lie side by side. */
static size_t run_of(const struct cnn_tensor *whole)
{
    return whole->layout.order == CNN_ORDER_CHANNELS_LAST ? 1 : whole->h * whole->w;
}

static size_t rows_of(const struct cnn_tensor *whole)
{
    return whole->layout.order == CNN_ORDER_CHANNELS_LAST ? whole->n * whole->h * whole->w
                                                          : whole->n;
}

template <typename T>
static void forward(struct cnn_queue *q, int count, const struct cnn_tensor *const *x,
                    struct cnn_tensor *y)
{
    size_t run = run_of(y), rows = rows_of(y);
    T *to = (T *)y->data;
    for (int i = 0; i < count; to += x[i++]->c * run) {
        size_t width = x[i]->c * run;
        copy(q, (const T *)x[i]->data, to, {rows, width, width, y->c * run});
    }
}

template <typename T>
static void backward(struct cnn_queue *q, int count, const size_t *channels,
                     const struct cnn_tensor *dy, struct cnn_tensor *const *dx)
{
    size_t run = run_of(dy), rows = rows_of(dy);
    const T *from = (const T *)dy->data;
    for (int i = 0; i < count; from += channels[i++] * run) {
        size_t width = channels[i] * run;
        if (dx[i])
            copy(q, from, (T *)dx[i]->data, {rows, width, dy->c * run, width});
    }
}

void cnn_cuda_concat_forward(struct cnn_queue *q, int count, const struct cnn_tensor *const *x,
                             struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, forward, q, count, x, y);
}

void cnn_cuda_concat_backward(struct cnn_queue *q, int count, const size_t *channels,
                              const struct cnn_tensor *dy, struct cnn_tensor *const *dx)
{
    CNN_BY_TYPE(q, backward, q, count, channels, dy, dx);
}
