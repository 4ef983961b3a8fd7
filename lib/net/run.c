/* What forward.c and backward.c share: a pass, and a step of one. */
#include "net/net_private.h"

/* Whole batches come again and again; while steps are timed, each is waited for. */
int cnn_net_begin_pass(struct cnn_net *net, int backward)
{
    struct cnn_backend *b = net->backend;
    if (!b->ops->begin || net->n < net->batch || net->seconds[backward])
        return 0;
    b->ops->begin(b, &net->record[(net->from_cut ? 3 : 0) + (backward ? 2 : net->was_training)]);
    return 1;
}

void cnn_net_end_pass(struct cnn_net *net, int begun)
{
    if (begun)
        net->backend->ops->end(net->backend);
}

/* Cycles of work below which one thread is done before the others have heard of it. */
enum { SMALL = 10000 };

/* Small steps run on this thread alone. Returns the threads, for when it is over. */
struct cnn_pool *cnn_net_begin_step(struct cnn_net *net, int i, int backward)
{
    struct cnn_queue *q = &net->backend->queue;
    struct cnn_pool *threads = q->pool;
    if (net->node[i].cycles[backward] *
            (double)(net->node[i].value.n / net->graph->node[i].layer.rows) <
        SMALL)
        q->pool = NULL;
    return threads;
}

void cnn_net_forward_step(struct cnn_net *net, int i)
{
    const struct cnn_step *step = &net->plan->step[i];
    struct cnn_net_node *nn = &net->node[i];
    struct cnn_pass p = cnn_net_pass(net, i);
    struct cnn_pool *threads = cnn_net_begin_step(net, i, 0);
    for (int k = 0; k < step->inputs; k++)
        if (nn->converted[k].data)
            p.k->copy(p.q, &net->node[step->in[k]].value, &nn->converted[k]);
    p.work = net->node[i].work;
    step->layer->type->forward(step->layer, &p);
    p.q->pool = threads;
}
