/* A sanity run: a net that cannot learn a few samples by heart will not learn many. The samples are
 * drawn from the whole set, so that a sorted one gives more than its first class, and are neither
 * augmented nor shuffled. Done when the mean loss of a pass falls to 1 % of the first pass's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "task/train/trainer.h"

enum { MOST_STEPS = 2000 };
static const double GOAL = 0.01;

/* The chosen samples in memory. */
struct few {
    size_t n, in;
    size_t fields, *each;          /* (fields) numbers or labels of a sample */
    float *x;                      /* (n, rows, c, h, w) */
    int32_t *x_rows, **rows;       /* (n) and (fields) (n), where a batch has them */
    int32_t **label;               /* (fields) (n, each), or NULL */
    float **numbers;               /* likewise */
    float *weight;                 /* (n) */
    struct cnn_batch_field *shown; /* (fields) */
};

static void few_free(struct few *f)
{
    for (size_t k = 0; k < f->fields; k++) {
        free(f->label[k]);
        free(f->numbers[k]);
        free(f->rows[k]);
    }
    free(f->x);
    free(f->x_rows);
    free(f->rows);
    free(f->each);
    free(f->label);
    free(f->numbers);
    free(f->weight);
    free(f->shown);
}

static int few_field(const struct cnn_wish *w, struct few *f, size_t k)
{
    size_t rows = w->kind == CNN_FIELD_IMAGE ? cnn_input_rows(w->input) : w->rows ? w->rows : 1;
    int counted = rows > 1 && w->kind != CNN_FIELD_INPUT;
    f->each[k] = rows * (w->kind == CNN_FIELD_CLASS ? 1 : cnn_chw_count(w->shape));
    if (cnn_field_kind_info[w->kind].whole)
        f->label[k] = cnn_calloc(f->n * f->each[k], sizeof **f->label);
    else
        f->numbers[k] = cnn_calloc(f->n * f->each[k], sizeof **f->numbers);
    if (counted)
        f->rows[k] = cnn_calloc(f->n, sizeof **f->rows);
    return (f->label[k] || f->numbers[k]) && (!counted || f->rows[k]) ? 0 : CNN_ESYSTEM;
}

static int few_new(const struct cnn_train_options *o, const struct train_engine *e, size_t count,
                   struct few *f)
{
    size_t wanted = (size_t)o->overfit, wishes = e->feed.wishes;
    f->n = wanted < count ? wanted : count;
    f->in = cnn_input_count(e->graph->input);
    f->x = cnn_calloc(f->n * f->in, sizeof *f->x);
    f->x_rows = cnn_calloc(f->n, sizeof *f->x_rows);
    f->rows = cnn_calloc(wishes, sizeof *f->rows);
    f->weight = cnn_calloc(f->n, sizeof *f->weight);
    f->each = cnn_calloc(wishes, sizeof *f->each);
    f->label = cnn_calloc(wishes, sizeof *f->label);
    f->numbers = cnn_calloc(wishes, sizeof *f->numbers);
    f->shown = cnn_calloc(wishes, sizeof *f->shown);
    if (!f->x || !f->x_rows || !f->rows || !f->weight || !f->each || !f->label || !f->numbers ||
        !f->shown)
        return CNN_ESYSTEM;
    int rc = 0;
    for (f->fields = 0; !rc && f->fields < wishes; f->fields++)
        rc = few_field(&e->feed.wish[f->fields], f, f->fields);
    return rc;
}

/* What there is room for of a batch behind the first `have` samples. */
static size_t take_batch(const struct train_engine *e, const struct train_data *d, struct few *f,
                         size_t have, const struct cnn_batch *b)
{
    size_t n = f->n - have < b->n ? f->n - have : b->n;
    cnn_train_weigh(&e->feed, d, b, e->weight);
    memcpy(f->x + have * f->in, b->x, n * f->in * sizeof *f->x);
    for (size_t i = 0; b->rows && i < n; i++)
        f->x_rows[have + i] = b->rows[i];
    memcpy(f->weight + have, e->weight, n * sizeof *f->weight);
    for (size_t k = 0; k < f->fields; k++) {
        size_t each = f->each[k];
        for (size_t i = 0; f->rows[k] && i < n; i++)
            f->rows[k][have + i] = b->field[k].rows[i];
        if (f->label[k])
            memcpy(f->label[k] + have * each, b->field[k].label, n * each * sizeof **f->label);
        else
            memcpy(f->numbers[k] + have * each, b->field[k].numbers,
                   n * each * sizeof **f->numbers);
    }
    return n;
}

static int load_few(const struct trainer *t, struct few *f)
{
    const struct cnn_train_options *o = &t->settings.options;
    size_t count = cnn_dataset_count(t->data.train), have = 0;
    struct cnn_loader_options l = cnn_train_loader_options(&t->settings, &t->data, &t->engine);
    struct cnn_loader *loader = NULL;
    struct cnn_batch b;
    uint32_t *order = cnn_calloc(count, sizeof *order);
    int rc = order ? 0 : CNN_ESYSTEM;
    l.whole = t->engine.whole[0] ? t->engine.whole : NULL;
    l.order = order;
    l.count = count;
    if (!rc)
        cnn_random_permutation((uint64_t)o->seed, cnn_hash_string("overfit", 0), count, order);
    if (!rc)
        rc = cnn_loader_open(t->data.train, &l, 0, 0, &loader);
    while (!rc && have < f->n && (rc = cnn_loader_next(loader, &b)) > 0) {
        have += take_batch(&t->engine, &t->data, f, have, &b);
        rc = 0;
    }
    f->n = have;
    cnn_loader_close(loader);
    free(order);
    return rc || have ? rc : cnn_fail(CNN_EDATA, "%s: no sample could be used", o->data);
}

/* The samples from i on, as many as a batch has. */
static struct cnn_batch_view show(struct train_engine *e, const struct few *f, size_t i,
                                  size_t batch)
{
    for (size_t k = 0; k < f->fields; k++)
        f->shown[k] = (struct cnn_batch_field){
            .label = f->label[k] ? f->label[k] + i * f->each[k] : NULL,
            .numbers = f->numbers[k] ? f->numbers[k] + i * f->each[k] : NULL,
            .rows = f->rows[k] ? f->rows[k] + i : NULL};
    const struct cnn_batch b = {.n = f->n - i < batch ? f->n - i : batch,
                                .x = f->x + i * f->in,
                                .rows = cnn_input_rows(e->graph->input) > 1 ? f->x_rows + i : NULL,
                                .fields = f->fields,
                                .field = f->shown};
    return cnn_feed_view(&e->feed, &b, f->weight + i);
}

/* One pass over the samples. */
static int pass(struct trainer *t, const struct few *f, double *loss)
{
    const struct train_settings *settings = &t->settings;
    struct cnn_net *net = t->engine.net;
    size_t batch = (size_t)settings->options.batch;
    struct mean whole = {0, 0};
    for (size_t i = 0; i < f->n; i += batch) {
        struct mean part;
        struct cnn_batch_view v = show(&t->engine, f, i, batch);
        int rc = cnn_net_zero_gradients(net);
        if (!rc)
            rc = cnn_train_one_batch(&t->engine, &t->state, settings, &v, &part);
        if (!rc)
            rc = cnn_optimizer_step(&settings->optimizer, net, settings->schedule.rate,
                                    t->state.step + 1, 1, NULL);
        if (rc)
            return rc;
        whole.sum += part.sum;
        whole.weight += part.weight;
        t->state.step++;
    }
    if (!(whole.weight > 0))
        return cnn_train_fail_weightless(&t->data, settings->options.data);
    *loss = whole.sum / whole.weight;
    return 0;
}

static int learn(struct trainer *t, const struct few *f)
{
    const struct cnn_train_callbacks *cb = t->report.cb;
    uint64_t steps = (uint64_t)t->settings.options.steps, most = steps ? steps : MOST_STEPS;
    double first = 0, loss = 0;
    int rc = 0;
    for (uint64_t passes = 0; !rc && t->state.step < most; passes++) {
        if (train_stopped(&t->report))
            return cnn_fail(CNN_EINTERRUPTED, "interrupted");
        rc = pass(t, f, &loss);
        if (!passes)
            first = loss;
        struct cnn_train_progress p = {.epoch = 1,
                                       .epochs = 1,
                                       .step = t->state.step,
                                       .done = t->state.step,
                                       .samples = most,
                                       .loss = loss,
                                       .top1 = (double)NAN,
                                       .rate = t->settings.schedule.rate};
        if (!rc && cb->step)
            cb->step(cb->context, &p);
        if (!rc && loss <= GOAL * first) {
            cnn_train_note(&t->report,
                           "learned %zu samples by heart in %llu steps: loss %.3g to %.3g", f->n,
                           (unsigned long long)t->state.step, first, loss);
            return 0;
        }
    }
    return rc ? rc
              : cnn_fail(CNN_ENEGATIVE,
                         "did not learn %zu samples by heart in %llu steps: loss %.3g to %.3g",
                         f->n, (unsigned long long)t->state.step, first, loss);
}

int cnn_train_overfit(struct trainer *t)
{
    struct few f = {0};
    int rc = few_new(&t->settings.options, &t->engine, cnn_dataset_count(t->data.train), &f);
    if (!rc)
        rc = load_few(t, &f);
    if (!rc)
        rc = learn(t, &f);
    few_free(&f);
    return rc;
}
