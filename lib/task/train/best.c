/* Which epoch is the best, and when none that is better is waited for any longer. */
#include "task/train/private.h"

static int looks_at_top1(const struct trainer *t)
{
    return t->o->monitor == CNN_MONITOR_TOP1 ||
           (t->o->monitor == CNN_MONITOR_AUTO && t->report.classes);
}

/* Of two epochs with the same top-1, the one with the smaller loss is the better. */
static int is_better(const struct trainer *t)
{
    const struct train_state *s = &t->s;
    const struct cnn_train_epoch *r = &t->report;
    if (!s->has_best)
        return 1;
    if (!looks_at_top1(t))
        return r->val_loss < s->best_value;
    if (r->val_top1 > s->best_value || r->val_top1 < s->best_value)
        return r->val_top1 > s->best_value;
    json_t *best = json_array_get(s->curve, (size_t)s->best_epoch - 1);
    return r->val_loss < json_number_value(json_object_get(best, "val_loss"));
}

int cnn_train_judge(struct trainer *t)
{
    struct train_state *s = &t->s;
    if (!t->report.validated)
        return 0;
    if (is_better(t)) {
        s->has_best = t->report.best = 1;
        s->best_value = looks_at_top1(t) ? t->report.val_top1 : t->report.val_loss;
        s->best_epoch = s->epoch + 1;
        s->waited = 0;
        return cnn_train_keep_best(t);
    }
    s->waited++;
    s->stopped = t->o->patience && s->waited >= (uint64_t)t->o->patience;
    return 0;
}
