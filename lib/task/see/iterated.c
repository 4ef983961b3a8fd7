/* The basic iterative method (Kurakin, Goodfellow, Bengio 2016, Adversarial Examples in the Physical World), towards a
 * class: steps of one level along the gradient's signs, within the limit, until the net is sure. From noise it makes an
 * image that says nothing to us (Nguyen, Yosinski, Clune 2014, Deep Neural Networks Are Easily Fooled). */
#include "task/see/private.h"

static int run(struct see *s, const float *x, float *out)
{
    return cnn_see_fool(s, x, (size_t)s->o->steps, 1, s->o->limit, out);
}

const struct see_technique cnn_see_iterated = {.title = "Iterated gradient signs",
                                               .needs = SEE_BACKWARD,
                                               .images = 1,
                                               .run = run,
                                               .page = cnn_see_fool_page};
