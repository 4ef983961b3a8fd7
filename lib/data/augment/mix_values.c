/* Samples mixed with one another: their pixels, labels, numbers, boxes and points; see augment.h. */
#include <math.h>
#include <string.h>

#include "data/augment/augment.h"

/* Whether a sample is where it was, in its size. */
static int is_in_place(const struct cnn_mix *m, const struct cnn_mix_part *p)
{
    return !p->y && !p->x && p->h == m->h && p->w == m->w;
}

static int is_whole(const struct cnn_mix *m, const struct cnn_mix_part *p)
{
    return is_in_place(m, p) && !p->top && !p->left && p->bottom == m->h && p->right == m->w;
}

static int is_empty(const struct cnn_mix_part *p)
{
    return p->top >= p->bottom || p->left >= p->right;
}

/* Whether `out` has it already. */
static int is_there(const struct cnn_mix *m, size_t i)
{
    return !i && m->part->of == m->own && is_whole(m, m->part);
}

static void blend(size_t n, double keep, const float *src, float *out)
{
    float here = (float)keep, there = (float)(1 - keep);
    for (size_t i = 0; i < n; i++)
        out[i] = here * out[i] + there * src[i];
}

/* The part's pixels, as planes of `h` rows of `stride` that begin at src. */
static void put(const struct cnn_mix *m, const struct cnn_mix_part *p, size_t planes,
                const float *src, size_t h, size_t stride, float *out)
{
    for (size_t c = 0; c < planes; c++)
        for (size_t y = p->top; y < p->bottom; y++)
            blend(p->right - p->left, p->keep, src + (c * h + y - p->top) * stride,
                  out + (c * m->h + y) * m->w + p->left);
}

/* Resized first; px (planes, h, w). */
static int put_resized(const struct cnn_mix *m, const struct cnn_mix_part *p, size_t planes,
                       float *px, float *out, struct cnn_image *scratch)
{
    const struct cnn_image src = {.c = planes, .h = m->h, .w = m->w, .px = px};
    const struct cnn_box box = {(size_t)((ptrdiff_t)p->top - p->y),
                                (size_t)((ptrdiff_t)p->left - p->x), p->bottom - p->top,
                                p->right - p->left};
    int rc = cnn_image_resize_part(scratch, &src, CNN_FILTER_BILINEAR, p->h, p->w, &box);
    if (!rc)
        put(m, p, planes, scratch->px, box.h, box.w, out);
    return rc;
}

int cnn_mix_planes(const struct cnn_mix *m, size_t planes, float *group, float *out,
                   struct cnn_image *scratch)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < m->parts; i++) {
        const struct cnn_mix_part *p = &m->part[i];
        float *px = group + p->of * planes * m->h * m->w;
        if (is_there(m, i) || is_empty(p) || p->keep >= 1)
            continue;
        if (is_in_place(m, p))
            put(m, p, planes, px + p->top * m->w + p->left, m->h, m->w, out);
        else
            rc = put_resized(m, p, planes, px, out, scratch);
    }
    return rc;
}

/* The pixel of `from` that the middle of pixel `at` of `to` shows. */
static size_t nearest(ptrdiff_t at, size_t from, size_t to)
{
    return (2 * (size_t)at + 1) * from / (2 * to);
}

void cnn_mix_labels(const struct cnn_mix *m, const int32_t *group, int32_t *out)
{
    for (size_t i = 0; i < m->parts; i++) {
        const struct cnn_mix_part *p = &m->part[i];
        const int32_t *src = group + p->of * m->h * m->w;
        if (is_there(m, i))
            continue;
        for (size_t y = p->top; y < p->bottom; y++) {
            const int32_t *row = src + nearest((ptrdiff_t)y - p->y, m->h, p->h) * m->w;
            for (size_t x = p->left; x < p->right; x++)
                out[y * m->w + x] = row[nearest((ptrdiff_t)x - p->x, m->w, p->w)];
        }
    }
}

void cnn_mix_numbers(const struct cnn_mix *m, size_t n, const float *group, float *out)
{
    double share[CNN_MIX_MOST];
    cnn_mix_shares(m, share);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)share[0] * group[m->part->of * n + i];
    for (size_t k = 1; k < m->parts; k++)
        for (size_t i = 0; share[k] > 0 && i < n; i++)
            out[i] += (float)share[k] * group[m->part[k].of * n + i];
}

/* Boxes and points */

/* Where a point of the sample's image is. */
static void find(const struct cnn_mix *m, const struct cnn_mix_part *p, double x, double y,
                 double at[2])
{
    at[0] = (double)p->x + x * (double)p->w / (double)m->w;
    at[1] = (double)p->y + y * (double)p->h / (double)m->h;
}

static int place_point(const struct cnn_mix *m, const struct cnn_mix_part *p, float *point)
{
    double at[2];
    find(m, p, (double)point[0], (double)point[1], at);
    point[0] = (float)at[0];
    point[1] = (float)at[1];
    return 1;
}

static int place_box(const struct cnn_mix *m, const struct cnn_mix_part *p, float *box)
{
    static const double least_part = 0.1, least_side = 2;
    const size_t begin[2] = {p->left, p->top}, end[2] = {p->right, p->bottom};
    double from[2], to[2], part = 1;
    int seen = 1;
    if (is_whole(m, p))
        return 1;
    find(m, p, (double)box[0], (double)box[1], from);
    find(m, p, (double)box[0] + (double)box[2], (double)box[1] + (double)box[3], to);
    for (int k = 0; k < 2; k++) {
        double first = fmax(from[k], (double)begin[k]), last = fmin(to[k], (double)end[k]);
        seen &= last - first >= least_side;
        part *= (last - first) / (to[k] - from[k]);
        box[k] = (float)first;
        box[2 + k] = (float)(last - first);
    }
    return seen && part >= least_part;
}

enum { HEAD = 4 };

/* Lists one behind another: each sample's as it is in its part. */
static size_t join(const struct cnn_mix *m,
                   int (*place)(const struct cnn_mix *, const struct cnn_mix_part *, float *),
                   size_t most, size_t columns, const size_t *count, const float *group, float *out)
{
    size_t n = 0, head = (columns < HEAD ? columns : HEAD) * sizeof *out;
    for (size_t i = 0; i < m->parts; i++) {
        const struct cnn_mix_part *p = &m->part[i];
        const float *row = group + p->of * most * columns;
        for (size_t k = 0; k < count[p->of]; k++, row += columns) {
            float placed[HEAD] = {0};
            memcpy(placed, row, head);
            if (!place(m, p, placed) || n++ >= most)
                continue;
            memcpy(out + (n - 1) * columns, row, columns * sizeof *out);
            memcpy(out + (n - 1) * columns, placed, head);
        }
    }
    for (size_t i = n * columns; i < most * columns; i++)
        out[i] = 0;
    return n;
}

size_t cnn_mix_boxes(const struct cnn_mix *m, size_t most, size_t columns, const size_t *count,
                     const float *group, float *out)
{
    return join(m, place_box, most, columns, count, group, out);
}

size_t cnn_mix_points(const struct cnn_mix *m, size_t most, size_t columns, const size_t *count,
                      const float *group, float *out)
{
    return join(m, place_point, most, columns, count, group, out);
}
