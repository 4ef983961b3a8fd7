/* x <- m + f (x - m), m the mean of the image in grey, f from U[max(0, 1 - c), 1 + c], kept within
 * 0..1 (as torchvision's ColorJitter, with its weights of grey). */
#include "data/augment/augment.h"

struct options {
    double strength;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("contrast", struct options, strength, "0", .max = 100, .metavar = "C",
                    .help = "stretch about the mean grey by a factor from 1-C to 1+C"),
    CNN_OPTION_END,
};

static int contrast_active(const void *opt)
{
    return ((const struct options *)opt)->strength > 0;
}

static double plane_mean(const struct cnn_image *im, size_t c)
{
    size_t n = im->h * im->w;
    const float *px = im->px + c * n;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)px[i];
    return sum / (double)n;
}

static double mean_grey(const struct cnn_image *im)
{
    if (im->c != 3)
        return plane_mean(im, 0);
    return 0.2989 * plane_mean(im, 0) + 0.587 * plane_mean(im, 1) + 0.114 * plane_mean(im, 2);
}

static int contrast_apply(const void *opt, const struct cnn_augment_work *work)
{
    double c = ((const struct options *)opt)->strength;
    double factor = cnn_random_range(work->random, c < 1 ? 1 - c : 0, 1 + c);
    struct cnn_image *im = work->image;
    float f = (float)factor, rest = (float)((1 - factor) * mean_grey(im));
    for (size_t i = 0; i < im->c * im->h * im->w; i++) {
        float v = f * im->px[i] + rest;
        im->px[i] = v < 0 ? 0 : v < 1 ? v : 1;
    }
    return 0;
}

const struct cnn_augment_type cnn_augment_contrast = {
    .name = "contrast",
    .summary = "more or less contrast",
    .options = options,
    .options_size = sizeof(struct options),
    .active = contrast_active,
    .apply = contrast_apply,
};
