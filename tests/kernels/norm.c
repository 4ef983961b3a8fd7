/* Batch normalisation and what follows it against plain loops in double precision: plain and
 * blocked, with every activation, with and without a sum, and with what is optional left out. */
#include "kernels/arrays.h"
#include "kernels/rig.h"

#include "kern/isa/isa.h"

/* Channels of one block and of several, the last one full or not; one job, whole units, parts. */
static const size_t norm_shapes[][4] = {{1, 1, 1, 1},  {5, 10, 1, 1},   {300, 7, 1, 1},
                                        {3, 4, 9, 17}, {2, 3, 1, 70},   {35, 5, 13, 11},
                                        {2, 70, 7, 7}, {2, 40, 24, 24}, {130, 1, 13, 11}};
enum { NORM_SHAPES = sizeof norm_shapes / sizeof *norm_shapes };

/* What follows: nothing, a sum alone, then each activation with and without one. */
enum { NORM_FOLLOW = 2 + 2 * CNN_ACTIVATIONS };

struct norm_case {
    struct cnn_tensor x, y, dy, dx, dadd, add;
    struct cnn_tensor gamma, beta, mean, var, dgamma, dbeta;
    real *save_mean, *save_inv;
    double eps, momentum;
    int affine, sparse; /* with gamma and beta; without what is optional in backward */
    struct cnn_epilogue e;
    int follows, frozen;
    int dx_in_dy, dadd_in_dy; /* where the results go */
    size_t count, c, hw;
};

static struct cnn_tensor norm_tensor(int i, struct cnn_layout layout, enum kind kind)
{
    const size_t *s = norm_shapes[i];
    return tensor_in(layout, s[0], s[1], s[2], s[3], kind);
}

static struct cnn_tensor channels(size_t c, real *data)
{
    return cnn_tensor_plain(1, c, 1, 1, data);
}

/* The i-th case: shapes, within them layouts, within them what follows. */
static struct norm_case norm_case(int i, int follow, enum kind statistics_kind)
{
    int shape = i % NORM_SHAPES;
    struct cnn_layout layout = i / NORM_SHAPES % 2 ? block_layout() : layout_of(0);
    size_t c = norm_shapes[shape][1];
    struct norm_case l = {.x = norm_tensor(shape, layout, INPUT), .eps = 1e-3, .momentum = 0.2};
    l.affine = (i + follow) % 3 > 0;
    l.c = c;
    l.hw = l.x.h * l.x.w;
    l.count = cnn_tensor_count(&l.x);
    real *x = l.x.data;
    for (size_t k = 0; k < l.count; k++)
        x[cnn_tensor_place(&l.x, k)] = x[cnn_tensor_place(&l.x, k)] * 3 + 2;
    l.gamma = channels(c, positive(c));
    l.beta = channels(c, numbers(c, INPUT));
    l.mean = channels(c, numbers(c, statistics_kind));
    real *v = numbers(c, statistics_kind);
    for (size_t k = 0; k < c; k++)
        v[k] = (real)uniform(0.2, 2);
    l.var = channels(c, v);
    l.follows = follow > 0;
    l.e = (struct cnn_epilogue){.activate = follow > 1, .a = {0.25, 0.8}};
    if (follow > 1)
        l.e.f = (enum cnn_activation)(follow / 2 - 1);
    if (follow % 2)
        l.add = norm_tensor(shape, layout, INPUT);
    return l;
}

static const struct cnn_epilogue *epilogue_of(struct norm_case *l)
{
    l->e.add = l->add.data ? &l->add : NULL;
    return l->follows ? &l->e : NULL;
}

static const struct cnn_tensor *gamma_of(const struct norm_case *l)
{
    return l->affine ? &l->gamma : NULL;
}

static const struct cnn_tensor *beta_of(const struct norm_case *l)
{
    return l->affine ? &l->beta : NULL;
}

/* Statistics of channel c in double, two passes. */
static void statistics(const struct norm_case *l, size_t c, double *mean, double *var, double *m)
{
    *mean = *var = 0;
    *m = (double)(l->x.n * l->hw);
    for (size_t i = 0; i < l->x.n * l->hw; i++)
        *mean += value_at(&l->x, (i / l->hw * l->c + c) * l->hw + i % l->hw) / *m;
    for (size_t i = 0; i < l->x.n * l->hw; i++) {
        double d = value_at(&l->x, (i / l->hw * l->c + c) * l->hw + i % l->hw) - *mean;
        *var += d * d / *m;
    }
}

/* Element k before the activation. */
static double norm_value(const struct norm_case *l, size_t k, double mean, double inv)
{
    size_t ch = k / l->hw % l->c;
    double v = (value_at(&l->x, k) - mean) * inv;
    if (l->affine)
        v = v * value(&l->gamma, ch) + value(&l->beta, ch);
    return l->add.data ? v + value_at(&l->add, k) : v;
}

static void norm_train_run(struct cnn_queue *q, void *context)
{
    struct norm_case *l = context;
    K(batchnorm_train)
    (q, l->eps, l->momentum, &l->x, gamma_of(l), beta_of(l), &l->mean, &l->var, l->save_mean,
     l->save_inv, epilogue_of(l), &l->y);
}

static void norm_infer_run(struct cnn_queue *q, void *context)
{
    struct norm_case *l = context;
    K(batchnorm_infer)
    (q, l->eps, &l->x, gamma_of(l), beta_of(l), &l->mean, &l->var, epilogue_of(l), &l->y);
}

/* A tolerance for results that are made of numbers of about 1, however small a function makes them. */
static double tolerance_of(double tolerance, const double *want, size_t count)
{
    double size = 1e-30;
    for (size_t k = 0; k < count; k++)
        size = fmax(size, fabs(want[k]));
    return tolerance * fmax(1, 1 / size);
}

static void check_norm_train(int i, int follow)
{
    struct norm_case l = norm_case(i, follow, SUM);
    size_t c = l.c, count = l.count;
    l.y = norm_tensor(i % NORM_SHAPES, l.x.layout, OUTPUT);
    l.save_mean = numbers(c, OUTPUT);
    l.save_inv = numbers(c, OUTPUT);
    run_all(norm_train_run, &l);
    double *want = zeros(count + 4 * c);
    double *rm = want + count, *rv = rm + c, *sm = rv + c, *si = sm + c;
    for (size_t k = 0; k < c; k++) {
        double mean, var, m;
        statistics(&l, k, &mean, &var, &m);
        sm[k] = mean;
        si[k] = 1 / sqrt(var + l.eps);
        rm[k] = 0.8 * (double)before(l.mean.data)[k] + 0.2 * mean;
        rv[k] = 0.8 * (double)before(l.var.data)[k] + 0.2 * (m > 1 ? var * m / (m - 1) : 0);
    }
    for (size_t k = 0; k < count; k++)
        want[k] = activated(&l.e, norm_value(&l, k, sm[k / l.hw % c], si[k / l.hw % c]));
    if (count > 1)
        expect_tensor("y", &l.y, want, tolerance_of(3e-6, want, count));
    expect_close("running mean", l.mean.data, rm, c, 1e-6);
    expect_close("running var", l.var.data, rv, c, 1e-6);
    expect_close("mean", l.save_mean, sm, c, 1e-6);
    expect_close("invstd", l.save_inv, si, c, 1e-6);
    free(want);
    buffers_free();
}

void test_batchnorm_train(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * NORM_SHAPES; i++)
        for (int follow = 0; follow < NORM_FOLLOW; follow++)
            check_norm_train(i, follow);
}

void test_batchnorm_infer(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * NORM_SHAPES * NORM_FOLLOW; i++) {
        struct norm_case l = norm_case(i % (2 * NORM_SHAPES), i / (2 * NORM_SHAPES), INPUT);
        l.y = norm_tensor(i % NORM_SHAPES, l.x.layout, OUTPUT);
        run_all(norm_infer_run, &l);
        double *want = zeros(l.count);
        for (size_t k = 0; k < l.count; k++) {
            size_t ch = k / l.hw % l.c;
            double inv = 1 / sqrt(value(&l.var, ch) + l.eps);
            want[k] = activated(&l.e, norm_value(&l, k, value(&l.mean, ch), inv));
        }
        expect_tensor("y", &l.y, want, tolerance_of(2e-6, want, l.count));
        free(want);
        buffers_free();
    }
}

/* Backward. The gradients that share dy's memory take it over from a copy. */
static void norm_back_run(struct cnn_queue *q, void *context)
{
    struct norm_case *l = context;
    struct cnn_tensor *dx = l->frozen || !l->sparse ? &l->dx : NULL;
    struct cnn_tensor *dadd = l->dadd.data ? &l->dadd : NULL;
    struct cnn_tensor *dgamma = l->frozen && l->sparse ? NULL : &l->dgamma;
    struct cnn_tensor *dbeta = l->frozen && l->sparse ? NULL : &l->dbeta;
    struct cnn_tensor dy = l->dy;
    if (l->dx_in_dy || l->dadd_in_dy) {
        dy.data = (l->dx_in_dy ? &l->dx : &l->dadd)->data;
        memcpy(dy.data, l->dy.data, cnn_tensor_elements(&l->dy) * sizeof(real));
    }
    const struct cnn_tensor *y = l->y.data ? &l->y : NULL;
    if (l->frozen)
        K(batchnorm_backward_frozen)
    (q, l->eps, &l->x, gamma_of(l), beta_of(l), &l->mean, &l->var, y, epilogue_of(l), &dy, dx, dadd,
     dgamma, dbeta);
    else K(batchnorm_backward)(q, &l->x, gamma_of(l), beta_of(l), l->save_mean, l->save_inv, y,
                               epilogue_of(l), &dy, dx, dadd, dgamma, dbeta);
}

/* Whether element k lies so close to a kink that rounding may move it across. */
static int at_kink(const struct norm_case *l, size_t k, const double *mean, const double *inv)
{
    double v = norm_value(l, k, mean[k / l->hw % l->c], inv[k / l->hw % l->c]);
    return l->e.activate && (fabs(v) < 1e-4 || fabs(v - 6) < 1e-4);
}

/* What backward should give: dz, dx, and the sums beside what was there. `size`: the root of the
 * sum of the squares of a sum's terms, which is what a sum that cancels is to be measured by; of
 * terms without the slope, since 1 - y^2 is as exact as y is, not as it is small. */
struct norm_wanted {
    double *dz, *dx;                                   /* (count) */
    double *dgamma, *dbeta, *dgamma_size, *dbeta_size; /* (c) */
};

static void norm_gradients(const struct norm_case *l, const double *mean, const double *inv,
                           const struct norm_wanted *w)
{
    size_t c = l->c;
    double m = (double)(l->x.n * l->hw);
    double *dot = zeros(c), *sum = zeros(c);
    for (size_t k = 0; k < l->count; k++) {
        size_t ch = k / l->hw % c;
        double y =
            l->y.data ? value_at(&l->y, k) : activated(&l->e, norm_value(l, k, mean[ch], inv[ch]));
        double dy = value_at(&l->dy, k), dz = dy * activated_slope(&l->e, y);
        double z = (value_at(&l->x, k) - mean[ch]) * inv[ch];
        w->dz[k] = dz;
        sum[ch] += dz;
        dot[ch] += dz * z;
        w->dbeta_size[ch] += dy * dy;
        w->dgamma_size[ch] += dy * z * dy * z;
    }
    for (size_t k = 0; k < l->count; k++) {
        size_t ch = k / l->hw % c;
        double z = (value_at(&l->x, k) - mean[ch]) * inv[ch];
        double g = w->dz[k] - (l->frozen ? 0 : sum[ch] / m + z * dot[ch] / m);
        w->dx[k] = g * inv[ch] * (l->affine ? value(&l->gamma, ch) : 1);
    }
    for (size_t k = 0; k < c; k++) {
        w->dgamma[k] = (double)before(l->dgamma.data)[k] + dot[k];
        w->dbeta[k] = (double)before(l->dbeta.data)[k] + sum[k];
        w->dgamma_size[k] = sqrt(w->dgamma_size[k]) + fabs((double)before(l->dgamma.data)[k]);
        w->dbeta_size[k] = sqrt(w->dbeta_size[k]) + fabs((double)before(l->dbeta.data)[k]);
    }
    free(dot);
    free(sum);
}

static void expect_sums(const char *what, const struct cnn_tensor *got, const double *want,
                        const double *size)
{
    for (size_t k = 0; k < got->c; k++) {
        double d = fabs(value(got, k) - want[k]);
        if (!(d <= 1e-6 * size[k]))
            fail_msg("%s[%zu] is off by %.3g of %.3g", what, k, d, size[k]);
    }
}

/* How much smaller than dy an activation's slope made all of dz, whose error it did not make
 * smaller; at least 1. */
static double flattened(const struct cnn_tensor *dy, const double *dz, size_t count)
{
    double from = 0, to = 1e-30;
    for (size_t k = 0; k < count; k++) {
        from = fmax(from, fabs(value_at(dy, k)));
        to = fmax(to, fabs(dz[k]));
    }
    return fmax(from / to, 1);
}

/* Statistics as forward saved them, or the running ones. */
static void norm_statistics(struct norm_case *l, double *mean, double *inv)
{
    l->save_mean = numbers(l->c, INPUT);
    l->save_inv = numbers(l->c, INPUT);
    for (size_t k = 0; k < l->c; k++) {
        double m;
        mean[k] = value(&l->mean, k);
        inv[k] = value(&l->var, k);
        if (!l->frozen)
            statistics(l, k, &mean[k], &inv[k], &m);
        inv[k] = 1 / sqrt(inv[k] + l->eps);
        l->save_mean[k] = (real)mean[k];
        l->save_inv[k] = (real)inv[k];
        if (!l->frozen) {
            mean[k] = (double)l->save_mean[k];
            inv[k] = (double)l->save_inv[k];
        }
    }
}

/* variant: what is wanted, and where it goes. */
static void check_norm_backward(int i, int follow, int variant, int frozen)
{
    struct norm_case l = norm_case(i, follow, INPUT);
    struct cnn_layout layout = l.x.layout;
    int shape = i % NORM_SHAPES;
    size_t c = l.c, count = l.count;
    double *room = zeros(2 * count + 6 * c), *mean = room + 2 * count, *inv = mean + c;
    struct norm_wanted want = {room, room + count, inv + c, inv + 2 * c, inv + 3 * c, inv + 4 * c};
    l.frozen = frozen;
    l.sparse = variant % 2;
    l.dx_in_dy = variant == 2 || variant == 3;
    l.dadd_in_dy = variant == 5;
    l.dy = norm_tensor(shape, layout, INPUT);
    l.dx = norm_tensor(shape, layout, l.sparse && !frozen ? SCRATCH : OUTPUT);
    if (variant >= 4)
        l.dadd = norm_tensor(shape, layout, OUTPUT);
    l.dgamma = channels(c, numbers(c, SUM));
    l.dbeta = channels(c, numbers(c, SUM));
    norm_statistics(&l, mean, inv);
    const struct cnn_epilogue *e = epilogue_of(&l);
    enum cnn_activation_passing passing = cnn_activation_type(l.e.f)->passing;
    int rectified = passing == CNN_PASSING_LIMITS || passing == CNN_PASSING_LEAKY;
    int looks_at_y = e && e->activate && (e->add || !rectified);
    for (size_t k = 0; k < count; k++)
        if (at_kink(&l, k, mean, inv))
            ((real *)l.dy.data)[cnn_tensor_place(&l.dy, k)] = 0;
    if (looks_at_y) {
        l.y = norm_tensor(shape, layout, INPUT);
        for (size_t k = 0; k < count; k++) {
            double v = norm_value(&l, k, mean[k / l.hw % c], inv[k / l.hw % c]);
            ((real *)l.y.data)[cnn_tensor_place(&l.y, k)] = (real)activated(&l.e, v);
        }
    }
    run_all(norm_back_run, &l);
    norm_gradients(&l, mean, inv, &want);
    if ((frozen || !l.sparse) && count > 1)
        expect_tensor("dx", &l.dx, want.dx, 3e-6);
    if (l.dadd.data)
        expect_tensor("dadd", &l.dadd, want.dz, 3e-6 * flattened(&l.dy, want.dz, count));
    if (!frozen || !l.sparse) {
        expect_sums("dgamma", &l.dgamma, want.dgamma, want.dgamma_size);
        expect_sums("dbeta", &l.dbeta, want.dbeta, want.dbeta_size);
    }
    free(room);
    buffers_free();
}

/* Whether backward goes through what follows: activations that are apart have a kernel of their
 * own.
 */
static int goes_back(int follow)
{
    return follow < 2 ||
           cnn_activation_type((enum cnn_activation)(follow / 2 - 1))->passing != CNN_PASSING_APART;
}

static void check_norm_backwards(int frozen)
{
    for (int i = 0; i < 2 * NORM_SHAPES; i++)
        for (int follow = 0; follow < NORM_FOLLOW; follow++)
            for (int variant = (i + follow) % 3; variant < 6 && goes_back(follow); variant += 3)
                check_norm_backward(i, follow, variant, frozen);
}

void test_batchnorm_backward(void **state)
{
    (void)state;
    check_norm_backwards(0);
}

void test_batchnorm_backward_frozen(void **state)
{
    (void)state;
    check_norm_backwards(1);
}

struct fold_case {
    struct cnn_tensor w, w_out, b_out, channel[5]; /* b, gamma, beta, mean, var */
    int optional;                                  /* bits: with b, gamma, beta */
};

static void fold_run(struct cnn_queue *q, void *context)
{
    struct fold_case *f = context;
    const struct cnn_tensor *given[3];
    for (int i = 0; i < 3; i++)
        given[i] = f->optional >> i & 1 ? &f->channel[i] : NULL;
    K(batchnorm_fold)
    (q, 1e-3, given[1], given[2], &f->channel[3], &f->channel[4], &f->w, given[0], &f->w_out,
     &f->b_out);
}

void test_batchnorm_fold(void **state)
{
    static const size_t sizes[][4] = {{1, 1, 1, 1}, {10, 7, 1, 1}, {64, 67, 3, 3}};
    (void)state;
    for (int i = 0; i < 24; i++) {
        const size_t *s = sizes[i / 8];
        size_t out = s[0], each = s[1] * s[2] * s[3];
        struct fold_case f = {.optional = i % 8,
                              .w = tensor(out, s[1], s[2], s[3], INPUT),
                              .w_out = tensor(out, s[1], s[2], s[3], OUTPUT),
                              .b_out = channels(out, numbers(out, OUTPUT))};
        for (int k = 0; k < 5; k++)
            f.channel[k] = channels(out, k == 4 ? positive(out) : numbers(out, INPUT));
        run_all(fold_run, &f);
        double *w = zeros(out * each), *b = zeros(out);
        for (size_t k = 0; k < out; k++) {
            double scale =
                (i & 2 ? value(&f.channel[1], k) : 1) / sqrt(value(&f.channel[4], k) + 1e-3);
            for (size_t e = k * each; e < (k + 1) * each; e++)
                w[e] = value(&f.w, e) * scale;
            b[k] = ((i & 1 ? value(&f.channel[0], k) : 0) - value(&f.channel[3], k)) * scale +
                   (i & 4 ? value(&f.channel[2], k) : 0);
        }
        expect_close("w", f.w_out.data, w, out * each, 1e-6);
        expect_close("b", f.b_out.data, b, out, 1e-6);
        free(w);
        free(b);
        buffers_free();
    }
}
