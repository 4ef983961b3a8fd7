/* The targets of losses on their way to the device, and the losses on theirs back; see net.h. */
#include "net/net_private.h"

int cnn_net_upload_targets(struct cnn_net *net, const struct cnn_batch_view *b)
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

/* They come while other work goes on. */
void cnn_net_fetch_losses(struct cnn_net *net)
{
    struct cnn_backend *b = net->backend;
    struct cnn_tensor y = {1, net->n, 1, 1, CNN_LAYOUT_PLAIN, net->node[net->main_loss].value.data};
    struct cnn_tensor hit = {1, net->n, 1, 1, CNN_LAYOUT_PLAIN, net->device_hit};
    b->ops->download_later(b, net->losses[net->turn].loss, &y);
    if (net->was_training)
        b->ops->download_later(b, net->losses[net->turn].hit, &hit);
    b->ops->mark(b, CNN_MARK_LOSSES + net->turn);
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
