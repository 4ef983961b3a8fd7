/* Means, shares and what is made of them; see metrics.h. */
#include "task/metrics.h"

#include <math.h>

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
