/* Direct convolution of blocked activations, and of images with few channels into blocks: no column
 * matrix, each product taken from a register block (isa/block.c) that walks over the taps. */
#include <string.h>

#include "kern/conv/direct/direct.h"
#include "kern/basic/epilogue.h"

/* Cycles that an element of dx takes which is set to zero first. */
#define CLEAR 0.25

/* Results and inputs in blocks that fill a vector. Groups must not share one. */
static int fits(const struct cnn_conv_case *c)
{
    const struct cnn_conv *g = c->g;
    size_t lanes = cnn_isa()->lanes;
    int x_blocked = cnn_conv_in_blocks(c->x_layout), y_blocked = cnn_conv_in_blocks(c->y_layout);
    int narrow = cnn_conv_in_plain(c->x_layout) && g->in_c <= CNN_DIRECT_NARROW;
    if (g->groups > 1 && (g->in_c / g->groups % lanes || g->out_c / g->groups % lanes))
        return 0;
    if (c->pass == CNN_CONV_FORWARD)
        return y_blocked && (x_blocked || (narrow && g->groups == 1));
    return c->pass == CNN_CONV_DATA && x_blocked && y_blocked;
}

static void plan_forward(const struct cnn_conv_case *c, size_t n, struct cnn_direct *d)
{
    cnn_direct_forward(c->g, cnn_layout_is_plain(c->x_layout), n, d);
}

/* Calls `each` for the phases of the data gradient; nonzero when all elements of dx have one. */
struct phases {
    struct cnn_queue *q;
    const struct cnn_conv_run *r;
    size_t threads, work, packed;
    double cost;
};

static int each_phase(const struct cnn_conv *g, size_t n, struct phases *p,
                      void (*each)(const struct cnn_direct *d, struct phases *p))
{
    struct cnn_direct d;
    int all = 1;
    for (size_t i = 0; i < g->stride_h; i++)
        for (size_t j = 0; j < g->stride_w; j++) {
            if (cnn_direct_data(g, i, j, n, &d))
                each(&d, p);
            else
                all = 0;
        }
    return all;
}

static void add_cost(const struct cnn_direct *d, struct phases *p)
{
    p->cost += cnn_direct_cost(d);
}

static double cost(const struct cnn_conv_case *c)
{
    struct phases p = {0};
    struct cnn_direct d;
    if (!fits(c))
        return -1;
    if (c->pass == CNN_CONV_FORWARD) {
        plan_forward(c, c->g->batch, &d);
        return cnn_direct_cost(&d);
    }
    size_t count = c->g->batch * c->g->in_c * c->g->in_h * c->g->in_w;
    int all = each_phase(c->g, c->g->batch, &p, add_cost);
    return all ? p.cost : p.cost + CLEAR * (double)count;
}

static void add_work(const struct cnn_direct *d, struct phases *p)
{
    p->work = cnn_max(p->work, cnn_direct_work(d, p->threads));
    p->packed = cnn_max(p->packed, cnn_padded(cnn_direct_packed(d)));
}

static size_t work(const struct cnn_conv_case *c, size_t threads)
{
    struct phases p = {.threads = threads};
    struct cnn_direct d;
    if (c->pass == CNN_CONV_FORWARD) {
        plan_forward(c, c->g->batch, &d);
        return cnn_direct_work(&d, threads);
    }
    each_phase(c->g, c->g->batch, &p, add_work);
    return p.packed + p.work;
}

static size_t packed(const struct cnn_conv_case *c)
{
    struct cnn_direct d;
    plan_forward(c, c->g->batch, &d);
    return cnn_direct_packed(&d);
}

static void pack(struct cnn_queue *q, const struct cnn_conv_case *c, const real *w, real *to)
{
    struct cnn_direct d;
    plan_forward(c, c->g->batch, &d);
    cnn_direct_pack(q, &d, w, to);
}

static void forward(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    const struct cnn_conv *g = c->g;
    struct cnn_tensor y = {r->n, g->out_c, g->out_h, g->out_w, c->y_layout, r->y};
    struct cnn_direct d;
    plan_forward(c, r->n, &d);
    cnn_direct_run(
        r->q, &d,
        &(struct cnn_direct_run){
            .from = r->x, .packed = r->w, .b = r->b, .to = r->y, .e = r->e, .work = r->work});
    cnn_epilogue_rest(r->q, r->e, &y);
}

static void run_phase(const struct cnn_direct *d, struct phases *p)
{
    const struct cnn_conv_run *r = p->r;
    cnn_direct_pack(r->q, d, r->w, r->work);
    cnn_direct_run(r->q, d,
                   &(struct cnn_direct_run){
                       .from = r->dy, .packed = r->work, .to = r->dx, .work = r->work + p->packed});
}

static void nothing(const struct cnn_direct *d, struct phases *p)
{
    (void)d;
    (void)p;
}

static void backward_data(const struct cnn_conv_case *c, const struct cnn_conv_run *r)
{
    const struct cnn_conv *g = c->g;
    struct phases p = {.q = r->q, .r = r, .threads = 1};
    each_phase(g, r->n, &p, add_work);
    if (!each_phase(g, r->n, &p, nothing)) {
        size_t count = r->n * cnn_layout_channels(c->x_layout, g->in_c) * g->in_h * g->in_w;
        cnn_cpu_fill(r->q, 0, count, r->dx);
    }
    each_phase(g, r->n, &p, run_phase);
}

const struct cnn_conv_algorithm cnn_conv_direct = {
    .name = "direct",
    .fuses = 1,
    .cost = cost,
    .work = work,
    .packed = packed,
    .pack = pack,
    .forward = forward,
    .backward_data = backward_data,
};
