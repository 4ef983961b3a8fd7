/* What a run leaves on disk: checkpoints and the model; and how a run goes on from a checkpoint. */
#include <stdlib.h>

#include "base/json_memory.h"
#include "task/train/trainer.h"

static void note_place(const struct train_state *s, const char *path, uint64_t epochs,
                       const struct train_report *report)
{
    if (s->epoch >= epochs)
        cnn_train_note(report, "%s is done with epoch %llu: nothing is left to train", path,
                       (unsigned long long)s->epoch);
    else
        cnn_train_note(report, "going on from %s: epoch %llu, step %llu", path,
                       (unsigned long long)s->epoch + 1, (unsigned long long)s->step);
}

int cnn_train_resume(struct trainer *t)
{
    struct train_start *start = &t->start;
    struct train_state *s = &t->state;
    float *best = t->made.best;
    if (!start->from)
        return 0;
    int rc = cnn_train_state_read(t, start->from_state), found = 0;
    if (!rc)
        rc = cnn_checkpoint_load(start->from, t->engine.net,
                                 cnn_optimizer_slabs(&t->settings.optimizer), best, &found);
    if (!rc && best && s->has_best && !found)
        rc = cnn_fail(CNN_EDATA, "%s: the best epoch's tensors are missing", start->from->path);
    s->resumed = !rc;
    s->resumed_epoch = s->epoch;
    if (!rc)
        note_place(s, start->from->path, (uint64_t)t->settings.options.epochs, &t->report);
    /* The mapped file will be renamed over; nothing of it is needed any more. */
    cnn_model_free(start->from);
    start->from = NULL;
    return rc;
}

int cnn_train_checkpoint(struct trainer *t)
{
    const struct train_settings *settings = &t->settings;
    const struct cnn_train_options *o = &settings->options;
    if (!o->checkpoint[0])
        return 0;
    int rc = cnn_train_settle(&t->engine, &t->state, &settings->schedule);
    if (!rc)
        rc = cnn_train_check_finite(&t->engine, &settings->schedule, t->state.step);
    if (!rc)
        rc = cnn_train_log_flush(&t->report, o->log);
    json_t *state = rc ? NULL : cnn_train_state_json(t);
    char *text = state ? cnn_json_dump(state, JSON_COMPACT) : NULL;
    if (!rc && !text)
        rc = cnn_fail_memory(0);
    if (!rc)
        rc = cnn_checkpoint_save(o->checkpoint, &t->made.model, t->engine.net,
                                 cnn_optimizer_slabs(&settings->optimizer),
                                 t->state.has_best ? t->made.best : NULL, text);
    free(text);
    json_decref(state);
    t->report.saved = cnn_seconds();
    return rc;
}

int cnn_train_checkpoint_due(const struct train_settings *settings, uint64_t step, double saved)
{
    return (settings->every_steps && step % settings->every_steps == 0) ||
           (settings->every_seconds && cnn_seconds() - saved >= (double)settings->every_seconds);
}

int cnn_train_write_model(struct trainer *t)
{
    const struct train_settings *settings = &t->settings;
    struct train_made *made = &t->made;
    struct cnn_net *net = t->engine.net;
    int rc = 0;
    if (made->best && t->state.has_best)
        cnn_net_snapshot_set(net, made->best);
    else
        rc = cnn_train_average_swap(net, settings->options.ema);
    if (!rc)
        rc = cnn_train_check_finite(&t->engine, &settings->schedule, t->state.step);
    if (!rc)
        rc = cnn_train_make_history(t);
    const struct cnn_batch_view samples = cnn_train_samples_view(&made->selftest);
    return rc ? rc : cnn_model_save(settings->options.output, &made->model, net, &samples);
}
