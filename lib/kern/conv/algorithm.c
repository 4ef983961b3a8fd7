/* What the ways to convolve share; see algorithm.h. */
#include "kern/conv/algorithm.h"

int cnn_conv_mirror(const struct cnn_conv *g, struct cnn_conv *out)
{
    size_t h = g->dilation_h * (g->kh - 1), w = g->dilation_w * (g->kw - 1);
    if (g->stride_h != 1 || g->stride_w != 1 || g->pad_top > h || g->pad_bottom > h ||
        g->pad_left > w || g->pad_right > w)
        return 0;
    *out = *g;
    out->in_c = g->out_c;
    out->in_h = g->out_h;
    out->in_w = g->out_w;
    out->out_c = g->in_c;
    out->out_h = g->in_h;
    out->out_w = g->in_w;
    out->pad_top = h - g->pad_top;
    out->pad_bottom = h - g->pad_bottom;
    out->pad_left = w - g->pad_left;
    out->pad_right = w - g->pad_right;
    return 1;
}

struct parts {
    size_t parts, count;
    const real *part; /* (parts, count) */
    real *dw;         /* (count) */
};

enum { COMBINE = 2048 };

static void combine_job(void *context, size_t job, int thread)
{
    const struct parts *p = context;
    struct cnn_range r = cnn_range_of(job, COMBINE, p->count);
    (void)thread;
    for (size_t k = 0; k < p->parts; k++)
        for (size_t i = r.begin; i < r.end; i++)
            p->dw[i] += p->part[k * p->count + i];
}

void cnn_conv_combine(struct cnn_queue *q, size_t parts, size_t count, const real *part, real *dw)
{
    struct parts p = {parts, count, part, dw};
    cnn_queue_run(q, cnn_ceil_div(count, COMBINE), combine_job, &p);
}
