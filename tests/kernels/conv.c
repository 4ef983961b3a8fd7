/* Convolution against plain loops, by every algorithm that there is. */
#include "kernels/rig.h"
#include "kernels/conv_cases.h"

static const struct cnn_conv_algorithm *const conv_algorithms[] = {
#define CNN_CONV_ALGORITHM(name) &cnn_conv_##name,
#include "kern/conv/algorithms.def"
#undef CNN_CONV_ALGORITHM
};
enum { ALGORITHMS = IS_CUDA ? 0 : sizeof conv_algorithms / sizeof *conv_algorithms };

static struct cnn_conv_case case_of(const struct conv_case *c, enum cnn_conv_pass pass)
{
    return (struct cnn_conv_case){&c->g, pass, c->x_layout, c->y_layout};
}

static void conv_forward(struct cnn_queue *q, void *context)
{
    struct conv_case *c = context;
    const real *bias = c->b.data, *w = c->w.data;
    if (!c->algorithm) {
        K(conv_forward)(q, &c->g, &c->x, &c->w, bias ? &c->b : NULL, NULL, NULL, &c->y, c->work);
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
        K(conv_backward_data)(q, &c->g, &c->dy, &c->w, &c->dx, c->work);
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
        K(conv_backward_weight)(q, &c->g, &c->x, &c->dy, &c->dw, c->work);
    else
        c->algorithm->backward_weight(&how, &(struct cnn_conv_run){.q = q,
                                                                   .n = c->n,
                                                                   .x = c->x.data,
                                                                   .dy = c->dy.data,
                                                                   .dw = c->dw.data,
                                                                   .work = c->work});
}

/* What the largest error may be beside the largest number. Algorithms that are not a plain sum of
 * products have the error that kern/conv/winograd.c documents. */
static double tolerance_of(const struct conv_case *c, enum cnn_conv_pass pass)
{
    struct cnn_tensor x = {.layout = c->x_layout}, y = {.layout = c->y_layout};
    const char *name = NULL;
    K(conv_cost)(&queues[1], &c->g, &x, &y, pass, &name);
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
    c->b = (struct cnn_tensor){1, g->out_c, 1, 1, layout_of(0), NULL};
    if (with_bias)
        c->b.data = numbers(g->out_c, INPUT);
    size_t bytes = 0;
    if (c->algorithm)
        bytes = c->algorithm->work(&how, MOST_THREADS) * sizeof(real);
    else
        bytes = K(conv_work)(&queues[MOST_THREADS], g, &c->x, &c->y);
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
    const struct cnn_tensor *outputs[] = {&c->dx, &c->y, &c->dw};
    for (int i = 0; i < 3; i++)
        if (outputs[i] != out)
            must_stay(outputs[i]->data);
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

/* An emulated device takes its time. */
enum { EVERY = IS_CUDA ? 2 : 1 };

static void check_pass(enum cnn_conv_pass pass, int every)
{
    for (int i = 0; i < CASES + GEOMETRIES; i += every) {
        struct conv_case c = i < CASES ? any_conv(i) : blocked_conv(i);
        check_conv(&c, pass, i % 3 > 0);
        for (int a = 0; a < ALGORITHMS; a++) {
            c.algorithm = conv_algorithms[a];
            struct cnn_conv_case how = case_of(&c, pass);
            if (c.algorithm->cost(&how) >= 0)
                check_conv(&c, pass, i % 2);
        }
    }
}

void test_conv_forward(void **state)
{
    (void)state;
    check_pass(CNN_CONV_FORWARD, EVERY);
}

void test_conv_backward_data(void **state)
{
    (void)state;
    check_pass(CNN_CONV_DATA, EVERY);
}

void test_conv_backward_weight(void **state)
{
    (void)state;
    check_pass(CNN_CONV_WEIGHT, EVERY);
}

#ifdef CNN_TEST_CUDA

/* Numbers of few bits, so that TF32 loses none of them and sums are as exact as those of float32.
 */
void tensor_cores_convolve(void **state)
{
    (void)state;
    grid = 1.0 / 64;
    for (int r = 0; r < RUNS; r++)
        queues[r].precision = CNN_PRECISION_TF32;
    for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++)
        check_pass((enum cnn_conv_pass)pass, 3);
    for (int r = 0; r < RUNS; r++)
        queues[r].precision = CNN_PRECISION_FP32;
    grid = 0;
}

#endif

/* Every pass costs something and is done by an algorithm with a name. */
void test_conv_cost(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct conv_case c = any_conv(i);
        struct cnn_tensor x = {.layout = c.x_layout}, y = {.layout = c.y_layout};
        for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++) {
            const char *name = NULL;
            double cost = K(conv_cost)(&queues[1], &c.g, &x, &y, (enum cnn_conv_pass)pass, &name);
            assert_true(cost > 0 && cost < 1e12);
            assert_non_null(name);
        }
    }
}

struct packed_case {
    struct conv_case c;
    struct cnn_epilogue e;
    struct cnn_tensor add;
    void *packed;
};

static void forward_packed(struct cnn_queue *q, void *context)
{
    struct packed_case *p = context;
    struct conv_case *c = &p->c;
    p->e.add = &p->add;
    K(conv_pack)(q, &c->g, &c->x, &c->y, &c->w, p->packed);
    K(conv_forward)(q, &c->g, &c->x, &c->w, &c->b, p->packed, &p->e, &c->y, c->work);
}

/* So that results are about as large as where activations bend. */
static void scale_weights(struct conv_case *c)
{
    size_t count = cnn_tensor_count(&c->w);
    real *w = c->w.data, scale = (real)(4 / sqrt((double)(count / c->g.out_c)));
    for (size_t k = 0; k < count; k++)
        w[k] *= scale;
}

/* The want of a packed convolution from its sums. Errors are those of the sums, which are larger than what some
 * activations make of them: so many times larger. */
static double activate_sums(const struct cnn_epilogue *e, double *want, size_t count)
{
    double sums = 1e-30, results = 1e-30;
    for (size_t k = 0; k < count; k++) {
        sums = fmax(sums, fabs(want[k]));
        want[k] = activated(e, want[k]);
        results = fmax(results, fabs(want[k]));
    }
    return fmax(1, sums / results);
}

/* Weights packed beforehand, a sum and an activation on the way out. */
void test_conv_pack(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct packed_case p = {.c = any_conv(i), .e = {.activate = 1, .a = {0.25, 0.8}}};
        p.e.f = (enum cnn_activation)(i / 2 % CNN_ACTIVATIONS);
        struct conv_case *c = &p.c;
        set_tensors(c, CNN_CONV_FORWARD, 1);
        scale_weights(c);
        must_stay(c->dx.data);
        must_stay(c->dw.data);
        p.add = tensor_in(c->y_layout, c->n, c->g.out_c, c->g.out_h, c->g.out_w, INPUT);
        p.packed = buffer_new(K(conv_packed)(&queues[1], &c->g, &c->x, &c->y), SCRATCH);
        run_all(forward_packed, &p);
        size_t count = cnn_tensor_count(&c->y), plane = c->g.out_h * c->g.out_w;
        c->want = zeros(count);
        for (size_t k = 0; k < count; k++)
            c->want[k] = value_at(&c->b, k / plane % c->g.out_c) + value_at(&p.add, k);
        add_products(c, CNN_CONV_FORWARD, c->want);
        double larger = activate_sums(&p.e, c->want, count);
        expect_tensor("packed convolution", &c->y, c->want,
                      larger * tolerance_of(c, CNN_CONV_FORWARD));
        free(c->want);
        buffers_free();
    }
}

/* What conv_packed says suffices: test_conv_pack's guards see to that. Asking twice gives the same.
 */
void test_conv_packed(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct conv_case c = any_conv(i);
        struct cnn_tensor x = {.layout = c.x_layout}, y = {.layout = c.y_layout};
        size_t bytes = K(conv_packed)(&queues[1], &c.g, &x, &y);
        assert_int_equal(bytes, K(conv_packed)(&queues[MOST_THREADS], &c.g, &x, &y));
        assert_true(bytes == 0 || bytes >= c.g.out_c * c.g.kh * c.g.kw * sizeof(real));
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

void test_conv_work(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct conv_case c = any_conv(i);
        for (int a = 0; a < ALGORITHMS; a++)
            for (int pass = CNN_CONV_FORWARD; pass <= CNN_CONV_WEIGHT; pass++)
                check_work(c, conv_algorithms[a], (enum cnn_conv_pass)pass);
    }
}
