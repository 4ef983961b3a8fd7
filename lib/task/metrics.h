/* What is measured of a set of samples, and what follows from it. */
#ifndef CNN_TASK_METRICS_H
#define CNN_TASK_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

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
    int pixels;           /* the labels are those of label images: a class for each place */
    double *boundary;     /* (classes) sums of boundary F1 over images; NULL: not measured */
    uint64_t *boundaries; /* (classes) images that have boundaries of the class */
    int without_loss;     /* nothing is compared by one */
    int ranks; /* labelled samples have ranked neighbours: sums of the shares of their class among the nearest, */
    double precision_sum;
    size_t ranked; /* and of average precision, over samples of whose class there are any */
    double ap_sum;
};

/* Nothing counted yet, for labels that index so many classes (0: none), with the confusion matrix where it is
 * wanted. CNN_ESYSTEM. */
CNN_CHECKED int cnn_metrics_open(struct cnn_metrics *m, size_t classes, int confusion);
/* F1 of boundaries is measured, too. CNN_ESYSTEM. */
CNN_CHECKED int cnn_metrics_open_boundaries(struct cnn_metrics *m);
void cnn_metrics_reset(struct cnn_metrics *m); /* keeps the memory */
void cnn_metrics_close(struct cnn_metrics *m); /* leaves {0} */
/* A sample of that class that was given these scores (classes): what it adds to all but `samples` and losses. One
 * without a class (-1) adds nothing. */
void cnn_metrics_count(struct cnn_metrics *m, const float *scores, int32_t label);
/* How many of scores (n) rank before scores[i]: greater ones, and equal ones of a smaller index. A
 * NaN ranks last. */
size_t cnn_rank(const float *scores, size_t n, size_t i);
/* The one that ranks first of scores (n > 0). */
size_t cnn_answer(const float *scores, size_t n);

/* Weighted mean loss (0 without losses in the graph), and the parts of `labelled` that hit. */
double cnn_metrics_loss(const struct cnn_metrics *m);
double cnn_metrics_top1(const struct cnn_metrics *m);
double cnn_metrics_top5(const struct cnn_metrics *m);
/* Means of the share of neighbours that are of a sample's class, and of average precision. */
double cnn_metrics_precision_at_k(const struct cnn_metrics *m);
double cnn_metrics_map(const struct cnn_metrics *m);
/* Mean squared and mean absolute error of the elements of vector targets. */
double cnn_metrics_mse(const struct cnn_metrics *m);
double cnn_metrics_mae(const struct cnn_metrics *m);

/* hits / answers, hits / support, and their harmonic mean 2 hits / (support + answers); NaN where
 * the divisor is 0. */
double cnn_metrics_precision(const struct cnn_metrics *m, size_t c);
double cnn_metrics_recall(const struct cnn_metrics *m, size_t c);
double cnn_metrics_f1(const struct cnn_metrics *m, size_t c);
/* Intersection over union, hits / (support + answers - hits); NaN where nothing is of the class. */
double cnn_metrics_iou(const struct cnn_metrics *m, size_t c);
/* F1 of the class's boundaries, the mean over the images that have any (boundary.h); NaN where none has. */
double cnn_metrics_boundary_f1(const struct cnn_metrics *m, size_t c);
/* Means over the classes of which these are defined (0 when of none): recall, over the classes that are a truth;
 * intersection over union, over those that are a truth or an answer; F1 of boundaries. */
double cnn_metrics_mean_accuracy(const struct cnn_metrics *m);
double cnn_metrics_mean_iou(const struct cnn_metrics *m);
double cnn_metrics_mean_boundary_f1(const struct cnn_metrics *m);
/* Macro F1: the mean over the classes that occur, as truth or as answer (0 when none does). */
double cnn_metrics_macro_f1(const struct cnn_metrics *m);

#endif
