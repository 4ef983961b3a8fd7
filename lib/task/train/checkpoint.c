/* What a run leaves on disk: checkpoints and the model; and how a run goes on from a checkpoint. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json_memory.h"
#include "task/train/private.h"

/* Only a checkpoint that is not there is a run that has yet to begin. */
int cnn_train_open_checkpoint(struct trainer *t)
{
    struct stat st;
    const char *path = t->o->checkpoint;
    if (!t->o->resume || (stat(path, &st) && errno == ENOENT))
        return 0;
    return cnn_checkpoint_open(path, &t->from, &t->from_state);
}

int cnn_train_resume(struct trainer *t)
{
    if (!t->from)
        return 0;
    int rc = cnn_train_state_read(t, t->from_state), found = 0;
    if (!rc)
        rc = cnn_checkpoint_load(t->from, t->net, cnn_optimizer_slabs(&t->optimizer), t->best,
                                 &found);
    if (!rc && t->best && t->s.has_best && !found)
        rc = cnn_fail(CNN_EDATA, "%s: the best epoch's tensors are missing", t->from->path);
    t->resumed = !rc;
    t->resumed_epoch = t->s.epoch;
    if (!rc && t->s.epoch >= (uint64_t)t->o->epochs)
        cnn_train_note(t, "%s is done with epoch %llu: nothing is left to train", t->from->path,
                       (unsigned long long)t->s.epoch);
    else if (!rc)
        cnn_train_note(t, "going on from %s: epoch %llu, step %llu", t->from->path,
                       (unsigned long long)t->s.epoch + 1, (unsigned long long)t->s.step);
    /* The mapped file will be renamed over; nothing of it is needed any more. */
    cnn_model_free(t->from);
    t->from = NULL;
    return rc;
}

int cnn_train_check_finite(struct trainer *t)
{
    struct cnn_backend *b = t->backend;
    size_t count;
    double squares = 0;
    const real *values = cnn_net_slab_values(t->net, &count);
    b->kernels->sum_squares(&b->queue, count, values, &squares);
    int rc = b->ops->sync(b);
    if (!rc && !isfinite(squares))
        rc = cnn_fail(CNN_EINTERNAL,
                      "the parameters are not finite after step %llu: a lower --rate (now %g) or "
                      "--clip-norm may help",
                      (unsigned long long)t->s.step, cnn_schedule_rate(&t->schedule, t->s.step));
    return rc;
}

int cnn_train_checkpoint(struct trainer *t)
{
    if (!t->o->checkpoint[0])
        return 0;
    int rc = cnn_train_settle(t);
    if (!rc)
        rc = cnn_train_check_finite(t);
    if (!rc)
        rc = cnn_train_log_flush(t);
    json_t *state = rc ? NULL : cnn_train_state_json(t);
    char *text = state ? cnn_json_dump(state, JSON_COMPACT) : NULL;
    if (!rc && !text)
        rc = cnn_fail_memory(0);
    if (!rc)
        rc = cnn_checkpoint_save(t->o->checkpoint, &t->model, t->net,
                                 cnn_optimizer_slabs(&t->optimizer), t->s.has_best ? t->best : NULL,
                                 text);
    free(text);
    json_decref(state);
    t->saved = cnn_seconds();
    return rc;
}

int cnn_train_checkpoint_due(const struct trainer *t)
{
    return (t->every_steps && t->s.step % t->every_steps == 0) ||
           (t->every_seconds && cnn_seconds() - t->saved >= (double)t->every_seconds);
}

int cnn_train_write_model(struct trainer *t)
{
    int rc = 0;
    if (t->best && t->s.has_best)
        cnn_net_snapshot_set(t->net, t->best);
    else
        rc = cnn_train_average_swap(t);
    if (!rc)
        rc = cnn_train_check_finite(t);
    if (!rc)
        rc = cnn_train_make_history(t);
    return rc ? rc
              : cnn_model_save(t->o->output, &t->model, t->net, t->selftest, t->selftest_count);
}
