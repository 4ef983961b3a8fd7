/* The forward pass, in node order; see net.h. */
#include "base/clock.h"
#include "data/loader/image_store.h"
#include "kern/parallel.h"
#include "net/net_private.h"

static size_t rows_of(const struct cnn_net *net, int node)
{
    return net->graph->node[node].layer.rows;
}

/* Every view gets the batch's size; memory stays where it was planned. */
static void set_batch(struct cnn_net *net, size_t n)
{
    if (net->n == n)
        return;
    net->n = n;
    for (int i = 0; i < net->graph->nodes; i++) {
        struct cnn_net_node *nn = &net->node[i];
        nn->value.n = nn->gradient.n = n * rows_of(net, i);
        for (int k = 0; k < net->plan->step[i].inputs; k++)
            nn->extra[k].n = nn->converted[k].n = n * rows_of(net, net->plan->step[i].in[k]);
    }
}

static void look_at_inputs(struct cnn_net *net, int node, size_t count)
{
    for (int k = 0; k < net->plan->step[node].inputs; k++)
        net->node[node].converted[k].n = count * rows_of(net, net->plan->step[node].in[k]);
}

/* The node's value as samples at .. at + count - 1, or where those lie that are there now. */
static void look_at(struct cnn_net *net, int node, size_t at, size_t count)
{
    const struct cnn_backend *b = net->backend;
    struct cnn_net_node *nn = &net->node[node];
    nn->value.n = rows_of(net, node);
    size_t each = net->plan->step[node].passing ? 0 : b->ops->tensor_bytes(b, &nn->value);
    nn->value.n = count * rows_of(net, node);
    nn->value.data = (char *)cnn_net_block(net, net->plan->node[node].run.value) + at * each;
}

/* All that steps first .. last read and write. */
static void look_at_steps(struct cnn_net *net, int first, int last, size_t at, size_t count)
{
    const struct cnn_step *step = net->plan->step;
    for (int i = first; i <= last; i++)
        if (step[i].layer) {
            for (int o = i; o < i + step[i].layer->outputs; o++)
                look_at(net, o, at, count);
            look_at_inputs(net, i, count);
            for (int k = 0; k < step[i].inputs; k++)
                if (step[i].in[k] < first)
                    look_at(net, step[i].in[k], at, count);
        }
}

/* What is in front of the cut runs on whole batches, whatever is behind the samples that there are: how a
 * layer adds may depend on how many samples come together. */
static void look_at_fixed(struct cnn_net *net, size_t n)
{
    for (int i = net->graph->inputs; i < net->graph->nodes; i++)
        if (net->fixed[i]) {
            look_at_inputs(net, i, n);
            net->node[i].value.n = n * rows_of(net, i);
        }
    for (int i = 0; i < net->graph->inputs; i++)
        net->node[i].value.n = n * rows_of(net, i);
}

static int is_made(const struct cnn_net *net, int i)
{
    return net->plan->step[i].layer && (!net->graph->node[i].training_only || net->was_training);
}

static int runs(const struct cnn_net *net, int i)
{
    const struct cnn_layer *l = net->plan->step[i].layer;
    if (!is_made(net, i) || (net->cut && net->fixed[i]))
        return 0;
    return net->had_losses || !(l->type->flags & CNN_LAYER_LOSS);
}

/* Steps first .. last, portion by portion. */
static void forward_portions(struct cnn_net *net, int first, int last, double *time)
{
    size_t portion = cnn_step_batch(net->plan->step, first, net->n);
    for (size_t at = 0; at < net->n; at += portion) {
        look_at_steps(net, first, last, at, net->n - at < portion ? net->n - at : portion);
        net->at = at;
        for (int i = first; i <= last; i++)
            if (runs(net, i)) {
                cnn_net_forward_step(net, i);
                cnn_net_note_time(net, 0, i, time);
            }
    }
    look_at_steps(net, first, last, 0, net->n);
    net->at = 0;
}

/* How many rows of input k are real. */
static void upload_counts(struct cnn_net *net, int k, const struct cnn_batch_view *batch)
{
    for (size_t i = 0; i < net->n; i++)
        net->given_rows[i] = (int32_t)cnn_net_given_rows(net, batch, k, i);
    net->backend->ops->upload_bytes(net->backend, cnn_net_counts(net, k), net->given_rows,
                                    net->n * sizeof *net->given_rows);
}

/* Zeros where whole batches run, and there are fewer samples. */
static void clear_input(struct cnn_net *net, int k)
{
    const struct cnn_backend *b = net->backend;
    struct cnn_tensor whole = net->node[k].value;
    whole.n = net->batch * rows_of(net, k);
    b->kernels->fill(&net->backend->queue, 0,
                     cnn_ceil_div(b->ops->tensor_bytes(b, &whole), sizeof(real)), whole.data);
}

static void upload_inputs(struct cnn_net *net, const struct cnn_batch_view *batch)
{
    const struct cnn_backend_ops *ops = net->backend->ops;
    if (net->from_cut) {
        ops->upload_values(net->backend, &net->node[net->cut].value, batch->x);
        return;
    }
    for (int k = 0; net->cut && net->n < net->batch && k < net->graph->inputs; k++)
        clear_input(net, k);
    if (batch->x)
        ops->upload_values(net->backend, &net->node[0].value, batch->x);
    else
        cnn_image_store_input(batch->images, &net->node[0].value);
    for (int k = 1; k < net->graph->inputs; k++)
        ops->upload_values(net->backend, &net->node[k].value, batch->others[k - 1]);
    for (int k = 0; k < net->graph->inputs; k++)
        if (net->graph->node[k].counter == k)
            upload_counts(net, k, batch);
}

/* All in front of the cut. */
static void forward_fixed(struct cnn_net *net, double *time)
{
    look_at_fixed(net, net->batch);
    for (int i = net->graph->inputs; i < net->graph->nodes; i++) {
        if (!net->fixed[i] || !is_made(net, i))
            continue;
        if (net->plan->node[i].runs_again)
            cnn_net_use_run(net, i, 0);
        cnn_net_forward_step(net, i);
        cnn_net_note_time(net, 0, i, time);
    }
    look_at_fixed(net, net->n);
}

int cnn_net_forward(struct cnn_net *net, const struct cnn_batch_view *batch, int training,
                    uint64_t seed, uint64_t step)
{
    net->backend->queue.once = net->once;
    if (!net->ready && cnn_net_prepare(net))
        return cnn_error_code();
    set_batch(net, batch->n);
    net->was_training = training;
    net->from_cut = batch->from_cut;
    net->had_losses = net->main_loss && cnn_net_has_targets(net, batch);
    net->seed = seed;
    net->step = step;
    double time = net->seconds[0] ? cnn_seconds() : 0;
    for (int i = 0; net->seconds[0] && i < net->graph->nodes; i++)
        net->seconds[0][i] = 0;
    upload_inputs(net, batch);
    if (net->had_losses && cnn_net_upload_targets(net, batch))
        return cnn_error_code();
    cnn_net_note_time(net, 0, 0, &time);
    int begun = cnn_net_begin_pass(net, 0);
    if (net->cut && !net->from_cut)
        forward_fixed(net, &time);
    for (int i = net->graph->inputs; i < net->graph->nodes; i++) {
        const struct cnn_step *s = &net->plan->step[i];
        if (cnn_step_in_portions(net->plan->step, i, net->batch)) {
            forward_portions(net, s->first, s->last, &time);
            i = s->last;
            continue;
        }
        if (i == net->graph->first_loss && net->had_losses)
            cnn_net_share_rows(net);
        if (!runs(net, i))
            continue;
        if (net->plan->node[i].runs_again)
            cnn_net_use_run(net, i, 0);
        cnn_net_forward_step(net, i);
        cnn_net_note_time(net, 0, i, &time);
    }
    if (net->had_losses && training)
        net->backend->kernels->label_hits(
            &net->backend->queue, net->node[net->main_loss].x[0],
            &net->target[net->graph->node[net->main_loss].target].right, net->device_hit);
    cnn_net_end_pass(net, begun);
    if (net->had_losses)
        cnn_net_fetch_losses(net);
    return net->backend->ops->check(net->backend);
}

int cnn_net_value(struct cnn_net *net, int node, float *out)
{
    net->backend->ops->download_values(net->backend, out, &net->node[node].value);
    return net->backend->ops->sync(net->backend);
}

int cnn_net_rows(struct cnn_net *net, int node, int32_t *out)
{
    const struct cnn_backend_ops *ops = net->backend->ops;
    const int32_t *counts = cnn_net_counts(net, node);
    int32_t most = (int32_t)rows_of(net, node);
    if (counts)
        ops->download_bytes(net->backend, out, counts, net->n * sizeof *out);
    int rc = counts ? ops->sync(net->backend) : 0;
    for (size_t i = 0; !rc && i < net->n; i++)
        out[i] = counts && out[i] < most ? out[i] : most;
    return rc;
}
