/* The fast gradient sign method (Goodfellow, Shlens, Szegedy 2014, Explaining and Harnessing Adversarial Examples),
 * towards a class: one step of the whole limit, x + limit sign(d log p / dx). */
#include "task/see/private.h"

enum { LEVELS = 8 }; /* without --limit */

static int run(struct see *s, const float *x, float *out)
{
    double limit = s->o->limit > 0 ? s->o->limit : LEVELS;
    return cnn_see_fool(s, x, 1, limit, limit, out);
}

const struct see_technique cnn_see_fgsm = {.title = "Fast gradient sign method",
                                           .needs = SEE_BACKWARD,
                                           .images = 1,
                                           .run = run,
                                           .page = cnn_see_fool_page};
