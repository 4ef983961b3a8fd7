/* Counting how well a net does; see evaluate.h. Sums run in the samples' order, in double
 * precision, so that they do not depend on the number of threads. */
#include "task/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "task/scores.h"

struct cnn_evaluator {
    struct cnn_net *net;
    size_t outputs; /* elements of the output */
    int pair;       /* one for two classes */
    enum cnn_scores kind;
    float *scores;    /* (batch, outputs) */
    float *weight;    /* (batch) 0 where there is no target */
    uint64_t *counts; /* (3, classes) the metrics' support, answers and hits */
    struct cnn_metrics m;
};

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

double cnn_metrics_loss(const struct cnn_metrics *m)
{
    return isnan(m->loss_sum) ? m->loss_sum : ratio(m->loss_sum, m->weight_sum);
}

double cnn_metrics_top1(const struct cnn_metrics *m)
{
    return ratio((double)m->top1, (double)m->labelled);
}

double cnn_metrics_top5(const struct cnn_metrics *m)
{
    return ratio((double)m->top5, (double)m->labelled);
}

double cnn_metrics_mse(const struct cnn_metrics *m)
{
    return m->values ? m->squared_sum / (double)m->values : 0;
}

double cnn_metrics_mae(const struct cnn_metrics *m)
{
    return m->values ? m->absolute_sum / (double)m->values : 0;
}

static double defined_ratio(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

double cnn_metrics_precision(const struct cnn_metrics *m, size_t c)
{
    return defined_ratio((double)m->hits[c], (double)m->answers[c]);
}

double cnn_metrics_recall(const struct cnn_metrics *m, size_t c)
{
    return defined_ratio((double)m->hits[c], (double)m->support[c]);
}

double cnn_metrics_f1(const struct cnn_metrics *m, size_t c)
{
    return defined_ratio(2.0 * (double)m->hits[c], (double)m->support[c] + (double)m->answers[c]);
}

double cnn_metrics_macro_f1(const struct cnn_metrics *m)
{
    double sum = 0, occur = 0;
    for (size_t c = 0; c < m->classes; c++) {
        if (!m->support[c] && !m->answers[c])
            continue;
        sum += cnn_metrics_f1(m, c);
        occur++;
    }
    return ratio(sum, occur);
}

static int allocate(struct cnn_evaluator *e, size_t batch, int confusion)
{
    size_t classes = e->m.classes, cells = 0;
    if (confusion && cnn_mul_overflows(classes, classes, &cells))
        return cnn_fail_memory(SIZE_MAX);
    if (!(e->scores = cnn_calloc(batch * e->outputs, sizeof *e->scores)) ||
        !(e->weight = cnn_calloc(batch, sizeof *e->weight)))
        return CNN_ESYSTEM;
    if (cells && !(e->m.confusion = cnn_calloc(cells, sizeof *e->m.confusion)))
        return CNN_ESYSTEM;
    if (!classes)
        return 0;
    e->counts = cnn_calloc(classes, 3 * sizeof *e->counts);
    if (!e->counts)
        return CNN_ESYSTEM;
    e->m.support = e->counts;
    e->m.answers = e->counts + classes;
    e->m.hits = e->counts + 2 * classes;
    return 0;
}

int cnn_evaluator_new(struct cnn_net *net, size_t classes, int confusion,
                      struct cnn_evaluator **out)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    struct cnn_chw shape = g->node[g->output].layer.out;
    struct cnn_evaluator *e = cnn_calloc(1, sizeof *e);
    *out = NULL;
    if (!e)
        return CNN_ESYSTEM;
    e->net = net;
    e->outputs = cnn_chw_count(shape);
    e->m.classes = cnn_scores_are_classes(g, classes) ? classes : 0;
    e->pair = cnn_scores_are_pair(g, classes);
    e->kind = cnn_scores_kind(g, classes);
    int rc = allocate(e, cnn_net_plan(net)->batch, confusion);
    if (rc) {
        cnn_evaluator_free(e);
        return rc;
    }
    *out = e;
    return 0;
}

void cnn_evaluator_free(struct cnn_evaluator *e)
{
    if (!e)
        return;
    free(e->scores);
    free(e->weight);
    free(e->counts);
    free(e->m.confusion);
    free(e);
}

size_t cnn_evaluator_bytes(const struct cnn_evaluator *e)
{
    return cnn_net_plan(e->net)->batch * (e->outputs + 1) * sizeof *e->scores +
           3 * e->m.classes * sizeof *e->counts +
           (e->m.confusion ? e->m.classes * e->m.classes * sizeof *e->m.confusion : 0);
}

void cnn_evaluator_reset(struct cnn_evaluator *e)
{
    struct cnn_metrics old = e->m;
    e->m = (struct cnn_metrics){.classes = old.classes,
                                .support = old.support,
                                .answers = old.answers,
                                .hits = old.hits,
                                .confusion = old.confusion};
    if (old.classes)
        memset(e->counts, 0, 3 * old.classes * sizeof *e->counts);
    if (old.confusion)
        memset(old.confusion, 0, old.classes * old.classes * sizeof *old.confusion);
}

size_t cnn_rank(const float *scores, size_t n, size_t i)
{
    size_t before = 0;
    for (size_t k = 0; k < n; k++) {
        int ahead = k < i ? scores[k] >= scores[i] : scores[k] > scores[i];
        before += (size_t)(ahead || (isnan(scores[i]) && (k < i || !isnan(scores[k]))));
    }
    return before;
}

static size_t best(const float *scores, size_t n)
{
    size_t answer = 0;
    for (size_t k = 1; k < n; k++)
        if (scores[k] > scores[answer] || (isnan(scores[answer]) && !isnan(scores[k])))
            answer = k;
    return answer;
}

static void count_sample(struct cnn_metrics *m, const float *scores, int32_t label)
{
    if (label < 0 || (size_t)label >= m->classes)
        return;
    size_t rank = cnn_rank(scores, m->classes, (size_t)label), answer = best(scores, m->classes);
    int known = !isnan(scores[label]), answered = !isnan(scores[answer]);
    m->labelled++;
    m->top1 += rank == 0 && known;
    m->top5 += rank < 5 && known;
    m->support[label]++;
    m->answers[answer] += (uint64_t)answered;
    m->hits[label] += answer == (size_t)label && known;
    if (m->confusion && answered)
        m->confusion[(size_t)label * m->classes + answer]++;
}

static void count_pair(struct cnn_metrics *m, enum cnn_scores kind, float score, int32_t label)
{
    float pair[2];
    cnn_scores_pair(kind, score, pair);
    count_sample(m, pair, label);
}

static void count_values(struct cnn_metrics *m, const float *scores, const float *target, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double d = (double)scores[i] - (double)target[i];
        m->squared_sum += d * d;
        m->absolute_sum += fabs(d);
    }
    m->values += n;
}

static int add_loss(struct cnn_evaluator *e)
{
    double sum, weight;
    int rc = cnn_net_loss(e->net, &sum, &weight);
    if (rc)
        return rc;
    e->m.loss_sum += sum;
    e->m.weight_sum += weight;
    return 0;
}

int cnn_evaluator_add(struct cnn_evaluator *e, const struct cnn_batch *b)
{
    const struct cnn_graph *g = cnn_net_graph(e->net);
    struct cnn_batch_field f = b->fields ? *b->field : (struct cnn_batch_field){0};
    struct cnn_target_view target = {f.label, f.numbers};
    struct cnn_batch_view v = {
        .n = b->n, .x = b->x, .images = b->images, .target = &target, .weight = e->weight};
    for (size_t i = 0; i < b->n; i++)
        e->weight[i] = f.numbers || (f.label && f.label[i] >= 0) ? b->weight[i] : 0;
    int rc = cnn_net_forward(e->net, &v, 0, 0, 0);
    if (!rc)
        rc = cnn_net_value(e->net, g->output, e->scores);
    if (!rc && g->losses && (f.label || f.numbers))
        rc = add_loss(e);
    if (rc)
        return rc;
    e->m.samples += b->n;
    for (size_t i = 0; f.label && e->m.classes && i < b->n; i++)
        if (e->pair)
            count_pair(&e->m, e->kind, e->scores[i], f.label[i]);
        else
            count_sample(&e->m, e->scores + i * e->outputs, f.label[i]);
    if (f.numbers)
        count_values(&e->m, e->scores, f.numbers, b->n * e->outputs);
    return 0;
}

const float *cnn_evaluator_scores(const struct cnn_evaluator *e)
{
    return e->scores;
}

const struct cnn_metrics *cnn_evaluator_metrics(const struct cnn_evaluator *e)
{
    return &e->m;
}

int cnn_evaluate(struct cnn_evaluator *e, struct cnn_loader *l, struct cnn_data_hash *data,
                 const volatile int *stop, void (*progress)(void *context, size_t done),
                 void *context)
{
    struct cnn_batch b;
    int rc;
    cnn_evaluator_reset(e);
    *data = (struct cnn_data_hash){0};
    while ((rc = cnn_loader_next(l, &b)) > 0) {
        if (stop && *stop)
            return cnn_fail(CNN_EINTERRUPTED, "interrupted");
        if ((rc = cnn_evaluator_add(e, &b)))
            return rc;
        cnn_data_hash_add(data, &b);
        if (progress)
            progress(context, e->m.samples);
    }
    return rc;
}
