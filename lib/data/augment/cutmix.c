/* With a rectangle of another sample of the batch in it, about a point anywhere in the image, of
 * the shape of the image and 1 - l of its area as far as it is inside, l from Beta(a, a); targets
 * are blended by what is left of both (Yun et al. 2019, arXiv 1905.04899). */
#include <math.h>

#include "data/augment/augment.h"

struct options {
    double alpha;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("cutmix", struct options, alpha, "0", .max = 1000, .metavar = "ALPHA",
                    .help = "put a part of another sample of the batch into each, and blend their "
                            "targets, in shares from Beta(ALPHA, ALPHA)"),
    CNN_OPTION_END,
};

static int cutmix_active(const void *opt)
{
    return ((const struct options *)opt)->alpha > 0;
}

/* Pixels from *begin to *end of a side: those of a part of that length about a point of it. */
static void cut(struct cnn_random *r, double length, size_t side, size_t *begin, size_t *end)
{
    double middle = cnn_random_range(r, 0, (double)side), half = length * (double)side / 2;
    double from = floor(middle - half + 0.5), to = floor(middle + half + 0.5);
    *begin = from > 0 ? (size_t)from : 0;
    *end = to < (double)side ? (size_t)to : side;
}

static void cutmix_mix(const void *opt, struct cnn_random *r, struct cnn_mix *mix)
{
    double length = sqrt(1 - cnn_mix_beta(r, ((const struct options *)opt)->alpha));
    struct cnn_mix_part *p = cnn_mix_add(mix, 1);
    cut(r, length, mix->h, &p->top, &p->bottom);
    cut(r, length, mix->w, &p->left, &p->right);
}

const struct cnn_augment_type cnn_augment_cutmix = {
    .name = "cutmix",
    .summary = "with a part of another sample",
    .options = options,
    .options_size = sizeof(struct options),
    .active = cutmix_active,
    .mix = cutmix_mix,
    .group = 2,
    .way = CNN_MIX_PASTES,
};
