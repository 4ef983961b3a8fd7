/* Blended with another sample of the batch: x <- l x + (1 - l) x', and targets likewise, l from
 * Beta(a, a) (Zhang, Cisse, Dauphin and Lopez-Paz 2018, arXiv 1710.09412). */
#include "data/augment/augment.h"

struct options {
    double alpha;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("mixup", struct options, alpha, "0", .max = 1000, .metavar = "ALPHA",
                    .help = "blend each sample with another of its batch, and their targets, in "
                            "shares from Beta(ALPHA, ALPHA)"),
    CNN_OPTION_END,
};

static int mixup_active(const void *opt)
{
    return ((const struct options *)opt)->alpha > 0;
}

static void mixup_mix(const void *opt, struct cnn_random *r, struct cnn_mix *mix)
{
    cnn_mix_add(mix, 1)->keep = cnn_mix_beta(r, ((const struct options *)opt)->alpha);
}

const struct cnn_augment_type cnn_augment_mixup = {
    .name = "mixup",
    .summary = "blended with another sample",
    .options = options,
    .options_size = sizeof(struct options),
    .active = mixup_active,
    .mix = mixup_mix,
    .group = 2,
    .way = CNN_MIX_BLENDS,
};
