/* Four samples of the batch in one image, around a point of its middle half, each shrunk as far as its
 * quarter is still full, so that as much as can be of it is seen; targets are blended by area
 * (Bochkovskiy, Wang and Liao 2020, arXiv 2004.10934, section 3.3). */
#include <math.h>

#include "data/augment/augment.h"

enum { FOUR = 4 };

struct options {
    double share;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("mosaic", struct options, share, "0", .max = 1, .metavar = "P",
                    .help = "make a sample a mosaic of four of its batch with this probability, "
                            "and blend their targets by area"),
    CNN_OPTION_END,
};

static int mosaic_active(const void *opt)
{
    return ((const struct options *)opt)->share > 0;
}

static size_t centre(struct cnn_random *r, size_t side)
{
    return (size_t)floor(cnn_random_range(r, (double)side / 4, (double)side * 3 / 4) + 0.5);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* How long a side of an image is when its other one, `across`, is `seen`. */
static size_t along(size_t side, size_t across, size_t seen)
{
    return (side * seen + across - 1) / across;
}

/* As small as the part allows, at any place at which it is full. */
static void show(const struct cnn_mix *mix, struct cnn_random *r, struct cnn_mix_part *p)
{
    size_t h = p->bottom - p->top, w = p->right - p->left;
    p->h = larger(h, along(mix->h, mix->w, w));
    p->w = larger(w, along(mix->w, mix->h, h));
    p->y = (ptrdiff_t)p->top - (ptrdiff_t)cnn_random_below(r, p->h - h + 1);
    p->x = (ptrdiff_t)p->left - (ptrdiff_t)cnn_random_below(r, p->w - w + 1);
}

static void mosaic_mix(const void *opt, struct cnn_random *r, struct cnn_mix *mix)
{
    size_t place[FOUR] = {0, 1, 2, 3};
    if (!(cnn_random_unit(r) < ((const struct options *)opt)->share))
        return;
    size_t y = centre(r, mix->h), x = centre(r, mix->w);
    mix->parts = 0;
    for (size_t i = 0; i < FOUR; i++) {
        size_t k = i + (size_t)cnn_random_below(r, FOUR - i), of = place[k];
        place[k] = place[i];
        struct cnn_mix_part *p = cnn_mix_add(mix, of);
        p->top = i < 2 ? 0 : y;
        p->bottom = i < 2 ? y : mix->h;
        p->left = i % 2 ? x : 0;
        p->right = i % 2 ? mix->w : x;
        show(mix, r, p);
    }
}

const struct cnn_augment_type cnn_augment_mosaic = {
    .name = "mosaic",
    .summary = "four samples in one image",
    .options = options,
    .options_size = sizeof(struct options),
    .active = mosaic_active,
    .mix = mosaic_mix,
    .group = FOUR,
    .way = CNN_MIX_TILES,
};
