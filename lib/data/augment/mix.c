/* Samples mixed with one another: what of which goes where, and in which share. */
#include <math.h>

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

struct cnn_mix cnn_mix_whole(size_t group, size_t own, size_t h, size_t w)
{
    struct cnn_mix m = {.group = group, .own = own, .h = h, .w = w};
    cnn_mix_add(&m, 0);
    return m;
}

struct cnn_mix_part *cnn_mix_add(struct cnn_mix *m, size_t behind)
{
    struct cnn_mix_part *p = &m->part[m->parts++];
    *p = (struct cnn_mix_part){
        .of = (m->own + behind) % m->group, .bottom = m->h, .right = m->w, .h = m->h, .w = m->w};
    return p;
}

int cnn_mix_is_mixed(const struct cnn_mix *m)
{
    return m->parts > 1;
}

/* The first has what the others leave of it, and the last what is left of 1. */
void cnn_mix_shares(const struct cnn_mix *m, double *share)
{
    double rest = 1;
    share[0] = 1;
    for (size_t i = 1; i < m->parts; i++) {
        const struct cnn_mix_part *p = &m->part[i];
        double part = (double)((p->bottom - p->top) * (p->right - p->left)) / (double)(m->h * m->w);
        share[i] = (1 - p->keep) * part;
        share[0] -= share[i];
    }
    for (size_t i = 0; i + 1 < m->parts; i++)
        rest -= share[i];
    share[m->parts - 1] = rest;
}

/* The first of `to` pixels whose middle is not before edge `at` of `from` pixels, as far as there
 * are any. */
static ptrdiff_t scaled(ptrdiff_t at, size_t from, size_t to)
{
    ptrdiff_t f = (ptrdiff_t)from, twice = 2 * at * (ptrdiff_t)to + f - 1, whole = twice / (2 * f);
    return whole - (twice % (2 * f) < 0);
}

static void scale_side(ptrdiff_t *at, size_t *length, size_t from, size_t to)
{
    ptrdiff_t end = scaled(*at + (ptrdiff_t)*length, from, to);
    *at = scaled(*at, from, to);
    *length = (size_t)(end - *at);
}

struct cnn_mix cnn_mix_scaled(const struct cnn_mix *m, size_t h, size_t w)
{
    struct cnn_mix out = *m;
    out.h = h;
    out.w = w;
    for (size_t i = 0; i < m->parts; i++) {
        struct cnn_mix_part *p = &out.part[i];
        p->top = (size_t)scaled((ptrdiff_t)p->top, m->h, h);
        p->bottom = (size_t)scaled((ptrdiff_t)p->bottom, m->h, h);
        p->left = (size_t)scaled((ptrdiff_t)p->left, m->w, w);
        p->right = (size_t)scaled((ptrdiff_t)p->right, m->w, w);
        scale_side(&p->y, &p->h, m->h, h);
        scale_side(&p->x, &p->w, m->w, w);
    }
    return out;
}
