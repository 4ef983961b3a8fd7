/* Where a net's time goes: runs as they are elsewhere, of which only the whole is timed, and runs
 * of which every step is timed and waited for; medians of both; see inspect.h. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "kern/parallel.h"
#include "net/optimize.h"
#include "task/inspect/private.h"

enum { FEWEST_RUNS = 3, MOST_RUNS = 1000 };
static const double LIMITS_SECONDS = 0.3;

struct timer {
    const struct cnn_inspect *in;
    const struct cnn_time_options *o;
    struct cnn_backend *backend;
    struct cnn_net *net;
    struct cnn_optimizer_options optimizer;
    float **x;                      /* (graph inputs) (batch, rows, c, h, w) */
    struct cnn_target_view *target; /* (graph targets) classes: (batch, rows, h, w) */
    size_t nodes, columns;
    double *sample; /* (MOST_RUNS, columns): forward, backward (nodes each), update, their whole;
                       and the whole of a run whose steps are not timed */
    double *sorted; /* (MOST_RUNS) */
    struct inspect_times times;
};

static int draw_input(struct cnn_random *r, size_t count, float **out)
{
    float *x = *out = cnn_calloc(count, sizeof *x);
    for (size_t i = 0; x && i < count; i++)
        x[i] = (float)cnn_random_range(r, -1.7, 1.7);
    return x ? 0 : CNN_ESYSTEM;
}

static int draw_target(struct cnn_random *r, size_t count, size_t classes, const int32_t **out)
{
    int32_t *label = cnn_calloc(count, sizeof *label);
    *out = label;
    for (size_t i = 0; label && i < count; i++)
        label[i] = (int32_t)cnn_random_below(r, classes);
    return label ? 0 : CNN_ESYSTEM;
}

static int draw(struct timer *t)
{
    const struct cnn_graph *g = t->in->graph;
    struct cnn_random r;
    int rc = 0;
    t->x = cnn_calloc((size_t)g->inputs, sizeof *t->x);
    t->target = cnn_calloc((size_t)g->targets + 1, sizeof *t->target);
    if (!t->x || !t->target)
        return CNN_ESYSTEM;
    cnn_random_start(&r, 0, 0);
    for (int i = 0; !rc && i < g->inputs; i++)
        rc = draw_input(&r, t->o->batch * cnn_layer_elements(&g->node[i].layer), &t->x[i]);
    for (int i = 0; !rc && i < g->targets; i++) {
        const struct cnn_graph_target *to = &g->target[i];
        rc = draw_target(&r, t->o->batch * to->rows * to->shape.h * to->shape.w, to->shape.c,
                         &t->target[i].label);
    }
    return rc;
}

static void forget(struct timer *t)
{
    for (int i = 0; t->x && i < t->in->graph->inputs; i++)
        free(t->x[i]);
    for (int i = 0; t->target && i < t->in->graph->targets; i++)
        free((int32_t *)t->target[i].label);
    free(t->x);
    free(t->target);
}

static int open_timer(struct timer *t, struct cnn_buf *note)
{
    t->optimizer = cnn_optimizer_defaults(cnn_optimizer_type_find("sgd"));
    struct cnn_net_config config = {.batch = t->o->batch, .training = t->o->training};
    if (t->o->training)
        config.optimizer_slabs = cnn_optimizer_slabs(&t->optimizer);
    int rc = cnn_compute_net(&t->o->compute, t->in->graph, &config, note, &t->backend, &t->net);
    if (!rc && t->in->model)
        rc = cnn_model_load_params(t->in->model->tensors, t->net, NULL, NULL);
    else if (!rc)
        rc = cnn_net_init(t->net, 0, CNN_INIT_DEFAULT);
    if (rc)
        return rc;
    t->nodes = (size_t)t->in->graph->nodes;
    t->columns = 2 * t->nodes + 3;
    t->sample = cnn_calloc(MOST_RUNS * t->columns, sizeof *t->sample);
    t->sorted = cnn_calloc(MOST_RUNS, sizeof *t->sorted);
    return t->sample && t->sorted ? draw(t) : CNN_ESYSTEM;
}

/* A batch forward, and in training backward and an update; *update: when that began. */
static int pass(struct timer *t, double *update)
{
    struct cnn_batch_view view = {.n = t->o->batch,
                                  .x = t->x[0],
                                  .others = (const float *const *)t->x + 1,
                                  .target = t->o->training ? t->target : NULL};
    int rc = cnn_net_forward(t->net, &view, t->o->training, 0, 0);
    if (!rc && t->o->training)
        rc = cnn_net_backward(t->net, 1);
    *update = cnn_seconds();
    if (!rc && t->o->training)
        rc = cnn_optimizer_step(&t->optimizer, t->net, 0, 1, 1, NULL);
    if (!rc && t->o->training)
        rc = cnn_net_zero_gradients(t->net);
    return rc ? rc : t->backend->ops->sync(t->backend);
}

/* A run into a row of t->sample: with the times of its steps, or only that of the whole. */
static int run(struct timer *t, int steps, double *sample)
{
    double start = cnn_seconds(), update;
    cnn_net_profile(t->net, steps ? sample : NULL, steps ? sample + t->nodes : NULL);
    int rc = pass(t, &update);
    double end = cnn_seconds();
    if (steps && t->o->training)
        sample[2 * t->nodes] = end - update;
    sample[2 * t->nodes + (steps ? 1 : 2)] = end - start;
    return rc;
}

/* For half the time; *runs is how many there were. */
static int repeat(struct timer *t, int steps, int *runs)
{
    double start = cnn_seconds();
    int rc = 0;
    while (!rc && *runs < MOST_RUNS &&
           (*runs < FEWEST_RUNS || cnn_seconds() - start < t->o->seconds / 2))
        rc = run(t, steps, t->sample + (size_t)(*runs)++ * t->columns);
    return rc;
}

/* First runs are not counted: they touch memory, make weights ready, and on a GPU record what later
 * ones repeat. */
static int run_all(struct timer *t)
{
    int rc = 0;
    for (int i = 0; !rc && i < 2; i++)
        rc = run(t, 0, t->sample);
    if (!rc)
        rc = repeat(t, 0, &t->times.whole_runs);
    if (!rc)
        rc = repeat(t, 1, &t->times.runs);
    cnn_net_profile(t->net, NULL, NULL);
    return rc;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(struct timer *t, size_t column, int runs)
{
    for (int i = 0; i < runs; i++)
        t->sorted[i] = t->sample[(size_t)i * t->columns + column];
    qsort(t->sorted, (size_t)runs, sizeof *t->sorted, by_value);
    return t->sorted[runs / 2];
}

static int add_row(struct timer *t, int i)
{
    struct inspect_time_row *r = &t->times.row[t->times.rows++];
    const struct cnn_graph *g = t->in->graph;
    const struct cnn_plan *p = cnn_net_plan(t->net);
    struct cnn_buf name = {0};
    cnn_step_name(g, p->step, i, &name);
    r->name = cnn_buf_take(&name);
    r->out = g->node[i].layer.out;
    for (int back = 0; back <= t->o->training; back++) {
        r->seconds[back] = median(t, (size_t)back * t->nodes + (size_t)i, t->times.runs);
        r->work[back] = cnn_net_work(t->net, i, back);
    }
    for (int pass = 0; i > 0 && pass <= (t->o->training ? CNN_CONV_WEIGHT : CNN_CONV_FORWARD);
         pass++)
        cnn_step_cost(g, p->step, i, t->backend, p->batch, (enum cnn_conv_pass)pass,
                      &r->algorithm[pass]);
    return r->name ? 0 : CNN_ESYSTEM;
}

/* Weights and velocity are read and written, gradients read and set to 0. */
static int add_update(struct timer *t)
{
    struct inspect_time_row *r = &t->times.row[t->times.rows++];
    size_t count;
    cnn_net_slab_values(t->net, &count);
    *r = (struct inspect_time_row){.name = cnn_strdup("update")};
    r->seconds[1] = median(t, 2 * t->nodes, t->times.runs);
    r->work[1].bytes = 6 * (double)(count * sizeof(real));
    return r->name ? 0 : CNN_ESYSTEM;
}

static int summarize(struct timer *t)
{
    const struct cnn_plan *p = cnn_net_plan(t->net);
    struct inspect_times *times = &t->times;
    int rc = (times->row = cnn_calloc(t->nodes + 1, sizeof *times->row)) ? 0 : CNN_ESYSTEM;
    times->batch = t->o->batch;
    times->threads = t->backend->is_gpu ? 0 : cnn_queue_threads(&t->backend->queue);
    times->training = t->o->training;
    for (int i = 0; !rc && i < t->in->graph->nodes; i++)
        if (i == 0 || p->step[i].layer)
            rc = add_row(t, i);
    if (!rc && t->o->training)
        rc = add_update(t);
    if (!rc)
        times->seconds = median(t, 2 * t->nodes + 1, times->runs);
    if (!rc)
        times->whole_seconds = median(t, 2 * t->nodes + 2, times->whole_runs);
    return rc;
}

static void close_timer(struct timer *t)
{
    for (size_t i = 0; i < t->times.rows; i++)
        free(t->times.row[i].name);
    free(t->times.row);
    free(t->sample);
    free(t->sorted);
    forget(t);
    cnn_net_free(t->net);
    cnn_backend_close(t->backend);
}

int cnn_inspect_time(const struct cnn_inspect *in, const struct cnn_time_options *options, int json,
                     struct cnn_buf *note, struct cnn_buf *out)
{
    struct timer t = {.in = in, .o = options};
    int rc = cnn_inspect_require(in, CNN_INSPECT_LAYERS);
    if (!rc)
        rc = open_timer(&t, note);
    if (!rc)
        rc = run_all(&t);
    if (!rc)
        rc = summarize(&t);
    if (!rc)
        rc = cnn_inspect_limits(t.backend, LIMITS_SECONDS, &t.times.limits);
    if (!rc && json)
        rc = cnn_inspect_time_json(in->name, &t.times, out);
    else if (!rc)
        cnn_inspect_time_text(&t.times, out);
    close_timer(&t);
    return rc;
}
