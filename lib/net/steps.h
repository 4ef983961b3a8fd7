/* What a net runs, made from its graph: one step for each layer, but for those that another layer
 * does in passing (an addition or an activation on the way to memory, a batch normalisation in a
 * convolution's weights) and those that only training has; and the layout of each value.
 *
 * A step stands at the node whose value it makes: the last of the layers that it does. One whose
 * layer has several outputs stands at the first, and makes the values of the nodes behind it, too. */
#ifndef CNN_NET_STEPS_H
#define CNN_NET_STEPS_H

#include "lang/graph.h"

struct cnn_step {
    const struct cnn_layer *layer; /* whose forward and backward run; NULL: nothing does */
    int head;                      /* its node */
    int maker;                     /* the step that makes this node's value; -1: none does */
    int inputs;
    const int *in;                /* (inputs) nodes: the layer's, then what the epilogue adds */
    int addend;                   /* which of `in` the epilogue adds; -1: none */
    int fused;                    /* there is an epilogue */
    struct cnn_epilogue epilogue; /* its `add` is for whoever has the tensor */
    int fold;                     /* node of a normalisation that goes into the weights; -1 */
    struct cnn_layout layout;     /* of the value */
    int one_order;                /* plain and channels last are the same order for its shape */
    /* Inference in portions (portions.h): samples that it takes at once, 0 for all; the steps that
     * take turns with it; whether the value is there for a portion alone. */
    size_t portion;
    int first, last, passing;
};

/* training: what only training has is run; backward: a backward will follow. keep: (nodes) values
 * that are wanted afterwards and must be made. The net lies in the
 * layout in which its convolutions cost least. Allocates from the arena;
 * NULL with an error set. */
struct cnn_step *cnn_steps_new(const struct cnn_graph *g, struct cnn_backend *b, size_t batch,
                               int training, int backward, const unsigned char *keep,
                               struct cnn_arena *arena);

/* Nodes whose values step i makes: i and those behind it. */
static inline int cnn_step_outputs(const struct cnn_step *step, int i)
{
    return step[i].layer ? step[i].layer->outputs : 1;
}

/* The layout in which step i wants its k-th input. */
struct cnn_layout cnn_step_input_layout(const struct cnn_step *step, int i, int k);

/* Samples that step i takes at once, and whether those are fewer than the batch. */
size_t cnn_step_batch(const struct cnn_step *step, int i, size_t batch);
int cnn_step_in_portions(const struct cnn_step *step, int i, size_t batch);

/* The value of a node, as many samples of it as lie in memory, without data. */
struct cnn_tensor cnn_step_shape(const struct cnn_graph *g, const struct cnn_step *step, int node,
                                 size_t batch);

/* What step i's layer gets and gives, without data, for the layer's questions. */
struct cnn_step_shapes {
    struct cnn_tensor x[CNN_LAYER_MAX_INPUTS], y[CNN_LAYER_MAX_OUTPUTS];
    const struct cnn_tensor *inputs[CNN_LAYER_MAX_INPUTS];
    struct cnn_tensor *outputs[CNN_LAYER_MAX_OUTPUTS];
    struct cnn_pass pass;
};
void cnn_step_shapes(const struct cnn_graph *g, const struct cnn_step *step, int i, size_t batch,
                     int saves, struct cnn_step_shapes *out);

/* Expected cycles of a pass of step i (0 where the layer does not say) and the algorithm's name
 * (may be NULL). */
double cnn_step_cost(const struct cnn_graph *g, const struct cnn_step *step, int i,
                     struct cnn_backend *b, size_t batch, enum cnn_conv_pass pass,
                     const char **algorithm);

/* What step i does, as "layer1.0.conv1 + bn1 + relu": names behind the first without the path that
 * they share with it. */
void cnn_step_name(const struct cnn_graph *g, const struct cnn_step *step, int i,
                   struct cnn_buf *out);

#endif
