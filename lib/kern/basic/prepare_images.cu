/* A net's input from images in the device's memory; a thread a pixel and group of channels. See
 * prepare_images.c. */
#include "kern/image_pixel.h"
#include "kern/cuda/places.cuh"

/* The divisors are of rows, of planes and of groups of channels. */
template <typename T>
__global__ void prepare_kernel(const void *memory, const struct cnn_stored_image *image,
                               struct cnn_image_rule rule, cnn_view<T> v, uint32_t count,
                               cnn_divisor by_w, cnn_divisor by_h, cnn_divisor by_groups)
{
    uint32_t i = cnn_thread(), x, y, group;
    if (i >= count)
        return;
    uint32_t n =
        cnn_divide_rest(cnn_divide_rest(cnn_divide_rest(i, by_w, &x), by_h, &y), by_groups, &group);
    uint32_t first = group * CNN_PIXEL_GROUP;
    struct cnn_pixel_input in = {v.c, v.h, v.w};
    float p[CNN_PIXEL_GROUP] = {};
    cnn_pixel_prepare(memory, &image[n], &rule, &in, first, min(v.c - first, 0u + CNN_PIXEL_GROUP),
                      y, x, p);
#pragma unroll
    for (uint32_t k = 0; k < CNN_PIXEL_GROUP; k++)
        if (first + k < v.c)
            v.at(n, first + k, y, x) = cnn_to<T>(p[k]);
}

template <typename T>
static void prepare(struct cnn_queue *q, const void *memory, const struct cnn_stored_image *image,
                    const struct cnn_image_rule *rule, struct cnn_tensor *x)
{
    size_t groups = cnn_ceil(x->c, CNN_PIXEL_GROUP), count = x->n * groups * x->h * x->w;
    cnn_launch(q, "prepare_images", prepare_kernel<T>, cnn_blocks(count, 128), 128, 0, memory,
               image, *rule, cnn_view_of<T>(x), (uint32_t)count, cnn_divisor_of(x->w),
               cnn_divisor_of(x->h), cnn_divisor_of(groups));
}

void cnn_cuda_prepare_images(struct cnn_queue *q, const void *memory,
                             const struct cnn_stored_image *image,
                             const struct cnn_image_rule *rule, struct cnn_tensor *x)
{
    CNN_BY_TYPE(q, prepare, q, memory, image, rule, x);
}
