/* Rotated about the middle by an angle t from U[-d, d]: the point at (u, v) from the middle comes
 * from (u cos t - v sin t, u sin t + v cos t). */
#include <math.h>

#include "data/augment/augment.h"

struct options {
    double degrees;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("rotate", struct options, degrees, "0", .max = 180, .metavar = "DEGREES",
                    .help = "rotate by up to so many degrees, either way"),
    CNN_OPTION_END,
};

static int rotate_active(const void *opt)
{
    return ((const struct options *)opt)->degrees > 0;
}

static int rotate_view(const void *opt, struct cnn_random *r, struct cnn_view *view)
{
    double most = ((const struct options *)opt)->degrees;
    double angle = cnn_random_range(r, -most, most) * (3.14159265358979323846 / 180);
    double s = sin(angle), c = cos(angle);
    double x = 0.5 * (double)(view->w - 1), y = 0.5 * (double)(view->h - 1);
    view->map = (struct cnn_affine){c, -s, x - c * x + s * y, s, c, y - s * x - c * y};
    return 0;
}

const struct cnn_augment_type cnn_augment_rotate = {
    .name = "rotate",
    .summary = "rotated about the middle",
    .options = options,
    .options_size = sizeof(struct options),
    .active = rotate_active,
    .view = rotate_view,
};
