/* A net's input from images in memory; image_pixel.h has the arithmetic. The CPU's programs prepare
 * images one by one while they are decoded (data/preprocess.c): this is what a GPU is measured by.
 */
#include "kern/image_pixel.h"
#include "kern/parallel.h"

struct prepare {
    const char *memory;
    const struct cnn_stored_image *image;
    const struct cnn_image_rule *rule;
    struct cnn_tensor *x;
};

static void prepare_pixel(const struct prepare *p, size_t n, size_t y, size_t x)
{
    const struct cnn_stored_image *im = &p->image[n];
    const struct cnn_tensor *t = p->x;
    real *out = (real *)t->data + n * t->c * t->h * t->w + y * t->w + x;
    float v[CNN_PIXEL_GROUP];
    for (size_t c = 0; c < t->c; c++) {
        size_t in_group = c % CNN_PIXEL_GROUP;
        if (im->form == CNN_STORED_INPUT) {
            out[c * t->h * t->w] = cnn_pixel_ready(p->memory, im, (c * t->h + y) * t->w + x);
            continue;
        }
        if (!in_group)
            cnn_pixel_channels(p->memory, im, p->rule, (uint32_t)t->c, (uint32_t)c,
                               (uint32_t)cnn_min(t->c - c, CNN_PIXEL_GROUP), (uint32_t)y,
                               (uint32_t)x, v);
        out[c * t->h * t->w] = cnn_pixel_normalised(p->rule, (uint32_t)c, v[in_group]);
    }
}

static void prepare_job(void *context, size_t job, int thread)
{
    const struct prepare *p = context;
    (void)thread;
    for (size_t y = 0; y < p->x->h; y++)
        for (size_t x = 0; x < p->x->w; x++)
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
