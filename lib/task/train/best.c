/* What is validated and kept: averages of the weights, and the best epoch.
 *
 * Weight averaging: an exponential moving average of the weights of all steps, which is validated
 * and written in their place. Its decay rises with the number of steps n as TensorFlow's
 * ExponentialMovingAverage has it with num_updates, min(decay, (1 + n) / (10 + n)), so that the
 * start is soon forgotten. Statistics of batch normalisation are averaged, too, as torchvision's
 * references (AveragedModel with use_buffers) and timm's ModelEma have it. */
#include <math.h>

#include "task/train/state.h"

int cnn_train_average(struct cnn_net *net, double ema, uint64_t step)
{
    double n = (double)step;
    if (!(ema > 0))
        return 0;
    return cnn_net_average(net, fmin(ema, (1 + n) / (10 + n)));
}

int cnn_train_average_swap(struct cnn_net *net, double ema)
{
    return ema > 0 ? cnn_net_average_swap(net) : 0;
}

int cnn_train_keep_best(struct cnn_net *net, double ema, float *best)
{
    int rc = best ? cnn_train_average_swap(net, ema) : 0;
    if (!best || rc)
        return rc;
    rc = cnn_net_snapshot_get(net, best);
    int back = cnn_train_average_swap(net, ema);
    return rc ? rc : back;
}

/* What is the better the larger it is; NULL: the loss is looked at. */
static const double *share_of(enum cnn_train_monitor monitor, const struct cnn_train_epoch *e)
{
    if (monitor == CNN_MONITOR_IOU)
        return &e->val_miou;
    int top1 = monitor == CNN_MONITOR_TOP1 || (monitor == CNN_MONITOR_AUTO && e->classes);
    return top1 ? &e->val_top1 : NULL;
}

/* Of two epochs with the same share, the one with the smaller loss is the better. */
static int is_better(const struct train_state *s, const struct cnn_train_epoch *e,
                     const double *share)
{
    if (!s->has_best)
        return 1;
    if (!share)
        return e->val_loss < s->best_value;
    if (*share > s->best_value || *share < s->best_value)
        return *share > s->best_value;
    json_t *best = json_array_get(s->curve, (size_t)s->best_epoch - 1);
    return e->val_loss < json_number_value(json_object_get(best, "val_loss"));
}

void cnn_train_judge(struct train_state *s, struct cnn_train_epoch *e,
                     const struct cnn_train_options *o)
{
    const double *share = share_of(o->monitor, e);
    if (!e->validated)
        return;
    if (is_better(s, e, share)) {
        s->has_best = e->best = 1;
        s->best_value = share ? *share : e->val_loss;
        s->best_epoch = s->epoch + 1;
        s->waited = 0;
        return;
    }
    s->waited++;
    s->stopped = o->patience && s->waited >= (uint64_t)o->patience;
}
