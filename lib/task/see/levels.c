/* An image's numbers as the levels of a file of 8 bits, 0 to 255; see private.h. The input line says
 * x = (level * scale - mean) / std. */
#include <math.h>

#include "base/random.h"
#include "task/see/private.h"

static double of_channel(const struct cnn_reals *r, size_t c, double usual)
{
    return !r->count ? usual : r->value[r->count == 1 ? 0 : c];
}

double cnn_see_level_to(const struct see *s, size_t c, double v)
{
    const struct cnn_input *in = &s->runner.input;
    return (v * in->scale - of_channel(&in->mean, c, 0)) / of_channel(&in->std, c, 1);
}

double cnn_see_level_of(const struct see *s, size_t c, double x)
{
    const struct cnn_input *in = &s->runner.input;
    return (x * of_channel(&in->std, c, 1) + of_channel(&in->mean, c, 0)) / in->scale;
}

void cnn_see_bounds(const struct see *s, size_t c, float *low, float *high)
{
    *low = (float)cnn_see_level_to(s, c, 0);
    *high = (float)cnn_see_level_to(s, c, 255);
}

void cnn_see_round(const struct see *s, float *x)
{
    size_t plane = s->in.h * s->in.w;
    for (size_t i = 0; i < s->pixels; i++) {
        double v = round(cnn_see_level_of(s, i / plane, (double)x[i]));
        x[i] = (float)cnn_see_level_to(s, i / plane, v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

void cnn_see_noise(const struct see *s, uint64_t stream, double deviation, float *x)
{
    struct cnn_random r;
    size_t plane = s->in.h * s->in.w;
    cnn_random_start(&r, (uint64_t)s->o->seed, stream);
    for (size_t i = 0; i < s->pixels; i++)
        x[i] = (float)cnn_see_level_to(s, i / plane, 127.5 + deviation * cnn_random_normal(&r));
    cnn_see_round(s, x);
}
