/* Validation after an epoch: the whole set, each sample once, as at inference. */
#include <math.h>

#include "task/evaluate.h"
#include "task/train/private.h"

static void bad_sample(void *context, const char *source, const char *message)
{
    struct trainer *t = context;
    if (t->s.epoch == 0 && t->cb->bad)
        t->cb->bad(t->cb->context, source, message);
}

int cnn_train_validate_open(struct trainer *t)
{
    if (!t->val)
        return 0;
    struct cnn_loader_options l = cnn_train_loader_options(t);
    l.store_first = l.store ? cnn_dataset_count(t->train) : 0;
    l.bad = bad_sample;
    l.context = t;
    return cnn_loader_open(t->val, &l, 0, 0, &t->val_loader);
}

static void progress(void *context, size_t done)
{
    struct trainer *t = context;
    struct cnn_train_progress p = {.epoch = t->s.epoch + 1,
                                   .epochs = (uint64_t)t->o->epochs,
                                   .step = t->s.step,
                                   .done = done,
                                   .samples = cnn_dataset_count(t->val),
                                   .validating = 1,
                                   .loss = t->report.loss,
                                   .top1 = t->report.train_top1,
                                   .rate = t->report.rate};
    if (t->cb->step)
        t->cb->step(t->cb->context, &p);
}

int cnn_train_validate(struct trainer *t)
{
    if (!t->val)
        return 0;
    int rc = cnn_loader_rewind(t->val_loader, 0, 0);
    if (!rc)
        rc = cnn_train_average_swap(t);
    if (!rc) {
        rc = cnn_evaluate(t->evaluator, t->val_loader, &t->s.val, t->cb->stop, progress, t);
        int back = cnn_train_average_swap(t);
        rc = rc ? rc : back;
    }
    if (rc)
        return rc;
    const struct cnn_metrics *m = cnn_evaluator_metrics(t->evaluator);
    if (!m->samples || (t->o->target == CNN_TRAIN_CLASS && !m->labelled))
        return cnn_fail(CNN_EDATA, "%s: no sample could be used", t->o->val);
    if (!(m->weight_sum > 0))
        return cnn_fail(CNN_EDATA, "%s: all weights are 0", t->o->val);
    t->report.validated = 1;
    t->report.classes = (int)m->classes;
    t->report.val_loss = cnn_metrics_loss(m);
    t->report.val_top1 = cnn_metrics_top1(m);
    t->report.val_top5 = cnn_metrics_top5(m);
    if (!isfinite(t->report.val_loss))
        return cnn_fail(CNN_EINTERNAL,
                        "the validation loss is not finite after epoch %llu: a lower --rate (now "
                        "%g) or --clip-norm may help",
                        (unsigned long long)t->s.epoch + 1, t->report.rate);
    return 0;
}
