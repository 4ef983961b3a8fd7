/* Validation after an epoch: the whole set, each sample once, as at inference. */
#include <math.h>

#include "task/train/trainer.h"

static void progress(void *context, size_t done)
{
    const struct trainer *t = context;
    const struct cnn_train_callbacks *cb = t->report.cb;
    const struct cnn_train_epoch *e = &t->report.epoch;
    struct cnn_train_progress p = {.epoch = t->state.epoch + 1,
                                   .epochs = (uint64_t)t->settings.options.epochs,
                                   .step = t->state.step,
                                   .done = done,
                                   .samples = cnn_dataset_count(t->data.val),
                                   .validating = 1,
                                   .loss = e->loss,
                                   .top1 = e->train_top1,
                                   .rate = e->rate};
    if (cb->step)
        cb->step(cb->context, &p);
}

/* What was measured, into the epoch's report. */
static int take_metrics(const struct cnn_metrics *m, const struct cnn_train_options *o,
                        struct cnn_train_epoch *e)
{
    if (!m->samples || (o->target == CNN_TRAIN_CLASS && !m->labelled))
        return cnn_fail(CNN_EDATA, "%s: no sample could be used", o->val);
    if (!(m->weight_sum > 0))
        return cnn_fail(CNN_EDATA, "%s: all weights are 0", o->val);
    e->validated = 1;
    e->classes = (int)m->classes;
    e->val_loss = cnn_metrics_loss(m);
    e->val_top1 = cnn_metrics_top1(m);
    e->val_top5 = cnn_metrics_top5(m);
    e->val_miou = m->pixels ? cnn_metrics_mean_iou(m) : (double)NAN;
    if (!isfinite(e->val_loss))
        return cnn_fail(CNN_EINTERNAL,
                        "the validation loss is not finite after epoch %llu: a lower --rate (now "
                        "%g) or --clip-norm may help",
                        (unsigned long long)e->epoch, e->rate);
    return 0;
}

int cnn_train_validate(struct trainer *t)
{
    const struct cnn_train_options *o = &t->settings.options;
    struct train_engine *e = &t->engine;
    if (!t->data.val)
        return 0;
    int rc = cnn_loader_rewind(t->data.val_loader, 0, 0);
    if (!rc)
        rc = cnn_train_average_swap(e->net, o->ema);
    if (!rc) {
        rc = cnn_evaluate(e->evaluator, t->data.val_loader, &t->state.val, t->report.cb->stop,
                          progress, t);
        int back = cnn_train_average_swap(e->net, o->ema);
        rc = rc ? rc : back;
    }
    for (size_t k = 0; !rc && k < t->state.targets; k++) {
        struct cnn_metrics m = cnn_evaluator_target(e->evaluator, (int)k);
        t->state.part[k].val_loss = cnn_metrics_loss(&m);
    }
    return rc ? rc : take_metrics(cnn_evaluator_metrics(e->evaluator), o, &t->report.epoch);
}
