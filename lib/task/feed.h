/* What a net takes of samples: a loader's wishes for its targets and its further inputs, and the
 * loader's batches as the net takes them. */
#ifndef CNN_TASK_FEED_H
#define CNN_TASK_FEED_H

#include "base/error.h"
#include "data/loader/loader.h"
#include "net/net.h"

struct cnn_feed_config {
    int targets;              /* those of the graph's losses are wished for */
    enum cnn_field_kind main; /* what the first of them is, where it has no name of its own */
    int required;             /* a sample without one of them is bad */
    int class;                /* where none are: samples' classes are wished for */
};

/* Start from {0}. */
struct cnn_feed {
    const struct cnn_graph *graph; /* borrowed */
    int targets;                   /* that are wished for */
    int from_cut;                  /* batches are of values at the net's cut (cnn_net_cut) */
    size_t wishes;
    struct cnn_wish *wish;          /* (wishes) the targets, or the class; then further inputs */
    int *node;                      /* (targets) the values that are compared with them */
    struct cnn_target_view *target; /* (targets) of the batch that was shown last */
    const float **others;           /* (graph inputs - 1) likewise */
    const int32_t **other_rows;     /* likewise */
};

/* CNN_EDATA where the net has several answers for the one class of a sample; CNN_ESYSTEM. */
CNN_CHECKED int cnn_feed_open(struct cnn_feed *f, const struct cnn_graph *g,
                              const struct cnn_feed_config *config);
void cnn_feed_close(struct cnn_feed *f); /* leaves {0} */

/* Batches to come are for another graph, of the same text for inputs of another size. CNN_EDATA: its
 * answers are not as large as what they would be compared with. */
CNN_CHECKED int cnn_feed_move(struct cnn_feed *f, const struct cnn_graph *g);

/* Input and wishes, into the options of a loader. */
void cnn_feed_ask(const struct cnn_feed *f, struct cnn_loader_options *o);
/* A batch of that loader; weight (n), borrowed. Good until the next call. */
struct cnn_batch_view cnn_feed_view(struct cnn_feed *f, const struct cnn_batch *b,
                                    const float *weight);
/* How many rows of target k sample i of the batch has: 0 where it lacks it, but for classes. */
size_t cnn_feed_rows(const struct cnn_feed *f, const struct cnn_batch *b, int k, size_t i);
/* Whether sample i of the batch has target k. */
int cnn_feed_has(const struct cnn_feed *f, const struct cnn_batch *b, int k, size_t i);

/* How much of sample i's target k, a class, is that class: 0 or 1 where samples are not mixed. */
double cnn_feed_share(const struct cnn_feed *f, const struct cnn_batch *b, int k, size_t i,
                      size_t class);

/* Whether the first target is the class that datasets list. */
int cnn_feed_is_class(const struct cnn_feed *f);
/* The name of target k's field. */
const char *cnn_feed_name(const struct cnn_feed *f, int k);

/* Whether the dataset's first sample that can be loaded has what is required, under the names that
 * are wished for; of streams nothing is known. CNN_EDATA with what it has instead. */
CNN_CHECKED int cnn_feed_check(const struct cnn_feed *f, const struct cnn_dataset *ds);

#endif
