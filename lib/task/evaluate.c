/* Counting how well a net does; see evaluate.h. Sums run in the samples' order, in double
 * precision, so that they do not depend on the number of threads. */
#include "task/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct cnn_evaluator {
    struct cnn_net *net;
    size_t outputs; /* elements of the output */
    float *scores;  /* (batch, outputs) */
    float *weight;  /* (batch) 0 where there is no target */
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

int cnn_evaluator_new(struct cnn_net *net, size_t classes, int confusion,
                      struct cnn_evaluator **out)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    struct cnn_chw shape = g->node[g->output].layer.out;
    size_t batch = cnn_net_plan(net)->batch, cells = 0;
    struct cnn_evaluator *e = cnn_calloc(1, sizeof *e);
    *out = NULL;
    if (!e)
        return CNN_ESYSTEM;
    e->net = net;
    e->outputs = cnn_chw_count(shape);
    e->m.classes = classes == shape.c && shape.h * shape.w == 1 ? classes : 0;
    int rc = cnn_mul_overflows(e->m.classes, e->m.classes, &cells) ? cnn_fail_memory(SIZE_MAX) : 0;
    if (!rc && !(e->scores = cnn_calloc(batch * e->outputs, sizeof *e->scores)))
        rc = CNN_ESYSTEM;
    if (!rc && !(e->weight = cnn_calloc(batch, sizeof *e->weight)))
        rc = CNN_ESYSTEM;
    if (!rc && confusion && cells && !(e->m.confusion = cnn_calloc(cells, sizeof(uint64_t))))
        rc = CNN_ESYSTEM;
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
    free(e->m.confusion);
    free(e);
}

size_t cnn_evaluator_bytes(const struct cnn_evaluator *e)
{
    return cnn_net_plan(e->net)->batch * (e->outputs + 1) * sizeof *e->scores +
           (e->m.confusion ? e->m.classes * e->m.classes * sizeof *e->m.confusion : 0);
}

void cnn_evaluator_reset(struct cnn_evaluator *e)
{
    struct cnn_metrics fresh = {.classes = e->m.classes, .confusion = e->m.confusion};
    if (fresh.confusion)
        memset(fresh.confusion, 0, fresh.classes * fresh.classes * sizeof *fresh.confusion);
    e->m = fresh;
}

size_t cnn_rank(const float *scores, size_t n, size_t i)
{
    size_t before = 0;
    for (size_t k = 0; k < n; k++) {
        int ahead = k < i ? scores[k] >= scores[i] : scores[k] > scores[i];
        before += (size_t)(ahead || (isnan(scores[i]) && !isnan(scores[k])));
    }
    return before;
}

static void count_sample(struct cnn_metrics *m, const float *scores, int32_t label)
{
    if (label < 0 || (size_t)label >= m->classes)
        return;
    size_t rank = cnn_rank(scores, m->classes, (size_t)label), answer = 0;
    int known = !isnan(scores[label]);
    m->labelled++;
    m->top1 += rank == 0 && known;
    m->top5 += rank < 5 && known;
    if (!m->confusion)
        return;
    for (size_t k = 1; k < m->classes; k++)
        if (scores[k] > scores[answer] || (isnan(scores[answer]) && !isnan(scores[k])))
            answer = k;
    m->confusion[(size_t)label * m->classes + answer]++;
}

static int add_loss(struct cnn_evaluator *e)
{
    double sum, weight;
    int rc = cnn_net_loss(e->net, &sum, &weight);
    e->m.loss_sum += sum;
    e->m.weight_sum += weight;
    return rc;
}

int cnn_evaluator_add(struct cnn_evaluator *e, const struct cnn_batch *b)
{
    const struct cnn_graph *g = cnn_net_graph(e->net);
    struct cnn_batch_view v = {b->n, b->x, b->label, b->vector, e->weight};
    for (size_t i = 0; i < b->n; i++)
        e->weight[i] = b->vector || (b->label && b->label[i] >= 0) ? b->weight[i] : 0;
    int rc = cnn_net_forward(e->net, &v, 0, 0, 0);
    if (!rc)
        rc = cnn_net_value(e->net, g->output, e->scores);
    if (!rc && g->losses && (b->label || b->vector))
        rc = add_loss(e);
    if (rc)
        return rc;
    e->m.samples += b->n;
    for (size_t i = 0; b->label && e->m.classes && i < b->n; i++)
        count_sample(&e->m, e->scores + i * e->outputs, b->label[i]);
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

int cnn_evaluate(struct cnn_evaluator *e, struct cnn_loader *l, const volatile int *stop,
                 void (*progress)(void *context, size_t done), void *context)
{
    struct cnn_batch b;
    int rc;
    cnn_evaluator_reset(e);
    while ((rc = cnn_loader_next(l, &b)) > 0) {
        if (stop && *stop)
            return cnn_fail(CNN_EINTERRUPTED, "interrupted");
        if ((rc = cnn_evaluator_add(e, &b)))
            return rc;
        if (progress)
            progress(context, e->m.samples);
    }
    return rc;
}
