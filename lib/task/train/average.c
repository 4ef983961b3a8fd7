/* Weight averaging: an exponential moving average of the weights of all steps, which is validated
 * and written in their place. Its decay rises with the number of steps n as TensorFlow's
 * ExponentialMovingAverage has it with num_updates, min(decay, (1 + n) / (10 + n)), so that the
 * start is soon forgotten. Statistics of batch normalisation are averaged, too, as torchvision's
 * references (AveragedModel with use_buffers) and timm's ModelEma have it. */
#include <math.h>

#include "task/train/private.h"

int cnn_train_average(struct trainer *t)
{
    double n = (double)t->s.step;
    if (!(t->o->ema > 0))
        return 0;
    return cnn_net_average(t->net, fmin(t->o->ema, (1 + n) / (10 + n)));
}

int cnn_train_average_swap(struct trainer *t)
{
    return t->o->ema > 0 ? cnn_net_average_swap(t->net) : 0;
}

int cnn_train_keep_best(struct trainer *t)
{
    int rc = t->best ? cnn_train_average_swap(t) : 0;
    if (!t->best || rc)
        return rc;
    rc = cnn_net_snapshot_get(t->net, t->best);
    int back = cnn_train_average_swap(t);
    return rc ? rc : back;
}
