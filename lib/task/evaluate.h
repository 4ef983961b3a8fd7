/* How well a net does on a set of samples: loss, top-1, top-5, precision, recall and F1 of each
 * class, confusion matrix; squared and absolute errors where the targets are numbers. Shared by
 * training (validation) and inference (--eval). */
#ifndef CNN_TASK_EVALUATE_H
#define CNN_TASK_EVALUATE_H

#include <stdint.h>

#include "base/error.h"
#include "data/loader/data_hash.h"
#include "net/net.h"

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

struct cnn_evaluator;

/* For a net whose graph may have losses. classes: how many the labels index, 0 when targets are not
 * classes. Allocates everything: counting allocates nothing. */
CNN_CHECKED int cnn_evaluator_new(struct cnn_net *net, size_t classes, int confusion,
                                  struct cnn_evaluator **out);
void cnn_evaluator_free(struct cnn_evaluator *e);
/* Bytes that the evaluator takes. */
size_t cnn_evaluator_bytes(const struct cnn_evaluator *e);

void cnn_evaluator_reset(struct cnn_evaluator *e);
/* Run the net on a batch, as at inference, and count it. Samples without a class (label -1) count
 * for nothing but `samples`. The net's answers are at cnn_evaluator_scores until the next call. */
CNN_CHECKED int cnn_evaluator_add(struct cnn_evaluator *e, const struct cnn_batch *b);
const float *cnn_evaluator_scores(const struct cnn_evaluator *e); /* (n, c, h, w) of the output */
const struct cnn_metrics *cnn_evaluator_metrics(const struct cnn_evaluator *e);

/* The whole of a loader's epoch, and what tells its samples from others in *data. stop (may be
 * NULL) nonzero: CNN_EINTERRUPTED. */
CNN_CHECKED int cnn_evaluate(struct cnn_evaluator *e, struct cnn_loader *l,
                             struct cnn_data_hash *data, const volatile int *stop,
                             void (*progress)(void *context, size_t done), void *context);

/* How many of scores (n) rank before scores[i]: greater ones, and equal ones of a smaller index. A
 * NaN ranks last. */
size_t cnn_rank(const float *scores, size_t n, size_t i);

#endif
