/* Convolution: the kernels, each by the cheapest way for its geometry, pass and layouts
 * (way.c).
 *
 * Where no algorithm takes the layouts, the tensors are rearranged to plain order and back. */
#include <stdio.h>

#include "base/error.h"
#include "kern/conv/way.h"
#include "kern/basic/epilogue.h"
#include "kern/basic/layout.h"

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

/* Nothing is computed where no algorithm knows the types: the queue fails. */
static int find(struct cnn_queue *q, const struct cnn_conv *g, enum cnn_conv_pass pass,
                const struct cnn_tensor *x, const struct cnn_tensor *y, struct cnn_conv_way *out)
{
    static const char *const types[] = {CNN_CHOICE_TEXTS(CNN_TYPES)};
    cnn_conv_find(q, g, pass, x->layout, y->layout, out);
    if (!q->code && !out->algorithm) {
        q->code = CNN_EINTERNAL;
        snprintf(q->message, sizeof q->message, "no way to convolve %s to %s here",
                 types[x->layout.type], types[y->layout.type]);
    }
    return !q->code;
}

size_t cnn_cpu_conv_work(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                         const struct cnn_tensor *y)
{
    size_t most = 0;
    struct cnn_conv_way way;
    for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++) {
        cnn_conv_find(q, g, (enum cnn_conv_pass)pass, x->layout, y->layout, &way);
        most = cnn_max(most, cnn_conv_way_work(q, g, &way, x->layout, y->layout));
    }
    return most * sizeof(real);
}

size_t cnn_cpu_conv_packed(struct cnn_queue *q, const struct cnn_conv *g,
                           const struct cnn_tensor *x, const struct cnn_tensor *y)
{
    struct cnn_conv_way way;
    cnn_conv_find(q, g, CNN_CONV_FORWARD, x->layout, y->layout, &way);
    return cnn_conv_way_packed(&way) * sizeof(real);
}

void cnn_cpu_conv_pack(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                       const struct cnn_tensor *y, const struct cnn_tensor *w, void *packed)
{
    struct cnn_conv_way way;
    if (q->code || !find(q, g, CNN_CONV_FORWARD, x, y, &way))
        return;
    if (way.algorithm->packed)
        way.algorithm->pack(q, &way.c, w->data, packed);
}

/* The tensor in plain order: itself, or a copy at *work, which moves on. */
static struct cnn_tensor plain(struct cnn_queue *q, const struct cnn_tensor *t, int fill,
                               real **work)
{
    struct cnn_tensor copy = *t;
    if (cnn_layout_is_plain(t->layout))
        return copy;
    copy.layout = cnn_layout_plain(t->layout.type);
    copy.data = *work;
    *work += cnn_padded(cnn_tensor_count(t));
    if (fill)
        cnn_layout_copy(q, t, &copy, 0);
    return copy;
}

static const real *packed_weights(struct cnn_queue *q, const struct cnn_conv_way *way,
                                  const real *w, real **work)
{
    if (!way->algorithm->packed)
        return w;
    real *to = *work;
    *work += cnn_conv_way_packed(way);
    way->algorithm->pack(q, &way->c, w, to);
    return to;
}

/* from -> to by a forward pass of the way. */
static void run_forward(struct cnn_queue *q, const struct cnn_conv_way *way,
                        const struct cnn_tensor *from, const real *w, const real *b,
                        const struct cnn_epilogue *e, struct cnn_tensor *to, real *work)
{
    struct cnn_tensor x = *from, y = *to;
    if (way->rearranged) {
        x = plain(q, from, 1, &work);
        y = plain(q, to, 0, &work);
        e = NULL;
    }
    struct cnn_conv_run run = {
        .q = q, .n = x.n, .x = x.data, .w = w, .b = b, .e = e, .y = y.data, .work = work};
    way->algorithm->forward(&way->c, &run);
    if (y.data != to->data)
        cnn_layout_copy(q, &y, to, 0);
}

void cnn_cpu_conv_forward(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                          const struct cnn_tensor *w, const struct cnn_tensor *b,
                          const void *packed, const struct cnn_epilogue *e, struct cnn_tensor *y,
                          void *work)
{
    struct cnn_conv_way way;
    if (q->code || !find(q, g, CNN_CONV_FORWARD, x, y, &way))
        return;
    real *rest = work;
    const real *weights =
        packed && way.algorithm->packed ? packed : packed_weights(q, &way, w->data, &rest);
    int fused = e && way.algorithm->fuses && !way.rearranged;
    run_forward(q, &way, x, weights, b ? b->data : NULL, fused ? e : NULL, y, rest);
    if (e && !fused)
        cnn_epilogue_apply(q, e, y);
}

void cnn_cpu_conv_backward_data(struct cnn_queue *q, const struct cnn_conv *g,
                                const struct cnn_tensor *dy, const struct cnn_tensor *w,
                                struct cnn_tensor *dx, void *work)
{
    struct cnn_conv_way way;
    real *rest = work;
    if (q->code || !find(q, g, CNN_CONV_DATA, dx, dy, &way))
        return;
    if (way.mirrored) {
        struct swap s = {g, w->data, rest};
        cnn_queue_run(q, g->in_c, swap_job, &s);
        rest += cnn_padded(cnn_conv_weights(g));
        const real *weights = packed_weights(q, &way, s.to, &rest);
        run_forward(q, &way, dy, weights, NULL, NULL, dx, rest);
        return;
    }
    struct cnn_tensor from = *dy, to = *dx;
    if (way.rearranged) {
        from = plain(q, dy, 1, &rest);
        to = plain(q, dx, 0, &rest);
    }
    struct cnn_conv_run run = {
        .q = q, .n = dy->n, .dy = from.data, .w = w->data, .dx = to.data, .work = rest};
    way.algorithm->backward_data(&way.c, &run);
    if (to.data != dx->data)
        cnn_layout_copy(q, &to, dx, 0);
}

void cnn_cpu_conv_backward_weight(struct cnn_queue *q, const struct cnn_conv *g,
                                  const struct cnn_tensor *x, const struct cnn_tensor *dy,
                                  struct cnn_tensor *dw, void *work)
{
    struct cnn_conv_way way;
    real *rest = work;
    if (q->code || !find(q, g, CNN_CONV_WEIGHT, x, dy, &way))
        return;
    struct cnn_tensor from = *x, by = *dy;
    if (way.rearranged) {
        from = plain(q, x, 1, &rest);
        by = plain(q, dy, 1, &rest);
    }
    struct cnn_conv_run run = {
        .q = q, .n = x->n, .x = from.data, .dy = by.data, .dw = dw->data, .work = rest};
    way.algorithm->backward_weight(&way.c, &run);
}
