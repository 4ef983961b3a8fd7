/* Losses against plain loops in double precision. */
#include "kernels/rig.h"
#include "kernels/shapes.h"
#include "kernels/targets.h"

enum { FIRST, SECOND, XENT = -1 };

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static double cnn_bce_term(double x, double t)
{
    return -t * log(logistic(x)) - (1 - t) * log(1 - logistic(x));
}

static double cnn_bce_slope(double x, double t)
{
    return logistic(x) - t;
}

/* at (1 - p_t)^gamma by the cross-entropy, of which the slope is p - t. */
static double cnn_focal_term(double x, double t, double gamma, double alpha)
{
    double p = logistic(x), hit = p * t + (1 - p) * (1 - t);
    double weight = alpha > 0 ? alpha * t + (1 - alpha) * (1 - t) : 1;
    return weight * pow(1 - hit, gamma) * cnn_bce_term(x, t);
}

static double cnn_focal_slope(double x, double t, double gamma, double alpha)
{
    double step = 1e-5;
    return (cnn_focal_term(x + step, t, gamma, alpha) - cnn_focal_term(x - step, t, gamma, alpha)) /
           (2 * step);
}

/* Terms, slopes, and what a single output stands for, of each loss of elements. */
#define CNN_LOSS(NAME, single, term, slope)                                                        \
    static double term_##NAME(double x, double t, double a, double b)                              \
    {                                                                                              \
        (void)a;                                                                                   \
        (void)b;                                                                                   \
        return term;                                                                               \
    }                                                                                              \
    static double slope_##NAME(double x, double t, double a, double b)                             \
    {                                                                                              \
        (void)a;                                                                                   \
        (void)b;                                                                                   \
        return slope;                                                                              \
    }
#include "kern/losses.def"

static const struct {
    double (*term)(double x, double t, double a, double b);
    double (*slope)(double x, double t, double a, double b);
    int single;
} losses[] = {
#define CNN_LOSS(NAME, single, ...) {term_##NAME, slope_##NAME, single},
#include "kern/losses.def"
};
enum { LOSSES = sizeof losses / sizeof *losses };
static const double OPTION = 0.7, SECOND_OPTION = 0.3;

struct loss_case {
    int which; /* XENT, or a loss of elements */
    struct cnn_tensor x, dx;
    struct cnn_targets t;
    real *loss;
    double smooth;
};

static void loss_run(struct cnn_queue *q, void *context)
{
    struct loss_case *l = context;
    if (l->which == XENT)
        K(xent_forward)(q, l->smooth, &l->x, &l->t, l->loss);
    else
        K(loss_forward)
    (q, (enum cnn_loss_of_elements)l->which, OPTION, SECOND_OPTION, &l->x, &l->t, l->loss);
}

static void loss_back_run(struct cnn_queue *q, void *context)
{
    struct loss_case *l = context;
    if (l->which == XENT)
        K(xent_backward)(q, l->smooth, 0.3, &l->x, &l->t, &l->dx);
    else
        K(loss_backward)
    (q, (enum cnn_loss_of_elements)l->which, OPTION, SECOND_OPTION, 0.3, &l->x, &l->t, &l->dx);
}

static int stands_for_second(const struct loss_case *l)
{
    return l->which != XENT && losses[l->which].single == SECOND && l->x.c == 1;
}

static double target(const struct loss_case *l, size_t n, size_t c, size_t p)
{
    return target_value(&l->t, &l->x, n, c, p, stands_for_second(l) ? 1 : c);
}

/* What position p of sample n, which has a class, counts for it. */
static double class_weight(const struct loss_case *l, size_t n, size_t p)
{
    const real *w = l->t.class_weight;
    return w && l->t.label ? (double)w[l->t.label[n * l->x.h * l->x.w + p]] : 1;
}

/* The loss of position p of sample n and its derivatives (c, hw apart), before the mean. */
static double loss_at(const struct loss_case *l, size_t n, size_t p, double *dx)
{
    size_t hw = l->x.h * l->x.w, c = l->x.c, first = n * c * hw + p;
    const real *x = (const real *)l->x.data + first;
    double loss = 0, all = 0, *y = zeros(c * hw);
    softmax_of(x, c, hw, y);
    for (size_t i = 0; i < c; i++) {
        double t = target(l, n, i, p), v = (double)x[i * hw];
        double soft = (1 - l->smooth) * t + l->smooth / (double)c;
        all += soft;
        loss += l->which == XENT ? -soft * log(y[i * hw])
                                 : losses[l->which].term(v, t, OPTION, SECOND_OPTION);
        dx[i * hw] = l->which == XENT ? -soft : losses[l->which].slope(v, t, OPTION, SECOND_OPTION);
    }
    for (size_t i = 0; l->which == XENT && i < c; i++)
        dx[i * hw] += y[i * hw] * all;
    free(y);
    double weight = l->which == XENT ? class_weight(l, n, p) : 1;
    for (size_t i = 0; i < c; i++)
        dx[i * hw] *= weight;
    return weight * loss;
}

static void set_loss_targets(struct loss_case *l, int numbered)
{
    l->t = drawn_targets(&l->x, numbered, stands_for_second(l) ? 2 : l->x.c);
}

/* Losses (n) and gradients (n, c, hw) of the whole batch. */
static void loss_reference(struct loss_case *l, double *loss, double *dx)
{
    size_t hw = l->x.h * l->x.w, c = l->x.c;
    for (size_t n = 0; n < l->x.n; n++) {
        double terms = 0;
        for (size_t p = 0; p < hw; p++) {
            if (l->t.label && l->t.label[n * hw + p] < 0)
                continue;
            loss[n] += loss_at(l, n, p, dx + n * c * hw + p);
            terms += l->which == XENT ? 1 : (double)c;
        }
        if (terms == 0)
            continue;
        loss[n] /= terms;
        for (size_t i = n * c * hw; i < (n + 1) * c * hw; i++)
            dx[i] *= 0.3 * (double)l->t.weight[n] / terms;
    }
}

static void check_loss(int loss, int backward)
{
    for (int i = 0; i < 6 * SHAPES; i++) {
        struct loss_case l = {.which = loss, .x = shaped(i % SHAPES, INPUT)};
        size_t count = cnn_tensor_count(&l.x);
        l.smooth = i / SHAPES & 2 ? 0.2 : 0;
        for (size_t e = 0; e < count; e++)
            ((real *)l.x.data)[e] *= 4;
        set_loss_targets(&l, i / SHAPES & 1);
        l.t.class_weight = i / SHAPES & 4 ? positive(l.x.c) : NULL;
        if (backward)
            l.dx = shaped(i % SHAPES, OUTPUT);
        else
            l.loss = numbers(l.x.n, OUTPUT);
        run_all(backward ? loss_back_run : loss_run, &l);
        double *want = zeros(l.x.n + count);
        loss_reference(&l, want, want + l.x.n);
        if (backward && (loss != XENT || l.x.c > 1))
            expect_close("dx", l.dx.data, want + l.x.n, count, 1e-6);
        else if (!backward && (loss != XENT || l.x.c > 1))
            expect_close("loss", l.loss, want, l.x.n, 1e-6);
        free(want);
        buffers_free();
    }
}

void test_xent_forward(void **state)
{
    (void)state;
    check_loss(XENT, 0);
}

void test_xent_backward(void **state)
{
    (void)state;
    check_loss(XENT, 1);
}

void test_loss_forward(void **state)
{
    (void)state;
    for (int i = 0; i < LOSSES; i++)
        check_loss(i, 0);
}

void test_loss_backward(void **state)
{
    (void)state;
    for (int i = 0; i < LOSSES; i++)
        check_loss(i, 1);
}

static void hits_run(struct cnn_queue *q, void *context)
{
    struct loss_case *l = context;
    K(label_hits)(q, &l->x, &l->t, l->loss);
}

/* Of the labelled positions of sample n, the part whose label stands first in the order. */
static double hits_at(const struct loss_case *l, size_t n)
{
    size_t hw = l->x.h * l->x.w, c = l->x.c;
    double hits = 0, count = 0;
    for (size_t p = 0; l->t.label && p < hw; p++) {
        const real *x = (const real *)l->x.data + n * c * hw + p;
        int32_t label = l->t.label[n * hw + p];
        size_t answer = c == 1 && x[0] > 0;
        for (size_t i = 1; i < c; i++)
            answer = x[i * hw] > x[answer * hw] ? i : answer;
        count += label >= 0;
        hits += label >= 0 && (size_t)label == answer;
    }
    return count > 0 ? hits / count : 0;
}

void test_label_hits(void **state)
{
    (void)state;
    for (int i = 0; i < 4 * SHAPES; i++) {
        struct loss_case l = {.which = CNN_LOSS_BCE, .x = shaped(i % SHAPES, INPUT)};
        size_t count = cnn_tensor_count(&l.x);
        for (size_t e = 0; i / SHAPES & 2 && e < count; e++) /* equals */
            ((real *)l.x.data)[e] = ((real *)l.x.data)[e] > 0 ? 1 : -1;
        set_loss_targets(&l, i / SHAPES & 1);
        l.loss = numbers(l.x.n, OUTPUT);
        run_all(hits_run, &l);
        double *want = zeros(l.x.n);
        for (size_t n = 0; n < l.x.n; n++)
            want[n] = hits_at(&l, n);
        expect_close("hits", l.loss, want, l.x.n, 1e-6);
        free(want);
        buffers_free();
    }
}
