/* Enlarged about the middle by a factor z, log z uniform: in [-log F, log F] for one number F, in
 * [log LO, log HI] for two. The size of the image stays. */
#include <math.h>

#include "data/augment/augment.h"

struct options {
    struct cnn_reals zoom;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REALS("zoom", struct options, zoom, "1", .min = 0.01, .max = 100,
                     .metavar = "F|LO,HI",
                     .help = "enlarge by a factor from 1/F to F, or from LO to HI"),
    CNN_OPTION_END,
};

static void limits(const void *opt, double *lo, double *hi)
{
    const struct cnn_reals *zoom = &((const struct options *)opt)->zoom;
    *hi = zoom->value[zoom->count - 1];
    *lo = zoom->count == 1 ? 1 / *hi : zoom->value[0];
    if (zoom->count == 1 && *hi < *lo) {
        *lo = *hi;
        *hi = 1 / *lo;
    }
}

static int zoom_check(const void *opt)
{
    const struct cnn_reals *zoom = &((const struct options *)opt)->zoom;
    if (zoom->count != 1 && zoom->count != 2)
        return cnn_fail(CNN_EUSAGE, "zoom: one factor or two are wanted (F or LO,HI)");
    if (zoom->count == 2 && zoom->value[0] > zoom->value[1])
        return cnn_fail(CNN_EUSAGE, "zoom: %g,%g: the first factor is above the second",
                        zoom->value[0], zoom->value[1]);
    return 0;
}

static int zoom_active(const void *opt)
{
    double lo, hi;
    limits(opt, &lo, &hi);
    return lo < 1 || hi > 1;
}

static int zoom_view(const void *opt, struct cnn_random *r, struct cnn_view *view)
{
    double lo, hi;
    limits(opt, &lo, &hi);
    double step = 1 / (lo * pow(hi / lo, cnn_random_unit(r)));
    double x = 0.5 * (double)(view->w - 1), y = 0.5 * (double)(view->h - 1);
    view->map = (struct cnn_affine){step, 0, x - step * x, 0, step, y - step * y};
    return 0;
}

const struct cnn_augment_type cnn_augment_zoom = {
    .name = "zoom",
    .summary = "enlarged or shrunk about the middle",
    .options = options,
    .options_size = sizeof(struct options),
    .active = zoom_active,
    .check = zoom_check,
    .view = zoom_view,
};
