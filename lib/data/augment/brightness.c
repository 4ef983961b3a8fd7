/* x <- f x, f from U[max(0, 1 - b), 1 + b], kept within 0..1 (as torchvision's ColorJitter). */
#include "data/augment/augment.h"

struct options {
    double strength;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("brightness", struct options, strength, "0", .max = 100, .metavar = "B",
                    .help = "multiply by a factor from 1-B to 1+B"),
    CNN_OPTION_END,
};

static int brightness_active(const void *opt)
{
    return ((const struct options *)opt)->strength > 0;
}

static int brightness_apply(const void *opt, const struct cnn_augment_work *work)
{
    double b = ((const struct options *)opt)->strength;
    float factor = (float)cnn_random_range(work->random, b < 1 ? 1 - b : 0, 1 + b);
    struct cnn_image *im = work->image;
    for (size_t i = 0; i < im->c * im->h * im->w; i++) {
        float v = factor * im->px[i];
        im->px[i] = v < 1 ? v : 1;
    }
    return 0;
}

const struct cnn_augment_type cnn_augment_brightness = {
    .name = "brightness",
    .summary = "brighter or darker",
    .options = options,
    .options_size = sizeof(struct options),
    .active = brightness_active,
    .apply = brightness_apply,
};
