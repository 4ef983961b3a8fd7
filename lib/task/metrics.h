/* What is measured of a set of samples, and what follows from it. */
#ifndef CNN_TASK_METRICS_H
#define CNN_TASK_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* Metrics of the samples counted so far. Losses are weighted by the samples' weights; hits count
 * samples. */
struct cnn_metrics {
    size_t samples;
    double loss_sum, weight_sum;
    size_t labelled, top1, top5; /* samples with a class, and hits among them */
    size_t classes;      /* 0: the net's output is no list of classes: no hits, no confusion */
    uint64_t *support;   /* (classes) samples of the class */
    uint64_t *answers;   /* (classes) samples that were said to be of the class */
    uint64_t *hits;      /* (classes) both */
    uint64_t *confusion; /* (classes, classes) row: the true class, column: the answer (NaN is
                            none); NULL: not wanted */
    size_t values;       /* elements of vector targets, and sums over them, unweighted */
    double squared_sum, absolute_sum;
};

/* Weighted mean loss (0 without losses in the graph), and the parts of `labelled` that hit. */
double cnn_metrics_loss(const struct cnn_metrics *m);
double cnn_metrics_top1(const struct cnn_metrics *m);
double cnn_metrics_top5(const struct cnn_metrics *m);
/* Mean squared and mean absolute error of the elements of vector targets. */
double cnn_metrics_mse(const struct cnn_metrics *m);
double cnn_metrics_mae(const struct cnn_metrics *m);

/* hits / answers, hits / support, and their harmonic mean 2 hits / (support + answers); NaN where
 * the divisor is 0. */
double cnn_metrics_precision(const struct cnn_metrics *m, size_t c);
double cnn_metrics_recall(const struct cnn_metrics *m, size_t c);
double cnn_metrics_f1(const struct cnn_metrics *m, size_t c);
/* Macro F1: the mean over the classes that occur, as truth or as answer (0 when none does). */
double cnn_metrics_macro_f1(const struct cnn_metrics *m);

#endif
