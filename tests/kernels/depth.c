/* Kernels of volumes against plain loops in double precision. */
#include "kernels/rig.h"

struct depth_case {
    struct cnn_depth g;
    enum cnn_rows_pool how;
    size_t n;
    struct cnn_tensor x, y, dy, dx;
    int32_t *count, *argmax;
};

static const struct cnn_depth windows[] = {
    {.in = 1, .out = 1, .kernel = 1, .stride = 1, .dilation = 1},
    {.in = 5, .out = 5, .kernel = 3, .stride = 1, .dilation = 1, .before = 1, .after = 1},
    {.in = 7, .out = 3, .kernel = 2, .stride = 2, .dilation = 3, .before = 1, .count_pad = 1},
    {.in = 4, .out = 2, .kernel = 2, .stride = 2, .dilation = 1, .divisor = 3},
    {.in = 3,
     .out = 4,
     .kernel = 2,
     .stride = 1,
     .dilation = 1,
     .before = 1,
     .after = 1,
     .count_pad = 1},
};
static const size_t planes[][4] = {/* samples, channels, height, width */
                                   {2, 1, 1, 1},
                                   {3, 5, 3, 2},
                                   {2, 17, 4, 5},
                                   {2, 16, 2, 2}};
enum { WINDOWS = sizeof windows / sizeof *windows, PLANES = sizeof planes / sizeof *planes };
enum { CASES = WINDOWS * PLANES * LAYOUTS };

/* Whether the i-th case is one: groups of samples have no such kernels. */
static int is_case(int i)
{
    return layout_of(i).order != CNN_ORDER_GROUPS;
}

/* Layout, window, plane and, of some, how many rows there are, from none to more than can be. */
static struct depth_case case_of(int i)
{
    struct depth_case a = {.g = windows[i / LAYOUTS % WINDOWS]};
    a.n = planes[i / LAYOUTS / WINDOWS][0];
    if (i % 2) {
        a.count = buffer_new(a.n * sizeof *a.count, INPUT);
        for (size_t k = 0; k < a.n; k++)
            a.count[k] = (int32_t)((k + (size_t)i) % (a.g.in + 2));
    }
    return a;
}

/* The rows of a case, of so many times its channels. */
static struct cnn_tensor rows_of(int i, size_t rows, size_t times, enum kind kind)
{
    const size_t *s = planes[i / LAYOUTS / WINDOWS];
    if (kind == INPUT)
        return gradient_in(layout_of(i), s[0] * rows, s[1] * times, s[2], s[3]);
    return tensor_in(layout_of(i), s[0] * rows, s[1] * times, s[2], s[3], kind);
}

/* The row of x that row o of a sample sees; -1: padding; -2: one that is missing. */
static int seen(const struct depth_case *a, size_t sample, size_t o, size_t k)
{
    ptrdiff_t row = (ptrdiff_t)(o * a->g.stride + k * a->g.dilation) - (ptrdiff_t)a->g.before;
    if (row < 0 || row >= (ptrdiff_t)a->g.in)
        return -1;
    return a->count && row >= a->count[sample] ? -2 : (int)row;
}

static double divisor(const struct depth_case *a, size_t o)
{
    double count = 0;
    for (size_t k = 0; k < a->g.kernel; k++) {
        size_t at = o * a->g.stride + k * a->g.dilation;
        count += a->g.count_pad ? at < a->g.before + a->g.in + a->g.after
                                : at >= a->g.before && at < a->g.before + a->g.in;
    }
    return a->g.divisor ? (double)a->g.divisor : count;
}

static void gather_run(struct cnn_queue *q, void *context)
{
    struct depth_case *a = context;
    K(depth_gather)(q, &a->g, a->count, &a->x, &a->y);
    wait_for(q);
}

void test_depth_gather(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        if (!is_case(i))
            continue;
        struct depth_case a = case_of(i);
        a.x = rows_of(i, a.g.in, 1, INPUT);
        a.y = rows_of(i, a.g.out, a.g.kernel, OUTPUT);
        run_all(gather_run, &a);
        size_t count = cnn_tensor_count(&a.y), hw = a.x.h * a.x.w;
        double *want = zeros(count);
        for (size_t e = 0; e < count; e++) {
            size_t c = e / hw % a.y.c, row = e / hw / a.y.c, sample = row / a.g.out;
            int from = seen(&a, sample, row % a.g.out, c % a.g.kernel);
            size_t at = (sample * a.g.in + (size_t)(from < 0 ? 0 : from)) * a.x.c + c / a.g.kernel;
            want[e] = from < 0 ? 0 : value_at(&a.x, at * hw + e % hw);
        }
        expect_tensor("y", &a.y, want, 0);
        free(want);
        buffers_free();
    }
}

static void scatter_run(struct cnn_queue *q, void *context)
{
    struct depth_case *a = context;
    K(depth_scatter)(q, &a->g, a->count, &a->dy, &a->dx);
    wait_for(q);
}

void test_depth_scatter(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        if (!is_case(i))
            continue;
        struct depth_case a = case_of(i);
        a.dy = rows_of(i, a.g.out, a.g.kernel, INPUT);
        a.dx = rows_of(i, a.g.in, 1, OUTPUT);
        run_all(scatter_run, &a);
        size_t hw = a.dx.h * a.dx.w;
        double *want = zeros(cnn_tensor_count(&a.dx));
        for (size_t e = 0; e < cnn_tensor_count(&a.dy); e++) {
            size_t c = e / hw % a.dy.c, row = e / hw / a.dy.c, sample = row / a.g.out;
            int to = seen(&a, sample, row % a.g.out, c % a.g.kernel);
            size_t at = (sample * a.g.in + (size_t)(to < 0 ? 0 : to)) * a.dx.c + c / a.g.kernel;
            if (to >= 0)
                want[at * hw + e % hw] += value_at(&a.dy, e);
        }
        expect_tensor("dx", &a.dx, want, 1e-6);
        free(want);
        buffers_free();
    }
}

static void pool_run(struct cnn_queue *q, void *context)
{
    struct depth_case *a = context;
    K(depth_pool_forward)(q, a->how, &a->g, a->count, &a->x, &a->y, a->argmax);
    wait_for(q);
}

/* Element e of the pooled rows, and in which row it is. */
static double pooled(const struct depth_case *a, size_t e, int *chosen)
{
    size_t each = a->x.c * a->x.h * a->x.w, o = e / each % a->g.out, sample = e / each / a->g.out;
    double sum = 0, best = -INFINITY;
    *chosen = -1;
    for (size_t k = 0; k < a->g.kernel; k++) {
        int row = seen(a, sample, o, k);
        size_t at = sample * a->g.in + (size_t)(row < 0 ? 0 : row);
        double v = row < 0 ? 0 : value_at(&a->x, at * each + e % each);
        if (row == -1)
            continue;
        sum += v;
        if (v > best)
            *chosen = row < 0 ? -1 : row;
        best = fmax(v, best);
    }
    return a->how == CNN_ROWS_MAX ? best : sum / divisor(a, o);
}

static void check_pool(int i, enum cnn_rows_pool how)
{
    struct depth_case a = case_of(i);
    a.how = how;
    a.x = rows_of(i, a.g.in, 1, INPUT);
    a.y = rows_of(i, a.g.out, 1, OUTPUT);
    size_t count = cnn_tensor_count(&a.y);
    if (how == CNN_ROWS_MAX)
        a.argmax = buffer_new(cnn_tensor_elements(&a.y) * sizeof *a.argmax, OUTPUT);
    run_all(pool_run, &a);
    double *want = zeros(count);
    for (size_t e = 0; e < count; e++) {
        int chosen;
        want[e] = pooled(&a, e, &chosen);
        if (a.argmax)
            assert_int_equal(a.argmax[cnn_tensor_place(&a.y, e)], chosen);
    }
    expect_tensor("y", &a.y, want, 1e-6);
    free(want);
    buffers_free();
}

void test_depth_pool_forward(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++)
        for (int how = CNN_ROWS_MEAN; is_case(i) && how <= CNN_ROWS_MAX; how++)
            check_pool(i, (enum cnn_rows_pool)how);
}

static void spread_run(struct cnn_queue *q, void *context)
{
    struct depth_case *a = context;
    K(depth_pool_backward)(q, a->how, &a->g, a->count, &a->dy, a->argmax, &a->dx);
    wait_for(q);
}

static void check_spread(int i, enum cnn_rows_pool how)
{
    struct depth_case a = case_of(i);
    a.how = how;
    a.dy = rows_of(i, a.g.out, 1, INPUT);
    a.dx = rows_of(i, a.g.in, 1, OUTPUT);
    size_t count = cnn_tensor_count(&a.dy), each = a.dx.c * a.dx.h * a.dx.w;
    double *want = zeros(cnn_tensor_count(&a.dx));
    if (how == CNN_ROWS_MAX)
        a.argmax = buffer_new(cnn_tensor_elements(&a.dy) * sizeof *a.argmax, INPUT);
    for (size_t k = 0; a.argmax && k < cnn_tensor_elements(&a.dy); k++)
        a.argmax[k] = -1;
    for (size_t e = 0; e < count; e++) {
        size_t o = e / each % a.g.out, sample = e / each / a.g.out;
        size_t lucky = pick(0, a.g.kernel - 1);
        for (size_t k = 0; k < a.g.kernel; k++) {
            int row = seen(&a, sample, o, k);
            if (row < 0 || (a.argmax && k != lucky))
                continue;
            if (a.argmax)
                a.argmax[cnn_tensor_place(&a.dy, e)] = row;
            want[(sample * a.g.in + (size_t)row) * each + e % each] +=
                value_at(&a.dy, e) / (a.argmax ? 1 : divisor(&a, o));
        }
    }
    run_all(spread_run, &a);
    expect_tensor("dx", &a.dx, want, 1e-6);
    free(want);
    buffers_free();
}

void test_depth_pool_backward(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++)
        for (int how = CNN_ROWS_MEAN; is_case(i) && how <= CNN_ROWS_MAX; how++)
            check_spread(i, (enum cnn_rows_pool)how);
}
