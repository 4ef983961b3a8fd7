/* Normalisations of each sample by itself against plain loops in double precision: groups of
 * channels, and the channels at each place. */
#include "kernels/rig.h"

struct samplenorm_case {
    size_t groups; /* 0: the channels at each place */
    double eps;
    struct cnn_tensor x, y, dy, dx, gamma, beta, dgamma, dbeta, add;
    int affine, saves, no_dx;
    struct cnn_epilogue e;
    real *mean, *inv;
    void *work;
};

/* Samples, channels, height, width, groups. */
static const size_t cases[][5] = {
    {1, 2, 1, 1, 1},   {5, 12, 1, 1, 3}, {3, 4, 9, 17, 2}, {2, 3, 1, 70, 3},  {19, 6, 13, 11, 1},
    {2, 70, 7, 7, 10}, {3, 40, 6, 5, 4}, {9, 33, 3, 3, 1}, {2, 96, 9, 9, 32}, {37, 5, 2, 2, 5}};
enum { CASES = sizeof cases / sizeof *cases, VARIANTS = 4 };

static struct cnn_tensor like(const struct samplenorm_case *l, enum kind kind)
{
    return tensor_in(l->x.layout, l->x.n, l->x.c, l->x.h, l->x.w, kind);
}

/* Cases, within them layouts, within them what is asked for; `places`: no groups. */
static struct samplenorm_case case_of(int i, int places)
{
    const size_t *s = cases[i / VARIANTS / LAYOUTS];
    int variant = i % VARIANTS;
    struct samplenorm_case l = {.groups = places ? 0 : s[4],
                                .eps = 1e-3,
                                .affine = variant > 0,
                                .saves = variant != 2,
                                .no_dx = variant == 3};
    l.x = tensor_in(layout_of(i / VARIANTS), s[0], s[1], s[2], s[3], INPUT);
    for (size_t k = 0; k < cnn_tensor_count(&l.x); k++) {
        real *x = (real *)l.x.data + cnn_tensor_place(&l.x, k);
        /* Neighbouring channels of a place lie apart: where all are nearly equal, rounding is all there is. */
        *x = places ? *x + (real)(2 + 3 * (k / (s[2] * s[3]) % s[1] % 2)) : *x * 3 + 2;
    }
    l.gamma = cnn_tensor_plain(1, s[1], 1, 1, positive(s[1]));
    l.beta = cnn_tensor_plain(1, s[1], 1, 1, numbers(s[1], INPUT));
    size_t bytes = places ? K(layernorm_work)(&queues[1], &l.x)
                          : K(groupnorm_work)(&queues[1], l.groups, &l.x);
    l.work = buffer_new(bytes, SCRATCH);
    return l;
}

static size_t statistics_of(const struct samplenorm_case *l)
{
    return l->groups ? l->x.n * l->groups
                     : cnn_layout_samples(l->x.layout, l->x.n) * l->x.h * l->x.w;
}

/* Which set of numbers element k is normalised with, and how many sets there are. */
static size_t set_of(const struct samplenorm_case *l, size_t k)
{
    size_t hw = l->x.h * l->x.w, n = k / hw / l->x.c;
    return l->groups ? n * l->groups + k / hw % l->x.c / (l->x.c / l->groups) : n * hw + k % hw;
}

static size_t sets_of(const struct samplenorm_case *l)
{
    return l->groups ? l->x.n * l->groups : l->x.n * l->x.h * l->x.w;
}

/* Where a set's mean is stored. */
static size_t stored_at(const struct samplenorm_case *l, size_t set)
{
    struct cnn_tensor one = {l->x.n, 1, l->x.h, l->x.w, l->x.layout, NULL};
    if (l->groups || l->x.layout.order != CNN_ORDER_GROUPS)
        return set;
    return cnn_tensor_place(&one, set);
}

/* Means and inverse deviations of all sets; (2, sets), to be freed. */
static double *statistics(const struct samplenorm_case *l)
{
    size_t sets = sets_of(l), count = cnn_tensor_count(&l->x);
    double *mean = zeros(2 * sets), *inv = mean + sets, m = (double)(count / sets);
    for (size_t k = 0; k < count; k++)
        mean[set_of(l, k)] += value_at(&l->x, k) / m;
    for (size_t k = 0; k < count; k++) {
        double d = value_at(&l->x, k) - mean[set_of(l, k)];
        inv[set_of(l, k)] += d * d / m;
    }
    for (size_t s = 0; s < sets; s++)
        inv[s] = 1 / sqrt(inv[s] + l->eps);
    return mean;
}

static double parameter(const struct samplenorm_case *l, const struct cnn_tensor *t, size_t k,
                        double none)
{
    return l->affine ? (double)((const real *)t->data)[k / (l->x.h * l->x.w) % l->x.c] : none;
}

static void forward_run(struct cnn_queue *q, void *context)
{
    struct samplenorm_case *l = context;
    struct cnn_tensor *gamma = l->affine ? &l->gamma : NULL, *beta = l->affine ? &l->beta : NULL;
    real *mean = l->saves ? l->mean : NULL, *inv = l->saves ? l->inv : NULL;
    const struct cnn_epilogue *e = l->e.add ? &l->e : NULL;
    if (l->groups)
        K(groupnorm_forward)
    (q, l->groups, l->eps, &l->x, gamma, beta, mean, inv, e, &l->y, l->work);
    else K(layernorm_forward)(q, l->eps, &l->x, gamma, beta, mean, inv, &l->y);
}

static void check_forward(struct samplenorm_case *l)
{
    size_t count = cnn_tensor_count(&l->x), sets = sets_of(l);
    enum kind stored = l->saves ? OUTPUT : SCRATCH;
    double *want = zeros(count), *mean = statistics(l), *inv = mean + sets;
    l->y = like(l, OUTPUT);
    l->mean = numbers(statistics_of(l), stored);
    l->inv = numbers(statistics_of(l), stored);
    run_all(forward_run, l);
    for (size_t k = 0; k < count; k++) {
        double v = (value_at(&l->x, k) - mean[set_of(l, k)]) * inv[set_of(l, k)];
        v = v * parameter(l, &l->gamma, k, 1) + parameter(l, &l->beta, k, 0);
        want[k] = l->e.add ? activated(&l->e, v + value_at(&l->add, k)) : v;
    }
    if (count / sets > 1)
        expect_tensor("y", &l->y, want, 3e-6);
    for (size_t s = 0; l->saves && s < sets; s++) {
        size_t at = stored_at(l, s);
        assert_true(fabs((double)l->mean[at] - mean[s]) <= 3e-6 * (1 + fabs(mean[s])));
        assert_true(fabs((double)l->inv[at] - inv[s]) <= 1e-5 * inv[s]);
    }
    free(want);
    free(mean);
    buffers_free();
}

static void backward_run(struct cnn_queue *q, void *context)
{
    struct samplenorm_case *l = context;
    struct cnn_tensor *gamma = l->affine ? &l->gamma : NULL, *dx = l->no_dx ? NULL : &l->dx;
    struct cnn_tensor *dgamma = l->affine ? &l->dgamma : NULL;
    struct cnn_tensor *dbeta = l->affine ? &l->dbeta : NULL;
    if (l->groups)
        K(groupnorm_backward)
    (q, l->groups, &l->x, gamma, l->mean, l->inv, &l->dy, dx, dgamma, dbeta, l->work);
    else K(layernorm_backward)(q, &l->x, gamma, l->mean, l->inv, &l->dy, dx, dgamma, dbeta,
                               l->work);
}

/* What backward should give. */
struct gradients {
    double *dx, *dgamma, *dbeta;
};

static struct gradients gradients_of(const struct samplenorm_case *l, const double *mean)
{
    size_t count = cnn_tensor_count(&l->x), sets = sets_of(l), hw = l->x.h * l->x.w;
    const double *inv = mean + sets;
    double *a = zeros(2 * sets), *b = a + sets, m = (double)(count / sets);
    struct gradients g = {zeros(count), zeros(l->x.c), zeros(l->x.c)};
    for (size_t k = 0; k < count; k++) {
        size_t s = set_of(l, k);
        double z = (value_at(&l->x, k) - mean[s]) * inv[s], dy = value_at(&l->dy, k);
        a[s] += dy * parameter(l, &l->gamma, k, 1);
        b[s] += dy * parameter(l, &l->gamma, k, 1) * z;
        g.dgamma[k / hw % l->x.c] += dy * z;
        g.dbeta[k / hw % l->x.c] += dy;
    }
    for (size_t k = 0; k < count; k++) {
        size_t s = set_of(l, k);
        double z = (value_at(&l->x, k) - mean[s]) * inv[s], dy = value_at(&l->dy, k);
        g.dx[k] = inv[s] * (dy * parameter(l, &l->gamma, k, 1) - (a[s] + z * b[s]) / m);
    }
    free(a);
    return g;
}

/* dgamma and dbeta are added to. */
static void expect_sums(const char *what, const struct cnn_tensor *got, double *want)
{
    double size = 1;
    for (size_t c = 0; c < got->c; c++) {
        want[c] += (double)before(got->data)[c];
        size = fmax(size, fabs(want[c]));
    }
    for (size_t c = 0; c < got->c; c++)
        if (!(fabs((double)((const real *)got->data)[c] - want[c]) <= 1e-5 * size))
            fail_msg("%s[%zu] is %g instead of %g", what, c, (double)((const real *)got->data)[c],
                     want[c]);
}

/* dx is what is left of numbers of about 1, and next to nothing where a set has two. */
static double tolerance_of(const double *dx, size_t count)
{
    double size = 1e-30;
    for (size_t k = 0; k < count; k++)
        size = fmax(size, fabs(dx[k]));
    return 1e-5 * fmax(1, 1 / size);
}

static void check_backward(struct samplenorm_case *l)
{
    size_t sets = sets_of(l), stored = statistics_of(l);
    double *mean = statistics(l);
    l->dy = gradient_in(l->x.layout, l->x.n, l->x.c, l->x.h, l->x.w);
    l->dx = like(l, OUTPUT);
    l->dgamma = cnn_tensor_plain(1, l->x.c, 1, 1, numbers(l->x.c, SUM));
    l->dbeta = cnn_tensor_plain(1, l->x.c, 1, 1, numbers(l->x.c, SUM));
    l->mean = numbers(stored, INPUT);
    l->inv = positive(stored);
    for (size_t s = 0; s < sets; s++) {
        l->mean[stored_at(l, s)] = (real)mean[s];
        l->inv[stored_at(l, s)] = (real)mean[sets + s];
        mean[s] = (double)(real)mean[s]; /* what the kernel is given */
        mean[sets + s] = (double)(real)mean[sets + s];
    }
    run_all(backward_run, l);
    struct gradients g = gradients_of(l, mean);
    if (!l->no_dx && cnn_tensor_count(&l->x) / sets > 1)
        expect_tensor("dx", &l->dx, g.dx, tolerance_of(g.dx, cnn_tensor_count(&l->x)));
    if (l->affine) {
        expect_sums("dgamma", &l->dgamma, g.dgamma);
        expect_sums("dbeta", &l->dbeta, g.dbeta);
    }
    free(g.dx);
    free(g.dgamma);
    free(g.dbeta);
    free(mean);
    buffers_free();
}

static void check_all(int places, void (*check)(struct samplenorm_case *l))
{
    for (int i = 0; i < VARIANTS * LAYOUTS * CASES; i++) {
        struct samplenorm_case l = case_of(i, places);
        check(&l);
    }
}

void test_groupnorm_work(void **state)
{
    (void)state;
    for (int i = 0; i < VARIANTS * LAYOUTS * CASES; i++) {
        struct samplenorm_case l = case_of(i, 0);
        assert_int_equal(K(groupnorm_work)(&queues[0], l.groups, &l.x),
                         K(groupnorm_work)(&queues[2], l.groups, &l.x));
        buffers_free();
    }
}

void test_groupnorm_forward(void **state)
{
    (void)state;
    check_all(0, check_forward);
    for (int f = 0; f < CNN_ACTIVATIONS * LAYOUTS; f++) { /* with what follows */
        struct samplenorm_case l = case_of(VARIANTS * (3 * LAYOUTS + f % LAYOUTS) + 1, 0);
        l.add = like(&l, INPUT);
        l.e = (struct cnn_epilogue){.add = &l.add,
                                    .activate = 1,
                                    .f = (enum cnn_activation)(f / LAYOUTS),
                                    .a = {0.25, 0.8}};
        check_forward(&l);
    }
}

void test_groupnorm_backward(void **state)
{
    (void)state;
    check_all(0, check_backward);
}

void test_layernorm_work(void **state)
{
    (void)state;
    for (int i = 0; i < VARIANTS * LAYOUTS * CASES; i++) {
        struct samplenorm_case l = case_of(i, 1);
        assert_int_equal(K(layernorm_work)(&queues[0], &l.x), K(layernorm_work)(&queues[2], &l.x));
        buffers_free();
    }
}

void test_layernorm_forward(void **state)
{
    (void)state;
    check_all(1, check_forward);
}

void test_layernorm_backward(void **state)
{
    (void)state;
    check_all(1, check_backward);
}
