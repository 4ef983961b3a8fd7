/* Elementwise kernels, reductions and optimizer steps against plain loops in double precision. */

/* Enough for several jobs, and an odd end. */
enum { MANY = 40003 };

struct arrays {
    int which;
    double number;
    struct cnn_tensor x, y, dy, dx;
    struct cnn_tensor more[3];
    const struct cnn_tensor *xs[3];
    struct cnn_tensor *dxs[3];
    size_t channels[3];
};

static struct cnn_tensor vector(size_t count, enum kind kind)
{
    return tensor(1, count, 1, 1, kind);
}

static double value(const struct cnn_tensor *t, size_t i)
{
    return (double)((const real *)t->data)[i];
}

static double activation(int f, double slope, double x)
{
    switch (f) {
    case CNN_RELU:
        return x > 0 ? x : 0;
    case CNN_RELU6:
        return fmin(fmax(x, 0), 6);
    case CNN_LEAKY_RELU:
        return x > 0 ? x : slope * x;
    case CNN_SIGMOID:
        return 1 / (1 + exp(-x));
    default:
        return tanh(x);
    }
}

static double activation_slope(int f, double slope, double y)
{
    switch (f) {
    case CNN_RELU:
        return y > 0;
    case CNN_RELU6:
        return y > 0 && y < 6;
    case CNN_LEAKY_RELU:
        return y > 0 ? 1 : slope;
    case CNN_SIGMOID:
        return y * (1 - y);
    default:
        return 1 - y * y;
    }
}

static void activation_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_activation_forward(q, (enum cnn_activation)a->which, a->number, &a->x, &a->y);
}

static void activation_back_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_activation_backward(q, (enum cnn_activation)a->which, a->number, &a->y, &a->dy, &a->dx);
}

static void test_activation_forward(void **state)
{
    (void)state;
    for (int f = CNN_RELU; f <= CNN_TANH; f++) {
        struct arrays a = {
            f, 0.2, vector(MANY, INPUT), vector(MANY, OUTPUT), {0}, {0}, {{0}}, {0}, {0}, {0}};
        real *x = a.x.data;
        for (size_t i = 0; i < MANY; i++)
            x[i] *= i < 100 ? 200 : 4;
        run_all(activation_run, &a);
        double *want = zeros(MANY);
        for (size_t i = 0; i < MANY; i++)
            want[i] = activation(f, 0.2, (double)x[i]);
        expect_close("y", a.y.data, want, MANY, 1e-6);
        x[3] = (real)NAN;
        real y[4];
        struct cnn_tensor four = {1, 4, 1, 1, CNN_LAYOUT_PLAIN, x}, out = four;
        out.data = y;
        cnn_cpu_activation_forward(&queues[0], (enum cnn_activation)f, 0.2, &four, &out);
        assert_true(y[3] != y[3]);
        free(want);
        buffers_free();
    }
}

/* The channels that fill up a block stay zero, whatever the activation makes of zero. */
static void activations_keep_blocks_filled_with_zeros(void **state)
{
    (void)state;
    for (int f = CNN_RELU; f <= CNN_TANH; f++) {
        int layout = (int)cnn_isa()->lanes;
        size_t c = (size_t)layout + 3;
        struct arrays a = {.which = f,
                           .number = 0.2,
                           .x = tensor_in(layout, 5, c, 7, 9, INPUT),
                           .y = tensor_in(layout, 5, c, 7, 9, OUTPUT)};
        run_all(activation_run, &a);
        size_t count = cnn_tensor_count(&a.x);
        double *want = zeros(count);
        for (size_t i = 0; i < count; i++)
            want[i] = activation(f, 0.2, value_at(&a.x, i));
        expect_tensor("y", &a.y, want, 1e-6);
        free(want);
        buffers_free();
    }
}

static void test_activation_backward(void **state)
{
    (void)state;
    for (int f = CNN_RELU; f <= CNN_TANH; f++) {
        struct arrays a = {.which = f,
                           .number = 0.2,
                           .y = vector(MANY, INPUT),
                           .dy = vector(MANY, INPUT),
                           .dx = vector(MANY, OUTPUT)};
        real *y = a.y.data;
        for (size_t i = 0; i < MANY; i++)
            y[i] *= 8;
        y[1] = 0; /* where relu and relu6 end */
        y[2] = 6;
        run_all(activation_back_run, &a);
        double *want = zeros(MANY);
        for (size_t i = 0; i < MANY; i++)
            want[i] = value(&a.dy, i) * activation_slope(f, 0.2, value(&a.y, i));
        expect_close("dx", a.dx.data, want, MANY, 1e-6);
        free(want);
        buffers_free();
    }
}

static void sum_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_sum_forward(q, a->which, a->xs, &a->y);
}

static void test_sum_forward(void **state)
{
    (void)state;
    for (int count = 1; count <= 3; count++) {
        struct arrays a = {.which = count, .y = vector(MANY, OUTPUT)};
        double *want = zeros(MANY);
        for (int k = 0; k < count; k++) {
            a.more[k] = vector(MANY, INPUT);
            a.xs[k] = &a.more[k];
            for (size_t i = 0; i < MANY; i++)
                want[i] += value(&a.more[k], i);
        }
        run_all(sum_run, &a);
        expect_close("y", a.y.data, want, MANY, 1e-6);
        free(want);
        buffers_free();
    }
}

enum { REARRANGED = 3 * 2 * LAYOUTS };

/* x and y of one shape, one of them plain, the other in any layout. */
static struct arrays rearranged(int i, enum kind kind)
{
    static const size_t shapes[3][4] = {{3, 5, 4, 3}, {21, 40, 7, 5}, {33, 1, 1, 7}};
    const size_t *s = shapes[i / 2 / LAYOUTS];
    int layout = layout_of(i / 2), plain = CNN_LAYOUT_PLAIN;
    return (struct arrays){.x = tensor_in(i % 2 ? plain : layout, s[0], s[1], s[2], s[3], INPUT),
                           .y = tensor_in(i % 2 ? layout : plain, s[0], s[1], s[2], s[3], kind)};
}

static void accumulate_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_accumulate(q, &a->x, &a->y);
}

static void test_accumulate(void **state)
{
    (void)state;
    struct arrays a = {.x = vector(MANY, INPUT), .y = vector(MANY, SUM)};
    run_all(accumulate_run, &a);
    double *want = zeros(MANY);
    for (size_t i = 0; i < MANY; i++)
        want[i] = value(&a.x, i) + (double)before(a.y.data)[i];
    expect_close("y", a.y.data, want, MANY, 1e-6);
    free(want);
    buffers_free();
    for (int i = 0; i < REARRANGED; i++) {
        a = rearranged(i, SUM);
        run_all(accumulate_run, &a);
        struct cnn_tensor was = a.y;
        was.data = (void *)before(a.y.data);
        want = zeros(cnn_tensor_count(&a.x));
        for (size_t k = 0; k < cnn_tensor_count(&a.x); k++)
            want[k] = value_at(&a.x, k) + value_at(&was, k);
        expect_tensor("y", &a.y, want, 1e-6);
        free(want);
        buffers_free();
    }
}

static void copy_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_copy(q, &a->x, &a->y);
}

static void test_copy(void **state)
{
    (void)state;
    struct arrays a = {.x = vector(MANY, INPUT), .y = vector(MANY, OUTPUT)};
    run_all(copy_run, &a);
    assert_memory_equal(a.x.data, a.y.data, MANY * sizeof(real));
    buffers_free();
    for (int i = 0; i < REARRANGED; i++) {
        a = rearranged(i, OUTPUT);
        run_all(copy_run, &a);
        double *want = zeros(cnn_tensor_count(&a.x));
        for (size_t k = 0; k < cnn_tensor_count(&a.x); k++)
            want[k] = value_at(&a.x, k);
        expect_tensor("y", &a.y, want, 0);
        free(want);
        buffers_free();
    }
}

static void fill_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_fill(q, 2.5, MANY, a->y.data);
}

static void test_fill(void **state)
{
    (void)state;
    struct arrays a = {.y = vector(MANY, OUTPUT)};
    run_all(fill_run, &a);
    for (size_t i = 0; i < MANY; i++)
        assert_true(value(&a.y, i) == 2.5);
    buffers_free();
}

static void clamp_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_clamp(q, 0.5, MANY, a->y.data);
}

static void test_clamp(void **state)
{
    (void)state;
    struct arrays a = {.y = vector(MANY, SUM)};
    ((real *)a.y.data)[77] = (real)NAN;
    run_all(clamp_run, &a);
    for (size_t i = 0; i < MANY; i++) {
        double v = (double)before(a.y.data)[i];
        if (i == 77)
            assert_true(value(&a.y, i) != value(&a.y, i));
        else
            assert_true(value(&a.y, i) == (v > 0.5 ? 0.5 : v < -0.5 ? -0.5 : v));
    }
    buffers_free();
}

static void test_sum_squares(void **state)
{
    static const size_t counts[] = {0, 1, 15, 17, 16384, 16385, MANY, 1300001};
    (void)state;
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        real *x = numbers(counts[k], INPUT);
        double want = 0, got = 0, first = 0;
        for (size_t i = 0; i < counts[k]; i++)
            want += (double)x[i] * (double)x[i];
        for (int r = 0; r < RUNS; r++) {
            cnn_cpu_sum_squares(&queues[r], counts[k], x, &got);
            first = r ? first : got;
            assert_memory_equal(&got, &first, sizeof got);
        }
        assert_true(fabs(got - want) <= 1e-12 * want);
        if (counts[k] > 1) {
            x[counts[k] / 2] = (real)INFINITY;
            cnn_cpu_sum_squares(&queues[2], counts[k], x, &got);
            assert_true(!isfinite(got));
        }
        buffers_free();
    }
}

static void dropout_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_dropout(q, a->number, 99, 7, &a->x, &a->y);
}

static void test_dropout(void **state)
{
    static const double rates[] = {0.1, 0.5, 0.9};
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct arrays a = {.number = rates[k], .x = vector(MANY, INPUT), .y = vector(MANY, OUTPUT)};
        run_all(dropout_run, &a);
        double *want = zeros(MANY), kept = 0;
        for (size_t i = 0; i < MANY; i++) {
            uint32_t word[4];
            cnn_philox(99, 7, i / 4, word);
            int keep = cnn_unit(word[i % 4]) >= (float)rates[k];
            want[i] = keep ? value(&a.x, i) / (1 - rates[k]) : 0;
            kept += keep;
        }
        expect_close("y", a.y.data, want, MANY, 1e-6);
        /* five standard deviations of the binomial */
        assert_true(fabs(kept / MANY - (1 - rates[k])) <=
                    5 * sqrt(rates[k] * (1 - rates[k]) / MANY));
        free(want);
        buffers_free();
    }
}

/* Blocks that are whole, blocks that inputs share, inputs that end within a block. */
static const size_t concat_channels[][3] = {{3, 1, 5}, {16, 32, 16}, {20, 7, 18}};
enum { CONCATS = LAYOUTS * sizeof concat_channels / sizeof *concat_channels };

static void concat_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_concat_forward(q, 3, a->xs, &a->y);
}

static void concat_back_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_concat_backward(q, 3, a->channels, &a->dy, a->dxs);
}

/* Which branch and element there the i-th element of (n, all branches, hw) is. */
static int concat_place(const size_t channels[3], size_t i, size_t hw, size_t *element)
{
    size_t all = channels[0] + channels[1] + channels[2];
    size_t n = i / (all * hw), c = i / hw % all;
    int branch = 0;
    while (c >= channels[branch])
        c -= channels[branch++];
    *element = (n * channels[branch] + c) * hw + i % hw;
    return branch;
}

static void test_concat_forward(void **state)
{
    (void)state;
    for (int i = 0; i < CONCATS; i++) {
        const size_t *c = concat_channels[i / LAYOUTS];
        int layout = layout_of(i);
        struct arrays a = {.y = tensor_in(layout, 20, c[0] + c[1] + c[2], 13, 11, OUTPUT)};
        for (int k = 0; k < 3; k++) {
            a.more[k] = tensor_in(layout, 20, c[k], 13, 11, INPUT);
            a.xs[k] = &a.more[k];
        }
        run_all(concat_run, &a);
        double *want = zeros(cnn_tensor_count(&a.y));
        for (size_t k = 0; k < cnn_tensor_count(&a.y); k++) {
            size_t element;
            int branch = concat_place(c, k, 143, &element);
            want[k] = value_at(&a.more[branch], element);
        }
        expect_tensor("y", &a.y, want, 0);
        free(want);
        buffers_free();
    }
}

static void test_concat_backward(void **state)
{
    (void)state;
    for (int i = 0; i < CONCATS; i++) {
        const size_t *c = concat_channels[i / LAYOUTS];
        int layout = layout_of(i);
        double *want[3];
        struct arrays a = {.dy = tensor_in(layout, 20, c[0] + c[1] + c[2], 13, 11, INPUT)};
        for (int k = 0; k < 3; k++) {
            a.channels[k] = c[k];
            a.more[k] = tensor_in(layout, 20, c[k], 13, 11, k == 1 ? SCRATCH : OUTPUT);
            a.dxs[k] = k == 1 ? NULL : &a.more[k];
            want[k] = zeros(cnn_tensor_count(&a.more[k]));
        }
        run_all(concat_back_run, &a);
        for (size_t k = 0; k < cnn_tensor_count(&a.dy); k++) {
            size_t element;
            int branch = concat_place(c, k, 143, &element);
            want[branch][element] = value_at(&a.dy, k);
        }
        for (int k = 0; k < 3; k++) {
            if (k != 1)
                expect_tensor("dx", &a.more[k], want[k], 0);
            free(want[k]);
        }
        buffers_free();
    }
}

static void subsample_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_subsample_forward(q, (size_t)a->which, &a->x, &a->y);
}

static void subsample_back_run(struct cnn_queue *q, void *context)
{
    struct arrays *a = context;
    cnn_cpu_subsample_backward(q, (size_t)a->which, &a->dy, &a->dx);
}

/* Channels of the large and of the small tensor. */
static const size_t subsample_channels[][2] = {{4, 6}, {16, 32}, {16, 16}, {21, 40}, {3, 44}};
enum { SUBSAMPLES = sizeof subsample_channels / sizeof *subsample_channels };

/* Visits all strides, channels and layouts: the large tensor is (10, c, 17, 19). */
static void each_subsample(void (*check)(int stride, int layout, const size_t channels[2]))
{
    for (int stride = 1; stride <= 3; stride++)
        for (int i = 0; i < LAYOUTS * SUBSAMPLES; i++)
            check(stride, layout_of(i), subsample_channels[i / LAYOUTS]);
}

static void check_subsample_forward(int stride, int layout, const size_t channels[2])
{
    size_t s = (size_t)stride, h = (17 - 1) / s + 1, w = (19 - 1) / s + 1;
    size_t large = channels[0], small = channels[1], before_ = (small - large) / 2;
    struct arrays a = {.which = stride,
                       .x = tensor_in(layout, 10, large, 17, 19, INPUT),
                       .y = tensor_in(layout, 10, small, h, w, OUTPUT)};
    run_all(subsample_run, &a);
    double *want = zeros(cnn_tensor_count(&a.y));
    for (size_t i = 0; i < cnn_tensor_count(&a.y); i++) {
        size_t n = i / (small * h * w), c = i / (h * w) % small, r = i / w % h, k = i % w;
        size_t from = ((n * large + c - before_) * 17 + r * s) * 19 + k * s;
        want[i] = c >= before_ && c < before_ + large ? value_at(&a.x, from) : 0;
    }
    expect_tensor("y", &a.y, want, 0);
    free(want);
    buffers_free();
}

static void test_subsample_forward(void **state)
{
    (void)state;
    each_subsample(check_subsample_forward);
}

static void check_subsample_backward(int stride, int layout, const size_t channels[2])
{
    size_t s = (size_t)stride, h = (17 - 1) / s + 1, w = (19 - 1) / s + 1;
    size_t large = channels[0], small = channels[1], before_ = (small - large) / 2;
    struct arrays a = {.which = stride,
                       .dx = tensor_in(layout, 10, large, 17, 19, OUTPUT),
                       .dy = tensor_in(layout, 10, small, h, w, INPUT)};
    run_all(subsample_back_run, &a);
    double *want = zeros(cnn_tensor_count(&a.dx));
    for (size_t i = 0; i < cnn_tensor_count(&a.dx); i++) {
        size_t n = i / (large * 17 * 19), c = i / (17 * 19) % large, r = i / 19 % 17, k = i % 19;
        size_t from = ((n * small + c + before_) * h + r / s) * w + k / s;
        want[i] = r % s == 0 && k % s == 0 ? value_at(&a.dy, from) : 0;
    }
    expect_tensor("dx", &a.dx, want, 0);
    free(want);
    buffers_free();
}

static void test_subsample_backward(void **state)
{
    (void)state;
    each_subsample(check_subsample_backward);
}

/* One step of each optimizer for one weight, as struct cnn_update describes it. */
struct weight {
    double w, g, s1, s2;
};

static void sgd_step(const struct cnn_update *u, struct weight *p, double g)
{
    p->s1 = u->momentum * p->s1 + g;
    p->w -= u->rate * (u->nesterov ? g + u->momentum * p->s1 : p->s1);
}

static void adagrad_step(const struct cnn_update *u, struct weight *p, double g)
{
    p->s1 += g * g;
    p->w -= u->rate * g / (sqrt(p->s1) + u->eps);
}

static void adadelta_step(const struct cnn_update *u, struct weight *p, double g)
{
    p->s1 = u->rho * p->s1 + (1 - u->rho) * g * g;
    double d = sqrt(p->s2 + u->eps) / sqrt(p->s1 + u->eps) * g;
    p->s2 = u->rho * p->s2 + (1 - u->rho) * d * d;
    p->w -= u->rate * d;
}

static void rmsprop_step(const struct cnn_update *u, struct weight *p, double g)
{
    p->s1 = u->rho * p->s1 + (1 - u->rho) * g * g;
    p->s2 = u->momentum * p->s2 + g / (sqrt(p->s1) + u->eps);
    p->w -= u->rate * p->s2;
}

static void adam_step(const struct cnn_update *u, struct weight *p, double g)
{
    double t = (double)u->step;
    p->s1 = u->beta1 * p->s1 + (1 - u->beta1) * g;
    p->s2 = u->beta2 * p->s2 + (1 - u->beta2) * g * g;
    p->w -= u->rate * u->decoupled * p->w;
    p->w -= u->rate * (p->s1 / (1 - pow(u->beta1, t))) /
            (sqrt(p->s2 / (1 - pow(u->beta2, t))) + u->eps);
}

typedef void update_kernel(struct cnn_queue *q, const struct cnn_update *u, size_t count, real *w,
                           const real *g, real *s1, real *s2);

struct update_case {
    update_kernel *kernel;
    struct cnn_update u;
    real *w, *g, *s1, *s2;
};

static void update_run(struct cnn_queue *q, void *context)
{
    struct update_case *c = context;
    c->kernel(q, &c->u, MANY, c->w, c->g, c->s1, c->s2);
}

static void check_update(update_kernel *kernel,
                         void (*step)(const struct cnn_update *, struct weight *, double),
                         struct cnn_update u, int s1, int s2)
{
    struct update_case c = {kernel, u, numbers(MANY, SUM), numbers(MANY, INPUT), NULL, NULL};
    c.s1 = s1 ? numbers(MANY, SUM) : NULL;
    c.s2 = s2 ? numbers(MANY, SUM) : NULL;
    for (size_t i = 0; i < MANY; i++) {
        if (s1)
            c.s1[i] = (real)fabs((double)c.s1[i]);
        if (s2)
            c.s2[i] = (real)fabs((double)c.s2[i]);
    }
    c.w[5] = 0;
    run_all(update_run, &c);
    double *want = zeros(3 * MANY);
    for (size_t i = 0; i < MANY; i++) {
        struct weight p = {.w = (double)before(c.w)[i],
                           .s1 = s1 ? (double)before(c.s1)[i] : 0,
                           .s2 = s2 ? (double)before(c.s2)[i] : 0};
        double sign = (p.w > 0) - (p.w < 0);
        step(&u, &p, u.clip_scale * (double)c.g[i] + u.l2 * p.w + u.l1 * sign);
        want[i] = p.w;
        want[MANY + i] = p.s1;
        want[2 * MANY + i] = p.s2;
    }
    expect_close("w", c.w, want, MANY, 3e-6);
    if (s1)
        expect_close("s1", c.s1, want + MANY, MANY, 3e-6);
    if (s2)
        expect_close("s2", c.s2, want + 2 * MANY, MANY, 3e-6);
    free(want);
    buffers_free();
}

static const struct cnn_update plain_update = {.rate = 0.1, .clip_scale = 1, .step = 1};
static const struct cnn_update full_update = {.rate = 0.03,
                                              .momentum = 0.9,
                                              .rho = 0.9,
                                              .beta1 = 0.9,
                                              .beta2 = 0.99,
                                              .eps = 1e-3,
                                              .l1 = 0.01,
                                              .l2 = 0.02,
                                              .decoupled = 0.1,
                                              .clip_scale = 0.5,
                                              .step = 3};

static void test_update_sgd(void **state)
{
    struct cnn_update u = full_update;
    (void)state;
    check_update(cnn_cpu_update_sgd, sgd_step, plain_update, 0, 0);
    check_update(cnn_cpu_update_sgd, sgd_step, u, 1, 0);
    u.nesterov = 1;
    check_update(cnn_cpu_update_sgd, sgd_step, u, 1, 0);
}

static void test_update_adagrad(void **state)
{
    (void)state;
    check_update(cnn_cpu_update_adagrad, adagrad_step, full_update, 1, 0);
}

static void test_update_adadelta(void **state)
{
    (void)state;
    check_update(cnn_cpu_update_adadelta, adadelta_step, full_update, 1, 1);
}

static void test_update_rmsprop(void **state)
{
    struct cnn_update u = full_update;
    (void)state;
    check_update(cnn_cpu_update_rmsprop, rmsprop_step, u, 1, 1);
    u.momentum = 0;
    check_update(cnn_cpu_update_rmsprop, rmsprop_step, u, 1, 0);
}

static void test_update_adam(void **state)
{
    struct cnn_update u = full_update;
    (void)state;
    check_update(cnn_cpu_update_adam, adam_step, u, 1, 1);
    u.decoupled = 0;
    u.step = 1;
    check_update(cnn_cpu_update_adam, adam_step, u, 1, 1);
}
