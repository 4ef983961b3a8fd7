/* Counting, means, shares and what is made of them; see metrics.h. */
#include "task/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int cnn_metrics_open(struct cnn_metrics *m, size_t classes, int confusion)
{
    size_t cells = 0;
    *m = (struct cnn_metrics){.classes = classes};
    if (confusion && cnn_mul_overflows(classes, classes, &cells))
        return cnn_fail_memory(SIZE_MAX);
    if (cells && !(m->confusion = cnn_calloc(cells, sizeof *m->confusion)))
        return CNN_ESYSTEM;
    if (classes && !(m->support = cnn_calloc(classes, 3 * sizeof *m->support)))
        return CNN_ESYSTEM;
    m->answers = classes ? m->support + classes : NULL;
    m->hits = classes ? m->answers + classes : NULL;
    return 0;
}

int cnn_metrics_open_boundaries(struct cnn_metrics *m)
{
    m->boundary = cnn_calloc(m->classes, sizeof *m->boundary);
    m->boundaries = cnn_calloc(m->classes, sizeof *m->boundaries);
    return m->boundary && m->boundaries ? 0 : CNN_ESYSTEM;
}

void cnn_metrics_reset(struct cnn_metrics *m)
{
    struct cnn_metrics old = *m;
    *m = (struct cnn_metrics){.classes = old.classes,
                              .support = old.support,
                              .answers = old.answers,
                              .hits = old.hits,
                              .confusion = old.confusion,
                              .pixels = old.pixels,
                              .boundary = old.boundary,
                              .boundaries = old.boundaries,
                              .without_loss = old.without_loss,
                              .ranks = old.ranks};
    if (old.classes)
        memset(old.support, 0, 3 * old.classes * sizeof *old.support);
    if (old.confusion)
        memset(old.confusion, 0, old.classes * old.classes * sizeof *old.confusion);
    for (size_t c = 0; old.boundary && c < old.classes; c++) {
        old.boundary[c] = 0;
        old.boundaries[c] = 0;
    }
}

void cnn_metrics_close(struct cnn_metrics *m)
{
    free(m->support);
    free(m->confusion);
    free(m->boundary);
    free(m->boundaries);
    *m = (struct cnn_metrics){0};
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

size_t cnn_answer(const float *scores, size_t n)
{
    size_t answer = 0;
    for (size_t k = 1; k < n; k++)
        if (scores[k] > scores[answer] || (isnan(scores[answer]) && !isnan(scores[k])))
            answer = k;
    return answer;
}

void cnn_metrics_count(struct cnn_metrics *m, const float *scores, int32_t label)
{
    if (label < 0 || (size_t)label >= m->classes)
        return;
    size_t rank = cnn_rank(scores, m->classes, (size_t)label),
           answer = cnn_answer(scores, m->classes);
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

double cnn_metrics_precision_at_k(const struct cnn_metrics *m)
{
    return ratio(m->precision_sum, (double)m->labelled);
}

double cnn_metrics_map(const struct cnn_metrics *m)
{
    return ratio(m->ap_sum, (double)m->ranked);
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

double cnn_metrics_iou(const struct cnn_metrics *m, size_t c)
{
    double hits = (double)m->hits[c];
    return defined_ratio(hits, (double)m->support[c] + (double)m->answers[c] - hits);
}

double cnn_metrics_boundary_f1(const struct cnn_metrics *m, size_t c)
{
    return m->boundary ? defined_ratio(m->boundary[c], (double)m->boundaries[c]) : NAN;
}

static double mean_of_classes(const struct cnn_metrics *m,
                              double (*value)(const struct cnn_metrics *m, size_t c))
{
    double sum = 0, defined = 0;
    for (size_t c = 0; c < m->classes; c++) {
        double x = value(m, c);
        if (isnan(x))
            continue;
        sum += x;
        defined++;
    }
    return ratio(sum, defined);
}

double cnn_metrics_mean_accuracy(const struct cnn_metrics *m)
{
    return mean_of_classes(m, cnn_metrics_recall);
}

double cnn_metrics_mean_iou(const struct cnn_metrics *m)
{
    return mean_of_classes(m, cnn_metrics_iou);
}

double cnn_metrics_mean_boundary_f1(const struct cnn_metrics *m)
{
    return mean_of_classes(m, cnn_metrics_boundary_f1);
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
