/* A net's input from images in the device's memory; a thread a pixel. See prepare_images.c. */
#include "kern/cuda.cuh"
#include "kern/image_pixel.h"

template <typename T>
__global__ void prepare_kernel(const void *memory, const struct cnn_stored_image *image,
                               struct cnn_image_rule rule, cnn_view<T> v, uint32_t count,
                               cnn_divisor by_w, cnn_divisor by_h)
{
    uint32_t i = cnn_thread();
    if (i >= count)
        return;
    uint32_t row = cnn_divide(i, by_w), n = cnn_divide(row, by_h);
    uint32_t x = i - row * v.w, y = row - n * v.h;
    const struct cnn_stored_image *im = &image[n];
    if (im->form == CNN_STORED_INPUT) {
        for (uint32_t c = 0; c < v.c; c++)
            v.at(n, c, y, x) =
                cnn_to<T>(cnn_pixel_ready(memory, im, ((size_t)c * v.h + y) * v.w + x));
        return;
    }
    for (uint32_t c = 0; c < v.c; c += CNN_PIXEL_GROUP) {
        float p[CNN_PIXEL_GROUP];
        uint32_t group = min(v.c - c, (uint32_t)CNN_PIXEL_GROUP);
        cnn_pixel_channels(memory, im, &rule, v.c, c, group, y, x, p);
        for (uint32_t k = 0; k < CNN_PIXEL_GROUP; k++)
            if (k < group)
                v.at(n, c + k, y, x) = cnn_to<T>(cnn_pixel_normalised(&rule, c + k, p[k]));
    }
}

template <typename T>
static void prepare(struct cnn_queue *q, const void *memory, const struct cnn_stored_image *image,
                    const struct cnn_image_rule *rule, struct cnn_tensor *x)
{
    size_t count = x->n * x->h * x->w;
    cnn_launch(q, "prepare_images", prepare_kernel<T>, cnn_blocks(count, 128), 128, 0, memory,
               image, *rule, cnn_view_of<T>(x), (uint32_t)count, cnn_divisor_of(x->w),
               cnn_divisor_of(x->h));
}

void cnn_cuda_prepare_images(struct cnn_queue *q, const void *memory,
                             const struct cnn_stored_image *image,
                             const struct cnn_image_rule *rule, struct cnn_tensor *x)
{
    CNN_BY_TYPE(q, prepare, q, memory, image, rule, x);
}
