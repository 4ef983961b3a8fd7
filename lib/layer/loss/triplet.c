/* The triplet loss (Schroff, Kalenichenko, Philbin 2015) of vectors, with the triplets of each batch:
 * samples of a class are to be closer to each other than to others, by a margin. */
#include "layer/loss/losses.h"

struct options {
    double margin;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("margin", struct options, margin, "0.2", .min = 0, .max = 1e6, .position = 1,
                    .metavar = "X",
                    .help = "by how much squared distances to another class are to be larger than "
                            "those within the class"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    char shape[72];
    if (l->in[0].h * l->in[0].w == 1 && l->in_rows[0] == 1)
        return cnn_loss_setup(l);
    cnn_chw_format(l->in[0], shape);
    return cnn_fail(CNN_EDATA, "it takes a vector for each sample, not %zu of %s", l->in_rows[0],
                    shape);
}

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    (void)l;
    out->work = b->kernels->triplet_work(&b->queue, shapes->batch);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    p->k->triplet_forward(p->q, o->margin, p->x[0], p->targets, p->y[0]->data, p->work);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (p->dx[0])
        p->k->triplet_backward(p->q, o->margin, p->loss_scale, p->x[0], p->targets, p->dx[0],
                               p->work);
}

const struct cnn_layer_type cnn_layer_triplet = {
    .name = "triplet",
    .summary = "loss: vectors of a class closer to each other than to others of the batch",
    .options = options,
    .options_size = sizeof(struct options),
    .target = CNN_LOSS_TAKES_LABELS,
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_LOSS | CNN_LAYER_NEEDS_X | CNN_LAYER_MIXES_SAMPLES,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward};
