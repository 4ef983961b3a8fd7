/* Convolution: finds the cheapest way for each geometry, pass and pair of layouts, and goes it.
 *
 * The data gradient of a convolution with stride 1 is itself the convolution of dy with the kernel
 * mirrored and its channel sides swapped, so it may go through the forward pass of some algorithm.
 * Where no algorithm takes the layouts, the tensors are rearranged to plain order and back. */
#include "kern/conv_choices.h"
#include "kern/epilogue.h"
#include "kern/layout.h"

static const struct cnn_conv_algorithm *const algorithms[] = {
#define CNN_CONV_ALGORITHM(name) &cnn_conv_##name,
#include "kern/conv_algorithms.def"
#undef CNN_CONV_ALGORITHM
};

const struct cnn_conv_algorithm *cnn_conv_algorithm_at(size_t i)
{
    return i < sizeof algorithms / sizeof *algorithms ? algorithms[i] : NULL;
}

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

/* Cycles that packing takes, about: most of them go into memory that was never used before. */
static double packing_cost(const struct cnn_conv_algorithm *a, const struct cnn_conv_case *c)
{
    return a->packed ? 4 * (double)a->packed(c) : 0;
}

/* Cycles that swapping and packing the weights of a mirrored pass take, about. */
static double swap_cost(const struct cnn_conv_algorithm *a, const struct cnn_conv_case *c)
{
    return 3 * (double)(weights_of(c->g) + (a->packed ? a->packed(c) : 0));
}

static void consider(const struct cnn_queue *q, const struct cnn_conv_case *c, int mirrored,
                     struct cnn_conv_way *best)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        if (q->exact_conv && algorithms[i]->inexact)
            continue;
        double cost = algorithms[i]->cost(c);
        if (cost >= 0 && mirrored)
            cost += swap_cost(algorithms[i], c);
        if (cost >= 0 && q->once && c->pass == CNN_CONV_FORWARD)
            cost += packing_cost(algorithms[i], c);
        if (cost < 0 || (best->algorithm && cost >= best->cost))
            continue;
        *best = (struct cnn_conv_way){
            .algorithm = algorithms[i], .g = *c->g, .c = *c, .mirrored = mirrored, .cost = cost};
    }
}

static void consider_layouts(const struct cnn_queue *q, const struct cnn_conv *g,
                             enum cnn_conv_pass pass, int x_layout, int y_layout,
                             struct cnn_conv_way *best)
{
    struct cnn_conv m;
    struct cnn_conv_case direct = {g, pass, x_layout, y_layout};
    struct cnn_conv_case mirrored = {&m, CNN_CONV_FORWARD, y_layout, x_layout};
    consider(q, &direct, 0, best);
    if (pass == CNN_CONV_DATA && cnn_conv_mirror(g, &m))
        consider(q, &mirrored, 1, best);
}

static size_t plain_elements(const struct cnn_conv *g, int layout, int output)
{
    return !layout  ? 0
           : output ? cnn_padded(g->batch * g->out_c * g->out_h * g->out_w)
                    : cnn_padded(g->batch * g->in_c * g->in_h * g->in_w);
}

double cnn_conv_follow(const struct cnn_conv_choice *choice, struct cnn_conv_way *out)
{
    const struct cnn_conv_key *k = &choice->key;
    int blocked = k->x_layout || k->y_layout, pass = (int)k->pass;
    int x_layout = choice->rearranged ? CNN_LAYOUT_PLAIN : (int)k->x_layout;
    int y_layout = choice->rearranged ? CNN_LAYOUT_PLAIN : (int)k->y_layout;
    *out = (struct cnn_conv_way){.algorithm = choice->algorithm,
                                 .g = k->g,
                                 .c = {&out->g, (enum cnn_conv_pass)pass, x_layout, y_layout},
                                 .mirrored = choice->mirrored,
                                 .rearranged = choice->rearranged,
                                 .cost = choice->cost};
    if (choice->rearranged && !blocked)
        return -1;
    if (choice->mirrored) {
        if (pass != CNN_CONV_DATA || !cnn_conv_mirror(&k->g, &out->g))
            return -1;
        out->c = (struct cnn_conv_case){&out->g, CNN_CONV_FORWARD, y_layout, x_layout};
    }
    return out->algorithm->cost(&out->c);
}

/* A measured way; 0: there is none. */
static int find_measured(const struct cnn_queue *q, const struct cnn_conv *g,
                         enum cnn_conv_pass pass, int x_layout, int y_layout,
                         struct cnn_conv_way *out)
{
    struct cnn_conv_key key = {*g, (size_t)pass, (size_t)x_layout, (size_t)y_layout};
    const struct cnn_conv_choice *choice =
        q->choices ? cnn_conv_choices_find(q->choices, &key) : NULL;
    return choice && cnn_conv_follow(choice, out) >= 0;
}

/* The cheapest way. There always is one: the matrix product takes every plain case. */
static void find(const struct cnn_queue *q, const struct cnn_conv *g, enum cnn_conv_pass pass,
                 int x_layout, int y_layout, struct cnn_conv_way *out)
{
    if (find_measured(q, g, pass, x_layout, y_layout, out))
        return;
    *out = (struct cnn_conv_way){0};
    consider_layouts(q, g, pass, x_layout, y_layout, out);
    if (!out->algorithm) {
        consider_layouts(q, g, pass, CNN_LAYOUT_PLAIN, CNN_LAYOUT_PLAIN, out);
        out->rearranged = 1;
        out->cost += 2 * (double)(plain_elements(g, x_layout, 0) + plain_elements(g, y_layout, 1));
    }
    out->c.g = &out->g;
}

/* Elements of the forward weights in the algorithm's own order; 0: as they are. */
static size_t packed_elements(const struct cnn_conv_way *way)
{
    return way->algorithm->packed ? cnn_padded(way->algorithm->packed(&way->c)) : 0;
}

/* Scratch of a way: plain copies, mirrored weights, packed weights, the algorithm's own. */
static size_t work_elements(const struct cnn_queue *q, const struct cnn_conv *g,
                            const struct cnn_conv_way *way, int x_layout, int y_layout)
{
    size_t copies = 0;
    if (way->rearranged)
        copies = plain_elements(g, x_layout, 0) + plain_elements(g, y_layout, 1);
    if (way->mirrored)
        copies += cnn_padded(weights_of(g));
    if (way->c.pass == CNN_CONV_FORWARD)
        copies += packed_elements(way);
    return copies + way->algorithm->work(&way->c, (size_t)cnn_queue_threads(q));
}

size_t cnn_cpu_conv_work(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                         const struct cnn_tensor *y)
{
    size_t most = 0;
    struct cnn_conv_way way;
    for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++) {
        find(q, g, (enum cnn_conv_pass)pass, x->layout, y->layout, &way);
        most = cnn_max(most, work_elements(q, g, &way, x->layout, y->layout));
    }
    return most * sizeof(real);
}

double cnn_cpu_conv_cost(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                         const struct cnn_tensor *y, enum cnn_conv_pass pass,
                         const char **algorithm)
{
    struct cnn_conv_way way;
    struct cnn_conv_key key = {*g, (size_t)pass, (size_t)x->layout, (size_t)y->layout};
    if (q->choices && q->choices->measures && !cnn_conv_choices_find(q->choices, &key))
        cnn_conv_measure(q, q->choices, &key);
    find(q, g, pass, x->layout, y->layout, &way);
    if (algorithm)
        *algorithm = way.algorithm->name;
    return way.cost;
}

size_t cnn_cpu_conv_packed(struct cnn_queue *q, const struct cnn_conv *g,
                           const struct cnn_tensor *x, const struct cnn_tensor *y)
{
    struct cnn_conv_way way;
    find(q, g, CNN_CONV_FORWARD, x->layout, y->layout, &way);
    return packed_elements(&way) * sizeof(real);
}

void cnn_cpu_conv_pack(struct cnn_queue *q, const struct cnn_conv *g, const struct cnn_tensor *x,
                       const struct cnn_tensor *y, const struct cnn_tensor *w, void *packed)
{
    struct cnn_conv_way way;
    if (q->code)
        return;
    find(q, g, CNN_CONV_FORWARD, x->layout, y->layout, &way);
    if (way.algorithm->packed)
        way.algorithm->pack(q, &way.c, w->data, packed);
}

/* The tensor in plain order: itself, or a copy at *work, which moves on. */
static struct cnn_tensor plain(struct cnn_queue *q, const struct cnn_tensor *t, int fill,
                               real **work)
{
    struct cnn_tensor copy = *t;
    if (!t->layout)
        return copy;
    copy.layout = CNN_LAYOUT_PLAIN;
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
    *work += packed_elements(way);
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
    if (q->code)
        return;
    find(q, g, CNN_CONV_FORWARD, x->layout, y->layout, &way);
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
    if (q->code)
        return;
    find(q, g, CNN_CONV_DATA, dx->layout, dy->layout, &way);
    if (way.mirrored) {
        struct swap s = {g, w->data, rest};
        cnn_queue_run(q, g->in_c, swap_job, &s);
        rest += cnn_padded(weights_of(g));
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
    if (q->code)
        return;
    find(q, g, CNN_CONV_WEIGHT, x->layout, dy->layout, &way);
    struct cnn_tensor from = *x, by = *dy;
    if (way.rearranged) {
        from = plain(q, x, 1, &rest);
        by = plain(q, dy, 1, &rest);
    }
    struct cnn_conv_run run = {
        .q = q, .n = x->n, .x = from.data, .dy = by.data, .dw = dw->data, .work = rest};
    way.algorithm->backward_weight(&way.c, &run);
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
