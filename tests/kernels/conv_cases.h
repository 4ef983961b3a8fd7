/* Convolutions of all kinds to try kernels on, and the definition that they are held to. */
#ifndef TESTS_KERNELS_CONV_CASES_H
#define TESTS_KERNELS_CONV_CASES_H

#include "kernels/rig.h"

#include "kern/conv/algorithm.h"

struct conv_case {
    struct cnn_conv g;
    struct cnn_layout x_layout, y_layout;
    size_t n, more; /* more: scratch is asked for a larger batch */
    struct cnn_tensor x, dx, y, dy, w, dw, b;
    const struct cnn_conv_algorithm *algorithm; /* NULL: the library's choice */
    double *want;
    void *work, *packed;
};

enum { SQUARES = 42, UNEVEN = 56, GEOMETRIES = 80 };

static size_t out_size(size_t in, size_t pad, size_t k, size_t stride, size_t dilation)
{
    return (in + pad - dilation * (k - 1) - 1) / stride + 1;
}

/* A kernel of 3x3 with stride 1 on blocks of channels, which has algorithms of its own. */
static void make_square(struct conv_case *c, int i)
{
    struct cnn_conv *g = &c->g;
    size_t wide = i % 4 ? 40 : 150, large = i % 3 ? 9 : 25;
    *g = (struct cnn_conv){.in_c = pick(1, wide), .out_c = pick(1, wide), .groups = 1};
    c->n = i % 4 ? pick(1, 6) : 2;
    g->kh = g->kw = 3;
    g->stride_h = g->stride_w = g->dilation_h = g->dilation_w = 1;
    g->pad_top = pick(0, 2);
    g->pad_left = pick(0, 2);
    g->pad_bottom = pick(0, 2);
    g->pad_right = pick(0, 2);
    g->in_h = pick(3, large);
    g->in_w = pick(3, large);
}

/* Between blocked layouts: many blocks, and sides that differ in stride, dilation and padding. */
static struct conv_case uneven_conv(int i)
{
    size_t lanes = cnn_isa()->lanes, most = 3 * lanes, groups = 1;
    struct conv_case c = {.n = i % 4 ? pick(1, 3) : 1, .more = pick(0, 9)};
    struct cnn_conv *g = &c.g;
    c.x_layout = c.y_layout = (struct cnn_layout){CNN_TYPE_REAL, CNN_ORDER_BLOCKS, lanes};
    if (i % 6 == 0) {
        groups = pick(2, 3);
        g->in_c = groups * lanes * pick(1, 2);
        g->out_c = groups * lanes * pick(1, 2);
    } else {
        g->in_c = i % 4 ? pick(1, most) : pick(4 * lanes, 5 * lanes);
        g->out_c = pick(1, most);
    }
    g->groups = groups;
    g->kh = i % 3 ? pick(1, 3) : 1;
    g->kw = i % 3 ? pick(1, 3) : 1;
    g->stride_h = i % 2 ? 1 : pick(1, 3);
    g->stride_w = i % 2 ? 1 : pick(1, 3);
    g->dilation_h = i % 5 ? 1 : pick(1, 3);
    g->dilation_w = i % 5 ? 1 : pick(1, 3);
    if (i % 9) {
        g->pad_top = pick(0, 2);
        g->pad_left = pick(0, 2);
        g->pad_bottom = pick(0, 2);
        g->pad_right = pick(0, 2);
    }
    g->in_h = g->dilation_h * (g->kh - 1) + pick(1, 8);
    g->in_w = g->dilation_w * (g->kw - 1) + pick(1, i % 4 ? 18 : 8);
    g->out_h = out_size(g->in_h, g->pad_top + g->pad_bottom, g->kh, g->stride_h, g->dilation_h);
    g->out_w = out_size(g->in_w, g->pad_left + g->pad_right, g->kw, g->stride_w, g->dilation_w);
    g->batch = c.n + c.more;
    return c;
}

/* Geometries of all kinds, some large enough that tiles, blocks and parts are many; from SQUARES on
 * 3x3 in blocks, from UNEVEN on with many of them. */
static struct conv_case random_conv(int i)
{
    if (i >= UNEVEN)
        return uneven_conv(i);
    struct conv_case c = {.n = pick(1, i % 3 ? 20 : 3), .more = pick(0, 40)};
    struct cnn_conv *g = &c.g;
    size_t wide = i % 8 == 0 ? 40 : 7, large = i % 4 == 0 ? 30 : 11, stride = i % 2 ? 1 : 3;
    g->groups = i % 3 == 0 ? pick(2, 4) : 1;
    g->in_c = g->groups * pick(1, wide);
    g->out_c = g->groups * pick(1, wide);
    if (i % 7 == 0) {
        g->groups = g->in_c;
        g->out_c = g->groups * pick(1, 2);
    }
    if (i % 40 == 0) { /* more weights than fit partial sums */
        g->groups = 1;
        g->in_c = pick(80, 100);
        g->out_c = pick(90, 100);
        c.n = 2;
    }
    g->kh = i % 5 ? pick(1, 5) : 1;
    g->kw = i % 5 ? pick(1, 7) : 1;
    if (i % 40 == 0)
        g->kh = g->kw = 3;
    g->stride_h = pick(1, stride);
    g->stride_w = pick(1, stride);
    g->dilation_h = pick(1, 2);
    g->dilation_w = pick(1, 2);
    if (i % 10) {
        g->pad_top = pick(0, 4);
        g->pad_left = pick(0, 4);
        g->pad_bottom = pick(0, 4);
        g->pad_right = pick(0, 4);
    }
    g->in_h = g->dilation_h * (g->kh - 1) + pick(1, large);
    g->in_w = g->dilation_w * (g->kw - 1) + pick(1, large);
    if (i >= SQUARES)
        make_square(&c, i);
    g->out_h = out_size(g->in_h, g->pad_top + g->pad_bottom, g->kh, g->stride_h, g->dilation_h);
    g->out_w = out_size(g->in_w, g->pad_left + g->pad_right, g->kw, g->stride_w, g->dilation_w);
    g->batch = c.n + c.more;
    struct cnn_layout block = {CNN_TYPE_REAL, CNN_ORDER_BLOCKS, cnn_isa()->lanes};
    c.x_layout = i % 4 < 2 && i < SQUARES ? layout_of(0) : block;
    c.y_layout = i % 2 && i < SQUARES ? layout_of(0) : block;
    if (i % 6 == 5 && i < SQUARES) {
        g->groups = g->in_c = g->out_c = pick(1, 40);
        c.x_layout = c.y_layout = block;
    }
    return c;
}

#ifdef CNN_TEST_CUDA

/* Few channels and many positions, and the like: enough for each size of tile. */
static struct conv_case large_conv(int i)
{
    static const size_t channels[][2] = {{8, 100}, {3, 40}, {16, 130}, {24, 72}};
    struct conv_case c = {.n = i % 2 ? 6 : 5};
    c.g = (struct cnn_conv){.in_c = channels[i][0], .out_c = channels[i][1], .groups = 1};
    c.g.kh = c.g.kw = i % 2 ? 3 : 1;
    c.g.pad_top = c.g.pad_left = c.g.pad_bottom = c.g.pad_right = 1;
    c.g.stride_h = c.g.stride_w = c.g.dilation_h = c.g.dilation_w = 1;
    c.g.in_h = c.g.in_w = 56;
    c.g.out_h = c.g.out_w = i % 2 ? 56 : 58;
    c.g.batch = c.n;
    return c;
}

/* The same and more, channels last. */
enum { CASES = GEOMETRIES + 4 };

static struct conv_case any_conv(int i)
{
    struct conv_case c = i < GEOMETRIES ? random_conv(i) : large_conv(i - GEOMETRIES);
    c.x_layout = c.y_layout = block_layout();
    return c;
}

#else

enum { CASES = 2 * GEOMETRIES };

/* The same geometries for groups of samples. */
static struct conv_case samples_conv(int i)
{
    struct conv_case c = random_conv(i);
    if (i < UNEVEN)
        c.n = pick(1, 3 * cnn_isa()->lanes);
    c.g.batch = c.n + c.more;
    c.x_layout = c.y_layout =
        (struct cnn_layout){CNN_TYPE_REAL, CNN_ORDER_GROUPS, cnn_isa()->lanes};
    return c;
}

static struct conv_case any_conv(int i)
{
    return i < GEOMETRIES ? random_conv(i) : samples_conv(i - GEOMETRIES);
}

#endif

/* What nets in blocks are made of: whole and broken blocks, groups of whole blocks, images with few
 * channels in plain order, pointwise kernels, and areas that are cut in both directions. */
static struct conv_case blocked_conv(int i)
{
    size_t block = cnn_isa()->lanes, image = i % 4 == 0, grouped = i % 4 == 1;
    size_t size = i % 6 == 5 ? 150 : 14, kernel = i % 3 == 0 ? 1 : pick(2, i % 2 ? 3 : 5);
    struct conv_case c = {.n = pick(1, i % 6 == 5 ? 1 : 5), .more = pick(0, 9)};
    struct cnn_conv *g = &c.g;
    g->groups = grouped ? pick(2, 3) : 1;
    g->in_c = image ? pick(1, 4) : grouped ? g->groups * block : pick(1, 3 * block);
    g->out_c = grouped ? g->groups * block * pick(1, 2) : pick(1, 3 * block);
    g->kh = kernel;
    g->kw = i % 5 ? kernel : pick(1, 5);
    g->stride_h = g->stride_w = i % 2 ? 1 : pick(1, 4);
    g->dilation_h = g->dilation_w = i % 7 ? 1 : 2;
    g->pad_top = g->pad_bottom = g->pad_left = g->pad_right = i % 3 ? pick(0, kernel) : 0;
    g->in_h = g->dilation_h * (g->kh - 1) + pick(1, i % 6 == 5 ? 9 : size);
    g->in_w = g->dilation_w * (g->kw - 1) + pick(1, size);
    g->out_h = out_size(g->in_h, 2 * g->pad_top, g->kh, g->stride_h, g->dilation_h);
    g->out_w = out_size(g->in_w, 2 * g->pad_left, g->kw, g->stride_w, g->dilation_w);
    g->batch = c.n + c.more;
    c.x_layout = image && !IS_CUDA ? layout_of(0) : block_layout();
    c.y_layout = block_layout();
    return c;
}

/* The definition: adds to `want` every product of an element of w and one of x (forward), of w and
 * dy (data), or of dy and x (weight). */
static void add_products(const struct conv_case *c, enum cnn_conv_pass pass, double *want)
{
    const struct cnn_conv *g = &c->g;
    size_t cg = g->in_c / g->groups, kg = g->out_c / g->groups, taps = g->kh * g->kw;
    size_t pixels = g->out_h * g->out_w, area = g->in_h * g->in_w;
    double *x = values_of(&c->x), *w = values_of(&c->w), *dy = values_of(&c->dy);
    for (size_t i = 0; i < c->n * g->out_c * pixels * taps; i++) {
        size_t y = i / taps, t = i % taps, n = y / pixels / g->out_c, k = y / pixels % g->out_c;
        size_t row = y % pixels / g->out_w * g->stride_h + t / g->kw * g->dilation_h - g->pad_top;
        size_t column = y % g->out_w * g->stride_w + t % g->kw * g->dilation_w - g->pad_left;
        if (row >= g->in_h || column >= g->in_w) /* what lies before the first wraps around */
            continue;
        size_t at_w = k * cg * taps + t;
        size_t at_x = (n * g->in_c + k / kg * cg) * area + row * g->in_w + column;
        for (size_t ch = 0; ch < cg; ch++, at_w += taps, at_x += area)
            if (pass == CNN_CONV_FORWARD)
                want[y] += w[at_w] * x[at_x];
            else if (pass == CNN_CONV_DATA)
                want[at_x] += w[at_w] * dy[y];
            else
                want[at_w] += dy[y] * x[at_x];
    }
    free(x);
    free(w);
    free(dy);
}

#endif
