/* The epochs of a run. A run is a function of its options, its data and its state: it may stop
 * between any two steps, and goes on from a checkpoint as if it had not. */
#include <math.h>

#include "task/train/trainer.h"

static int begin_epoch(struct trainer *t)
{
    const struct train_state *s = &t->state;
    t->report.epoch_begun = cnn_seconds();
    int rc = cnn_train_thaw(t);
    if (rc > 0)
        rc = cnn_train_prepare(t);
    if (rc)
        return rc;
    return t->data.loader ? cnn_loader_rewind(t->data.loader, s->epoch, (size_t)s->position)
                          : cnn_train_open_loader(t);
}

/* Whether all steps that --steps allows are made. */
static int out_of_steps(const struct train_state *s, const struct cnn_train_options *o)
{
    return o->steps && s->step >= (uint64_t)o->steps;
}

/* The epoch of the last step that --steps allows has its end, too, before the run has. */
int cnn_train_is_finished(const struct train_state *s, const struct cnn_train_options *o)
{
    return s->stopped || s->epoch >= (uint64_t)o->epochs || (out_of_steps(s, o) && !s->position);
}

static double mean_of(const struct mean *m)
{
    return m->weight > 0 ? m->sum / m->weight : 0;
}

/* NaN where the target is no class. */
static double top1_of(const struct train_state *s, const struct cnn_train_options *o)
{
    const struct mean *m = &s->hits;
    return o->target == CNN_TRAIN_CLASS && m->weight > 0 ? m->sum / m->weight : (double)NAN;
}

static void tell_step(const struct trainer *t)
{
    const struct train_state *s = &t->state;
    const struct train_settings *settings = &t->settings;
    const struct train_data *d = &t->data;
    struct cnn_train_progress p = {.epoch = s->epoch + 1,
                                   .epochs = (uint64_t)settings->options.epochs,
                                   .step = s->step,
                                   .done = s->position,
                                   .samples = d->streaming ? 0 : cnn_dataset_count(d->train),
                                   .loss = mean_of(&s->loss),
                                   .top1 = top1_of(s, &settings->options),
                                   .rate = cnn_schedule_rate(&settings->schedule, s->step - 1)};
    if (t->engine.waits && !(s->loss.weight > 0))
        p.loss = NAN;
    if (t->report.cb->step)
        t->report.cb->step(t->report.cb->context, &p);
}

/* Keep what there is and end. */
static int interrupted(struct trainer *t)
{
    const char *path = t->settings.options.checkpoint;
    const struct train_state *s = &t->state;
    if (!path[0])
        return cnn_fail(CNN_EINTERRUPTED,
                        "interrupted in epoch %llu; nothing is saved (--checkpoint would keep it)",
                        (unsigned long long)s->epoch + 1);
    int rc = cnn_train_checkpoint(t);
    return rc ? rc
              : cnn_fail(CNN_EINTERRUPTED,
                         "interrupted at step %llu, in epoch %llu; the same command with "
                         "--resume goes on from %s",
                         (unsigned long long)s->step, (unsigned long long)s->epoch + 1, path);
}

/* Steps until the epoch's data or the run's steps are used up. */
static int run_steps(struct trainer *t)
{
    int rc = 0;
    while (!out_of_steps(&t->state, &t->settings.options)) {
        if (train_stopped(&t->report))
            return interrupted(t);
        if ((rc = cnn_train_step(t)) == CNN_EINTERRUPTED)
            return interrupted(t);
        if (rc <= 0)
            break;
        tell_step(t);
        rc = cnn_train_log_step(t);
        if (!rc && cnn_train_checkpoint_due(&t->settings, t->state.step, t->report.saved))
            rc = cnn_train_checkpoint(t);
        if (rc)
            break;
    }
    return rc;
}

/* Each whole epoch sees the same samples as the first. Between two runs they may have changed, of
 * which the epoch in which the run was resumed and the next one tell. */
static int check_data(struct trainer *t)
{
    const struct cnn_train_options *o = &t->settings.options;
    struct train_state *s = &t->state;
    int differs = !cnn_data_hash_same(&s->data, &s->seen), rc = 0;
    unsigned long long epoch = s->epoch + 1;
    if (!s->seen.samples && !s->epoch)
        return cnn_fail(CNN_EDATA, "%s: no sample could be used", o->data);
    if (!(s->loss.weight > 0))
        return cnn_train_fail_weightless(&t->data, o->data);
    if (s->epoch && (out_of_steps(s, o) || !differs))
        return 0;
    if (s->epoch && (!s->resumed || s->epoch > s->resumed_epoch + 1))
        return cnn_fail(CNN_EDATA,
                        "%s: the samples of epoch %llu are not those of epoch 1: the "
                        "data changed during the run",
                        o->data, epoch);
    if (s->epoch)
        rc = cnn_train_note_change(
            s, &t->report, "the samples of epoch %llu are not those of before: %llu now, %llu then",
            epoch, (unsigned long long)s->seen.samples, (unsigned long long)s->data.samples);
    s->data = s->seen;
    return rc ? rc : cnn_train_expect_epoch(t);
}

/* {"NAME": value, ...} */
static int add_parts(json_t *e, const struct cnn_train_epoch *r, int val)
{
    json_t *parts = r->parts ? json_object() : NULL;
    int bad = r->parts && json_object_set(e, val ? "val_losses" : "losses", parts);
    for (size_t k = 0; k < r->parts; k++)
        bad |= json_object_set_new(parts, r->part[k].target,
                                   json_real(val ? r->part[k].val_loss : r->part[k].loss));
    json_decref(parts);
    return bad;
}

static int add_to_curve(json_t *curve, const struct cnn_train_epoch *r)
{
    json_t *e = json_pack("{s:I, s:f}", "epoch", (json_int_t)r->epoch, "loss", r->loss);
    int bad = !e || add_parts(e, r, 0);
    if (!isnan(r->train_top1))
        bad |= json_object_set_new(e, "train_top1", json_real(r->train_top1));
    if (r->validated)
        bad |= json_object_set_new(e, "val_loss", json_real(r->val_loss)) || add_parts(e, r, 1);
    if (r->validated && r->classes)
        bad |= json_object_set_new(e, "val_top1", json_real(r->val_top1));
    if (r->validated && r->classes > 5)
        bad |= json_object_set_new(e, "val_top5", json_real(r->val_top5));
    if (r->validated && !isnan(r->val_miou))
        bad |= json_object_set_new(e, "val_miou", json_real(r->val_miou));
    bad |= json_array_append_new(curve, e);
    return bad ? cnn_fail_memory(0) : 0;
}

static void next_epoch(struct train_state *s)
{
    s->epoch++;
    s->position = 0;
    s->seen = (struct cnn_data_hash){0};
    s->loss = s->hits = (struct mean){0, 0};
    for (size_t k = 0; k < s->targets; k++)
        s->target_loss[k] = 0;
}

/* What there is to say of the epoch by training alone. */
static struct cnn_train_epoch report_of(struct train_state *s, const struct cnn_feed *feed,
                                        const struct train_settings *settings)
{
    for (size_t k = 0; k < s->targets; k++)
        s->part[k] = (struct cnn_train_part){
            .target = cnn_feed_name(feed, (int)k),
            .loss = mean_of(&(struct mean){s->target_loss[k], s->loss.weight})};
    return (struct cnn_train_epoch){
        .epoch = s->epoch + 1,
        .epochs = (uint64_t)settings->options.epochs,
        .step = s->step,
        .loss = mean_of(&s->loss),
        .train_top1 = top1_of(s, &settings->options),
        .rate = cnn_schedule_rate(&settings->schedule, s->step ? s->step - 1 : 0),
        .parts = s->targets > 1 ? s->targets : 0,
        .part = s->part};
}

/* The epoch is measured: whether it is the best, and its place in curve and log. */
static int enter_epoch(struct trainer *t)
{
    const struct cnn_train_options *o = &t->settings.options;
    struct cnn_train_epoch *e = &t->report.epoch;
    struct train_state *s = &t->state;
    e->seconds = cnn_seconds() - t->report.epoch_begun;
    cnn_train_judge(s, e, o);
    int rc = e->best ? cnn_train_keep_best(t->engine.net, o->ema, t->made.best) : 0;
    if (!rc)
        rc = add_to_curve(s->curve, e);
    return rc ? rc : cnn_train_log_epoch(&t->report, s->seen.samples, o->log);
}

static int end_epoch(struct trainer *t)
{
    struct train_state *s = &t->state;
    const struct cnn_train_callbacks *cb = t->report.cb;
    int rc = cnn_train_settle(&t->engine, s, &t->settings.schedule);
    if (!rc)
        rc = check_data(t);
    t->report.epoch = report_of(s, &t->engine.feed, &t->settings);
    if (!rc)
        rc = cnn_train_validate(t);
    if (rc == CNN_EINTERRUPTED)
        return interrupted(t);
    if (!rc)
        rc = enter_epoch(t);
    if (rc)
        return rc;
    next_epoch(s);
    rc = cnn_train_checkpoint(t);
    if (!rc)
        rc = cnn_train_draw_curve(s, &t->settings.options);
    if (!rc && cb->epoch)
        cb->epoch(cb->context, &t->report.epoch);
    return rc;
}

int cnn_train_run_epochs(struct trainer *t)
{
    const struct cnn_train_options *o = &t->settings.options;
    struct train_state *s = &t->state;
    /* The run that wrote the last checkpoint may have ended before it drew. */
    int rc = s->resumed && cnn_train_is_finished(s, o) ? cnn_train_draw_curve(s, o) : 0;
    while (!rc && !cnn_train_is_finished(s, o)) {
        rc = begin_epoch(t);
        if (!rc)
            rc = run_steps(t);
        if (!rc)
            rc = end_epoch(t);
    }
    if (!rc && s->has_best)
        cnn_train_note(&t->report, "%sepoch %llu was the best%s",
                       s->stopped ? "early stopping: " : "", (unsigned long long)s->best_epoch,
                       t->made.best ? " and is kept" : "; the last is kept");
    return rc;
}
