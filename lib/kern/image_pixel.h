/* One pixel of a net's input from an image in memory; the body of prepare_images on both devices.
 * Channels are looked at in groups, so that the geometry is computed once for several; loops go
 * over whole groups, which a GPU then has in registers. */
#ifndef CNN_KERN_IMAGE_PIXEL_H
#define CNN_KERN_IMAGE_PIXEL_H

#include "kern/image.h"

enum { CNN_PIXEL_GROUP = 4 };

/* The input's shape. */
struct cnn_pixel_input {
    uint32_t c, h, w;
};

/* An image with the planes that a group of channels is made of. */
struct cnn_pixel_source {
    const struct cnn_stored_image *image;
    const void *data;
    int fill, filter, planes;
    uint32_t plane[CNN_PIXEL_GROUP];
};

/* The samples of an axis that a resized one sees (data/image/resize.c): from `first` on, `count`,
 * each weighted by its distance from the centre. */
struct cnn_pixel_axis {
    int filter;
    int64_t first, count;
    double centre, stretch;
};

CNN_BOTH struct cnn_pixel_axis cnn_pixel_axis_of(int filter, uint32_t in, uint32_t full, int64_t i)
{
    double scale = (double)in / (double)full;
    struct cnn_pixel_axis a = {filter, 0, 0, ((double)i + 0.5) * (double)in / (double)full,
                               scale > 1 ? scale : 1};
    double reach = cnn_filter_support(filter) * a.stretch;
    double lo = floor(a.centre - reach + 0.5), hi = floor(a.centre + reach + 0.5);
    a.first = lo > 0 ? (int64_t)lo : 0;
    a.count = (hi < (double)in ? (int64_t)hi : (int64_t)in) - a.first;
    return a;
}

CNN_BOTH float cnn_pixel_weight(const struct cnn_pixel_axis *a, int64_t k)
{
    return (float)cnn_filter_weight(a->filter,
                                    ((double)(a->first + k) + 0.5 - a->centre) / a->stretch);
}

CNN_BOTH float cnn_pixel_stored(const struct cnn_pixel_source *s, uint32_t plane, int64_t y,
                                int64_t x)
{
    const struct cnn_stored_image *im = s->image;
    size_t i = ((size_t)plane * im->h + (size_t)y) * im->w + (size_t)x;
    return im->form == CNN_STORED_BYTES ? (float)((const unsigned char *)s->data)[i] / 255.0f
                                        : ((const float *)s->data)[i];
}

CNN_BOTH float cnn_pixel_fetch(const struct cnn_pixel_source *s, uint32_t plane, int64_t y,
                               int64_t x)
{
    y = cnn_filled_from(y, s->image->h, s->fill);
    x = cnn_filled_from(x, s->image->w, s->fill);
    return y < 0 || x < 0 ? cnn_fill_value(s->fill) : cnn_pixel_stored(s, plane, y, x);
}

/* Pixel (x, y) of the view. */
CNN_BOTH void cnn_pixel_view(const struct cnn_pixel_source *s, int64_t y, int64_t x,
                             float out[CNN_PIXEL_GROUP])
{
    const struct cnn_affine *m = &s->image->map;
    float fx, fy;
    int64_t px = cnn_on_axis(m->a * (double)x + m->b * (double)y + m->c, &fx);
    int64_t py = cnn_on_axis(m->d * (double)x + m->e * (double)y + m->f, &fy);
    for (int i = 0; i < CNN_PIXEL_GROUP; i++) {
        if (i >= s->planes)
            break;
        float v[4] = {cnn_pixel_fetch(s, s->plane[i], py, px), 0, 0, 0};
        if (fx != 0 || fy != 0)
            for (int k = 1; k < 4; k++)
                v[k] = cnn_pixel_fetch(s, s->plane[i], py + k / 2, px + k % 2);
        out[i] = cnn_blend(v, fx, fy);
    }
}

/* Pixel (x, y) of the resized view. */
CNN_BOTH void cnn_pixel_resized(const struct cnn_pixel_source *s, int64_t y, int64_t x,
                                float out[CNN_PIXEL_GROUP])
{
    const struct cnn_stored_image *im = s->image;
    if (im->full_h == im->view_h && im->full_w == im->view_w) {
        cnn_pixel_view(s, y, x, out);
        return;
    }
    struct cnn_pixel_axis down = cnn_pixel_axis_of(s->filter, im->view_h, im->full_h, y);
    struct cnn_pixel_axis across = cnn_pixel_axis_of(s->filter, im->view_w, im->full_w, x);
    float sum[CNN_PIXEL_GROUP] = {0, 0, 0, 0}, v[CNN_PIXEL_GROUP];
    double weights = 0;
    for (int64_t i = 0; i < down.count; i++)
        for (int64_t j = 0; j < across.count; j++) {
            float w = cnn_pixel_weight(&down, i) * cnn_pixel_weight(&across, j);
            cnn_pixel_view(s, down.first + i, across.first + j, v);
            for (int k = 0; k < CNN_PIXEL_GROUP; k++)
                sum[k] += k < s->planes ? w * v[k] : 0;
            weights += (double)w;
        }
    for (int k = 0; k < CNN_PIXEL_GROUP; k++)
        out[k] = (float)((double)sum[k] / weights);
}

/* Channels first .. first + count - 1 (a group at most) of the input's `channels` at (x, y), before
 * they are normalised. */
CNN_BOTH void cnn_pixel_channels(const void *memory, const struct cnn_stored_image *im,
                                 const struct cnn_image_rule *rule, uint32_t channels,
                                 uint32_t first, uint32_t count, uint32_t y, uint32_t x,
                                 float out[CNN_PIXEL_GROUP])
{
    struct cnn_pixel_source s = {
        im, (const char *)memory + im->at, rule->fill, rule->filter, (int)count, {0, 1, 2, 3}};
    int64_t iy = (int64_t)y + im->y, ix = (int64_t)x + im->x;
    int grey = channels == 1 && im->c == 3;
    for (uint32_t i = 0; i < CNN_PIXEL_GROUP && !grey; i++) {
        uint32_t c = rule->reverse ? channels - 1 - (first + i) : first + i;
        s.plane[i] = im->c == 1 ? 0 : c;
    }
    if (grey)
        s.planes = 3;
    if (iy < 0 || ix < 0 || iy >= im->full_h || ix >= im->full_w) {
        for (int i = 0; i < CNN_PIXEL_GROUP; i++)
            out[i] = 0;
        return;
    }
    cnn_pixel_resized(&s, iy, ix, out);
    if (grey)
        out[0] = cnn_luma(out[0], out[1], out[2]);
    for (uint32_t i = 0; i < CNN_PIXEL_GROUP; i++)
        if (i < count)
            out[i] = cnn_filter_result(rule->filter, out[i]);
}

/* Channels first .. first + count - 1 (a group at most) of the input at (x, y). */
CNN_BOTH void cnn_pixel_prepare(const void *memory, const struct cnn_stored_image *im,
                                const struct cnn_image_rule *rule, const struct cnn_pixel_input *in,
                                uint32_t first, uint32_t count, uint32_t y, uint32_t x,
                                float out[CNN_PIXEL_GROUP])
{
    const void *data = (const char *)memory + im->at;
    const float *ready = (const float *)data;
    if (im->form != CNN_STORED_INPUT)
        cnn_pixel_channels(memory, im, rule, in->c, first, count, y, x, out);
    for (uint32_t k = 0; k < CNN_PIXEL_GROUP; k++) {
        if (k >= count)
            break;
        uint32_t c = rule->each ? first + k : 0;
        float v = rule->plain ? out[k] : out[k] * 255.0f * rule->scale;
        out[k] = im->form == CNN_STORED_INPUT ? ready[((size_t)(first + k) * in->h + y) * in->w + x]
                                              : (v - rule->mean[c]) / rule->std[c];
    }
}

#endif
