/* From numbers to what is seen: the photograph as the net got it, and a map's numbers as heat; see private.h. */
#include <math.h>
#include <stdlib.h>

#include "task/see/private.h"

int cnn_see_photograph(const struct see *s, const float *x, struct cnn_image *out)
{
    size_t plane = s->in.h * s->in.w;
    int rc = cnn_image_reshape(out, s->in.c, s->in.h, s->in.w, 255);
    for (size_t c = 0; !rc && c < s->in.c; c++) {
        size_t to = s->runner.input.bgr && s->in.c == 3 ? 2 - c : c;
        for (size_t p = 0; p < plane; p++) {
            double v = cnn_see_level_of(s, c, (double)x[c * plane + p]) / 255;
            out->px[to * plane + p] = (float)(v < 0 ? 0 : v > 1 ? 1 : v);
        }
    }
    return rc;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

float cnn_see_largest(struct see *s, const float *v, double share)
{
    size_t n = s->in.h * s->in.w;
    for (size_t p = 0; p < n; p++)
        s->sorted[p] = isfinite(v[p]) ? fabsf(v[p]) : 0;
    qsort(s->sorted, n, sizeof *s->sorted, ascending);
    float high = s->sorted[(size_t)(share * (double)(n - 1))];
    return high > 0 ? high : s->sorted[n - 1] > 0 ? s->sorted[n - 1] : 1;
}

/* Of pixels by themselves a few are far above all others. */
static float largest(struct see *s, const float *v)
{
    return cnn_see_largest(s, v, s->method->plane ? 1 : 0.995);
}

static float pixel_of(const struct see *s, size_t p)
{
    size_t plane = s->in.h * s->in.w;
    float sum = 0, high = 0;
    if (s->method->plane)
        return s->map[p];
    for (size_t c = 0; c < s->in.c; c++) {
        float v = s->map[c * plane + p];
        sum += v;
        high = fabsf(v) > high ? fabsf(v) : high;
    }
    return s->method->look == SEE_BOTH ? sum : high;
}

int cnn_see_heat(struct see *s, struct cnn_image *out)
{
    size_t plane = s->in.h * s->in.w;
    int rc = cnn_image_reshape(out, 1, s->in.h, s->in.w, 255);
    if (rc)
        return rc;
    for (size_t p = 0; p < plane; p++)
        out->px[p] = pixel_of(s, p);
    float high = largest(s, out->px), low = s->method->look == SEE_BOTH ? -1 : 0;
    for (size_t p = 0; p < plane; p++) {
        float v = out->px[p] / high;
        out->px[p] = v > 1 ? 1 : v > low ? v : low;
    }
    return 0;
}

int cnn_see_relief(struct see *s, struct cnn_image *out)
{
    size_t plane = s->in.h * s->in.w;
    int rc = cnn_image_reshape(out, s->in.c, s->in.h, s->in.w, 255);
    if (rc)
        return rc;
    for (size_t p = 0; p < plane; p++)
        out->px[p] = pixel_of(s, p);
    float high = largest(s, out->px);
    for (size_t c = 0; c < s->in.c; c++) {
        size_t to = s->runner.input.bgr && s->in.c == 3 ? 2 - c : c;
        for (size_t p = 0; p < plane; p++) {
            float v = 0.5f + s->map[c * plane + p] / high / 2;
            out->px[to * plane + p] = v < 0 ? 0 : v > 1 ? 1 : v;
        }
    }
    return 0;
}

/* Between colours that are as far apart as they look: black, violet, red, yellow; or blue, white, red. */
cnn_colour cnn_see_colour(enum see_look look, double v)
{
    static const cnn_colour heat[] = {0x000004, 0x420a68, 0x932667, 0xdd513a, 0xfca50a, 0xfcffa4};
    static const cnn_colour both[] = {0x2166ac, 0x92c5de, 0xf7f7f7, 0xf4a582, 0xb2182b};
    const cnn_colour *ramp = look == SEE_BOTH ? both : heat;
    int last = look == SEE_BOTH ? 4 : 5;
    double at = (look == SEE_BOTH ? (v + 1) / 2 : v) * last;
    int i = !(at > 0) ? 0 : at >= last ? last - 1 : (int)at;
    return cnn_colour_mix(ramp[i], ramp[i + 1], !(at > 0) ? 0 : at >= last ? 1 : at - i);
}
