/* A graph with its memory on a device: what runs.
 *
 * Memory is planned once (plan.h) and allocated once; forward, backward and the
 * optimizer step allocate nothing. */
#ifndef CNN_NET_NET_H
#define CNN_NET_NET_H

#include "base/error.h"
#include "lang/graph.h"
#include "net/plan.h"

struct cnn_net;

/* What rectified units (relu, relu6) give back in backward passes, to show what a net has learned.
 *
 *     plain   the gradient
 *     guided  of the gradient what is above 0 (Springenberg et al. 2014)
 *     deconv  what is above 0 of all that comes, whatever was cut off on the way forward (Zeiler and
 *             Fergus 2013) */
enum cnn_rectifier { CNN_RECTIFIER_PLAIN, CNN_RECTIFIER_GUIDED, CNN_RECTIFIER_DECONV };

struct cnn_net_config {
    size_t batch; /* the largest batch that will run */
    int training; /* cnn_net_backward will be called: parameters have gradients, aux heads are run
                   */
    /* Backward from a value of the net instead of the losses (cnn_net_backward_from); 0: from the
     * losses. Parameters have gradients then, too, where `training` says so. */
    int from;
    /* nodes (0: the input) whose gradients cnn_net_gradient will be asked for */
    const int *gradient;
    size_t gradients;
    enum cnn_rectifier rectifier; /* with `from` */
    int recompute; /* train in less memory, and longer: most values are made a second time when
                      backward needs them. The numbers stay the same */
    int once;      /* a single batch will run: making weights ready for it must pay */
    /* patterns of parameter names ("layer1.*") that are not trained; may be NULL */
    const struct cnn_strings *freeze;
    /* A node that is not trained, with all that it is computed from, and runs as at inference, in
     * training, too; 0: there is none. */
    int freeze_to;
    /* Of what these freeze, patterns of parameters that are trained all the same: their layers, and those that read
     * them, run as in training; may be NULL. later: more will be, in another net. */
    const struct cnn_strings *thaw;
    int thaws_later;
    /* "PATTERN=X": factors of the learning rate, the last that names a parameter counts; may be NULL */
    const struct cnn_strings *rates;
    int cut;         /* cnn_net_cut will be asked */
    const int *keep; /* nodes whose values must outlive the forward pass (features) */
    size_t keeps;
    /* Of the same graph, on a device of the same kind, with the same config but for this: a net
     * that only infers, whose weights this one uses. They are set already and stay as they are; the
     * other net outlives this one, and does not run while the first one like it is made. NULL: its
     * own. */
    struct cnn_net *like;
    /* Of the same text for inputs of another size, on the same device: a net that only infers, whose
     * parameters and statistics this one uses, while what it makes of them is its own. They are set
     * already and stay as they are; the other net outlives this one. NULL: its own. */
    struct cnn_net *weights;
    int optimizer_slabs; /* state arrays per parameter */
    int average;         /* training: keep averages of parameters and statistics, too */
};

/* A parameter or running statistic of the net. */
struct cnn_net_param {
    const char *name; /* "layer1.0.conv1.weight" */
    struct cnn_shape shape;
    struct cnn_param declared;
    int trained, frozen;
    size_t offset; /* in the parameter slab, elements; gradients and optimizer state at the same
                      offset */
    struct cnn_tensor value, gradient;
};

/* Plan and allocate. The net borrows graph and backend. 0 or a negative code with the error set. */
CNN_CHECKED int cnn_net_new(const struct cnn_graph *graph, struct cnn_backend *backend,
                            const struct cnn_net_config *config, struct cnn_net **out);
void cnn_net_free(struct cnn_net *net);

const struct cnn_graph *cnn_net_graph(const struct cnn_net *net);
const struct cnn_plan *cnn_net_plan(const struct cnn_net *net);
struct cnn_backend *cnn_net_backend(const struct cnn_net *net);
/* The first layer that in training takes samples together with all their rows, real or not, of a
 * value that may have others: batch normalisation whose parameters are not frozen. 0: there is none. */
int cnn_net_blends_rows(const struct cnn_net *net);

/* The parameters, in graph order; `count` receives how many. */
struct cnn_net_param *cnn_net_params(struct cnn_net *net, size_t *count);
/* Of nets with config.cut: the one value that all which is trained, or may change from pass to pass, reads of
 * what stays the same for a sample; it outlives forward. 0: there is none, and *why says why not. */
int cnn_net_cut(const struct cnn_net *net, const char **why);
/* A parameter to and from canonical float32 host memory (elements: its shape's count). */
void cnn_net_param_set(struct cnn_net *net, const struct cnn_net_param *p, const float *values);
/* Where such values may be written instead: the net's own memory, of a net on the CPU; NULL: there is no
 * such place. */
float *cnn_net_param_place(struct cnn_net *net, const struct cnn_net_param *p);
/* Values that outlive the net, floats at any address: one that borrows them, as of a single batch on the
 * CPU, reads them where they are. Only what it borrows may be lent. */
int cnn_net_param_borrows(const struct cnn_net *net, const struct cnn_net_param *p,
                          const unsigned char *values);
void cnn_net_param_lend(struct cnn_net *net, const struct cnn_net_param *p,
                        const unsigned char *values);
void cnn_net_param_get(struct cnn_net *net, const struct cnn_net_param *p, float *values);

/* The slab of trained and frozen parameters, of gradients (NULL when not training) and of
 * optimizer state `i` (NULL: there is none); `count` elements each. Statistics lie in a slab of
 * their own. */
real *cnn_net_slab_values(struct cnn_net *net, size_t *count);
real *cnn_net_slab_gradients(struct cnn_net *net);
real *cnn_net_slab_state(struct cnn_net *net, int i);

/* Averages over steps, of nets with config.average: start them as what parameters and statistics
 * are now; after a step, mean = decay mean + (1 - decay) now; let both change places, in which
 * state the net runs and is read as usual; and the place of one's mean. 0, or the device's error.
 */
int cnn_net_has_average(const struct cnn_net *net);
CNN_CHECKED int cnn_net_average_start(struct cnn_net *net);
CNN_CHECKED int cnn_net_average(struct cnn_net *net, double decay);
CNN_CHECKED int cnn_net_average_swap(struct cnn_net *net);
struct cnn_tensor cnn_net_average_of(struct cnn_net *net, const struct cnn_net_param *p);

/* Start every parameter from its declared rule: draws depend on (seed, parameter name) alone.
 * rule: what CNN_INIT_DEFAULT stands for; CNN_INIT_DEFAULT itself means what cnn_init_rule says. */
CNN_CHECKED int cnn_net_init(struct cnn_net *net, uint64_t seed, enum cnn_init rule);

/* A target of a batch: classes or numbers; both NULL: it has none. */
struct cnn_target_view {
    const int32_t *label; /* (n, rows) classes, or (n, rows, h, w) label images; -1: none */
    const float *vector;  /* (n, rows, outputs); where both are there, losses take this, and answers
                             are right that are the label */
    /* (n) how many rows it has, the first ones; NULL: as many as the answers */
    const int32_t *rows;
};

/* A batch, in host memory or in a store. */
struct cnn_batch_view {
    size_t n;                       /* at most config.batch */
    const float *x;                 /* (n, rows, c, h, w), preprocessed */
    int from_cut;                   /* x is the value at the net's cut, behind which all runs */
    const float *const *others;     /* (graph inputs - 1) as x, of the other inputs */
    struct cnn_image_store *images; /* x NULL: what the device makes it from */
    const struct cnn_target_view *target; /* (graph targets); NULL: none is known */
    const float *weight;                  /* (n); NULL: all 1 */
    /* (n) of inputs with several rows: how many are real, the first ones; NULL: all. Losses go by
     * them; batch normalisation in training does not. */
    const int32_t *rows;
    const int32_t *const *other_rows; /* (graph inputs - 1) as rows; NULL: all are */
};

/* What runs does not wait for the device: a failure there may be reported by a later call, at the
 * latest by one that brings numbers back. */

/* Upload the batch and run the net. training: dropout drops, batchnorm uses batch statistics,
 * losses and aux heads run. step: numbers the dropout draws. Without training, losses run when the
 * graph has them and the batch has targets. 0, or the device's error. */
CNN_CHECKED int cnn_net_forward(struct cnn_net *net, const struct cnn_batch_view *batch,
                                int training, uint64_t seed, uint64_t step);
/* After a training forward: add this batch's gradients. The loss is the weighted mean over the
 * batch, times `scale` (1/k with k batches accumulated). */
CNN_CHECKED int cnn_net_backward(struct cnn_net *net, double scale);
/* After a forward, of nets with config.from: the gradients of sum(dy * value of that node), with dy
 * canonical, (n, c, h, w). With the forward's `training` 0 they are those of inference: nothing is
 * dropped, and batchnorm is an affine map. 0, or the device's error. */
CNN_CHECKED int cnn_net_backward_from(struct cnn_net *net, const float *dy);
/* Whether config.rectifier is for this layer. */
int cnn_net_is_rectifier(const struct cnn_layer *l);
/* Of the last backward: the gradient of a node's value, canonical, (n, c, h, w); zeros where none
 * reaches it. The node must be one of config.gradient. */
CNN_CHECKED int cnn_net_gradient(struct cnn_net *net, int node, float *out);
CNN_CHECKED int cnn_net_zero_gradients(struct cnn_net *net);

/* Of the last forward: the sum over the batch of weight * loss (of the losses that are not those of
 * aux heads, each times its own weight) and of the weights; NaN travels. Of several rows a sample's
 * loss is the mean of those that are real. */
CNN_CHECKED int cnn_net_loss(struct cnn_net *net, double *weighted_sum, double *weight_sum);
/* The same of the forward with losses before the last, whose numbers a device has brought back
 * while it worked on the last. */
CNN_CHECKED int cnn_net_loss_before(struct cnn_net *net, double *weighted_sum, double *weight_sum);
/* Of the forward whose loss was asked for last (before: by cnn_net_loss_before): what the losses with
 * one of the graph's targets have of the weighted sum. */
double cnn_net_target_loss(const struct cnn_net *net, int before, int target);
/* Of the training forward whose loss was asked for last (before: by cnn_net_loss_before): how many
 * samples with a label were answered rightly (of a label image: the sum of its right parts), and
 * how many there were. Of several rows each that is real counts as a sample. */
void cnn_net_hits(const struct cnn_net *net, int before, double *hits, double *labelled);
/* In training the losses with that target, which is classes of places or rows, count a place by the weight (c) of its
 * class; layers whose losses can are marked (weighs_classes). CNN_ESYSTEM. */
CNN_CHECKED int cnn_net_weigh_classes(struct cnn_net *net, int target, const float *weight);
/* Of the last forward with losses: the sum of the batch's weights, which needs no device. */
double cnn_net_weight(const struct cnn_net *net);
/* Of the last forward: a node's value, canonical, (n, c, h, w). The node must be an output,
 * the logits or kept. */
CNN_CHECKED int cnn_net_value(struct cnn_net *net, int node, float *out);
/* Of the last forward: how many rows of each sample of a node's value are real, out (n). */
CNN_CHECKED int cnn_net_rows(struct cnn_net *net, int node, int32_t *out);

/* From the next pass on, write the seconds of each step's last forward and backward (input
 * conversions and its epilogue included; what had to run again counts for the step that needs it;
 * step 0 is the upload) into (graph nodes) numbers of the caller; NULL: no longer, and at no cost.
 */
void cnn_net_profile(struct cnn_net *net, double *forward, double *backward);

/* What a step must do in a pass over the planned batch: multiply-adds as the layer counts them, and
 * the bytes that must be read and written, each once. backward: both gradients, as far as they are
 * wanted. */
struct cnn_net_work {
    double multiply_adds, bytes;
    double cycles; /* of one core, as the layer expects them; 0: it does not say */
};
struct cnn_net_work cnn_net_work(const struct cnn_net *net, int step, int backward);

#endif
