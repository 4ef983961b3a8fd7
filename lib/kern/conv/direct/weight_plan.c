/* How the weight gradient is cut into tiles, units and jobs; see weight.h. */
#include "kern/conv/direct/weight.h"

enum {
    AREA_ELEMENTS = 8192,    /* x and dy of a unit, within an L1 cache */
    BAND_PIXELS = 2048,      /* outputs of a gathered unit */
    PARTS = 16,              /* partial sums at most */
    PARTS_ELEMENTS = 524288, /* of all partial sums */
    JOBS = 16,               /* wanted, to keep threads busy */
    RECT_PAIRS = 8,          /* a job's tiles at most: the more, the less often x and dy are read */
    RECT_BLOCKS = 8,
    RECT = 65536 /* their elements at most, so that they stay in an L2 cache */
};

static void flatten(struct cnn_conv *g)
{
    if (g->kh != 1 || g->kw != 1 || g->stride_h != 1 || g->stride_w != 1 || g->pad_top ||
        g->pad_left || g->in_h != g->out_h || g->in_w != g->out_w)
        return;
    g->in_w = g->out_w = g->out_h * g->out_w;
    g->in_h = g->out_h = 1;
}

static void cut_units(struct cnn_direct_weight *p)
{
    const struct cnn_conv *g = &p->g;
    size_t reread = p->gathered ? 0 : cnn_min(g->kh, g->stride_h) * cnn_min(g->kw, g->stride_w);
    size_t pixels = AREA_ELEMENTS / (p->lanes * (2 + reread));
    p->columns = p->gathered ? g->out_w : cnn_even(g->out_w, pixels);
    p->rows = cnn_even(g->out_h, pixels / p->columns);
    p->band = p->gathered ? cnn_min(g->out_h, cnn_round_up(BAND_PIXELS / p->columns + 1, p->rows))
                          : p->rows;
    p->images = p->gathered ? 1 : cnn_max(1, pixels / (g->out_h * p->columns));
    p->row_units = cnn_ceil_div(g->out_h, p->band);
    p->column_units = cnn_ceil_div(g->out_w, p->columns);
    p->units = cnn_ceil_div(p->n, p->images) * p->row_units * p->column_units;
}

size_t cnn_direct_weight_parts(const struct cnn_direct_weight *p)
{
    size_t fit = cnn_max(1, PARTS_ELEMENTS / cnn_direct_weight_sums(p));
    return cnn_max(1, cnn_min(cnn_min(PARTS, fit), p->units));
}

size_t cnn_direct_weight_jobs(const struct cnn_direct_weight *p)
{
    return p->groups * cnn_ceil_div(p->pairs, p->rect_pairs) *
           cnn_ceil_div(p->blocks, p->rect_blocks);
}

static void cut_jobs(struct cnn_direct_weight *p)
{
    p->chunk = cnn_max(1, cnn_ceil_div(p->units, cnn_direct_weight_parts(p)));
    p->parts = cnn_max(1, cnn_ceil_div(p->units, p->chunk));
    p->rect_pairs = p->gathered ? p->pairs : RECT_PAIRS;
    p->rect_blocks = p->gathered ? p->blocks : RECT_BLOCKS;
    while (!p->gathered && p->rect_pairs * p->rect_blocks > 1 &&
           (p->rect_pairs * p->rect_blocks * p->tile > RECT ||
            p->parts * cnn_direct_weight_jobs(p) < JOBS)) {
        if (p->rect_blocks >= p->rect_pairs)
            p->rect_blocks /= 2;
        else
            p->rect_pairs /= 2;
    }
}

struct cnn_direct_weight cnn_direct_weight_plan(const struct cnn_conv_case *c, size_t n)
{
    const struct cnn_conv *g = c->g;
    struct cnn_direct_weight p = {.g = *g, .n = n, .lanes = cnn_isa()->lanes, .groups = g->groups};
    p.gathered = cnn_layout_is_plain(c->x_layout);
    p.vectors = cnn_ceil_div(g->out_c / g->groups, p.lanes);
    p.pairs = cnn_ceil_div(p.vectors, 2);
    if (p.gathered) {
        p.blocks = g->kh;
        p.steps = 1;
        p.elements = g->kw * g->in_c;
        p.width = ((g->out_w - 1) * g->stride_w + g->kw) * g->in_c;
    } else {
        flatten(&p.g);
        p.blocks = cnn_ceil_div(g->in_c / g->groups, p.lanes);
        p.steps = g->kh * g->kw;
        p.elements = p.lanes;
    }
    p.tile = p.steps * p.elements * 2 * p.lanes;
    cut_units(&p);
    cut_jobs(&p);
    if (p.gathered)
        p.slot =
            cnn_padded(((p.band - 1) * g->stride_h + (g->kh - 1) * g->dilation_h + 1) * p.width);
    return p;
}

static struct cnn_direct_unit unit_of(const struct cnn_direct_weight *p, size_t i)
{
    size_t each = p->row_units * p->column_units;
    return (struct cnn_direct_unit){cnn_range_of(i / each, p->images, p->n),
                                    cnn_range_of(i % each / p->column_units, p->band, p->g.out_h),
                                    cnn_range_of(i % p->column_units, p->columns, p->g.out_w), 0,
                                    0};
}

/* Elements from where unit a begins to where unit b does, in x or in dy. */
static ptrdiff_t distance(const struct cnn_direct_weight *p, const struct cnn_direct_unit *a,
                          const struct cnn_direct_unit *b, int of_x)
{
    const struct cnn_conv *g = &p->g;
    size_t h = of_x ? g->in_h : g->out_h, w = of_x ? g->in_w : g->out_w;
    size_t planes = p->groups * (of_x ? p->blocks : p->vectors);
    ptrdiff_t image = (ptrdiff_t)(planes * h * w), row = (ptrdiff_t)w, column = 1;
    if (of_x) {
        row *= (ptrdiff_t)g->stride_h;
        column = (ptrdiff_t)g->stride_w;
    }
    return (image * ((ptrdiff_t)b->images.begin - (ptrdiff_t)a->images.begin) +
            row * ((ptrdiff_t)b->rows.begin - (ptrdiff_t)a->rows.begin) +
            column * ((ptrdiff_t)b->columns.begin - (ptrdiff_t)a->columns.begin)) *
           (ptrdiff_t)p->lanes;
}

struct cnn_direct_unit cnn_direct_weight_unit(const struct cnn_direct_weight *p, size_t i,
                                              size_t end)
{
    struct cnn_direct_unit u = unit_of(p, i), next = unit_of(p, cnn_min(i + 1, end - 1));
    u.x_ahead = distance(p, &u, &next, 1);
    u.dy_ahead = distance(p, &u, &next, 0);
    return u;
}
