/* Elements in other places; see shuffle.c. A thread fetches one. */
#include "kern/cuda/places.cuh"

namespace
{

enum { THREADS = 256, TO_PIXELS, TO_CHANNELS, CHANNELS };

/* The place in x of what stands at `at` in y. */
template <int KIND>
__device__ inline cnn_place source(cnn_place at, cnn_divisor r, cnn_divisor share)
{
    uint32_t i, j, c;
    if (KIND == CHANNELS) {
        c = cnn_divide_rest(at.c, r, &i);
        return {at.n, i * share.by + c, at.h, at.w};
    }
    if (KIND == TO_PIXELS) {
        uint32_t h = cnn_divide_rest(at.h, r, &i), w = cnn_divide_rest(at.w, r, &j);
        return {at.n, (at.c * r.by + i) * r.by + j, h, w};
    }
    c = cnn_divide_rest(cnn_divide_rest(at.c, r, &j), r, &i);
    return {at.n, c, at.h * r.by + i, at.w * r.by + j};
}

template <typename T, int KIND>
__global__ void fetch(cnn_divisor r, cnn_divisor share, cnn_view<const T> x, cnn_places to, T *y)
{
    uint32_t i = cnn_thread();
    if (i >= to.count)
        return;
    cnn_place from = source<KIND>(cnn_place_at<1>(to, i), r, share);
    y[i] = x.at(from.n, from.c, from.h, from.w);
}

template <typename T>
void run(struct cnn_queue *q, int kind, size_t r, const struct cnn_tensor *x, struct cnn_tensor *y)
{
    cnn_places places = cnn_places_of(y, cnn_is_nhwc(y), 1);
    cnn_launch(q, "shuffle",
               kind == TO_PIXELS     ? fetch<T, TO_PIXELS>
               : kind == TO_CHANNELS ? fetch<T, TO_CHANNELS>
                                     : fetch<T, CHANNELS>,
               cnn_blocks(places.count, THREADS), THREADS, 0, cnn_divisor_of(r),
               cnn_divisor_of(y->c / r ? y->c / r : 1), cnn_view_of<const T>(x), places,
               (T *)y->data);
}

} // namespace

void cnn_cuda_pixel_shuffle(struct cnn_queue *q, size_t r, const struct cnn_tensor *x,
                            struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, run, q, TO_PIXELS, r, x, y);
}

void cnn_cuda_pixel_unshuffle(struct cnn_queue *q, size_t r, const struct cnn_tensor *x,
                              struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, run, q, TO_CHANNELS, r, x, y);
}

void cnn_cuda_channel_shuffle(struct cnn_queue *q, size_t groups, const struct cnn_tensor *x,
                              struct cnn_tensor *y)
{
    CNN_BY_TYPE(q, run, q, CHANNELS, groups, x, y);
}
