/* From what a net gives to probabilities and ranked classes. */
#ifndef CNN_TASK_SCORES_H
#define CNN_TASK_SCORES_H

#include "lang/graph.h"

enum cnn_scores {
    CNN_SCORES_AS_THEY_ARE, /* the net ends in softmax or sigmoid, or gives plain numbers */
    CNN_SCORES_SOFTMAX,     /* logits of classes that exclude one another */
    CNN_SCORES_LOGISTIC,    /* logits of classes that do not */
    CNN_SCORES_MARGINS,     /* numbers that are above 0 for what is of a class; no probabilities */
};

/* Whether the output is one number for each of `classes` (> 0) classes, or for both of two. */
int cnn_scores_are_classes(const struct cnn_graph *g, size_t classes);

/* The same of what the first loss sees. */
int cnn_scores_answer(const struct cnn_graph *g, size_t classes);

/* Whether the output is one number for two classes, as a binary loss trains it (a graph built with
 * losses): the second one's margin or probability, or what the logistic function makes that of. */
int cnn_scores_are_pair(const struct cnn_graph *g, size_t classes);
/* Scores of both classes from that number, as cnn_scores_convert takes them. */
void cnn_scores_pair(enum cnn_scores kind, float x, float pair[2]);

/* What makes probabilities of the output; it follows from the loss (a graph built with losses). */
enum cnn_scores cnn_scores_kind(const struct cnn_graph *g, size_t classes);
/* The same of each place of a plane. */
enum cnn_scores cnn_scores_of_places(const struct cnn_graph *g);

/* p_i = exp(x_i) / sum exp(x_k), or 1 / (1 + exp(-x_i)), or x_i; x and p (n) may be the same. */
void cnn_scores_convert(enum cnn_scores kind, const float *x, size_t n, float *p);

/* The indices of the k largest of scores (n), best first; k at most n. Of equal ones the smaller
 * index is first; NaN is last. */
void cnn_scores_top(const float *scores, size_t n, size_t k, size_t *index);

#endif
