/* A part of h x w from a random place of the image with a border of `pad` around it; without a
 * size, a part as large as the image was (CIFAR's usual recipe: --crop 32 --crop-pad 4). */
#include <stdio.h>

#include "data/augment/augment.h"

struct options {
    struct cnn_pair size;
    long long pad;
};

static const struct cnn_option options[] = {
    CNN_OPTION_PAIR("crop", struct options, size, "0", .max = CNN_IMAGE_MAX_SIDE, .metavar = "HxW",
                    .help = "cut a part of this size from a random place"),
    CNN_OPTION_INT("crop-pad", struct options, pad, "0", .max = CNN_IMAGE_MAX_SIDE, .metavar = "N",
                   .help = "put a border of N pixels around the image before it is cropped "
                           "(without --crop: to its own size)"),
    CNN_OPTION_END,
};

static int crop_check(const void *opt)
{
    const struct options *o = opt;
    if (!o->size.h != !o->size.w)
        return cnn_fail(CNN_EUSAGE, "crop: %dx%d: a side of 0", o->size.h, o->size.w);
    return 0;
}

static int crop_active(const void *opt)
{
    const struct options *o = opt;
    return o->size.h > 0 || o->pad > 0;
}

static int crop_view(const void *opt, struct cnn_random *r, struct cnn_view *view)
{
    const struct options *o = opt;
    size_t h = o->size.h ? (size_t)o->size.h : view->h, w = o->size.w ? (size_t)o->size.w : view->w;
    size_t border = 2 * (size_t)o->pad;
    if (h > view->h + border || w > view->w + border) {
        char with[64] = "";
        if (border)
            snprintf(with, sizeof with, " with a border of %lld", o->pad);
        return cnn_fail(
            CNN_EDATA, "an image of %zux%zu%s is smaller than the crop of %zux%zu (height x width)",
            view->h, view->w, with, h, w);
    }
    uint64_t y = cnn_random_below(r, view->h + border - h + 1);
    uint64_t x = cnn_random_below(r, view->w + border - w + 1);
    view->map.c = (double)x - (double)o->pad;
    view->map.f = (double)y - (double)o->pad;
    view->h = h;
    view->w = w;
    return 0;
}

const struct cnn_augment_type cnn_augment_crop = {
    .name = "crop",
    .summary = "cropped at a random place",
    .options = options,
    .options_size = sizeof(struct options),
    .by_pixels = 1,
    .active = crop_active,
    .check = crop_check,
    .view = crop_view,
};
