/* Running a net: forward in node order, backward in reverse; see net.h. */
#include "net/net_private.h"

#include <string.h>

#include "base/clock.h"
#include "data/loader/image_store.h"

/* Whole batches come again and again; while steps are timed, each is waited for. */
static int begin_pass(struct cnn_net *net, int backward)
{
    struct cnn_backend *b = net->backend;
    if (!b->ops->begin || net->n < net->batch || net->seconds[backward])
        return 0;
    b->ops->begin(b, &net->record[backward ? 2 : net->was_training]);
    return 1;
}

static void end_pass(struct cnn_net *net, int begun)
{
    if (begun)
        net->backend->ops->end(net->backend);
}

/* Every view gets the batch's size; memory stays where it was planned. */
static void set_batch(struct cnn_net *net, size_t n)
{
    if (net->n == n)
        return;
    net->n = n;
    for (int i = 0; i < net->graph->nodes; i++) {
        struct cnn_net_node *nn = &net->node[i];
        nn->value.n = nn->gradient.n = n;
        for (int k = 0; k < net->plan->step[i].inputs; k++)
            nn->extra[k].n = nn->converted[k].n = n;
    }
}

static int upload_targets(struct cnn_net *net, const struct cnn_batch_view *b)
{
    const struct cnn_backend_ops *ops = net->backend->ops;
    struct cnn_net_losses *l = &net->losses[net->turn = !net->turn];
    l->n = b->n;
    l->weight_sum = 0;
    l->labelled = 0;
    for (size_t i = 0; !b->vector && i < b->n; i++)
        l->labelled += net->positions > 1 || b->label[i] >= 0;
    for (size_t i = 0; i < b->n; i++) {
        l->weight[i] = b->weight ? b->weight[i] : 1.0f;
        l->weight_sum += (double)l->weight[i];
    }
    net->targets = (struct cnn_targets){.weight = net->device_weight};
    struct cnn_tensor weight = {1, b->n, 1, 1, CNN_LAYOUT_PLAIN, net->device_weight};
    ops->upload(net->backend, &weight, l->weight);
    if (b->vector) {
        struct cnn_tensor v = {b->n, net->outputs, 1, 1, CNN_LAYOUT_PLAIN, net->device_vector};
        ops->upload(net->backend, &v, b->vector);
        net->targets.vector = net->device_vector;
    } else {
        ops->upload_bytes(net->backend, net->device_label, b->label,
                          b->n * net->positions * sizeof *b->label);
        net->targets.label = net->device_label;
    }
    return 0;
}

/* The node's value as samples at .. at + count - 1, or where those lie that are there now. */
static void look_at(struct cnn_net *net, int node, size_t at, size_t count)
{
    const struct cnn_backend *b = net->backend;
    struct cnn_net_node *nn = &net->node[node];
    nn->value.n = 1;
    size_t each = net->plan->step[node].passing ? 0 : b->ops->tensor_bytes(b, &nn->value);
    nn->value.n = count;
    nn->value.data = (char *)cnn_net_block(net, net->plan->node[node].run.value) + at * each;
    for (int k = 0; k < net->plan->step[node].inputs; k++)
        nn->converted[k].n = count;
}

/* All that steps first .. last read and write. */
static void look_at_steps(struct cnn_net *net, int first, int last, size_t at, size_t count)
{
    const struct cnn_step *step = net->plan->step;
    for (int i = first; i <= last; i++)
        if (step[i].layer) {
            look_at(net, i, at, count);
            for (int k = 0; k < step[i].inputs; k++)
                if (step[i].in[k] < first)
                    look_at(net, step[i].in[k], at, count);
        }
}

static int runs(const struct cnn_net *net, int i)
{
    const struct cnn_layer *l = net->plan->step[i].layer;
    if (!l || (net->graph->node[i].training_only && !net->was_training))
        return 0;
    return net->had_losses || !(l->type->flags & CNN_LAYER_LOSS);
}

/* Cycles of work below which one thread is done before the others have heard of it. */
enum { SMALL = 10000 };

/* Small steps run on this thread alone. Returns the threads, for when it is over. */
static struct cnn_pool *begin_step(struct cnn_net *net, int i, int backward)
{
    struct cnn_queue *q = &net->backend->queue;
    struct cnn_pool *threads = q->pool;
    if (net->node[i].cycles[backward] * (double)net->node[i].value.n < SMALL)
        q->pool = NULL;
    return threads;
}

static void forward_step(struct cnn_net *net, int i)
{
    const struct cnn_step *step = &net->plan->step[i];
    struct cnn_net_node *nn = &net->node[i];
    struct cnn_pass p = cnn_net_pass(net, i);
    struct cnn_pool *threads = begin_step(net, i, 0);
    for (int k = 0; k < step->inputs; k++)
        if (nn->converted[k].data)
            p.k->copy(p.q, &net->node[step->in[k]].value, &nn->converted[k]);
    p.work = net->node[i].work;
    step->layer->type->forward(step->layer, &p);
    p.q->pool = threads;
}

/* Steps first .. last, portion by portion. */
static void forward_portions(struct cnn_net *net, int first, int last, double *time)
{
    size_t portion = cnn_step_batch(net->plan->step, first, net->n);
    for (size_t at = 0; at < net->n; at += portion) {
        look_at_steps(net, first, last, at, net->n - at < portion ? net->n - at : portion);
        for (int i = first; i <= last; i++)
            if (runs(net, i)) {
                forward_step(net, i);
                cnn_net_note_time(net, 0, i, time);
            }
    }
    look_at_steps(net, first, last, 0, net->n);
}

/* They come while other work goes on. */
static void fetch_losses(struct cnn_net *net)
{
    struct cnn_backend *b = net->backend;
    struct cnn_tensor y = {1, net->n, 1, 1, CNN_LAYOUT_PLAIN, net->node[net->main_loss].value.data};
    struct cnn_tensor hit = {1, net->n, 1, 1, CNN_LAYOUT_PLAIN, net->device_hit};
    b->ops->download_later(b, net->losses[net->turn].loss, &y);
    if (net->was_training)
        b->ops->download_later(b, net->losses[net->turn].hit, &hit);
    b->ops->mark(b, CNN_MARK_LOSSES + net->turn);
}

int cnn_net_forward(struct cnn_net *net, const struct cnn_batch_view *batch, int training,
                    uint64_t seed, uint64_t step)
{
    net->backend->queue.once = net->once;
    if (!net->ready && cnn_net_prepare(net))
        return cnn_error_code();
    set_batch(net, batch->n);
    net->was_training = training;
    net->had_losses = net->main_loss && (batch->label || batch->vector);
    net->seed = seed;
    net->step = step;
    double time = net->seconds[0] ? cnn_seconds() : 0;
    for (int i = 0; net->seconds[0] && i < net->graph->nodes; i++)
        net->seconds[0][i] = 0;
    if (batch->x)
        net->backend->ops->upload_values(net->backend, &net->node[0].value, batch->x);
    else
        cnn_image_store_input(batch->images, &net->node[0].value);
    if (net->had_losses && upload_targets(net, batch))
        return cnn_error_code();
    cnn_net_note_time(net, 0, 0, &time);
    int begun = begin_pass(net, 0);
    for (int i = 1; i < net->graph->nodes; i++) {
        const struct cnn_step *s = &net->plan->step[i];
        if (cnn_step_in_portions(net->plan->step, i, net->batch)) {
            forward_portions(net, s->first, s->last, &time);
            i = s->last;
            continue;
        }
        if (!runs(net, i))
            continue;
        if (net->plan->node[i].runs_again)
            cnn_net_use_run(net, i, 0);
        forward_step(net, i);
        cnn_net_note_time(net, 0, i, &time);
    }
    if (net->had_losses && training)
        net->backend->kernels->label_hits(&net->backend->queue, net->node[net->main_loss].x[0],
                                          &net->targets, net->device_hit);
    end_pass(net, begun);
    if (net->had_losses)
        fetch_losses(net);
    return net->backend->ops->check(net->backend);
}

/* For layers that know nothing of their epilogue's gradient: through the activation, in place, and
 * on to what was added. */
static void backward_epilogue(const struct cnn_pass *p, struct cnn_tensor *dy)
{
    const struct cnn_epilogue *e = p->epilogue;
    if (e->activate)
        p->k->activation_backward(p->q, e->f, e->slope, p->y, dy, dy);
    if (p->dadd)
        p->k->copy(p->q, dy, p->dadd);
}

/* What landed in extra blocks goes to the inputs' gradients. */
static void deliver_gradients(struct cnn_net *net, int i, const struct cnn_pass *p)
{
    const struct cnn_step *step = &net->plan->step[i];
    struct cnn_net_node *nn = &net->node[i];
    for (int k = 0; k < step->inputs; k++) {
        struct cnn_tensor *to = &net->node[step->in[k]].gradient;
        if (!nn->dx[k] || !nn->extra[k].data)
            continue;
        if (net->plan->node[i].first[k])
            p->k->copy(p->q, &nn->extra[k], to);
        else
            p->k->accumulate(p->q, &nn->extra[k], to);
    }
}

static void backward_step(struct cnn_net *net, int i, double scale)
{
    const struct cnn_step *step = &net->plan->step[i];
    const struct cnn_layer *l = step->layer;
    struct cnn_net_node *nn = &net->node[i];
    struct cnn_pass p = cnn_net_pass(net, i);
    p.dy = &nn->gradient;
    p.dx = nn->dx;
    p.dadd = step->addend >= 0 ? nn->dx[step->addend] : NULL;
    p.work = cnn_net_block(net, net->plan->node[i].work_backward);
    struct cnn_pool *threads = begin_step(net, i, 1);
    if (l->type->flags & CNN_LAYER_LOSS) {
        double weight = cnn_net_weight(net);
        p.loss_scale = weight > 0 ? scale * net->graph->node[i].loss_weight / weight : 0;
    }
    if (step->fused && !(l->type->flags & CNN_LAYER_EPILOGUE_BACKWARD))
        backward_epilogue(&p, &nn->gradient);
    l->type->backward(l, &p);
    deliver_gradients(net, i, &p);
    p.q->pool = threads;
}

/* Make what was not kept of a segment once more. */
static void repeat_segment(struct cnn_net *net, int begin, int end)
{
    for (int i = begin; i < end; i++)
        if (net->plan->node[i].runs_again) {
            cnn_net_use_run(net, i, 1);
            net->again = 1;
            forward_step(net, i);
            net->again = 0;
        }
}

int cnn_net_backward(struct cnn_net *net, double scale)
{
    if (!net->training || !net->was_training || !net->had_losses)
        return cnn_fail(CNN_EINTERNAL, "backward without a training forward");
    double time = net->seconds[1] ? cnn_seconds() : 0;
    for (int i = 0; net->seconds[1] && i < net->graph->nodes; i++)
        net->seconds[1][i] = 0;
    int end = net->graph->nodes, begun = begin_pass(net, 1);
    for (int k = net->plan->segments - 1; k >= 0; k--) {
        int begin = net->plan->segment[k];
        repeat_segment(net, begin, end);
        for (int i = end - 1; i >= begin; i--) {
            if (!net->wants[i] || !net->plan->step[i].layer)
                continue;
            backward_step(net, i, scale);
            cnn_net_note_time(net, 1, i, &time);
        }
        end = begin;
    }
    end_pass(net, begun);
    return net->backend->ops->check(net->backend);
}

int cnn_net_zero_gradients(struct cnn_net *net)
{
    net->backend->kernels->fill(&net->backend->queue, 0, net->value_count, net->gradients);
    return net->backend->ops->check(net->backend);
}

/* Of one of the last two forwards with losses. */
static int sum_losses(struct cnn_net *net, int turn, double *weighted_sum, double *weight_sum)
{
    const struct cnn_net_losses *l = &net->losses[turn];
    struct cnn_backend *b = net->backend;
    *weighted_sum = 0;
    *weight_sum = l->weight_sum;
    b->ops->wait(b, CNN_MARK_LOSSES + turn);
    for (size_t i = 0; i < l->n; i++)
        *weighted_sum += (double)l->weight[i] * (double)l->loss[i];
    return b->ops->check(b);
}

int cnn_net_loss(struct cnn_net *net, double *weighted_sum, double *weight_sum)
{
    if (!net->had_losses)
        return cnn_fail(CNN_EINTERNAL, "the last forward ran no losses");
    return sum_losses(net, net->turn, weighted_sum, weight_sum);
}

int cnn_net_loss_before(struct cnn_net *net, double *weighted_sum, double *weight_sum)
{
    if (!net->losses[!net->turn].n)
        return cnn_fail(CNN_EINTERNAL, "there was no forward with losses before the last");
    return sum_losses(net, !net->turn, weighted_sum, weight_sum);
}

void cnn_net_hits(const struct cnn_net *net, int before, double *hits, double *labelled)
{
    const struct cnn_net_losses *l = &net->losses[before ? !net->turn : net->turn];
    *hits = 0;
    *labelled = (double)l->labelled;
    for (size_t i = 0; l->labelled && i < l->n; i++)
        *hits += (double)l->hit[i];
}

double cnn_net_weight(const struct cnn_net *net)
{
    return net->losses[net->turn].weight_sum;
}

int cnn_net_value(struct cnn_net *net, int node, float *out)
{
    net->backend->ops->download_values(net->backend, out, &net->node[node].value);
    return net->backend->ops->sync(net->backend);
}
