/* The backward pass, in reverse node order; see net.h. */
#include "base/clock.h"
#include "kern/activation.h"
#include "kern/parallel.h"
#include "net/net_private.h"

#include <string.h>

/* Whether the layer's own backward goes through its epilogue: it knows no activation that is apart.
 */
static int passes_epilogue(const struct cnn_layer *l, const struct cnn_epilogue *e)
{
    return (l->type->flags & CNN_LAYER_EPILOGUE_BACKWARD) &&
           !(e->activate && cnn_activation_type(e->f)->passing == CNN_PASSING_APART);
}

/* In its place: through the activation, in place, and on to what was added. */
static void backward_epilogue(struct cnn_pass *p, struct cnn_tensor *dy)
{
    const struct cnn_epilogue *e = p->epilogue;
    if (e->activate)
        p->k->activation_backward(p->q, e->f, e->a, p->y[0], dy, dy);
    if (p->dadd)
        p->k->copy(p->q, dy, p->dadd);
    p->epilogue = NULL;
    p->dadd = NULL;
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
    p.dy = nn->dy;
    p.dx = nn->dx;
    p.dadd = step->addend >= 0 ? nn->dx[step->addend] : NULL;
    p.work = cnn_net_block(net, net->plan->node[i].work_backward);
    struct cnn_pool *threads = cnn_net_begin_step(net, i, 1);
    if (l->type->flags & CNN_LAYER_LOSS) {
        double weight = cnn_net_weight(net);
        p.loss_scale = weight > 0 ? scale * net->graph->node[i].loss_weight / weight : 0;
    }
    struct cnn_epilogue without;
    int done = cnn_net_rectify(net, i, &p, &without);
    if (step->fused && !passes_epilogue(l, p.epilogue))
        backward_epilogue(&p, &nn->gradient);
    if (!done)
        l->type->backward(l, &p);
    deliver_gradients(net, i, &p);
    p.q->pool = threads;
}

/* dy (may be NULL) where backward begins, and zeros of an output that nothing reads. */
static void start_gradient(struct cnn_net *net, int i, const float *dy)
{
    struct cnn_tensor *gradient = &net->node[i].gradient;
    const struct cnn_backend *b = net->backend;
    if (dy && i == net->from)
        b->ops->upload_values(net->backend, gradient, dy);
    if (net->plan->node[i].zero) /* whatever its elements are; blocks end at whole numbers */
        b->kernels->fill(&net->backend->queue, 0,
                         cnn_ceil_div(b->ops->tensor_bytes(b, gradient), sizeof(real)),
                         gradient->data);
}

/* A gradient that is asked for, before its step's backward works on in place. */
static void keep_gradient(struct cnn_net *net, int i)
{
    struct cnn_net_node *nn = &net->node[i];
    if (!nn->kept_gradient.data)
        return;
    nn->kept_gradient.n = nn->gradient.n;
    net->backend->kernels->copy(&net->backend->queue, &nn->gradient, &nn->kept_gradient);
}

/* Make what was not kept of a segment once more. */
static void repeat_segment(struct cnn_net *net, int begin, int end)
{
    for (int i = begin; i < end; i++)
        if (net->plan->node[i].runs_again && net->plan->step[i].layer &&
            !(net->from_cut && net->fixed[i])) {
            cnn_net_use_run(net, i, 1);
            net->again = 1;
            cnn_net_forward_step(net, i);
            net->again = 0;
        }
}

/* dy (NULL: it is the losses') is the gradient of the value at net->from. */
static int backward(struct cnn_net *net, double scale, const float *dy)
{
    double time = net->seconds[1] ? cnn_seconds() : 0;
    for (int i = 0; net->seconds[1] && i < net->graph->nodes; i++)
        net->seconds[1][i] = 0;
    int end = net->graph->nodes, begun = dy ? 0 : cnn_net_begin_pass(net, 1);
    for (int k = net->plan->segments - 1; k >= 0; k--) {
        int begin = net->plan->segment[k];
        repeat_segment(net, begin, end);
        for (int i = end - 1; i >= begin; i--) {
            if (!net->wants[i] || !net->plan->step[i].layer)
                continue;
            for (int o = i; o < i + net->plan->step[i].layer->outputs; o++) {
                start_gradient(net, o, dy);
                keep_gradient(net, o);
            }
            backward_step(net, i, scale);
            cnn_net_note_time(net, 1, i, &time);
        }
        end = begin;
    }
    cnn_net_end_pass(net, begun);
    return net->backend->ops->check(net->backend);
}

int cnn_net_backward(struct cnn_net *net, double scale)
{
    if (!net->training || net->from || !net->was_training || !net->had_losses)
        return cnn_fail(CNN_EINTERNAL, "backward without a training forward");
    return backward(net, scale, NULL);
}

int cnn_net_backward_from(struct cnn_net *net, const float *dy)
{
    if (!net->from || !net->n)
        return cnn_fail(CNN_EINTERNAL, "backward from a value without a forward");
    return backward(net, 1, dy);
}

int cnn_net_gradient(struct cnn_net *net, int node, float *out)
{
    struct cnn_tensor kept = net->node[node].kept_gradient;
    if (!kept.data) {
        memset(out, 0, cnn_tensor_count(&net->node[node].value) * sizeof *out);
        return 0;
    }
    kept.n = net->node[node].value.n;
    net->backend->ops->download_values(net->backend, out, &kept);
    return net->backend->ops->sync(net->backend);
}

int cnn_net_zero_gradients(struct cnn_net *net)
{
    net->backend->kernels->fill(&net->backend->queue, 0, net->value_count, net->gradients);
    return net->backend->ops->check(net->backend);
}
