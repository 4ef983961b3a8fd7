/* x <- x + s N(0, 1) for each value on its own, kept within 0..1. Normal numbers come in pairs from
 * Box and Muller's transform. */
#include <math.h>

#include "data/augment/augment.h"

struct options {
    double sigma;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL(
        "noise", struct options, sigma, "0", .max = 10, .metavar = "SIGMA",
        .help = "add normal noise of this standard deviation (1: the range from black to white)"),
    CNN_OPTION_END,
};

static int noise_active(const void *opt)
{
    return ((const struct options *)opt)->sigma > 0;
}

static void normal_pair(struct cnn_random *r, double out[2])
{
    double u = ((double)cnn_random_u32(r) + 1) * (1.0 / 4294967296.0); /* (0, 1] */
    double angle = (double)cnn_random_u32(r) * (6.283185307179586 / 4294967296.0);
    double radius = sqrt(-2 * log(u));
    out[0] = radius * cos(angle);
    out[1] = radius * sin(angle);
}

static int noise_apply(const void *opt, const struct cnn_augment_work *work)
{
    double sigma = ((const struct options *)opt)->sigma, pair[2] = {0, 0};
    struct cnn_image *im = work->image;
    for (size_t i = 0; i < im->c * im->h * im->w; i++) {
        if (i % 2 == 0)
            normal_pair(work->random, pair);
        float v = im->px[i] + (float)(sigma * pair[i % 2]);
        im->px[i] = v < 0 ? 0 : v < 1 ? v : 1;
    }
    return 0;
}

const struct cnn_augment_type cnn_augment_noise = {
    .name = "noise",
    .summary = "normal noise on every value",
    .options = options,
    .options_size = sizeof(struct options),
    .by_pixels = 1,
    .active = noise_active,
    .apply = noise_apply,
};
