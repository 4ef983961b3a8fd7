/* The epochs of a run; see train.h. A run is a function of its options, its data and its state: it
 * may stop between any two steps, and goes on from a checkpoint as if it had not. */
#include "task/train/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "task/train/private.h"

static void bad_sample(void *context, const char *source, const char *message)
{
    struct trainer *t = context;
    if (t->s.epoch == 0 && t->cb->bad)
        t->cb->bad(t->cb->context, source, message);
}

static int begin_epoch(struct trainer *t)
{
    t->epoch_begun = cnn_seconds();
    if (t->loader)
        return cnn_loader_rewind(t->loader, t->s.epoch, (size_t)t->s.position);
    struct cnn_loader_options l = cnn_train_loader_options(t);
    l.augmenter = t->augmenter;
    l.shuffle = (int)t->o->shuffle;
    l.bad = bad_sample;
    l.context = t;
    return cnn_loader_open(t->train, &l, t->s.epoch, (size_t)t->s.position, &t->loader);
}

/* The epoch of the last step that --steps allows has its end, too, before the run has. */
static int finished(const struct trainer *t)
{
    return t->s.stopped || t->s.epoch >= (uint64_t)t->o->epochs ||
           (t->o->steps && t->s.step >= (uint64_t)t->o->steps && !t->s.position);
}

static double mean_of(const struct mean *m)
{
    return m->weight > 0 ? m->sum / m->weight : 0;
}

/* NaN where the target is no class. */
static double top1_of(const struct trainer *t)
{
    const struct mean *m = &t->s.hits;
    return t->o->target == CNN_TRAIN_CLASS && m->weight > 0 ? m->sum / m->weight : (double)NAN;
}

static void tell_step(struct trainer *t)
{
    struct cnn_train_progress p = {.epoch = t->s.epoch + 1,
                                   .epochs = (uint64_t)t->o->epochs,
                                   .step = t->s.step,
                                   .done = t->s.position,
                                   .samples = t->streaming ? 0 : cnn_dataset_count(t->train),
                                   .loss = mean_of(&t->s.loss),
                                   .top1 = top1_of(t),
                                   .rate = cnn_schedule_rate(&t->schedule, t->s.step - 1)};
    if (t->waits && !(t->s.loss.weight > 0))
        p.loss = NAN;
    if (t->cb->step)
        t->cb->step(t->cb->context, &p);
}

/* Keep what there is and end. */
static int interrupted(struct trainer *t)
{
    if (!t->o->checkpoint[0])
        return cnn_fail(CNN_EINTERRUPTED,
                        "interrupted in epoch %llu; nothing is saved (--checkpoint would keep it)",
                        (unsigned long long)t->s.epoch + 1);
    int rc = cnn_train_checkpoint(t);
    return rc ? rc
              : cnn_fail(CNN_EINTERRUPTED,
                         "interrupted at step %llu, in epoch %llu; the same command with "
                         "--resume goes on from %s",
                         (unsigned long long)t->s.step, (unsigned long long)t->s.epoch + 1,
                         t->o->checkpoint);
}

/* Steps until the epoch's data or the run's steps are used up. */
static int run_steps(struct trainer *t)
{
    int rc = 0;
    while (!(t->o->steps && t->s.step >= (uint64_t)t->o->steps)) {
        if (train_stopped(t))
            return interrupted(t);
        if ((rc = cnn_train_step(t)) == CNN_EINTERRUPTED)
            return interrupted(t);
        if (rc <= 0)
            break;
        tell_step(t);
        rc = cnn_train_log_step(t);
        if (!rc && cnn_train_checkpoint_due(t))
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
    struct train_state *s = &t->s;
    int whole = !(t->o->steps && s->step >= (uint64_t)t->o->steps);
    int differs = !cnn_data_hash_same(&s->data, &s->seen);
    if (!s->seen.samples && !s->epoch)
        return cnn_fail(CNN_EDATA, "%s: no sample could be used", t->o->data);
    if (!(s->loss.weight > 0))
        return cnn_train_fail_weightless(t);
    if (s->epoch && (!whole || !differs))
        return 0;
    if (s->epoch && (!t->resumed || s->epoch > t->resumed_epoch + 1))
        return cnn_fail(CNN_EDATA,
                        "%s: the samples of epoch %llu are not those of epoch 1: the "
                        "data changed during the run",
                        t->o->data, (unsigned long long)s->epoch + 1);
    int rc = s->epoch ? cnn_train_note_change(t,
                                              "the samples of epoch %llu are not those of before: "
                                              "%llu now, %llu then",
                                              (unsigned long long)s->epoch + 1,
                                              (unsigned long long)s->seen.samples,
                                              (unsigned long long)s->data.samples)
                      : 0;
    s->data = s->seen;
    return rc ? rc : cnn_train_expect_epoch(t);
}

static int add_to_curve(struct trainer *t)
{
    const struct cnn_train_epoch *r = &t->report;
    json_t *e = json_pack("{s:I, s:f}", "epoch", (json_int_t)r->epoch, "loss", r->loss);
    int bad = !e;
    if (!isnan(r->train_top1))
        bad |= json_object_set_new(e, "train_top1", json_real(r->train_top1));
    if (r->validated)
        bad |= json_object_set_new(e, "val_loss", json_real(r->val_loss));
    if (r->validated && r->classes)
        bad |= json_object_set_new(e, "val_top1", json_real(r->val_top1));
    if (r->validated && r->classes > 5)
        bad |= json_object_set_new(e, "val_top5", json_real(r->val_top5));
    bad |= json_array_append_new(t->s.curve, e);
    return bad ? cnn_fail_memory(0) : 0;
}

static void next_epoch(struct trainer *t)
{
    struct train_state *s = &t->s;
    s->epoch++;
    s->position = 0;
    s->seen = (struct cnn_data_hash){0};
    s->loss = s->hits = (struct mean){0, 0};
}

static int end_epoch(struct trainer *t)
{
    struct train_state *s = &t->s;
    int rc = cnn_train_settle(t);
    if (!rc)
        rc = check_data(t);
    t->report = (struct cnn_train_epoch){.epoch = s->epoch + 1,
                                         .epochs = (uint64_t)t->o->epochs,
                                         .step = s->step,
                                         .loss = mean_of(&s->loss),
                                         .train_top1 = top1_of(t)};
    t->report.rate = cnn_schedule_rate(&t->schedule, s->step ? s->step - 1 : 0);
    if (!rc)
        rc = cnn_train_validate(t);
    if (rc == CNN_EINTERRUPTED)
        return interrupted(t);
    if (rc)
        return rc;
    t->report.seconds = cnn_seconds() - t->epoch_begun;
    rc = cnn_train_judge(t);
    if (!rc)
        rc = add_to_curve(t);
    if (!rc)
        rc = cnn_train_log_epoch(t);
    if (rc)
        return rc;
    next_epoch(t);
    rc = cnn_train_checkpoint(t);
    if (!rc)
        rc = cnn_train_draw_curve(t);
    if (!rc && t->cb->epoch)
        t->cb->epoch(t->cb->context, &t->report);
    return rc;
}

static int run_epochs(struct trainer *t)
{
    /* The run that wrote the last checkpoint may have ended before it drew. */
    int rc = t->resumed && finished(t) ? cnn_train_draw_curve(t) : 0;
    while (!rc && !finished(t)) {
        rc = begin_epoch(t);
        if (!rc)
            rc = run_steps(t);
        if (!rc)
            rc = end_epoch(t);
    }
    if (!rc && t->s.has_best)
        cnn_train_note(t, "%sepoch %llu was the best%s", t->s.stopped ? "early stopping: " : "",
                       (unsigned long long)t->s.best_epoch,
                       t->best ? " and is kept" : "; the last is kept");
    return rc;
}

/* What ended the run is told, whatever becomes of the log's last line. */
static int end_log(struct trainer *t, int rc)
{
    char why[1024];
    snprintf(why, sizeof why, "%s", cnn_error_message());
    int logged = cnn_train_log_end(t, rc);
    return rc && logged ? cnn_fail(rc, "%s", why) : rc ? rc : logged;
}

static int run(struct trainer *t, char **plan)
{
    if (t->o->plan)
        return cnn_train_plan(t, plan);
    int rc = cnn_train_start_weights(t);
    if (!rc && t->o->overfit)
        cnn_train_recipe_note(t);
    if (t->o->overfit)
        return rc ? rc : cnn_train_overfit(t);
    if (!rc)
        rc = cnn_train_take_selftest(t);
    if (!rc)
        rc = cnn_train_make_identity(t);
    if (!rc)
        rc = cnn_train_resume(t);
    if (!rc)
        rc = cnn_train_log_open(t);
    if (!rc)
        rc = cnn_train_log_start(t);
    if (!rc)
        rc = cnn_train_expect_begin(t);
    if (!rc)
        rc = cnn_train_open_images(t);
    if (!rc)
        rc = cnn_train_validate_open(t);
    t->saved = cnn_seconds();
    if (!rc && !finished(t))
        cnn_train_recipe_note(t);
    if (!rc)
        rc = run_epochs(t);
    if (!rc)
        rc = cnn_train_write_model(t);
    if (!rc)
        rc = cnn_train_expect_model(t);
    return end_log(t, rc);
}

int cnn_train(const struct cnn_train_options *options, const struct cnn_augmenter *augmenter,
              const struct cnn_train_callbacks *callbacks, char **plan)
{
    static const struct cnn_train_callbacks silent;
    struct trainer t = {
        .own = *options, .augmenter = augmenter, .cb = callbacks ? callbacks : &silent};
    t.o = &t.own;
    t.begun = cnn_seconds();
    t.no_data = !t.own.data;
    t.own.data = t.own.data ? t.own.data : "";
    int rc = t.no_data ? cnn_train_check_no_data(&t) : cnn_train_find_parts(&t, &t.own);
    if (!rc)
        rc = cnn_train_check_together(t.o);
    if (!rc && !options->plan && !options->overfit)
        rc = cnn_train_probe_outputs(&t);
    if (!rc)
        rc = cnn_train_open(&t);
    if (!rc)
        rc = run(&t, plan);
    cnn_train_close(&t);
    return rc;
}
