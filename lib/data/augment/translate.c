/* Shifted by U[-f, f] of the side, up or down and left or right, in whole pixels: a shift alone
 * never blurs. */
#include <math.h>

#include "data/augment/augment.h"

struct options {
    struct cnn_reals fraction;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REALS(
        "translate", struct options, fraction, "0", .max = 1, .metavar = "F|V,H",
        .help = "shift by up to this fraction of the side (or V vertically, H horizontally)"),
    CNN_OPTION_END,
};

static int translate_check(const void *opt)
{
    int count = ((const struct options *)opt)->fraction.count;
    if (count != 1 && count != 2)
        return cnn_fail(CNN_EUSAGE, "translate: one fraction or two are wanted (F or V,H)");
    return 0;
}

static int translate_active(const void *opt)
{
    const struct cnn_reals *f = &((const struct options *)opt)->fraction;
    return f->value[0] > 0 || f->value[f->count - 1] > 0;
}

static double shift(struct cnn_random *r, double fraction, size_t side)
{
    double most = fraction * (double)side;
    return floor(cnn_random_range(r, -most, most) + 0.5);
}

static int translate_view(const void *opt, struct cnn_random *r, struct cnn_view *view)
{
    const struct cnn_reals *f = &((const struct options *)opt)->fraction;
    view->map.f = shift(r, f->value[0], view->h);
    view->map.c = shift(r, f->value[f->count - 1], view->w);
    return 0;
}

const struct cnn_augment_type cnn_augment_translate = {
    .name = "translate",
    .summary = "shifted by whole pixels",
    .options = options,
    .options_size = sizeof(struct options),
    .active = translate_active,
    .check = translate_check,
    .view = translate_view,
};
