/* Overlays: an image as the net was given it, half of each pixel its own and half the colour of its class. */
#include "task/infer/private.h"

int cnn_infer_open_palette(struct infer *in)
{
    const struct cnn_graph *g = in->runner.graph;
    size_t outputs = g->node[g->output].layer.out.c, classes = outputs > 1 ? outputs : 2;
    if (!in->o->palette[0])
        return 0;
    int rc = cnn_palette_read(in->o->palette, &in->palette);
    if (!rc && in->palette.names.count != classes)
        rc = cnn_fail(CNN_EDATA, "%s: %zu classes, where the net has %zu", in->o->palette,
                      in->palette.names.count, classes);
    return rc;
}

/* Channel c of the pixel that became x, from 0 to 1: (v - mean) / std, v = 255 scale pixel. */
static float pixel_of(const struct cnn_input *input, float x, size_t c)
{
    double mean = input->mean.count ? input->mean.value[c % (size_t)input->mean.count] : 0;
    double std = input->std.count ? input->std.value[c % (size_t)input->std.count] : 1;
    double v = ((double)x * std + mean) / (255 * input->scale);
    return (float)(v < 0 ? 0 : v > 1 ? 1 : v);
}

int cnn_infer_overlay(const struct infer *in, const struct infer_map *m, const struct cnn_batch *b,
                      size_t i, struct cnn_image *out)
{
    const struct cnn_input *input = &in->runner.input;
    struct cnn_chw s = b->shape;
    const float *x = b->x + i * cnn_chw_count(s);
    size_t h = in->runner.native ? b->size[i][0] : s.h, w = in->runner.native ? b->size[i][1] : s.w;
    if (m->h != h || m->w != w || (s.c != 1 && s.c != 3))
        return cnn_fail(CNN_EDATA,
                        "--maps-format overlay: a map of %zux%zu for an image of %zux%zu and %zu "
                        "channels",
                        m->h, m->w, h, w, s.c);
    int rc = cnn_image_reshape(out, 3, h, w, 255);
    for (size_t p = 0; !rc && p < h * w; p++) {
        size_t class = cnn_infer_class_at(in, m, p), at = p / w * s.w + p % w;
        uint32_t rgb = in->palette.count ? in->palette.shown[class] : cnn_palette_usual(class);
        for (size_t c = 0; c < 3; c++) {
            size_t own = s.c == 1 ? 0 : input->bgr ? 2 - c : c;
            float colour = (float)(rgb >> (16 - 8 * c) & 255) / 255.0f;
            out->px[c * h * w + p] = (colour + pixel_of(input, x[own * s.h * s.w + at], own)) / 2;
        }
    }
    return rc;
}
