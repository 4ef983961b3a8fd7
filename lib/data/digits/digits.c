/* Handwritten-looking digits: the strokes of a style (styles.c) are Catmull-Rom splines
 * whose points are displaced and whose plane is bent by a cubic polynomial and mapped by an affine
 * map; they are drawn with a round pen of varying pressure, between bits of foreign strokes and
 * noise. Only + - * / and square roots in double are used, so that the bytes are the same
 * everywhere. */
#include "data/digits/digits.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "data/digits/private.h"

#ifdef __clang__ /* gcc does so in ISO C and does not know the pragma */
#pragma STDC FP_CONTRACT OFF
#endif

enum { SIDE = CNN_DIGITS_SIDE, STEPS = 6 }; /* segments of a span between two points */

struct vec {
    double x, y;
};

/* From a style's plane (the middle at 0, the height -1..1) to pixels. */
struct hand {
    double bend[2][6]; /* factors of x^2, xy, y^2, x^2 y, x y^2, y^3 */
    double map[2][2];
    struct vec shift;
};

/* What a stroke is drawn with. */
struct pen {
    double radius, soft; /* pixels; the edge fades over `soft` */
    double ink;
    double press[2]; /* factor of the radius at the beginning and at the end */
};

struct canvas {
    double px[SIDE * SIDE];
};

/* A number of mean 0 and variance 1 from a triangle on (-sqrt 6, sqrt 6). */
static double bell(struct cnn_random *r)
{
    uint32_t word = cnn_random_u32(r);
    double sum = (double)(word & 0xffff) + (double)(word >> 16) - 65535.0;
    return sum * (2.449489742783178 / 65536.0);
}

static double range(struct cnn_random *r, double lo, double hi)
{
    return cnn_random_range(r, lo, hi);
}

static int chance(struct cnn_random *r, double p)
{
    return cnn_random_unit(r) < p;
}

/* Coverage of one segment with radii ra and rb at its ends: max over the strokes. */
static void draw_segment(struct canvas *c, struct vec a, struct vec b, double ra, double rb,
                         const struct pen *pen)
{
    double reach = (ra > rb ? ra : rb) + 0.5 * pen->soft;
    double lox = (a.x < b.x ? a.x : b.x) - reach, hix = (a.x > b.x ? a.x : b.x) + reach;
    double loy = (a.y < b.y ? a.y : b.y) - reach, hiy = (a.y > b.y ? a.y : b.y) + reach;
    int x0 = lox > 0 ? (int)lox : 0, x1 = hix < SIDE - 1 ? (int)hix + 1 : SIDE - 1;
    int y0 = loy > 0 ? (int)loy : 0, y1 = hiy < SIDE - 1 ? (int)hiy + 1 : SIDE - 1;
    double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    double inverse = length > 0 ? 1 / length : 0, steep = pen->ink / pen->soft;
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++) {
            double px = x - a.x, py = y - a.y, t = (px * dx + py * dy) * inverse;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            px -= t * dx;
            py -= t * dy;
            double edge = ra + t * (rb - ra) + 0.5 * pen->soft, away = px * px + py * py;
            if (away >= edge * edge)
                continue;
            double v = (edge - sqrt(away)) * steep, *out = &c->px[y * SIDE + x];
            v = v > pen->ink ? pen->ink : v;
            *out = v > *out ? v : *out;
        }
}

/* A point of the span from p[1] to p[2] (Catmull and Rom 1974). */
static double spline(double p0, double p1, double p2, double p3, double t)
{
    double a = 2 * p1, b = p2 - p0, c = 2 * p0 - 5 * p1 + 4 * p2 - p3,
           d = 3 * p1 - p0 - 3 * p2 + p3;
    return 0.5 * (a + t * (b + t * (c + t * d)));
}

/* A curve through n points; the part of it within gap[0]..gap[1] (of 0..1) is left out. */
static void draw_curve(struct canvas *c, const struct vec *p, size_t n, const struct pen *pen,
                       const double gap[2])
{
    size_t total = (n - 1) * STEPS;
    struct vec from = p[0];
    double radius = pen->radius * pen->press[0];
    for (size_t step = 1; step <= total; step++) {
        size_t i = (step - 1) / STEPS, before = i ? i - 1 : 0, after = i + 2 < n ? i + 2 : n - 1;
        double t = (double)(step - i * STEPS) / STEPS, u = (double)step / (double)total;
        struct vec to = {spline(p[before].x, p[i].x, p[i + 1].x, p[after].x, t),
                         spline(p[before].y, p[i].y, p[i + 1].y, p[after].y, t)};
        double next = pen->radius * (pen->press[0] + u * (pen->press[1] - pen->press[0]));
        if (u < gap[0] || u > gap[1])
            draw_segment(c, from, to, radius, next, pen);
        from = to;
        radius = next;
    }
}

/* A way of writing: size, slant, rotation (through the tangent of its half), place, bending. */
static struct hand draw_hand(struct cnn_random *r)
{
    struct hand h;
    double height = range(r, 7.6, 10.8), width = height * range(r, 0.72, 1.22);
    double slant = 0.16 * bell(r) - 0.12, half = 0.06 * bell(r);
    double cosine = (1 - half * half) / (1 + half * half), sine = 2 * half / (1 + half * half);
    for (int axis = 0; axis < 2; axis++)
        for (int k = 0; k < 6; k++)
            h.bend[axis][k] = (k < 3 ? 0.08 : 0.055) * bell(r);
    h.map[0][0] = cosine * width;
    h.map[0][1] = cosine * slant * height - sine * height;
    h.map[1][0] = sine * width;
    h.map[1][1] = sine * slant * height + cosine * height;
    h.shift = (struct vec){0.5 * (SIDE - 1) + 1.25 * bell(r), 0.5 * (SIDE - 1) + 1.25 * bell(r)};
    return h;
}

static struct vec place(const struct hand *h, double x, double y)
{
    const double term[6] = {x * x, x * y, y * y, x * x * y, x * y * y, y * y * y};
    double bent[2] = {x, y};
    for (int axis = 0; axis < 2; axis++)
        for (int k = 0; k < 6; k++)
            bent[axis] += h->bend[axis][k] * term[k];
    return (struct vec){h->shift.x + h->map[0][0] * bent[0] + h->map[0][1] * bent[1],
                        h->shift.y + h->map[1][0] * bent[0] + h->map[1][1] * bent[1]};
}

static void draw_stroke(struct canvas *c, struct cnn_random *r, const struct vec *p, size_t n,
                        struct pen *pen)
{
    double gap[2] = {2, 2};
    pen->press[0] = range(r, 0.75, 1.2);
    pen->press[1] = range(r, 0.6, 1.15);
    if (chance(r, 0.08)) {
        gap[0] = range(r, 0, 0.9);
        gap[1] = gap[0] + range(r, 0.05, 0.12);
    }
    draw_curve(c, p, n, pen, gap);
}

/* Each point of the style is displaced on its own; the twins of a corner together. */
static void draw_style(struct canvas *c, struct cnn_random *r, const struct cnn_digit_style *style,
                       struct pen *pen)
{
    struct hand hand = draw_hand(r);
    struct vec p[CNN_DIGIT_POINTS];
    double unsteady = range(r, 0.02, 0.09);
    const struct cnn_digit_point *q = style->point;
    size_t n = 0;
    for (size_t i = 0; i < CNN_DIGIT_POINTS && (q[i].x || q[i].y); i++) {
        if (q[i].x == CNN_DIGIT_UP) {
            draw_stroke(c, r, p, n, pen);
            n = 0;
        } else if (n && q[i].x == q[i - 1].x && q[i].y == q[i - 1].y) {
            p[n] = p[n - 1];
            n++;
        } else {
            double x = (q[i].x - 50) / 50.0 + unsteady * bell(r);
            double y = (q[i].y - 50) / 50.0 + unsteady * bell(r);
            p[n++] = place(&hand, x, y);
        }
    }
    draw_stroke(c, r, p, n, pen);
}

/* A short foreign stroke somewhere, most often near the border. */
static void draw_clutter(struct canvas *c, struct cnn_random *r, const struct pen *like)
{
    struct pen pen = *like;
    struct vec p[3];
    double side = chance(r, 0.5) ? range(r, -1, 4) : range(r, SIDE - 5, SIDE);
    double along = range(r, 0, SIDE - 1);
    p[0] = chance(r, 0.5) ? (struct vec){side, along} : (struct vec){along, side};
    if (chance(r, 0.25))
        p[0] = (struct vec){range(r, 4, SIDE - 5), range(r, 4, SIDE - 5)};
    p[1] = (struct vec){p[0].x + 2.2 * bell(r), p[0].y + 2.2 * bell(r)};
    p[2] = (struct vec){2 * p[1].x - p[0].x + 0.8 * bell(r), 2 * p[1].y - p[0].y + 0.8 * bell(r)};
    pen.radius *= range(r, 0.6, 1);
    pen.ink *= range(r, 0.4, 1);
    draw_stroke(c, r, p, 3, &pen);
}

/* To bytes, with noise of a standard deviation of up to a sixteenth of the range. */
static void develop(const struct canvas *c, struct cnn_random *r, unsigned char *px)
{
    double noise = chance(r, 0.5) ? range(r, 0, 16) : 0;
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        double v = 255 * c->px[i] + (noise > 0 ? noise * bell(r) : 0);
        px[i] = (unsigned char)(v <= 0 ? 0 : v >= 255 ? 255 : v + 0.5);
    }
}

int cnn_digits_class(uint64_t seed, size_t i)
{
    uint32_t order[CNN_DIGITS_CLASSES];
    cnn_random_permutation(seed, cnn_hash_u64(i / CNN_DIGITS_CLASSES, 1), CNN_DIGITS_CLASSES,
                           order);
    return (int)order[i % CNN_DIGITS_CLASSES];
}

int cnn_digits_pixels(uint64_t seed, size_t i, unsigned char px[SIDE * SIDE])
{
    struct cnn_random r;
    struct canvas canvas = {{0}};
    int label = cnn_digits_class(seed, i), styles = 0;
    cnn_random_start(&r, seed, cnn_hash_u64(i, 2));
    while (styles < CNN_DIGIT_STYLES && cnn_digit_style[label][styles].point[0].x)
        styles++;
    size_t style = (size_t)cnn_random_below(&r, (uint64_t)styles);
    struct pen pen = {
        .radius = range(&r, 0.75, 1.75), .soft = range(&r, 1.0, 2.2), .ink = range(&r, 0.7, 1.1)};
    draw_style(&canvas, &r, &cnn_digit_style[label][style], &pen);
    for (int extra = 0; extra < 3 && chance(&r, 0.35); extra++)
        draw_clutter(&canvas, &r, &pen);
    develop(&canvas, &r, px);
    return label;
}

int cnn_digits_draw(uint64_t seed, size_t i, struct cnn_image *out, int *label)
{
    unsigned char px[SIDE * SIDE];
    int rc = cnn_image_reshape(out, 1, SIDE, SIDE, 255);
    if (rc)
        return rc;
    *label = cnn_digits_pixels(seed, i, px);
    for (size_t k = 0; k < SIDE * SIDE; k++)
        out->px[k] = (float)px[k] / 255.0f;
    return 0;
}
