/* One optimizer step: the gradients of one batch or of several, and the update. Allocates nothing.
 *
 * A device that works by itself is asked for a batch's loss when the next batch is under way.
 *
 * With K batches accumulated the gradient is that of the weighted mean over all their samples, as
 * if they had been one batch: each adds (sum of its weights) times the gradient of its own mean,
 * and the update divides by the sum of all weights. */
#include <math.h>

#include "task/train/private.h"

/* step: counted from 0. */
static int not_finite(const struct trainer *t, const char *what, uint64_t step)
{
    return cnn_fail(CNN_EINTERNAL,
                    "%s is not finite in step %llu of epoch %llu: a lower --rate (now %g) or "
                    "--clip-norm may help",
                    what, (unsigned long long)step + 1, (unsigned long long)t->s.epoch + 1,
                    cnn_schedule_rate(&t->schedule, step));
}

/* Queue a batch's forward and backward pass. scale < 0: the batch's weight sum (accumulation). */
static int queue_batch(struct trainer *t, const struct cnn_batch_view *b, double scale,
                       uint64_t draw)
{
    int rc = cnn_net_forward(t->net, b, 1, (uint64_t)t->o->seed, draw);
    return rc ? rc : cnn_net_backward(t->net, scale < 0 ? cnn_net_weight(t->net) : scale);
}

int cnn_train_one_batch(struct trainer *t, const struct cnn_batch_view *b, uint64_t draw,
                        struct mean *loss)
{
    int rc = queue_batch(t, b, 1, draw);
    if (!rc)
        rc = cnn_net_loss(t->net, &loss->sum, &loss->weight);
    return !rc && !isfinite(loss->sum) ? not_finite(t, "the loss", t->s.step) : rc;
}

static void weigh(struct trainer *t, const struct cnn_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        t->weight[i] = b->weight[i];
        if (t->o->target == CNN_TRAIN_CLASS)
            t->weight[i] *= b->label[i] < 0   ? 0
                            : t->class_weight ? t->class_weight[b->label[i]]
                                              : 1;
    }
}

static void add_mean(struct mean *m, const struct mean *more)
{
    m->sum += more->sum;
    m->weight += more->weight;
}

/* The loss of the batch that waits for it, which is the last one or the one before. */
static int collect_loss(struct trainer *t, int is_last)
{
    struct mean loss;
    int rc = is_last ? cnn_net_loss(t->net, &loss.sum, &loss.weight)
                     : cnn_net_loss_before(t->net, &loss.sum, &loss.weight);
    t->waits = 0;
    if (!rc && !isfinite(loss.sum))
        rc = not_finite(t, "the loss", t->waiting_step);
    if (rc)
        return rc;
    struct mean hits;
    cnn_net_hits(t->net, !is_last, &hits.sum, &hits.weight);
    add_mean(&t->s.hits, &hits);
    add_mean(&t->s.loss, &loss);
    add_mean(&t->s.recent, &loss);
    return 0;
}

int cnn_train_settle(struct trainer *t)
{
    return t->waits ? collect_loss(t, 1) : 0;
}

/* A batch was queued; its loss may wait. */
static int note_batch(struct trainer *t)
{
    int rc = t->waits ? collect_loss(t, 0) : 0;
    t->waits = 1;
    t->waiting_step = t->s.step;
    return rc || t->backend->is_gpu ? rc : cnn_train_settle(t);
}

int cnn_train_step(struct trainer *t)
{
    uint64_t parts = (uint64_t)t->o->accumulate, k = 0;
    double weight = 0;
    struct cnn_batch b;
    int rc = 0;
    for (; k < parts; k++) {
        if ((rc = cnn_loader_next(t->loader, &b)) <= 0)
            break;
        if (!k && (rc = cnn_net_zero_gradients(t->net)))
            return rc;
        weigh(t, &b);
        struct cnn_target_view target = {b.label, b.vector};
        struct cnn_batch_view v = {
            .n = b.n, .x = b.x, .images = b.images, .target = &target, .weight = t->weight};
        rc = queue_batch(t, &v, parts > 1 ? -1 : 1, t->s.step * parts + k);
        if (!rc)
            rc = note_batch(t);
        if (rc)
            return rc;
        cnn_data_hash_add(&t->s.seen, &b);
        cnn_train_offer_selftest(t, &b);
        weight += cnn_net_weight(t->net);
    }
    if (rc < 0 || !k)
        return rc;
    double scale = parts > 1 && weight > 0 ? 1 / weight : 1;
    rc = cnn_optimizer_step(&t->optimizer, t->net, cnn_schedule_rate(&t->schedule, t->s.step),
                            t->s.step + 1, scale, NULL);
    if (rc == CNN_EINTERNAL) { /* of a loss that is not, first of all */
        int loss = cnn_train_settle(t);
        return loss ? loss : not_finite(t, "the gradient", t->s.step);
    }
    if (rc)
        return rc;
    t->s.step++;
    if ((rc = cnn_train_average(t)))
        return rc;
    t->s.position = cnn_loader_position(t->loader);
    return 1;
}
