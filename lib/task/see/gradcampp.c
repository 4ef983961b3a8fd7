/* Grad-CAM++ (Chattopadhyay, Sarkar, Howlader, Balasubramanian 2018): as Grad-CAM, but that a place counts by how
 * much the score bends there, so that several objects of the class are seen,
 *
 *     w_k = sum_ij a_k[i,j] max(0, g_k[i,j]),  g = dS/dA,  a = g^2 / (2 g^2 + g^3 sum_ij A_k[i,j])
 */
#include "task/see/private.h"

static double bend(const struct see *s, size_t k)
{
    size_t plane = s->planes.h * s->planes.w;
    const float *value = s->value + k * plane, *slope = s->slope + k * plane;
    double sum = 0, weight = 0;
    for (size_t p = 0; p < plane; p++)
        sum += (double)value[p];
    for (size_t p = 0; p < plane; p++) {
        double g = (double)slope[p], below = 2 * g * g + g * g * g * sum;
        if (g > 0 && below > 0) /* what is not above 0 counts for nothing */
            weight += g * g / below * g;
    }
    return weight;
}

static int run(struct see *s, const float *x, float *map)
{
    return cnn_see_weighted(s, x, bend, 1, map);
}

const struct see_technique cnn_see_gradcampp = {.title = "Grad-CAM++",
                                                .look = SEE_PART,
                                                .needs = SEE_BACKWARD | SEE_LAYER,
                                                .plane = 1,
                                                .run = run};
