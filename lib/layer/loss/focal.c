/* Cross-entropy that looks away from what is answered rightly already (Lin et al. 2017): by
 * (1 - p)^gamma, p the probability of the target, over classes or of each output by itself. */
#include "layer/loss/losses.h"

struct options {
    double gamma, alpha;
    enum cnn_loss_form form;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("gamma", struct options, gamma, "2", .min = 0, .max = 100, .position = 1,
                    .metavar = "X", .help = "exponent; 0: cross-entropy as it is"),
    CNN_LOSS_FORM_OPTION(struct options),
    CNN_OPTION_REAL("alpha", struct options, alpha, "0", .min = 0, .max = 1, .metavar = "P",
                    .help = "sigmoid: the weight of targets of 1, those of 0 have the rest; "
                            "0: all have 1"),
    CNN_OPTION_END,
};

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    if (o->alpha > 0 && o->form != CNN_LOSS_SIGMOID)
        return cnn_fail(CNN_EDATA, "alpha has no effect: it needs form=sigmoid");
    return cnn_loss_setup(l);
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (o->form == CNN_LOSS_SIGMOID)
        p->k->loss_forward(p->q, CNN_LOSS_FOCAL, o->gamma, o->alpha, p->x[0], p->targets,
                           p->y[0]->data);
    else
        p->k->loss_of_positions_forward(p->q, CNN_LOSS_FOCAL_SOFTMAX, o->gamma, 0, p->x[0],
                                        p->targets, p->y[0]->data);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (!p->dx[0])
        return;
    if (o->form == CNN_LOSS_SIGMOID)
        p->k->loss_backward(p->q, CNN_LOSS_FOCAL, o->gamma, o->alpha, p->loss_scale, p->x[0],
                            p->targets, p->dx[0]);
    else
        p->k->loss_of_positions_backward(p->q, CNN_LOSS_FOCAL_SOFTMAX, o->gamma, 0, p->loss_scale,
                                         p->x[0], p->targets, p->dx[0]);
}

static const char *link(const void *o)
{
    return cnn_loss_form_link(((const struct options *)o)->form);
}

const struct cnn_layer_type cnn_layer_focal = {
    .name = "focal",
    .summary = "loss: cross-entropy of logits, less of what is answered well",
    .link_of = link,
    .binary = 1,
    .options = options,
    .options_size = sizeof(struct options),
    .target = CNN_LOSS_TAKES_CLASSES,
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = CNN_LAYER_LOSS | CNN_LAYER_NEEDS_X,
    .setup = setup,
    .forward = forward,
    .backward = backward};
