/* Mirrored left-right, upside down, or each on its own, with probability one half. */
#include "data/augment/augment.h"

enum direction { NONE, H, V, HV };

struct options {
    int flip;
};

static const struct cnn_option options[] = {
    CNN_OPTION_CHOICE(
        "flip", struct options, flip, "none", .choices = "none|h|v|hv", .metavar = "DIR",
        .help =
            "mirror with probability 1/2, left-right (h), upside down (v), or both on their own"),
    CNN_OPTION_END,
};

static int mirror_active(const void *opt)
{
    return ((const struct options *)opt)->flip != NONE;
}

static int mirror_view(const void *opt, struct cnn_random *r, struct cnn_view *view)
{
    int flip = ((const struct options *)opt)->flip;
    int across = cnn_random_unit(r) < 0.5, down = cnn_random_unit(r) < 0.5;
    if (across && (flip == H || flip == HV)) {
        view->map.a = -1;
        view->map.c = (double)(view->w - 1);
    }
    if (down && (flip == V || flip == HV)) {
        view->map.e = -1;
        view->map.f = (double)(view->h - 1);
    }
    return 0;
}

const struct cnn_augment_type cnn_augment_mirror = {
    .name = "mirror",
    .summary = "mirrored",
    .options = options,
    .options_size = sizeof(struct options),
    .active = mirror_active,
    .view = mirror_view,
};
