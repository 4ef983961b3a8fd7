/* How convolutions are computed and how long a training step is expected to take.
 *
 * A pass takes the longer of two times: the cycles that its layer expects (where it expects none,
 * its multiply-adds), with the cores as fast as they are found to be, and the bytes that it must
 * read and write at the rate of copies. */
#include "kern/isa/isa.h"
#include "kern/limits.h"
#include "task/table.h"
#include "task/train/engine.h"

static const double LIMITS_SECONDS = 0.1;

static double expected(const struct cnn_limits *limits, const struct cnn_net_work *w)
{
    double products =
        w->cycles > 0 ? w->cycles * (double)cnn_isa()->multiply_adds : w->multiply_adds;
    double computing = products / limits->multiply_adds, moving = w->bytes / limits->bytes;
    return computing > moving ? computing : moving;
}

/* Forward, once more where the plan says so, and backward. */
static double step_seconds(struct cnn_net *net, const struct cnn_limits *limits, int i)
{
    struct cnn_net_work forward = cnn_net_work(net, i, 0);
    struct cnn_net_work backward = cnn_net_work(net, i, 1);
    int runs = 1 + (cnn_net_plan(net)->node[i].runs_again != 0);
    return runs * expected(limits, &forward) + expected(limits, &backward);
}

/* Parameters, gradients and state: read, and all but one of them written; gradients set to 0. For
 * averages, weights and averages are read and one written. */
static double update_seconds(struct cnn_net *net, const struct train_settings *settings,
                             const struct cnn_limits *limits)
{
    size_t values;
    cnn_net_slab_values(net, &values);
    double slabs = 4 + 2 * (double)cnn_optimizer_slabs(&settings->optimizer) +
                   (settings->options.ema > 0 ? 3 : 0);
    struct cnn_net_work w = {.bytes = slabs * (double)(values * sizeof(real))};
    return expected(limits, &w) / (double)settings->options.accumulate;
}

/* The algorithms of the passes that the step has: without gradients of forward alone. */
static void add_step(const struct train_engine *e, int i, double seconds, struct cnn_table *table)
{
    const struct cnn_plan *p = cnn_net_plan(e->net);
    const int last = cnn_net_work(e->net, i, 1).bytes > 0 ? CNN_CONV_WEIGHT : CNN_CONV_FORWARD;
    const char *algorithm[3] = {NULL, NULL, NULL};
    struct cnn_buf name = {0};
    for (int pass = CNN_CONV_FORWARD; pass <= last; pass++)
        cnn_step_cost(e->graph, p->step, i, e->backend, p->batch, (enum cnn_conv_pass)pass,
                      &algorithm[pass]);
    if (!algorithm[0])
        return;
    cnn_step_name(e->graph, p->step, i, &name);
    cnn_table_cell(table, "%s", name.text ? name.text : "");
    cnn_table_algorithm(table, algorithm);
    cnn_table_cell(table, "%.3f", 1e3 * seconds);
    table->failed |= name.failed;
    cnn_buf_free(&name);
}

int cnn_train_plan_time(const struct train_engine *e, const struct train_settings *settings,
                        struct cnn_buf *out)
{
    const struct cnn_plan *p = cnn_net_plan(e->net);
    struct cnn_table table = {.columns = 3, .align = "llr"};
    struct cnn_limits limits;
    if (e->backend->is_gpu) /* nothing to choose, and nothing to go by */
        return 0;
    int rc = cnn_limits_measure(&e->backend->queue, LIMITS_SECONDS, &limits);
    if (rc)
        return rc;
    double total = update_seconds(e->net, settings, &limits);
    cnn_table_cell(&table, "convolution");
    cnn_table_cell(&table, "algorithm");
    cnn_table_cell(&table, "expected ms");
    for (int i = 0; i < e->graph->nodes; i++) {
        double seconds = i == 0 || p->step[i].layer ? step_seconds(e->net, &limits, i) : 0;
        total += seconds;
        if (i > 0 && p->step[i].layer)
            add_step(e, i, seconds, &table);
    }
    cnn_buf_puts(out, "\n");
    cnn_table_end(&table, out);
    cnn_buf_printf(out,
                   "\nexpected for a batch: %.1f ms, %.1f samples a second (an estimate, at %.1f "
                   "GFLOP/s and %.1f GB/s)\n",
                   1e3 * total, (double)p->batch / total, 2e-9 * limits.multiply_adds,
                   1e-9 * limits.bytes);
    return 0;
}
