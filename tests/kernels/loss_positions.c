/* Losses of positions, of overlap, of triplets and of distances against what defines them, in double
 * precision; their gradients against differences of that. */
#include "kernels/rig.h"
#include "kernels/shapes.h"
#include "kernels/targets.h"

enum loss { MARGIN, SQUARED_MARGIN, FOCAL, SHARP_FOCAL, KLDIV, DICE, ROUGH_DICE, TRIPLET, LOSSES };

struct loss_case {
    enum loss which;
    struct cnn_tensor x, dx;
    struct cnn_targets t;
    real *loss;
    void *work;
};

static const double SCALE = 0.3, STEP = 1e-6;
static const double options[LOSSES][2] = {{0.7, 1}, {0.7, 2}, {2, 0}, {0.6, 0},
                                          {0, 0},   {1, 0},   {0, 0}, {0.4, 0}};
static const enum cnn_loss_of_positions of_positions[] = {CNN_LOSS_MARGIN, CNN_LOSS_MARGIN,
                                                          CNN_LOSS_FOCAL_SOFTMAX,
                                                          CNN_LOSS_FOCAL_SOFTMAX, CNN_LOSS_KLDIV};

static void forward_run(struct cnn_queue *q, void *context)
{
    struct loss_case *l = context;
    const double *o = options[l->which];
    if (l->which <= KLDIV)
        K(loss_of_positions_forward)
    (q, of_positions[l->which], o[0], o[1], &l->x, &l->t, l->loss);
    else if (l->which == TRIPLET) K(triplet_forward)(q, o[0], &l->x, &l->t, l->loss, l->work);
    else K(dice_forward)(q, o[0], &l->x, &l->t, l->loss);
}

static void backward_run(struct cnn_queue *q, void *context)
{
    struct loss_case *l = context;
    const double *o = options[l->which];
    if (l->which <= KLDIV)
        K(loss_of_positions_backward)
    (q, of_positions[l->which], o[0], o[1], SCALE, &l->x, &l->t, &l->dx);
    else if (l->which == TRIPLET)
        K(triplet_backward)(q, o[0], SCALE, &l->x, &l->t, &l->dx, l->work);
    else K(dice_backward)(q, o[0], SCALE, &l->x, &l->t, &l->dx);
}

/* Of position p of sample n, from the numbers x of the whole batch. */
static double position_term(const struct loss_case *l, const double *x, size_t n, size_t p)
{
    size_t hw = l->x.h * l->x.w, c = l->x.c;
    const double *at = x + n * c * hw + p, a = options[l->which][0], b = options[l->which][1];
    double sum = 0, term = 0;
    for (size_t i = 0; i < c; i++)
        sum += exp(at[i * hw]);
    for (size_t k = 0; k < c; k++) {
        double t = target_value(&l->t, &l->x, n, k, p, k), y = exp(at[k * hw]) / sum;
        if (l->which == KLDIV)
            term += t > 0 ? t * log(t / y) : 0;
        else if (l->which >= FOCAL)
            term -= t * pow(1 - y, a) * log(y);
        for (size_t i = 0; l->which <= SQUARED_MARGIN && i < c; i++)
            if (i != k)
                term += t * pow(fmax(0, a - at[k * hw] + at[i * hw]), b) / (double)c;
    }
    return term;
}

static double mean_term(const struct loss_case *l, const double *x, size_t n)
{
    double total = 0, count = 0;
    for (size_t p = 0; p < l->x.h * l->x.w; p++) {
        if (target_ignored(&l->t, &l->x, n, p))
            continue;
        total += position_term(l, x, n, p);
        count++;
    }
    return count > 0 ? total / count : 0;
}

static double dice_of(const struct loss_case *l, const double *x, size_t n)
{
    size_t hw = l->x.h * l->x.w, c = l->x.c;
    double smooth = options[l->which][0], total = 0;
    for (size_t k = 0; k < c; k++) {
        double top = smooth, bottom = smooth;
        for (size_t p = 0; p < hw; p++) {
            double y = x[(n * c + k) * hw + p];
            double t = target_value(&l->t, &l->x, n, k, p, c == 1 ? 1 : k);
            if (target_ignored(&l->t, &l->x, n, p))
                continue;
            top += 2 * y * t;
            bottom += y * y + t * t;
        }
        total += bottom > 0 ? 1 - top / bottom : 0;
    }
    return total / (double)c;
}

static double square_of(const struct loss_case *l, const double *x, size_t a, size_t b)
{
    size_t each = l->x.c * l->x.h * l->x.w;
    double sum = 0;
    for (size_t i = 0; i < each; i++)
        sum += (x[a * each + i] - x[b * each + i]) * (x[a * each + i] - x[b * each + i]);
    return sum;
}

static int32_t label_of(const struct loss_case *l, size_t n)
{
    return l->t.label ? l->t.label[n * l->x.h * l->x.w] : -1;
}

/* The nearest that is farther than `square`, or the farthest; below 0: there is none. */
static double square_of_other(const struct loss_case *l, const double *x, size_t a, double square)
{
    double near = INFINITY, far = -1;
    for (size_t i = 0; i < l->x.n; i++) {
        double s = square_of(l, x, a, i);
        if (label_of(l, i) < 0 || label_of(l, i) == label_of(l, a))
            continue;
        near = s > square ? fmin(near, s) : near;
        far = fmax(far, s);
    }
    return isfinite(near) ? near : far;
}

static double triplet_of(const struct loss_case *l, const double *x, size_t a)
{
    double total = 0, count = 0;
    for (size_t p = 0; label_of(l, a) >= 0 && p < l->x.n; p++) {
        double square = square_of(l, x, a, p), other = square_of_other(l, x, a, square);
        if (p == a || label_of(l, p) != label_of(l, a) || other < 0)
            continue;
        total += fmax(0, square - other + options[TRIPLET][0]);
        count++;
    }
    return count > 0 ? total / count : 0;
}

static double loss_of(const struct loss_case *l, const double *x, size_t n)
{
    return l->which == TRIPLET ? triplet_of(l, x, n)
           : l->which >= DICE  ? dice_of(l, x, n)
                               : mean_term(l, x, n);
}

/* How the weighted losses change with number i, of those samples that it can change. */
static double slope_of(const struct loss_case *l, double *x, size_t i)
{
    size_t own = i / (l->x.c * l->x.h * l->x.w), many = l->which == TRIPLET;
    double at = x[i], slope = 0;
    for (int side = 1; side >= -1; side -= 2) {
        x[i] = at + side * STEP;
        for (size_t n = many ? 0 : own; n < (many ? l->x.n : own + 1); n++)
            slope += side * SCALE * (double)l->t.weight[n] * loss_of(l, x, n);
    }
    x[i] = at;
    return slope / (2 * STEP);
}

/* Triplets are of each sample with each, and of vectors. */
static int is_for(enum loss which, int shape)
{
    return which != TRIPLET || (shape != 2 && shapes[shape][2] * shapes[shape][3] == 1);
}

/* Differences of all numbers of large tensors would take long; some will do. */
static size_t stride_of(const struct loss_case *l)
{
    return cnn_tensor_count(&l->x) > 3000 ? 41 : 1;
}

static void check_gradient(const struct loss_case *l, double *x)
{
    size_t count = cnn_tensor_count(&l->x);
    double worst = 0, size = 1e-6;
    for (size_t i = 0; i < count; i += stride_of(l)) {
        double want = slope_of(l, x, i), off = fabs(want - value_at(&l->dx, i));
        size = fmax(size, fabs(want));
        if (!(off <= worst))
            worst = off;
    }
    if (!(worst <= 3e-6 * size))
        fail_msg("loss %d: a gradient is off by %.3g of %.3g", l->which, worst, size);
}

static void check(enum loss which, int backward)
{
    for (int i = 0; i < 2 * SHAPES; i++) {
        struct loss_case l = {.which = which, .x = shaped(i % SHAPES, INPUT)};
        if (!is_for(which, i % SHAPES))
            continue;
        double *x = values_of(&l.x);
        l.t = drawn_targets(&l.x, i >= SHAPES, which >= DICE && l.x.c == 1 ? 2 : l.x.c);
        if (which == TRIPLET)
            l.work = buffer_new(K(triplet_work)(&queues[0], l.x.n), SCRATCH);
        if (backward)
            l.dx = shaped(i % SHAPES, OUTPUT);
        else
            l.loss = numbers(l.x.n, OUTPUT);
        run_all(backward ? backward_run : forward_run, &l);
        double *want = zeros(l.x.n);
        for (size_t n = 0; n < l.x.n; n++)
            want[n] = loss_of(&l, x, n);
        if (backward)
            check_gradient(&l, x);
        else
            expect_close("loss", l.loss, want, l.x.n, 1e-6);
        free(want);
        free(x);
        buffers_free();
    }
}

void test_loss_of_positions_forward(void **state)
{
    (void)state;
    for (int which = MARGIN; which <= KLDIV; which++)
        check((enum loss)which, 0);
}

void test_loss_of_positions_backward(void **state)
{
    (void)state;
    for (int which = MARGIN; which <= KLDIV; which++)
        check((enum loss)which, 1);
}

void test_dice_forward(void **state)
{
    (void)state;
    check(DICE, 0);
    check(ROUGH_DICE, 0);
}

void test_dice_backward(void **state)
{
    (void)state;
    check(DICE, 1);
    check(ROUGH_DICE, 1);
}

void test_triplet_work(void **state)
{
    (void)state;
    assert_true(K(triplet_work)(&queues[0], 5) > 0);
}

void test_triplet_forward(void **state)
{
    (void)state;
    check(TRIPLET, 0);
}

void test_triplet_backward(void **state)
{
    (void)state;
    check(TRIPLET, 1);
}

struct distance_case {
    struct cnn_tensor a, b, y, dy, d;
    double sign;
};

static void distance_run(struct cnn_queue *q, void *context)
{
    struct distance_case *l = context;
    K(distance_forward)(q, &l->a, &l->b, &l->y);
}

static void distance_back_run(struct cnn_queue *q, void *context)
{
    struct distance_case *l = context;
    K(distance_backward)(q, l->sign, &l->a, &l->b, &l->y, &l->dy, &l->d);
}

/* The last pair is of equals. */
static struct distance_case distance_of(int shape, double *want)
{
    struct distance_case l = {.a = shaped(shape, INPUT), .b = shaped(shape, INPUT)};
    size_t n = l.a.n, each = cnn_tensor_count(&l.a) / n;
    memcpy((real *)l.b.data + (n - 1) * each, (real *)l.a.data + (n - 1) * each,
           each * sizeof(real));
    for (size_t i = 0; i < n * each; i++) {
        double d = value_at(&l.a, i) - value_at(&l.b, i);
        want[i / each] += d * d;
    }
    for (size_t i = 0; i < n; i++)
        want[i] = sqrt(want[i]);
    return l;
}

void test_distance_forward(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        double *want = zeros(shapes[i][0]);
        struct distance_case l = distance_of(i, want);
        l.y = tensor(l.a.n, 1, 1, 1, OUTPUT);
        run_all(distance_run, &l);
        expect_close("y", l.y.data, want, l.a.n, 1e-6);
        free(want);
        buffers_free();
    }
}

void test_distance_backward(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * SHAPES; i++) {
        double *y = zeros(shapes[i % SHAPES][0]);
        struct distance_case l = distance_of(i % SHAPES, y);
        size_t count = cnn_tensor_count(&l.a), each = count / l.a.n;
        double *want = zeros(count);
        l.sign = i < SHAPES ? 1 : -1;
        l.y = tensor(l.a.n, 1, 1, 1, INPUT);
        for (size_t n = 0; n < l.a.n; n++)
            ((real *)l.y.data)[n] = (real)y[n];
        l.dy = tensor(l.a.n, 1, 1, 1, INPUT);
        l.d = shaped(i % SHAPES, OUTPUT);
        run_all(distance_back_run, &l);
        for (size_t k = 0; k < count; k++)
            if (y[k / each] > 0)
                want[k] = l.sign * value_at(&l.dy, k / each) *
                          (value_at(&l.a, k) - value_at(&l.b, k)) / y[k / each];
        expect_close("d", l.d.data, want, count, 2e-6);
        free(want);
        free(y);
        buffers_free();
    }
}
