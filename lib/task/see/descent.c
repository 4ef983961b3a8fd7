/* Steps of images towards what they are to become; see private.h. */
#include <math.h>

#include "task/see/private.h"

void cnn_see_descend(float *x, const float *dx, size_t n, double rate, size_t k,
                     float *const moment[2])
{
    const double mean = 0.9, square = 0.999, least = 1e-12;
    double m = 1 - pow(mean, (double)k), v = 1 - pow(square, (double)k);
    for (size_t i = 0; i < n; i++) {
        double g = (double)dx[i];
        moment[0][i] = (float)(mean * (double)moment[0][i] + (1 - mean) * g);
        moment[1][i] = (float)(square * (double)moment[1][i] + (1 - square) * g * g);
        x[i] -=
            (float)(rate * ((double)moment[0][i] / m) / (sqrt((double)moment[1][i] / v) + least));
    }
}

void cnn_see_roll(const struct see *s, const float *x, size_t n, ptrdiff_t rows, ptrdiff_t columns,
                  float *out)
{
    ptrdiff_t h = (ptrdiff_t)s->in.h, w = (ptrdiff_t)s->in.w;
    for (ptrdiff_t p = 0; p < (ptrdiff_t)(n * s->in.c); p++)
        for (ptrdiff_t i = 0; i < h; i++)
            for (ptrdiff_t j = 0; j < w; j++)
                out[(p * h + (i + rows + h) % h) * w + (j + columns + w) % w] =
                    x[(p * h + i) * w + j];
}
