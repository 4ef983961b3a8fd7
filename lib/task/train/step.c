/* One optimizer step: the gradients of one batch or of several, and the update. Allocates nothing.
 *
 * A device that works by itself is asked for a batch's loss when the next batch is under way.
 *
 * With K batches accumulated the gradient is that of the weighted mean over all their samples, as
 * if they had been one batch: each adds (sum of its weights) times the gradient of its own mean,
 * and the update divides by the sum of all weights. */
#include <math.h>

#include "task/train/trainer.h"

/* Queue a batch's forward and backward pass. scale < 0: the batch's weight sum (accumulation). */
static int queue_batch(struct cnn_net *net, const struct cnn_batch_view *b, double scale,
                       uint64_t seed, uint64_t draw)
{
    int rc = cnn_net_forward(net, b, 1, seed, draw);
    return rc ? rc : cnn_net_backward(net, scale < 0 ? cnn_net_weight(net) : scale);
}

/* Of samples that are mixed, that of their classes in their shares. */
static double class_weight(const struct cnn_feed *feed, const struct train_data *d,
                           const struct cnn_batch *b, size_t i)
{
    double sum = 0;
    if (!b->field->numbers)
        return (double)d->class_weight[b->field->label[i]];
    for (size_t c = 0; c < d->classes.count; c++)
        sum += cnn_feed_share(feed, b, 0, i, c) * (double)d->class_weight[c];
    return sum;
}

void cnn_train_weigh(const struct cnn_feed *feed, const struct train_data *d,
                     const struct cnn_batch *b, float *weight)
{
    const int32_t *label = cnn_feed_is_class(feed) ? b->field->label : NULL;
    for (size_t i = 0; i < b->n; i++) {
        weight[i] = b->weight[i];
        if (label)
            weight[i] *= label[i] < 0      ? 0
                         : d->class_weight ? (float)class_weight(feed, d, b, i)
                                           : 1;
    }
}

/* step: counted from 0. */
static int not_finite(const struct train_state *s, const struct cnn_schedule *schedule,
                      const char *what, uint64_t step)
{
    return cnn_fail(CNN_EINTERNAL,
                    "%s is not finite in step %llu of epoch %llu: a lower --rate (now %g) or "
                    "--clip-norm may help",
                    what, (unsigned long long)step + 1, (unsigned long long)s->epoch + 1,
                    cnn_schedule_rate(schedule, step));
}

int cnn_train_one_batch(struct train_engine *e, const struct train_state *s,
                        const struct train_settings *settings, const struct cnn_batch_view *b,
                        struct mean *loss)
{
    int rc = queue_batch(e->net, b, 1, (uint64_t)settings->options.seed, s->step);
    if (!rc)
        rc = cnn_net_loss(e->net, &loss->sum, &loss->weight);
    return !rc && !isfinite(loss->sum) ? not_finite(s, &settings->schedule, "the loss", s->step)
                                       : rc;
}

static void add_mean(struct mean *m, const struct mean *more)
{
    m->sum += more->sum;
    m->weight += more->weight;
}

/* The loss of the batch that waits for it, which is the last one or the one before. */
static int collect_loss(struct train_engine *e, struct train_state *s,
                        const struct cnn_schedule *schedule, int is_last)
{
    struct mean loss;
    int rc = is_last ? cnn_net_loss(e->net, &loss.sum, &loss.weight)
                     : cnn_net_loss_before(e->net, &loss.sum, &loss.weight);
    e->waits = 0;
    if (!rc && !isfinite(loss.sum))
        rc = not_finite(s, schedule, "the loss", e->waiting_step);
    if (rc)
        return rc;
    struct mean hits;
    cnn_net_hits(e->net, !is_last, &hits.sum, &hits.weight);
    add_mean(&s->hits, &hits);
    add_mean(&s->loss, &loss);
    add_mean(&s->recent, &loss);
    for (size_t k = 0; k < s->targets; k++)
        s->target_loss[k] += cnn_net_target_loss(e->net, !is_last, (int)k);
    return 0;
}

int cnn_train_settle(struct train_engine *e, struct train_state *s,
                     const struct cnn_schedule *schedule)
{
    return e->waits ? collect_loss(e, s, schedule, 1) : 0;
}

/* A batch was queued; its loss may wait. */
static int note_batch(struct train_engine *e, struct train_state *s,
                      const struct cnn_schedule *schedule)
{
    int rc = e->waits ? collect_loss(e, s, schedule, 0) : 0;
    e->waits = 1;
    e->waiting_step = s->step;
    return rc || e->backend->is_gpu ? rc : cnn_train_settle(e, s, schedule);
}

/* The k-th batch of the step. */
static int add_batch(struct trainer *t, const struct cnn_batch *b, uint64_t k)
{
    const struct cnn_train_options *o = &t->settings.options;
    struct train_engine *e = &t->engine;
    uint64_t parts = (uint64_t)o->accumulate;
    struct cnn_batch_view v = cnn_feed_view(&e->feed, b, e->weight);
    cnn_train_weigh(&e->feed, &t->data, b, e->weight);
    int rc =
        queue_batch(e->net, &v, parts > 1 ? -1 : 1, (uint64_t)o->seed, t->state.step * parts + k);
    if (!rc)
        rc = note_batch(e, &t->state, &t->settings.schedule);
    if (rc)
        return rc;
    cnn_data_hash_add(&t->state.seen, b);
    cnn_train_offer_selftest(&t->made, &t->data, &v);
    return 0;
}

/* What the gradients of the batches make of the weights. scale: of the gradients. */
static int update(struct train_engine *e, struct train_state *s,
                  const struct train_settings *settings, double scale)
{
    const struct cnn_schedule *schedule = &settings->schedule;
    int rc = cnn_optimizer_step(&settings->optimizer, e->net, cnn_schedule_rate(schedule, s->step),
                                s->step + 1, scale, NULL);
    if (rc == CNN_EINTERNAL) { /* of a loss that is not, first of all */
        int loss = cnn_train_settle(e, s, schedule);
        return loss ? loss : not_finite(s, schedule, "the gradient", s->step);
    }
    if (rc)
        return rc;
    s->step++;
    return cnn_train_average(e->net, settings->options.ema, s->step);
}

int cnn_train_step(struct trainer *t)
{
    uint64_t parts = (uint64_t)t->settings.options.accumulate, k = 0;
    double weight = 0;
    struct cnn_batch b;
    int rc = 0;
    for (; k < parts; k++) {
        if ((rc = cnn_loader_next(t->data.loader, &b)) <= 0)
            break;
        if (!k && (rc = cnn_net_zero_gradients(t->engine.net)))
            return rc;
        if ((rc = add_batch(t, &b, k)))
            return rc;
        weight += cnn_net_weight(t->engine.net);
    }
    if (rc < 0 || !k)
        return rc;
    rc = update(&t->engine, &t->state, &t->settings, parts > 1 && weight > 0 ? 1 / weight : 1);
    if (rc)
        return rc;
    t->state.position = cnn_loader_position(t->data.loader);
    return 1;
}
