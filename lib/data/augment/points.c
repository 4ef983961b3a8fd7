/* Points through a view, and through displacements before it: what an output has at q is the input's at
 * M(q + d(q)), so the input's point p is at the q for which q + d(q) = M^-1 p. It is found by
 * q <- M^-1 p - d(q), which comes to an end where neighbours move alike; where displacements fold
 * the image over, a point has several places or none, and what was found last is taken. */
#include <math.h>

#include "data/augment/augment.h"

enum { ROUNDS = 100 };

/* One axis' displacement at a point, measured from pixels' centres, between the four around it. */
static double between(const struct cnn_displacements *f, const float *d, double x, double y)
{
    x = fmin(fmax(x, 0), (double)(f->w - 1));
    y = fmin(fmax(y, 0), (double)(f->h - 1));
    size_t left = (size_t)x, top = (size_t)y;
    size_t right = left + 1 < f->w ? left + 1 : left, bottom = top + 1 < f->h ? top + 1 : top;
    double u = x - (double)left, v = y - (double)top;
    double above = (1 - u) * (double)d[top * f->w + left] + u * (double)d[top * f->w + right];
    double below = (1 - u) * (double)d[bottom * f->w + left] + u * (double)d[bottom * f->w + right];
    return (1 - v) * above + v * below;
}

static void unbend(const struct cnn_displacements *f, double at[2])
{
    const double from[2] = {at[0], at[1]};
    double moved = 1;
    for (int i = 0; i < ROUNDS && moved > 1e-4; i++) {
        double x = from[0] - between(f, f->dx, at[0] - 0.5, at[1] - 0.5);
        double y = from[1] - between(f, f->dy, at[0] - 0.5, at[1] - 0.5);
        moved = fabs(x - at[0]) + fabs(y - at[1]);
        at[0] = x;
        at[1] = y;
    }
}

void cnn_points_move(struct cnn_image *points, const struct cnn_view *view,
                     const struct cnn_displacements *field)
{
    size_t columns = points->h;
    for (size_t i = 0; i < points->c; i++) {
        float *point = points->px + i * columns;
        double at[2];
        cnn_view_find(view, (double)point[0], (double)point[1], at);
        if (field)
            unbend(field, at);
        point[0] = (float)at[0];
        point[1] = (float)at[1];
    }
}
