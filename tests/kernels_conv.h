/* Convolution against plain loops, by every algorithm that there is. */
#include "kern/conv_algorithm.h"

struct conv_case {
    struct cnn_conv g;
    int x_layout, y_layout;
    size_t n, more; /* more: scratch is asked for a larger batch */
    struct cnn_tensor x, dx, y, dy, w, dw, b;
    const struct cnn_conv_algorithm *algorithm; /* NULL: the library's choice */
    double *want;
    void *work, *packed;
};

static const struct cnn_conv_algorithm *const conv_algorithms[] = {
#define CNN_CONV_ALGORITHM(name) &cnn_conv_##name,
#include "kern/conv_algorithms.def"
#undef CNN_CONV_ALGORITHM
};
enum {
    ALGORITHMS = sizeof conv_algorithms / sizeof *conv_algorithms,
    SQUARES = 42,
    UNEVEN = 56,
    GEOMETRIES = 80
};

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
    c.x_layout = c.y_layout = (int)lanes;
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
    int block = (int)cnn_isa()->lanes;
    c.x_layout = i % 4 < 2 && i < SQUARES ? CNN_LAYOUT_PLAIN : block;
    c.y_layout = i % 2 && i < SQUARES ? CNN_LAYOUT_PLAIN : block;
    if (i % 6 == 5 && i < SQUARES) {
        g->groups = g->in_c = g->out_c = pick(1, 40);
        c.x_layout = c.y_layout = block;
    }
    return c;
}

/* The same geometries for groups of samples. */
static struct conv_case samples_conv(int i)
{
    struct conv_case c = random_conv(i);
    if (i < UNEVEN)
        c.n = pick(1, 3 * cnn_isa()->lanes);
    c.g.batch = c.n + c.more;
    c.x_layout = c.y_layout = -(int)cnn_isa()->lanes;
    return c;
}

static struct conv_case any_conv(int i)
{
    return i < GEOMETRIES ? random_conv(i) : samples_conv(i - GEOMETRIES);
}

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
    c.x_layout = image ? CNN_LAYOUT_PLAIN : (int)block;
    c.y_layout = (int)block;
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

static struct cnn_conv_case case_of(const struct conv_case *c, enum cnn_conv_pass pass)
{
    return (struct cnn_conv_case){&c->g, pass, c->x_layout, c->y_layout};
}

static void conv_forward(struct cnn_queue *q, void *context)
{
    struct conv_case *c = context;
    const real *bias = c->b.data, *w = c->w.data;
    if (!c->algorithm) {
        cnn_cpu_conv_forward(q, &c->g, &c->x, &c->w, bias ? &c->b : NULL, NULL, NULL, &c->y,
                             c->work);
        return;
    }
    struct cnn_conv_case how = case_of(c, CNN_CONV_FORWARD);
    if (c->algorithm->packed) {
        c->algorithm->pack(q, &how, w, c->packed);
        w = c->packed;
    }
    c->algorithm->forward(
        &how,
        &(struct cnn_conv_run){
            .q = q, .n = c->n, .x = c->x.data, .w = w, .b = bias, .y = c->y.data, .work = c->work});
}

static void conv_data(struct cnn_queue *q, void *context)
{
    struct conv_case *c = context;
    struct cnn_conv_case how = case_of(c, CNN_CONV_DATA);
    if (!c->algorithm)
        cnn_cpu_conv_backward_data(q, &c->g, &c->dy, &c->w, &c->dx, c->work);
    else
        c->algorithm->backward_data(&how, &(struct cnn_conv_run){.q = q,
                                                                 .n = c->n,
                                                                 .dy = c->dy.data,
                                                                 .w = c->w.data,
                                                                 .dx = c->dx.data,
                                                                 .work = c->work});
}

static void conv_weight(struct cnn_queue *q, void *context)
{
    struct conv_case *c = context;
    struct cnn_conv_case how = case_of(c, CNN_CONV_WEIGHT);
    if (!c->algorithm)
        cnn_cpu_conv_backward_weight(q, &c->g, &c->x, &c->dy, &c->dw, c->work);
    else
        c->algorithm->backward_weight(&how, &(struct cnn_conv_run){.q = q,
                                                                   .n = c->n,
                                                                   .x = c->x.data,
                                                                   .dy = c->dy.data,
                                                                   .dw = c->dw.data,
                                                                   .work = c->work});
}

/* What the largest error may be beside the largest number. Algorithms that are not a plain sum of
 * products have the error that conv_winograd.c documents. */
static double tolerance_of(const struct conv_case *c, enum cnn_conv_pass pass)
{
    struct cnn_tensor x = {.layout = c->x_layout}, y = {.layout = c->y_layout};
    const char *name = NULL;
    cnn_cpu_conv_cost(&queues[1], &c->g, &x, &y, pass, &name);
    for (int a = 0; a < ALGORITHMS; a++) {
        const struct cnn_conv_algorithm *one = conv_algorithms[a];
        if (one->inexact && (c->algorithm ? c->algorithm == one : !strcmp(one->name, name)))
            return 1e-5;
    }
    return 3e-6;
}

static void set_tensors(struct conv_case *c, enum cnn_conv_pass pass, int with_bias)
{
    const struct cnn_conv *g = &c->g;
    struct cnn_conv_case how = case_of(c, pass);
    size_t cg = g->in_c / g->groups;
    c->x = tensor_in(c->x_layout, c->n, g->in_c, g->in_h, g->in_w, INPUT);
    c->dx = tensor_in(c->x_layout, c->n, g->in_c, g->in_h, g->in_w, OUTPUT);
    c->y = tensor_in(c->y_layout, c->n, g->out_c, g->out_h, g->out_w, OUTPUT);
    c->dy = gradient_in(c->y_layout, c->n, g->out_c, g->out_h, g->out_w);
    c->w = tensor(g->out_c, cg, g->kh, g->kw, INPUT);
    c->dw = tensor(g->out_c, cg, g->kh, g->kw, SUM);
    c->b = (struct cnn_tensor){1, g->out_c, 1, 1, CNN_LAYOUT_PLAIN, NULL};
    if (with_bias)
        c->b.data = numbers(g->out_c, INPUT);
    size_t bytes = 0;
    if (c->algorithm)
        bytes = c->algorithm->work(&how, MOST_THREADS) * sizeof(real);
    else
        bytes = cnn_cpu_conv_work(&queues[MOST_THREADS], g, &c->x, &c->y);
    c->work = buffer_new(bytes, SCRATCH);
    if (c->algorithm && c->algorithm->packed && pass == CNN_CONV_FORWARD)
        c->packed = buffer_new(c->algorithm->packed(&how) * sizeof(real), SCRATCH);
}

static void check_conv(struct conv_case *c, enum cnn_conv_pass pass, int with_bias)
{
    static void (*const runs[])(struct cnn_queue *, void *) = {conv_forward, conv_data,
                                                               conv_weight};
    set_tensors(c, pass, with_bias);
    struct cnn_tensor *out = pass == CNN_CONV_FORWARD ? &c->y
                             : pass == CNN_CONV_DATA  ? &c->dx
                                                      : &c->dw;
    size_t count = cnn_tensor_count(out), plane = c->g.out_h * c->g.out_w;
    struct buffer *others[] = {&buffers[1], &buffers[2], &buffers[5]};
    for (int i = 0; i < 3; i++) /* what this pass does not write must stay */
        if (others[i]->base + GUARD != (unsigned char *)out->data)
            others[i]->kind = INPUT;
    run_all(runs[pass], c);
    c->want = zeros(count);
    for (size_t i = 0; pass == CNN_CONV_FORWARD && with_bias && i < count; i++)
        c->want[i] = value_at(&c->b, i / plane % c->g.out_c);
    for (size_t i = 0; pass == CNN_CONV_WEIGHT && i < count; i++)
        c->want[i] = (double)before(out->data)[i];
    add_products(c, pass, c->want);
    expect_tensor(c->algorithm ? c->algorithm->name : "convolution", out, c->want,
                  tolerance_of(c, pass));
    free(c->want);
    buffers_free();
}

static void check_pass(enum cnn_conv_pass pass)
{
    for (int i = 0; i < 3 * GEOMETRIES; i++) {
        struct conv_case c = i < 2 * GEOMETRIES ? any_conv(i) : blocked_conv(i);
        check_conv(&c, pass, i % 3 > 0);
        for (int a = 0; a < ALGORITHMS; a++) {
            c.algorithm = conv_algorithms[a];
            struct cnn_conv_case how = case_of(&c, pass);
            if (c.algorithm->cost(&how) >= 0)
                check_conv(&c, pass, i % 2);
        }
    }
}

static void test_conv_forward(void **state)
{
    (void)state;
    check_pass(CNN_CONV_FORWARD);
}

static void test_conv_backward_data(void **state)
{
    (void)state;
    check_pass(CNN_CONV_DATA);
}

static void test_conv_backward_weight(void **state)
{
    (void)state;
    check_pass(CNN_CONV_WEIGHT);
}

/* Every pass costs something and is done by an algorithm with a name. */
static void test_conv_cost(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * GEOMETRIES; i++) {
        struct conv_case c = any_conv(i);
        struct cnn_tensor x = {.layout = c.x_layout}, y = {.layout = c.y_layout};
        for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++) {
            const char *name = NULL;
            double cost =
                cnn_cpu_conv_cost(&queues[1], &c.g, &x, &y, (enum cnn_conv_pass)pass, &name);
            assert_true(cost > 0 && cost < 1e12);
            assert_non_null(name);
        }
    }
}

struct packed_case {
    struct conv_case c;
    enum cnn_activation f;
    struct cnn_tensor add;
    void *packed;
};

static void forward_packed(struct cnn_queue *q, void *context)
{
    struct packed_case *p = context;
    struct conv_case *c = &p->c;
    struct cnn_epilogue e = {.add = &p->add, .activate = 1, .f = p->f};
    cnn_cpu_conv_pack(q, &c->g, &c->x, &c->y, &c->w, p->packed);
    cnn_cpu_conv_forward(q, &c->g, &c->x, &c->w, &c->b, p->packed, &e, &c->y, c->work);
}

static double activated(enum cnn_activation f, double v)
{
    if (f == CNN_SIGMOID)
        return 1 / (1 + exp(-v));
    return v < 0 ? 0 : f == CNN_RELU6 && v > 6 ? 6 : v;
}

/* So that results are about as large as where activations bend. */
static void scale_weights(struct conv_case *c)
{
    size_t count = cnn_tensor_count(&c->w);
    real *w = c->w.data, scale = (real)(4 / sqrt((double)(count / c->g.out_c)));
    for (size_t k = 0; k < count; k++)
        w[k] *= scale;
}

/* Weights packed beforehand, a sum and an activation on the way out. */
static void test_conv_pack(void **state)
{
    static const enum cnn_activation activations[] = {CNN_RELU, CNN_RELU6, CNN_SIGMOID};
    (void)state;
    for (int i = 0; i < 2 * GEOMETRIES; i++) {
        struct packed_case p = {.c = any_conv(i), .f = activations[i / 2 % 3]};
        struct conv_case *c = &p.c;
        set_tensors(c, CNN_CONV_FORWARD, 1);
        scale_weights(c);
        buffers[1].kind = buffers[5].kind = INPUT;
        p.add = tensor_in(c->y_layout, c->n, c->g.out_c, c->g.out_h, c->g.out_w, INPUT);
        p.packed = buffer_new(cnn_cpu_conv_packed(&queues[1], &c->g, &c->x, &c->y), SCRATCH);
        run_all(forward_packed, &p);
        size_t count = cnn_tensor_count(&c->y), plane = c->g.out_h * c->g.out_w;
        c->want = zeros(count);
        for (size_t k = 0; k < count; k++)
            c->want[k] = value_at(&c->b, k / plane % c->g.out_c) + value_at(&p.add, k);
        add_products(c, CNN_CONV_FORWARD, c->want);
        for (size_t k = 0; k < count; k++)
            c->want[k] = activated(p.f, c->want[k]);
        expect_tensor("packed convolution", &c->y, c->want, tolerance_of(c, CNN_CONV_FORWARD));
        free(c->want);
        buffers_free();
    }
}

/* What conv_packed says suffices: test_conv_pack's guards see to that. Asking twice gives the same.
 */
static void test_conv_packed(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * GEOMETRIES; i++) {
        struct conv_case c = any_conv(i);
        struct cnn_tensor x = {.layout = c.x_layout}, y = {.layout = c.y_layout};
        size_t bytes = cnn_cpu_conv_packed(&queues[1], &c.g, &x, &y);
        assert_int_equal(bytes, cnn_cpu_conv_packed(&queues[4], &c.g, &x, &y));
        assert_true(bytes == 0 || bytes >= cnn_padded(c.g.out_c * c.g.kh * c.g.kw) * sizeof(real));
    }
}

/* An algorithm's scratch for a batch suffices for smaller ones: it never shrinks as the batch
 * grows. (That it suffices at all the guards of the tests above see.) */
static void check_work(struct conv_case c, const struct cnn_conv_algorithm *a,
                       enum cnn_conv_pass pass)
{
    struct cnn_conv_case how = case_of(&c, pass);
    how.g = &c.g;
    size_t last = 0;
    for (c.g.batch = 1; c.g.batch < 70; c.g.batch++) {
        if (a->cost(&how) < 0)
            continue;
        size_t work = a->work(&how, 2);
        assert_true(work >= last);
        last = work;
    }
}

static void test_conv_work(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * GEOMETRIES; i++) {
        struct conv_case c = any_conv(i);
        for (int a = 0; a < ALGORITHMS; a++)
            for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++)
                check_work(c, conv_algorithms[a], (enum cnn_conv_pass)pass);
    }
}
