/* Samples mixed with one another: how much of another one, and the two of a pair at once, so that
 * each takes from what the other was. */
#include <math.h>
#include <string.h>

#include "data/augment/augment.h"

/* (0, 1] */
static double open_unit(struct cnn_random *r)
{
    return ((double)cnn_random_u32(r) + 1) * (1.0 / 4294967296.0);
}

/* The logarithm of a number from Gamma(a): of one from Gamma(a + 1), which Marsaglia and Tsang 2000
 * draw, times U^(1/a). */
static double log_gamma_draw(struct cnn_random *r, double a)
{
    double d = a + 2.0 / 3, step = 1 / sqrt(9 * d);
    for (;;) {
        double x = cnn_random_normal(r), root = 1 + step * x, v = root * root * root;
        if (root > 0 && log(open_unit(r)) < x * x / 2 + d - d * v + d * log(v))
            return log(d * v) + log(open_unit(r)) / a;
    }
}

double cnn_mix_beta(struct cnn_random *r, double alpha)
{
    double one = log_gamma_draw(r, alpha), other = log_gamma_draw(r, alpha);
    return 1 / (1 + exp(other - one));
}

struct cnn_mix cnn_mix_whole(size_t h, size_t w, double keep)
{
    return (struct cnn_mix){.h = h, .w = w, .bottom = h, .right = w, .keep = keep};
}

double cnn_mix_share(const struct cnn_mix *m)
{
    double part = (double)((m->bottom - m->top) * (m->right - m->left)) / (double)(m->h * m->w);
    return 1 - (1 - m->keep) * part;
}

/* The first of `to` pixels whose middle is not before edge `at` of `from` pixels. */
static size_t scaled(size_t at, size_t from, size_t to)
{
    size_t twice = 2 * at * to;
    return twice > from ? (twice - from + 2 * from - 1) / (2 * from) : 0;
}

struct cnn_mix cnn_mix_scaled(const struct cnn_mix *m, size_t h, size_t w)
{
    return (struct cnn_mix){.h = h,
                            .w = w,
                            .top = scaled(m->top, m->h, h),
                            .bottom = scaled(m->bottom, m->h, h),
                            .left = scaled(m->left, m->w, w),
                            .right = scaled(m->right, m->w, w),
                            .keep = m->keep};
}

static void take_row(const struct cnn_mix *m, size_t y, float *own, const float *other)
{
    float keep = (float)m->keep, rest = (float)(1 - m->keep);
    if (y < m->top || y >= m->bottom || !(m->keep < 1))
        return;
    for (size_t x = m->left; x < m->right; x++)
        own[x] = keep * own[x] + rest * other[x];
}

void cnn_mix_planes(const struct cnn_mix mix[2], size_t planes, float *a, float *b, float *row)
{
    size_t h = mix->h, w = mix->w;
    for (size_t i = 0; i < planes * h; i++, a += w, b += w) {
        memcpy(row, a, w * sizeof *row);
        take_row(&mix[0], i % h, a, b);
        take_row(&mix[1], i % h, b, row);
    }
}

static int is_within(const struct cnn_mix *m, size_t y, size_t x)
{
    return y >= m->top && y < m->bottom && x >= m->left && x < m->right;
}

void cnn_mix_labels(const struct cnn_mix mix[2], int32_t *a, int32_t *b)
{
    for (size_t i = 0; i < mix->h * mix->w; i++) {
        size_t y = i / mix->w, x = i % mix->w;
        int32_t was = a[i];
        if (is_within(&mix[0], y, x))
            a[i] = b[i];
        if (is_within(&mix[1], y, x))
            b[i] = was;
    }
}
