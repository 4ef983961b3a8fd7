/* What becomes of values on their way out: positions pooled, rows brought to length 1; see private.h. */
#include <math.h>

#include "task/features/private.h"

/* Of the positions of a plane.
 *   avg  the mean
 *   max  the largest
 *   gem  the generalized mean (mean of max(x, 1e-6)^p)^(1/p): the mean for p = 1, towards the largest as p
 *        grows (Radenovic, Tolias, Chum, Fine-tuning CNN Image Retrieval with No Human Annotation, 2018) */
static double pool_plane(const struct cnn_features_options *o, const float *x, size_t n)
{
    enum cnn_features_pooling kind = (enum cnn_features_pooling)o->pooling;
    double sum = 0, largest = (double)x[0];
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i];
        largest = v > largest || isnan(v) ? v : largest;
        sum += kind == CNN_FEATURES_GEM ? pow(v > 1e-6 || isnan(v) ? v : 1e-6, o->gem_power) : v;
    }
    switch (kind) {
    case CNN_FEATURES_AVG:
        return sum / (double)n;
    case CNN_FEATURES_MAX:
        return largest;
    case CNN_FEATURES_GEM:
        return pow(sum / (double)n, 1 / o->gem_power);
    }
    return sum;
}

void cnn_features_pool(const struct cnn_features_options *o, float *dst, const float *src,
                       size_t planes, size_t positions)
{
    for (size_t i = 0; i < planes; i++)
        dst[i] = (float)pool_plane(o, src + i * positions, positions);
}

void cnn_features_normalise(float *row, size_t n)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (double)row[i] * (double)row[i];
    for (size_t i = 0; squares > 0 && i < n; i++)
        row[i] = (float)((double)row[i] / sqrt(squares));
}
