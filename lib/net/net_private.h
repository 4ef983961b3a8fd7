/* The inside of a net, shared by its files. */
#ifndef CNN_NET_NET_PRIVATE_H
#define CNN_NET_NET_PRIVATE_H

#include "base/random.h"
#include "base/threads.h"
#include "net/net.h"

/* A node with its views of device memory. */
struct cnn_net_node {
    size_t first_param;         /* in net->param */
    struct cnn_tensor value;    /* (batch, c, h, w) */
    struct cnn_tensor gradient; /* the same shape; data NULL when backward does not come here */
    struct cnn_tensor kept_gradient; /* data NULL: nobody asks for it */
    struct cnn_tensor **y;           /* (outputs) */
    const struct cnn_tensor **dy;    /* (outputs) */
    const struct cnn_tensor **x;     /* (inputs) */
    const int32_t **x_rows;          /* (inputs); NULL: all are real */
    int32_t **y_rows;                /* (outputs); NULL: the layer does not count them */
    struct cnn_tensor **dx;          /* (inputs); NULL: not wanted */
    struct cnn_tensor *extra;        /* (inputs); data NULL: dx is the input's gradient itself */
    struct cnn_tensor *converted;    /* (inputs); data NULL: the input's value as it is */
    struct cnn_epilogue epilogue;
    struct cnn_tensor folded_weight, folded_bias; /* data NULL: nothing is folded in */
    void *packed;
    struct cnn_tensor **w, **dw; /* (params) */
    void *saved[CNN_LAYER_MAX_SAVED];
    void *work; /* forward's */
    int frozen;
    uint64_t name_hash;
    double cycles[2]; /* of one core that forward and backward take for a sample, about */
};

/* What a forward's losses were, when the device has come so far: mark `turn` of the backend. */
struct cnn_net_losses {
    float *weight; /* (batch) */
    float **loss;  /* (graph losses) (batch, rows) memory that the device copies to; NULL: aux */
    /* (graph targets) (batch, rows) weights of rows; NULL: they are those of samples */
    float **row;
    /* (graph targets) as row, where a layer counts rows and the device knows; else NULL */
    float **shared;
    double *target_sum;      /* (graph targets) what each has of the weighted sum, once asked for */
    float *hit;              /* (batch, rows) as loss; of training with labels */
    unsigned char *labelled; /* (batch, rows) whether the main loss has a label there */
    size_t n;                /* 0: there was no such forward */
    double weight_sum;
};

/* Memory for a target on the device. */
struct cnn_net_target {
    size_t positions, outputs; /* of a row of the answers: h * w and c * h * w */
    size_t rows;
    int32_t *label;           /* (batch, rows, h, w) */
    real *vector;             /* (batch, rows, outputs) */
    real *weight;             /* (batch, rows) */
    real *class_weight;       /* (c) in training; NULL: classes count alike */
    struct cnn_targets now;   /* what losses are given */
    struct cnn_targets right; /* and answers are compared with */
};

struct cnn_net {
    struct cnn_arena *arena;
    const struct cnn_graph *graph;
    struct cnn_backend *backend;
    struct cnn_plan *plan;
    size_t batch;
    int training, once;
    const struct cnn_net *like; /* whose slabs of weights are used; NULL: its own */
    int borrows;                /* values and statistics are another's */
    int shared;                 /* others use its weights */
    int backward;               /* some backward will be called */
    int from;                   /* from this node; 0: from the losses */
    enum cnn_rectifier rectifier;
    unsigned char *wants; /* (nodes) backward runs here */
    unsigned char *still; /* (nodes) it runs as at inference, in training, too */
    unsigned char *fixed; /* (nodes) of a sample it is always the same; NULL: not asked */
    int cut;              /* the one value of these that others read; 0: there is none */
    const char *uncut;    /* why not */
    struct cnn_net_node *node;
    size_t params;
    struct cnn_net_param *param;
    size_t value_count, statistic_count; /* elements */
    real *values, *gradients, *statistics;
    real **state; /* (states) of the optimizer */
    int states;
    real *mean_values, *mean_statistics; /* NULL: no averages are kept */
    char *activations, *packed;
    real *folded; /* weights and biases with normalisations folded in (prepare.c) */
    int ready;    /* packed and folded weights are those of the parameters */
    /* Targets and losses. */
    struct cnn_net_target *target; /* (graph targets) */
    real *device_hit;              /* (batch, rows) of the main loss */
    int main_loss;                 /* node; 0: none */
    int counts;                    /* some values have rows that may not be real */
    int32_t *given_rows;           /* (batch) of an input, on their way there */
    /* Of the last forward. */
    size_t n;
    int had_losses, was_training, from_cut;
    int again; /* a segment is running once more */
    size_t at; /* the first sample of the portion that runs */
    uint64_t seed, step;
    struct cnn_net_losses losses[2]; /* of the last forward with losses, and of the one before */
    int turn;                        /* which of them is the last */
    void *record[6];    /* the device's, of passes that come again: inference, training, backward;
                           the same from the cut on */
    double *seconds[2]; /* (nodes) forward and backward of each step; NULL: not measured */
};

/* count * size zeroed bytes on the device; NULL with an error set. */
static inline void *cnn_net_device_alloc(struct cnn_net *net, size_t count, size_t size)
{
    size_t bytes;
    if (cnn_mul_overflows(count, size, &bytes)) {
        cnn_fail_memory(SIZE_MAX);
        return NULL;
    }
    return net->backend->ops->alloc(net->backend, bytes ? bytes : size);
}

/* freeze.c: net->still and what parameters are frozen, or have another rate. CNN_EUSAGE. */
CNN_CHECKED int cnn_net_freeze(struct cnn_net *net, const struct cnn_net_config *config);

/* cut.c: net->fixed and net->cut. */
CNN_CHECKED int cnn_net_find_cut(struct cnn_net *net);

/* wire.c: whether all that could be trained of the node's layer is frozen. */
int cnn_net_layer_frozen(const struct cnn_net *net, int i);
/* wire.c: every pointer that a pass needs, made once. */
CNN_CHECKED int cnn_net_wire(struct cnn_net *net);
/* Where the plan's block is; NULL for -1. */
void *cnn_net_block(const struct cnn_net *net, int block);
/* Point node i's views at the blocks of its first run, or of its segment's repetition. */
void cnn_net_use_run(struct cnn_net *net, int i, int again);
/* Where the node's counts of real rows lie, from sample net->at on; NULL: all are real. */
int32_t *cnn_net_counts(const struct cnn_net *net, int node);
/* What step i's layer is called with. */
struct cnn_pass cnn_net_pass(struct cnn_net *net, int i);

/* run.c: a pass that the device may record begins and ends; cnn_net_begin_pass says whether it
 * does.
 */
CNN_CHECKED int cnn_net_begin_pass(struct cnn_net *net, int backward);
void cnn_net_end_pass(struct cnn_net *net, int begun);
/* run.c: small steps run on this thread alone. Returns the threads, for when it is over. */
struct cnn_pool *cnn_net_begin_step(struct cnn_net *net, int i, int backward);
void cnn_net_forward_step(struct cnn_net *net, int i);

/* rectify.c: before the backward of step i, by net->rectifier: what is above 0 of its gradient, in place, and
 * p->epilogue may become *without, the same without its activation. 1: that was all. */
int cnn_net_rectify(struct cnn_net *net, int i, struct cnn_pass *p, struct cnn_epilogue *without);

/* losses.c: memory for targets and losses, and its end; a batch's targets to the device; its losses
 * from there, while other work goes on. */
CNN_CHECKED int cnn_net_allocate_targets(struct cnn_net *net);
void cnn_net_free_targets(struct cnn_net *net);
/* Whether the batch has all targets. */
int cnn_net_has_targets(const struct cnn_net *net, const struct cnn_batch_view *b);
/* How many rows of sample i of input k are real, as a batch says. */
size_t cnn_net_given_rows(const struct cnn_net *net, const struct cnn_batch_view *b, int k,
                          size_t i);
/* Behind all that counts rows: each row's weight as its target's answers are counted. */
void cnn_net_share_rows(struct cnn_net *net);
CNN_CHECKED int cnn_net_upload_targets(struct cnn_net *net, const struct cnn_batch_view *b);
void cnn_net_fetch_losses(struct cnn_net *net);

/* prepare.c: memory for weights that normalisations are folded into (nets that only infer), and the
 * folding and packing of all weights, once after each change. 0 or a negative code. */
CNN_CHECKED int cnn_net_reserve_folds(struct cnn_net *net);
CNN_CHECKED int cnn_net_prepare(struct cnn_net *net);

/* room.c: whether it fits a device that says how much there is; CNN_ESYSTEM with what would. */
CNN_CHECKED int cnn_net_check_room(const struct cnn_net *net, const struct cnn_net_config *config);

/* profile.c: expect the cycles of each step. */
void cnn_net_expect_cycles(struct cnn_net *net);
/* profile.c: where passes are measured, wait for the device and set (forward: 0, backward: 1) the
 * seconds of step i, which began at *start; moves *start to now. Else nothing. */
void cnn_net_note_time(struct cnn_net *net, int backward, int i, double *start);

#endif
