/* A net's input from images in memory; image_pixel.h has the arithmetic. The CPU's programs prepare
 * images one by one while they are decoded (data/image/preprocess.c): this is what a GPU is
 * measured by.
 */
#include "kern/image_pixel.h"
#include "kern/parallel.h"

struct prepare {
    const char *memory;
    const struct cnn_stored_image *image;
    const struct cnn_image_rule *rule;
    struct cnn_tensor *x;
};

static void prepare_pixel(const struct prepare *p, size_t n, uint32_t y, uint32_t x)
{
    const struct cnn_tensor *t = p->x;
    struct cnn_pixel_input in = {(uint32_t)t->c, (uint32_t)t->h, (uint32_t)t->w};
    size_t plane = t->h * t->w;
    real *out = (real *)t->data + n * t->c * plane + y * t->w + x;
    for (uint32_t c = 0; c < in.c; c += CNN_PIXEL_GROUP) {
        float v[CNN_PIXEL_GROUP] = {0};
        uint32_t count = in.c - c < CNN_PIXEL_GROUP ? in.c - c : CNN_PIXEL_GROUP;
        cnn_pixel_prepare(p->memory, &p->image[n], p->rule, &in, c, count, y, x, v);
        for (uint32_t k = 0; k < count; k++)
            out[(c + k) * plane] = v[k];
    }
}

static void prepare_job(void *context, size_t job, int thread)
{
    const struct prepare *p = context;
    (void)thread;
    for (uint32_t y = 0; y < p->x->h; y++)
        for (uint32_t x = 0; x < p->x->w; x++)
            prepare_pixel(p, job, y, x);
}

void cnn_cpu_prepare_images(struct cnn_queue *q, const void *memory,
                            const struct cnn_stored_image *image, const struct cnn_image_rule *rule,
                            struct cnn_tensor *x)
{
    struct prepare p = {memory, image, rule, x};
    if (!q->code)
        cnn_queue_run(q, x->n, prepare_job, &p);
}
