/* Whatever a layer can do in passing for those behind it: the same gradients and answers as when
 * each runs by itself, for every activation among the cases of layers; in double precision against
 * central differences, too. */
#include "net_build.h"

#include <math.h>

#include "backend/backend.h"
#include "base/random.h"
#include "kern/activation.h"
#include "layer_cases.h"
#include "net/net_private.h"

enum { BATCH = 3, MOST_NODES = 16 };
static const float STEP = 1.0f / (1 << 20); /* inputs and steps are exact in float */

/* Nets in which X stands for the activation; steps: of the training forward, X being one of its own
 * where its gradient is not made of its result. */
static const struct pattern {
    const char *text;
    int steps;
} patterns[] = {
    {"conv 6 3 pad=1; X; top: conv 2 1", 2},
    {"conv 3 3 pad=1 groups=3; X; top: conv 2 1", 2},
    {"conv 4 3x3x3 pad=1; X; top: conv 2 1", 2},
    {"conv 6 3x3x3 pad=1; bn; X; top: conv 2 1", 3},
    {"bn; X; top: conv 2 1", 2},
    {"conv 6 3 pad=1; bn; X; top: conv 2 1", 3},
    {"a: conv 6 3 pad=1; sum { conv 6 1 } { }; X; top: conv 2 1", 3},
    {"a: conv 6 1; sum { conv 6 3 pad=1; bn } { }; X; top: conv 2 1", 4},
    {"sum { bn } { }; X; top: conv 2 1", 2},
    {"dense 7; X; top: dense 3", 2},
    {"X; top: conv 2 1", 2},
};

struct trial {
    struct cnn_graph *graph;
    struct cnn_net *net;
    size_t in, out; /* elements of all samples */
};

static struct cnn_backend *backend;

static double draw(size_t i, uint64_t stream)
{
    struct cnn_random r;
    cnn_random_start(&r, stream, i);
    return cnn_random_range(&r, -1, 1);
}

/* apart: all values are kept, so that nothing is fused. */
static struct trial begin(const char *text, int training, int apart)
{
    struct trial t;
    int node[MOST_NODES];
    t.graph = build_as(text, (struct cnn_graph_config){.input = {3, 5, 5}, .classes = 5});
    int top = cnn_graph_find(t.graph, "top");
    assert_true(t.graph->nodes <= MOST_NODES);
    for (int i = 0; i < t.graph->nodes; i++)
        node[i] = i;
    struct cnn_net_config config = {.batch = BATCH,
                                    .training = training,
                                    .from = training ? top : 0,
                                    .gradient = node,
                                    .gradients = (size_t)training,
                                    .keep = node + 1,
                                    .keeps = apart ? (size_t)t.graph->nodes - 1 : 0};
    assert_int_equal(cnn_net_new(t.graph, backend, &config, &t.net), 0);
    assert_int_equal(cnn_net_init(t.net, 3, CNN_INIT_GLOROT_NORMAL), 0);
    t.in = BATCH * cnn_chw_count(t.graph->node[0].layer.out);
    t.out = BATCH * cnn_chw_count(t.graph->node[top].layer.out);
    return t;
}

static void end(struct trial *t)
{
    cnn_net_free(t->net);
    cnn_graph_free(t->graph);
}

static void forward(struct trial *t, const float *x, int training)
{
    struct cnn_batch_view view = {.n = BATCH, .x = x};
    assert_int_equal(cnn_net_forward(t->net, &view, training, 7, 1), 0);
}

/* The value of a node in plain order; to be freed. */
static real *value_of(struct trial *t, int node)
{
    const struct cnn_tensor *value = &t->net->node[node].value;
    void *data = malloc(cnn_tensor_count(value) * sizeof(real));
    struct cnn_tensor plain = cnn_tensor_plain(value->n, value->c, value->h, value->w, data);
    backend->kernels->copy(&backend->queue, value, &plain);
    return plain.data;
}

/* sum(dy * value of the last node) */
static double objective(struct trial *t, const float *x, const float *dy)
{
    double sum = 0;
    forward(t, x, 1);
    real *v = value_of(t, t->graph->nodes - 1);
    for (size_t i = 0; i < t->out; i++)
        sum += (double)dy[i] * (double)v[i];
    free(v);
    return sum;
}

static void expect_same(const char *text, const char *what, const real *a, const real *b, size_t n,
                        double tolerance)
{
    double worst = 0, size = 1e-6;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);
        if (!(d <= worst))
            worst = d;
        size = fmax(size, fabs((double)b[i]));
    }
    if (!(worst <= tolerance * size))
        fail_msg("%s: %s, fused, is off by %.3g of %.3g", text, what, worst, size);
}

/* The slope along a few directions is that of the gradient dx. */
static void check_differences(const char *text, struct trial *t, const float *x, const float *dy,
                              const float *dx)
{
    float *moved = malloc(t->in * sizeof *moved);
    double size = 1e-6;
    for (size_t i = 0; i < t->in; i++)
        size += (double)dx[i] * (double)dx[i];
    for (uint64_t k = 0; k < 3; k++) {
        double end[2], along = 0;
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < t->in; i++) {
                float way = draw(i, 10 + k) < 0 ? -STEP : STEP;
                moved[i] = x[i] + (side ? way : -way);
                along += side ? (double)way / (double)STEP * (double)dx[i] : 0;
            }
            end[side] = objective(t, moved, dy);
        }
        double slope = (end[1] - end[0]) / (2 * (double)STEP);
        if (!(fabs(slope - along) <= 1e-5 * sqrt(size)))
            fail_msg("%s: a slope of %.9g instead of %.9g", text, along, slope);
    }
    free(moved);
}

static void fill(float *to, size_t n, uint64_t stream)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)(floor(draw(i, stream) * 256) / 64);
}

static int steps_of(const struct trial *t)
{
    int steps = 0;
    for (int i = 1; i < t->graph->nodes; i++)
        steps += t->net->plan->step[i].layer != NULL;
    return steps;
}

static void check_gradients(const char *text, int steps, double tolerance)
{
    struct trial t[2] = {begin(text, 1, 0), begin(text, 1, 1)};
    float *x = malloc(t->in * sizeof *x), *dy = malloc(t->out * sizeof *dy);
    float *dx = malloc(2 * t->in * sizeof *dx);
    size_t count;
    fill(x, t->in, 1);
    fill(dy, t->out, 2);
    if (steps_of(t) != steps)
        fail_msg("%s: %d steps instead of %d", text, steps_of(t), steps);
    assert_int_equal(steps_of(t + 1), t->graph->nodes - 1);
    for (int k = 0; k < 2; k++) {
        assert_int_equal(cnn_net_zero_gradients(t[k].net), 0);
        forward(&t[k], x, 1);
        assert_int_equal(cnn_net_backward_from(t[k].net, dy), 0);
        assert_int_equal(cnn_net_gradient(t[k].net, 0, dx + (size_t)k * t->in), 0);
    }
    cnn_net_slab_values(t->net, &count);
    expect_same(text, "a parameter's gradient", cnn_net_slab_gradients(t[0].net),
                cnn_net_slab_gradients(t[1].net), count, tolerance);
    for (size_t i = 0; i < t->in; i++)
        if (!(fabs((double)(dx[i] - dx[t->in + i])) <= 1e-5 * (1 + fabs((double)dx[i]))))
            fail_msg("%s: the input's gradient, fused, is %.9g instead of %.9g", text,
                     (double)dx[i], (double)dx[t->in + i]);
    if (sizeof(real) == sizeof(double))
        check_differences(text, t, x, dy, dx);
    for (int k = 0; k < 2; k++)
        end(&t[k]);
    free(x);
    free(dy);
    free(dx);
}

static void check_answers(const char *text, double tolerance)
{
    struct trial t[2] = {begin(text, 0, 0), begin(text, 0, 1)};
    float *x = malloc(t->in * sizeof *x);
    real *v[2];
    fill(x, t->in, 1);
    for (int k = 0; k < 2; k++) {
        forward(&t[k], x, 0);
        v[k] = value_of(&t[k], t[k].graph->nodes - 1);
    }
    expect_same(text, "an answer", v[0], v[1], t->out, tolerance);
    for (int k = 0; k < 2; k++) {
        free(v[k]);
        end(&t[k]);
    }
    free(x);
}

/* The pattern with the activation in it, and how many steps it takes to train. */
static int put_in(const struct pattern *p, const char *activation, char *text, size_t size)
{
    struct cnn_epilogue e = {0};
    const char *x = strchr(p->text, 'X');
    snprintf(text, size, "%.*s%s%s", (int)(x - p->text), p->text, activation, x + 1);
    struct cnn_graph *g = build_as(text, (struct cnn_graph_config){.input = {3, 5, 5}});
    const struct cnn_layer *l = &g->node[cnn_graph_find(g, "top") - 1].layer;
    l->type->activation(l, &e);
    cnn_graph_free(g);
    return p->steps + (x > p->text && cnn_activation_type(e.f)->reads_x);
}

static int is_activation(const char *text)
{
    char word[32];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(text, " "), text);
    return cnn_layer_type_find(word)->activation != NULL;
}

static void check_fusions(double tolerance)
{
    struct rig_cases cases = read_layer_cases();
    char text[160];
    for (size_t c = 0; c < cases.count; c++) {
        const char *layer = cases.at[c].text;
        for (size_t p = 0; p < sizeof patterns / sizeof *patterns && is_activation(layer); p++) {
            int steps = put_in(&patterns[p], layer, text, sizeof text);
            check_gradients(text, steps, tolerance);
            check_answers(text, tolerance);
        }
    }
    free_layer_cases(&cases);
}

static int open_backend(void **state)
{
    (void)state;
    return cnn_backend_open("cpu", 2, &backend);
}

static int close_backend(void **state)
{
    (void)state;
    cnn_backend_close(backend);
    return 0;
}
