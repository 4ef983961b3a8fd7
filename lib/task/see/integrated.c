/* Integrated gradients (Sundararajan, Taly, Yan 2017, Axiomatic Attribution for Deep Networks), from what is 0 to the
 * net to the image,
 *
 *     map = x int_0^1 dS/dx (t x) dt,  at the middles of N equal steps,
 *
 * whose sum is the difference of both scores (completeness). */
#include "task/see/private.h"

static int run(struct see *s, const float *x, float *map)
{
    size_t steps = (size_t)s->o->samples;
    for (size_t i = 0; i < s->pixels; i++)
        map[i] = 0;
    for (size_t k = 0; k < steps; k += s->batch) {
        size_t n = steps - k < s->batch ? steps - k : s->batch;
        for (size_t j = 0; j < n; j++) {
            float t = (float)(((double)(k + j) + 0.5) / (double)steps);
            for (size_t i = 0; i < s->pixels; i++)
                s->x[j * s->pixels + i] = t * x[i];
        }
        int rc = cnn_see_gradients(s, s->x, n, s->dx);
        if (rc)
            return rc;
        for (size_t i = 0; i < n * s->pixels; i++)
            map[i % s->pixels] += s->dx[i] * x[i % s->pixels] / (float)steps;
    }
    return 0;
}

const struct see_technique cnn_see_integrated = {.title = "Integrated gradients",
                                                 .look = SEE_BOTH,
                                                 .needs = SEE_BACKWARD | SEE_MANY,
                                                 .run = run};
