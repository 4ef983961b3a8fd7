/* Optimizers against torch.optim in double precision (tests/golden/optimizers.txt, made by
 * scripts/make-golden-optimizers); frozen parameters, accumulation's scale, a gradient that is not
 * finite; and every optimizer down a bowl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/optimize.h"

static FILE *open_golden(void)
{
    const char *root = getenv("ROOT");
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/golden/optimizers.txt", root ? root : ".");
    return fopen(path, "r");
}

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, not %.17g", got, want);
}

enum { COUNT = 7, STEPS = 12 };
static const double RATE = 0.05;

struct fixture {
    struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_net *net;
};

static void start_net(struct fixture *f, const char *text, int slabs, const char *freeze)
{
    struct cnn_graph_config config = {.name = "net", .with_loss = 1};
    struct cnn_strings frozen = {0};
    if (freeze)
        assert_int_equal(cnn_strings_add(&frozen, freeze), 0);
    struct cnn_net_config nc = {
        .batch = 1, .training = 1, .optimizer_slabs = slabs, .freeze = &frozen};
    assert_int_equal(cnn_graph_build(text, &config, &f->graph), 0);
    assert_int_equal(cnn_backend_open("cpu", 2, &f->backend), 0);
    assert_int_equal(cnn_net_new(f->graph, f->backend, &nc, &f->net), 0);
    cnn_strings_free(&frozen);
}

/* A net with parameters fc1.weight (7, 1) and fc2.weight (1, 7), of which `freeze` are frozen. */
static void start(struct fixture *f, int slabs, const char *freeze)
{
    start_net(f, "input 1x1x1; fc1: dense 7 bias=0; fc2: dense 1 bias=0; mse", slabs, freeze);
}

static void stop(struct fixture *f)
{
    cnn_net_free(f->net);
    cnn_graph_free(f->graph);
    cnn_backend_close(f->backend);
}

static const struct cnn_net_param *param(struct fixture *f, int i)
{
    size_t n;
    return &cnn_net_params(f->net, &n)[i];
}

static real *values(struct fixture *f, int i)
{
    size_t n;
    return cnn_net_slab_values(f->net, &n) + param(f, i)->offset;
}

static real *gradients(struct fixture *f, int i)
{
    return cnn_net_slab_gradients(f->net) + param(f, i)->offset;
}

static void set_start(real *w)
{
    for (int i = 0; i < COUNT; i++)
        w[i] = cos(3.0 * i);
}

static void set_gradient(real *g, int step)
{
    for (int i = 0; i < COUNT; i++)
        g[i] = sin(1.7 * step + i) * (1 + i / 3.0);
}

static struct cnn_optimizer_options options_of(const char *name)
{
    char type[32];
    snprintf(type, sizeof type, "%.*s", (int)strcspn(name, "-"), name);
    struct cnn_optimizer_options o = cnn_optimizer_defaults(cnn_optimizer_type_find(type));
    o.weight_decay = 0;
    o.momentum = strstr(name, "momentum") || strstr(name, "sgd-l2") ? 0.9 : 0;
    if (!strcmp(name, "rmsprop-momentum"))
        o.momentum = 0.5;
    if (!strcmp(name, "sgd-nesterov")) {
        o.momentum = 0.8;
        o.nesterov = 1;
    }
    if (strstr(name, "-l2"))
        o.l2 = 0.1;
    if (!strcmp(name, "adamw"))
        o.weight_decay = 0.1;
    if (strstr(name, "clip-norm"))
        o.clip_norm = 1.5;
    if (strstr(name, "clip-value"))
        o.clip_value = 0.7;
    return o;
}

static void run(struct fixture *f, const struct cnn_optimizer_options *o, double times)
{
    set_start(values(f, 0));
    for (int step = 0; step < STEPS; step++) {
        set_gradient(gradients(f, 0), step);
        for (int i = 0; i < COUNT; i++)
            gradients(f, 0)[i] *= times;
        assert_int_equal(cnn_optimizer_step(o, f->net, RATE, (uint64_t)step + 1, 1 / times, NULL),
                         0);
    }
}

static void test_torch(void **state)
{
    (void)state;
    FILE *in = open_golden();
    char kind[16], name[32], rest[4096];
    int cases = 0;
    assert_non_null(in);
    while (fscanf(in, "%15s %31s%4095[^\n]", kind, name, rest) == 3) {
        if (strcmp(kind, "optimizer"))
            continue;
        struct cnn_optimizer_options o = options_of(name);
        struct fixture f;
        char *p = rest;
        start(&f, cnn_optimizer_slabs(&o), "fc2");
        run(&f, &o, strstr(name, "clip") ? 4 : 1);
        for (int i = 0; i < COUNT; i++) {
            double want = strtod(p, &p), got = values(&f, 0)[i];
            if (!(fabs(got - want) <= 1e-10))
                fail_msg("%s, parameter %d: %.12g, torch has %.12g", name, i, got, want);
        }
        stop(&f);
        cases++;
    }
    fclose(in);
    assert_int_equal(cases, 13);
}

static void test_l1(void **state)
{
    (void)state;
    struct fixture f;
    struct cnn_optimizer_options o = options_of("sgd");
    o.l1 = 0.25;
    start(&f, cnn_optimizer_slabs(&o), NULL);
    values(&f, 0)[0] = 1;
    values(&f, 0)[1] = -1;
    assert_int_equal(cnn_optimizer_step(&o, f.net, 0.5, 1, 1, NULL), 0);
    near(values(&f, 0)[0], 1 - 0.5 * 0.25, 1e-15);
    near(values(&f, 0)[1], -1 + 0.5 * 0.25, 1e-15);
    stop(&f);
}

/* Frozen parameters keep their bits, whatever their gradients and the decay. */
static void test_frozen(void **state)
{
    (void)state;
    for (size_t k = 0; cnn_optimizer_type_at(k); k++) {
        struct fixture f;
        struct cnn_optimizer_options o = cnn_optimizer_defaults(cnn_optimizer_type_at(k));
        o.l2 = o.weight_decay = 0.5;
        start(&f, cnn_optimizer_slabs(&o), "fc1.*");
        set_start(values(&f, 0));
        set_start(values(&f, 1));
        set_gradient(gradients(&f, 0), 1);
        set_gradient(gradients(&f, 1), 1);
        assert_int_equal(cnn_optimizer_step(&o, f.net, RATE, 1, 1, NULL), 0);
        for (int i = 0; i < COUNT; i++) {
            assert_true(values(&f, 0)[i] == cos(3.0 * i));
            assert_true(values(&f, 1)[i] != cos(3.0 * i));
        }
        stop(&f);
    }
}

static void test_norm(void **state)
{
    (void)state;
    struct fixture f;
    struct cnn_optimizer_options o = options_of("sgd");
    double norm = 0;
    start(&f, cnn_optimizer_slabs(&o), NULL);
    gradients(&f, 0)[2] = 3;
    gradients(&f, 1)[6] = -4;
    assert_int_equal(cnn_optimizer_step(&o, f.net, RATE, 1, 0.5, &norm), 0);
    near(norm, 2.5, 1e-14);
    double before = values(&f, 0)[0];
    gradients(&f, 1)[6] = NAN;
    assert_int_equal(cnn_optimizer_step(&o, f.net, RATE, 2, 1, &norm), CNN_EINTERNAL);
    assert_true(values(&f, 0)[0] == before);
    stop(&f);
}

static double length(const real *x)
{
    double squares = 0;
    for (int i = 0; i < COUNT; i++)
        squares += x[i] * x[i];
    return sqrt(squares);
}

/* With lars a weight moves by a part of its own length; what has one dimension or does not
 * decay moves as with sgd. */
static void test_adapted(void **state)
{
    (void)state;
    struct fixture f;
    struct cnn_optimizer_options o = options_of("lars");
    o.trust = 0.5;
    o.eps = 1e-30;
    start_net(&f, "input 1x1x1; fc1: dense 7; fc2: dense 1 bias=0 decay=0; mse",
              cnn_optimizer_slabs(&o), NULL);
    double before[3][COUNT], ratio[3] = {0, 1, 1};
    for (int k = 0; k < 3; k++) {
        set_start(values(&f, k));
        memcpy(before[k], values(&f, k), sizeof before[k]);
        set_gradient(gradients(&f, k), k);
    }
    ratio[0] = 0.5 * length(before[0]) / length(gradients(&f, 0)) / 0.25;
    double g[3][COUNT];
    for (int k = 0; k < 3; k++)
        memcpy(g[k], gradients(&f, k), sizeof g[k]);
    assert_int_equal(cnn_optimizer_step(&o, f.net, RATE, 1, 0.25, NULL), 0);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < COUNT; i++)
            near(values(&f, k)[i], before[k][i] - RATE * ratio[k] * 0.25 * g[k][i], 1e-14);
    stop(&f);
}

/* f(w) = sum (w - i)^2 / 2: every optimizer gets nearer with its default rate or ten times it. */
static void test_bowl(void **state)
{
    (void)state;
    for (size_t k = 0; cnn_optimizer_type_at(k); k++) {
        struct fixture f;
        struct cnn_optimizer_options o = cnn_optimizer_defaults(cnn_optimizer_type_at(k));
        start(&f, cnn_optimizer_slabs(&o), "fc2");
        double first = 0, last = 0;
        int steps = k < 6 ? 400 : 600; /* the later ones are slow to begin */
        for (int step = 0; step <= steps; step++) {
            last = 0;
            for (int i = 0; i < COUNT; i++) {
                double d = values(&f, 0)[i] - i;
                gradients(&f, 0)[i] = d;
                last += d * d;
            }
            first = step ? first : last;
            assert_int_equal(cnn_optimizer_step(&o, f.net, 10 * o.type->defaults.rate,
                                                (uint64_t)step + 1, 1, NULL),
                             0);
        }
        if (!(last < 0.5 * first))
            fail_msg("%s: from %g to %g", o.type->name, first, last);
        stop(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_torch), cmocka_unit_test(test_l1),   cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_norm),  cmocka_unit_test(test_bowl), cmocka_unit_test(test_adapted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
