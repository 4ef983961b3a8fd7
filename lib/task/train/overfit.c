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
    size_t n, in, out;
    float *x;       /* (n, c, h, w) */
    int32_t *label; /* (n), or NULL */
    float *vector;  /* (n, outputs), or NULL */
    float *weight;  /* (n) */
};

static void few_free(struct few *f)
{
    free(f->x);
    free(f->label);
    free(f->vector);
    free(f->weight);
}

static int few_new(const struct cnn_train_options *o, const struct train_engine *e, size_t count,
                   struct few *f)
{
    size_t wanted = (size_t)o->overfit;
    f->n = wanted < count ? wanted : count;
    f->in = cnn_chw_count(e->graph->input->shape);
    f->out = e->outputs;
    f->x = cnn_calloc(f->n * f->in, sizeof *f->x);
    f->weight = cnn_calloc(f->n, sizeof *f->weight);
    if (o->target == CNN_TRAIN_CLASS)
        f->label = cnn_calloc(f->n, sizeof *f->label);
    else
        f->vector = cnn_calloc(f->n * f->out, sizeof *f->vector);
    return f->x && f->weight && (f->label || f->vector) ? 0 : CNN_ESYSTEM;
}

static int take_target(enum cnn_train_target target, const float *class_weight, struct few *f,
                       size_t i, const struct cnn_sample *s)
{
    const struct cnn_field *v = cnn_sample_field(s, cnn_field_kind_info[CNN_FIELD_NUMBERS].name);
    int32_t label = cnn_sample_label(s);
    f->weight[i] = s->weight;
    switch (target) {
    case CNN_TRAIN_CLASS:
        if (label < 0)
            return cnn_fail(CNN_EDATA, "no class");
        f->label[i] = label;
        f->weight[i] *= class_weight ? class_weight[label] : 1;
        return 0;
    case CNN_TRAIN_VECTOR:
        if (!v || v->kind != CNN_FIELD_NUMBERS || v->values.c * v->values.h * v->values.w != f->out)
            return cnn_fail(CNN_EDATA, "no target of %zu numbers", f->out);
        memcpy(f->vector + i * f->out, v->values.px, f->out * sizeof *f->vector);
        return 0;
    default:
        memcpy(f->vector + i * f->out, f->x + i * f->in, f->in * sizeof *f->vector);
        return 0;
    }
}

static int load_few(const struct trainer *t, struct few *f)
{
    const struct cnn_train_options *o = &t->settings.options;
    size_t count = cnn_dataset_count(t->data.train), have = 0;
    uint32_t *order = cnn_calloc(count, sizeof *order);
    struct cnn_sample s = {0};
    struct cnn_preprocess_scratch scratch = {0};
    int rc = order ? 0 : CNN_ESYSTEM;
    if (!rc)
        cnn_random_permutation((uint64_t)o->seed, cnn_hash_string("overfit", 0), count, order);
    for (size_t i = 0; !rc && have < f->n && i < count; i++) {
        rc = cnn_dataset_load(t->data.train, order[i], &s);
        if (!rc)
            rc = cnn_preprocess(t->engine.graph->input, &s.image, &scratch, f->x + have * f->in);
        if (!rc)
            rc = take_target(o->target, t->data.class_weight, f, have, &s);
        have += !rc;
        if (train_skips(&t->settings, rc))
            rc = 0;
        else if (rc)
            rc = cnn_dataset_fail_within(t->data.train, order[i]);
    }
    f->n = have;
    free(order);
    cnn_sample_free(&s);
    cnn_preprocess_scratch_free(&scratch);
    return rc || have ? rc : cnn_fail(CNN_EDATA, "%s: no sample could be used", o->data);
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
        struct cnn_target_view target = {f->label ? f->label + i : NULL,
                                         f->vector ? f->vector + i * f->out : NULL};
        struct cnn_batch_view v = {.n = f->n - i < batch ? f->n - i : batch,
                                   .x = f->x + i * f->in,
                                   .target = &target,
                                   .weight = f->weight + i};
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
