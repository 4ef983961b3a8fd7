/* Convolution: chooses an algorithm for each geometry and pass.
 *
 * The data gradient of a convolution with stride 1 is itself the convolution of dy with the kernel
 * mirrored and its channel sides swapped, so it goes through the forward pass of some algorithm. */
#include "kern/conv_algorithm.h"

static const struct cnn_conv_algorithm *const algorithms[] = {
#define CNN_CONV_ALGORITHM(name) &cnn_conv_##name,
#include "kern/conv_algorithms.def"
#undef CNN_CONV_ALGORITHM
};

static const struct cnn_conv_algorithm *choose(const struct cnn_conv *g, enum cnn_conv_pass pass)
{
    const struct cnn_conv_algorithm *best = NULL;
    double least = 0;
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        double cost = algorithms[i]->cost(g, pass);
        if (cost >= 0 && (!best || cost < least)) {
            best = algorithms[i];
            least = cost;
        }
    }
    return best;
}

/* The geometry that takes dy to dx; 0 when there is none. */
static int mirror(const struct cnn_conv *g, struct cnn_conv *out)
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

static size_t weights_of(const struct cnn_conv *g)
{
    return g->out_c * (g->in_c / g->groups) * g->kh * g->kw;
}

struct swap {
    const struct cnn_conv *g;
    const real *w; /* (out_c, in_c / groups, kh, kw) */
    real *to;      /* (in_c, out_c / groups, kh, kw) */
};

/* Job c: all that reads input channel c. */
static void swap_job(void *context, size_t job, int thread)
{
    const struct swap *s = context;
    const struct cnn_conv *g = s->g;
    size_t cg = g->in_c / g->groups, kg = g->out_c / g->groups, taps = g->kh * g->kw;
    size_t group = job / cg, c = job % cg;
    real *to = s->to + job * kg * taps;
    (void)thread;
    for (size_t k = 0; k < kg; k++) {
        const real *from = s->w + ((group * kg + k) * cg + c) * taps;
        for (size_t t = 0; t < taps; t++)
            *to++ = from[taps - 1 - t];
    }
}

size_t cnn_cpu_conv_work(struct cnn_queue *q, const struct cnn_conv *g, size_t n)
{
    size_t threads = (size_t)cnn_queue_threads(q), data;
    struct cnn_conv m;
    size_t forward = choose(g, CNN_CONV_FORWARD)->work(g, CNN_CONV_FORWARD, n, threads);
    size_t weight = choose(g, CNN_CONV_WEIGHT)->work(g, CNN_CONV_WEIGHT, n, threads);
    if (mirror(g, &m))
        data = cnn_padded(weights_of(g)) +
               choose(&m, CNN_CONV_FORWARD)->work(&m, CNN_CONV_FORWARD, n, threads);
    else
        data = choose(g, CNN_CONV_DATA)->work(g, CNN_CONV_DATA, n, threads);
    return cnn_max(forward, cnn_max(weight, data)) * sizeof(real);
}

void cnn_cpu_conv_forward(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                          const struct cnn_tensor *w, const struct cnn_tensor *b,
                          struct cnn_tensor *y, void *work)
{
    if (q->code)
        return;
    choose(g, CNN_CONV_FORWARD)
        ->forward(q, g, x->n, x->data, w->data, b ? b->data : NULL, y->data, work);
}

void cnn_cpu_conv_backward_data(struct cnn_queue *q, const struct cnn_conv *g,
                                const struct cnn_tensor *dy, const struct cnn_tensor *w,
                                struct cnn_tensor *dx, void *work)
{
    struct cnn_conv m;
    if (q->code)
        return;
    if (!mirror(g, &m)) {
        choose(g, CNN_CONV_DATA)->backward_data(q, g, dy->n, dy->data, w->data, dx->data, work);
        return;
    }
    struct swap s = {g, w->data, work};
    cnn_queue_run(q, g->in_c, swap_job, &s);
    real *rest = (real *)work + cnn_padded(weights_of(g));
    choose(&m, CNN_CONV_FORWARD)->forward(q, &m, dy->n, dy->data, s.to, NULL, dx->data, rest);
}

void cnn_cpu_conv_backward_weight(struct cnn_queue *q, const struct cnn_conv *g,
                                  const struct cnn_tensor *x, const struct cnn_tensor *dy,
                                  struct cnn_tensor *dw, void *work)
{
    if (q->code)
        return;
    choose(g, CNN_CONV_WEIGHT)->backward_weight(q, g, x->n, x->data, dy->data, dw->data, work);
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
