/* How well a net does on a set of samples: loss, top-1, top-5, precision, recall and F1 of each
 * class, confusion matrix; of label images intersection over union and boundaries; squared and absolute errors where the targets are numbers. Shared by
 * training (validation) and inference (--eval). */
#ifndef CNN_TASK_EVALUATE_H
#define CNN_TASK_EVALUATE_H

#include <stdint.h>

#include "base/error.h"
#include "data/loader/data_hash.h"
#include "net/net.h"
#include "task/feed.h"
#include "task/metrics.h"

struct cnn_evaluator;

/* For a net whose graph may have losses, and batches of the feed's wishes (borrowed); the net keeps
 * the values that are compared with targets. classes: how many the labels index, 0 when the first
 * target is not the dataset's class. Allocates everything: counting allocates nothing. */
CNN_CHECKED int cnn_evaluator_new(struct cnn_net *net, struct cnn_feed *feed, size_t classes,
                                  int confusion, struct cnn_evaluator **out);
/* Before the first batch: of label images F1 of boundaries is measured, too. CNN_ESYSTEM. */
CNN_CHECKED int cnn_evaluator_look_at_boundaries(struct cnn_evaluator *e);
/* Batches to come are run by another net, of the same text for inputs of another size; the feed moves,
 * too. CNN_EDATA as cnn_feed_move. */
CNN_CHECKED int cnn_evaluator_move(struct cnn_evaluator *e, struct cnn_net *net);
void cnn_evaluator_free(struct cnn_evaluator *e);
/* Bytes that the evaluator takes. */
size_t cnn_evaluator_bytes(const struct cnn_evaluator *e);

void cnn_evaluator_reset(struct cnn_evaluator *e);
/* Run the net on a batch, as at inference, and count it. Samples without a class (label -1) count
 * for nothing but `samples`, of several rows each real one is counted as a sample by itself; losses count those that have all targets. The net's answers are at cnn_evaluator_scores until the next call. */
CNN_CHECKED int cnn_evaluator_add(struct cnn_evaluator *e, const struct cnn_batch *b);
/* Of sample i of a batch of native samples, whose only target is a label image, count what something else than the
 * evaluator's net gives for its own pixels, value (c, h, w), as probabilities where its loss makes such; losses are not known then.
 * CNN_ESYSTEM. */
CNN_CHECKED int cnn_evaluator_add_map(struct cnn_evaluator *e, const struct cnn_batch *b, size_t i,
                                      const float *value);
const float *
cnn_evaluator_scores(const struct cnn_evaluator *e); /* (n, rows, c, h, w) of the output */
/* With the sum of all losses, and what else is measured by the first target. */
const struct cnn_metrics *cnn_evaluator_metrics(const struct cnn_evaluator *e);
/* Of one of the feed's targets, over the samples that have it; its loss is its part of the sum. */
struct cnn_metrics cnn_evaluator_target(const struct cnn_evaluator *e, int k);

/* The whole of a loader's epoch, and what tells its samples from others in *data. stop (may be
 * NULL) nonzero: CNN_EINTERRUPTED. */
CNN_CHECKED int cnn_evaluate(struct cnn_evaluator *e, struct cnn_loader *l,
                             struct cnn_data_hash *data, const volatile int *stop,
                             void (*progress)(void *context, size_t done), void *context);

#endif
