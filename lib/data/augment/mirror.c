/* Mirrored left-right, upside down, or each on its own, with probability one half. */
#include "data/augment/augment.h"

#define DIRECTIONS(FIRST, NEXT)                                                                    \
    FIRST(NONE, "none")                                                                            \
    NEXT(H, "h")                                                                                   \
    NEXT(V, "v")                                                                                   \
    NEXT(HV, "hv")
enum direction { CNN_CHOICE_NAMES(DIRECTIONS) };

struct options {
    enum direction flip;
};

static const struct cnn_option options[] = {
    CNN_OPTION_CHOICE(
        "flip", struct options, flip, "none", DIRECTIONS, .metavar = "DIR",
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
    enum direction flip = ((const struct options *)opt)->flip;
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
