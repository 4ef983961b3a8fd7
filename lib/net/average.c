/* The averages of a net's parameters and statistics over its steps: mean <- mean + share (now -
 * mean) after each (Polyak and Juditsky 1992). Statistics of batch normalisation are averaged as
 * weights are, since they belong to the weights of the same steps; what is frozen stays. */
#include "net/net_private.h"

static void move_all(struct cnn_net *net, double share)
{
    struct cnn_backend *b = net->backend;
    b->kernels->average(&b->queue, share, net->value_count, net->values, net->mean_values);
    b->kernels->average(&b->queue, share, net->statistic_count, net->statistics,
                        net->mean_statistics);
}

int cnn_net_has_average(const struct cnn_net *net)
{
    return net->mean_values != NULL;
}

/* Where a mean is 0, 0 + 1 (x - 0) is x. */
int cnn_net_average_start(struct cnn_net *net)
{
    struct cnn_backend *b = net->backend;
    b->kernels->fill(&b->queue, 0, net->value_count, net->mean_values);
    b->kernels->fill(&b->queue, 0, net->statistic_count, net->mean_statistics);
    move_all(net, 1);
    return b->ops->check(b);
}

int cnn_net_average(struct cnn_net *net, double decay)
{
    move_all(net, 1 - decay);
    return net->backend->ops->check(net->backend);
}

int cnn_net_average_swap(struct cnn_net *net)
{
    struct cnn_backend *b = net->backend;
    b->kernels->swap(&b->queue, net->value_count, net->values, net->mean_values);
    b->kernels->swap(&b->queue, net->statistic_count, net->statistics, net->mean_statistics);
    net->ready = 0;
    return b->ops->check(b);
}

struct cnn_tensor cnn_net_average_of(struct cnn_net *net, const struct cnn_net_param *p)
{
    return cnn_shape_tensor(&p->shape,
                            (p->trained ? net->mean_values : net->mean_statistics) + p->offset);
}
