/* SmoothGrad (Smilkov, Thorat, Kim, Viegas, Wattenberg 2017): the mean gradient of copies of the image with noise,
 *
 *     map = 1/N sum_k dS/dx (x + e_k),  e_k ~ N(0, (noise (max x - min x))^2)
 */
#include "base/random.h"
#include "task/see/private.h"

static double range_of(const float *x, size_t n)
{
    float low = x[0], high = x[0];
    for (size_t i = 1; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    return (double)high - (double)low;
}

static int run(struct see *s, const float *x, float *map)
{
    size_t samples = (size_t)s->o->samples;
    double deviation = s->o->noise * range_of(x, s->pixels);
    for (size_t i = 0; i < s->pixels; i++)
        map[i] = 0;
    for (size_t k = 0; k < samples; k += s->batch) {
        size_t n = samples - k < s->batch ? samples - k : s->batch;
        for (size_t j = 0; j < n; j++) {
            struct cnn_random r;
            cnn_random_start(&r, (uint64_t)s->o->seed, cnn_hash_u64(k + j, s->stream));
            for (size_t i = 0; i < s->pixels; i++)
                s->x[j * s->pixels + i] = x[i] + (float)(deviation * cnn_random_normal(&r));
        }
        int rc = cnn_see_gradients(s, s->x, n, s->dx);
        if (rc)
            return rc;
        for (size_t i = 0; i < n * s->pixels; i++)
            map[i % s->pixels] += s->dx[i] / (float)samples;
    }
    return 0;
}

const struct see_technique cnn_see_smoothgrad = {
    .title = "SmoothGrad", .look = SEE_AMOUNT, .needs = SEE_BACKWARD | SEE_MANY, .run = run};
