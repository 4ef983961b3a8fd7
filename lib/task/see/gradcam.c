/* Grad-CAM (Selvaraju et al. 2017): a layer's planes A_k, weighted by the mean of the score's gradient over each,
 *
 *     map = max(0, sum_k A_k 1/Z sum_ij dS/dA_k[i,j])
 */
#include "task/see/private.h"

/* The gradient's mean over plane k. */
static double mean_slope(const struct see *s, size_t k)
{
    return cnn_see_slope_sum(s, k) / (double)(s->planes.h * s->planes.w);
}

static int run(struct see *s, const float *x, float *map)
{
    return cnn_see_weighted(s, x, mean_slope, 1, map);
}

const struct see_technique cnn_see_gradcam = {.title = "Grad-CAM",
                                              .look = SEE_PART,
                                              .needs = SEE_BACKWARD | SEE_LAYER,
                                              .plane = 1,
                                              .run = run};
