/* How Winograd's passes are cut into tiles, what that costs, and the way from images to tiles. */
#include "kern/conv/winograd.h"

/* The tile size that takes fewer products: small images do not fill large tiles. */
struct cnn_winograd_plan cnn_winograd_plan(const struct cnn_conv *g, size_t n)
{
    struct cnn_winograd_plan p = {.g = g, .lanes = cnn_isa()->lanes};
    size_t products = SIZE_MAX;
    for (size_t size = 2; size <= 4; size += 2) {
        size_t rows = cnn_ceil_div(g->out_h, size), columns = cnn_ceil_div(g->out_w, size);
        size_t points = (size + 2) * (size + 2);
        if (rows * columns * points >= products)
            continue;
        products = rows * columns * points;
        p.size = size;
        p.points = points;
        p.rows = rows;
        p.columns = columns;
    }
    p.in_blocks = cnn_ceil_div(g->in_c, p.lanes);
    p.out_blocks = cnn_ceil_div(g->out_c, p.lanes);
    p.panels = cnn_ceil_div(p.out_blocks, 2);
    p.tiles = n * p.rows * p.columns;
    return p;
}

int cnn_winograd_can(const struct cnn_conv_case *c)
{
    const struct cnn_conv *g = c->g;
    return cnn_conv_in_blocks(c->x_layout) && cnn_conv_in_blocks(c->y_layout) && g->kh == 3 &&
           g->kw == 3 && g->stride_h == 1 && g->stride_w == 1 && g->dilation_h == 1 &&
           g->dilation_w == 1 && g->groups == 1;
}

double cnn_winograd_cost(const struct cnn_conv *g, double share, double weights)
{
    struct cnn_winograd_plan p = cnn_winograd_plan(g, g->batch);
    double tiles = (double)p.tiles * (double)p.points;
    double channels = (double)(p.in_blocks * p.out_blocks * p.lanes * p.lanes);
    return tiles * channels / ((double)cnn_isa()->multiply_adds * share) +
           8 * tiles * (double)(p.in_blocks + p.out_blocks) + weights * (double)p.points * channels;
}

struct cnn_winograd_run cnn_winograd_run(const struct cnn_winograd_plan *p, size_t tile, size_t end)
{
    size_t i = tile / p->columns, j = tile % p->columns;
    return (struct cnn_winograd_run){.sample = i / p->rows,
                                     .top = i % p->rows * p->size,
                                     .left = j * p->size,
                                     .tiles = cnn_min(p->columns - j, end - tile)};
}

void cnn_winograd_spread(const struct cnn_winograd_plan *p, int gradient, const real *x,
                         size_t block, struct cnn_range tiles, real *v, size_t step)
{
    const struct cnn_conv *g = p->g;
    size_t blocks = gradient ? p->out_blocks : p->in_blocks;
    ptrdiff_t pad_top = gradient ? 0 : (ptrdiff_t)g->pad_top;
    ptrdiff_t pad_left = gradient ? 0 : (ptrdiff_t)g->pad_left;
    struct cnn_winograd t = {.size = p->size,
                             .h = gradient ? g->out_h : g->in_h,
                             .w = gradient ? g->out_w : g->in_w,
                             .to = v,
                             .step = step};
    for (size_t tile = tiles.begin; tile < tiles.end; tile += t.tiles) {
        struct cnn_winograd_run run = cnn_winograd_run(p, tile, tiles.end);
        t.tiles = run.tiles;
        t.top = (ptrdiff_t)run.top - pad_top;
        t.left = (ptrdiff_t)run.left - pad_left;
        t.from = x + (run.sample * blocks + block) * t.h * t.w * p->lanes;
        if (gradient)
            cnn_isa()->winograd_gradient(&t);
        else
            cnn_isa()->winograd_input(&t);
        t.to += t.tiles * p->lanes;
    }
}
