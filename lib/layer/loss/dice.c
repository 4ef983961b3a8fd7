/* Overlap of probabilities and targets over a sample's positions, class by class (Milletari, Navab,
 * Ahmadi 2016), for segmentation where few positions are of a class. */
#include "layer/loss/losses.h"

struct options {
    double smooth;
    enum cnn_loss_form form;
};

static const struct cnn_option options[] = {
    CNN_LOSS_FORM_OPTION(struct options),
    CNN_OPTION_REAL("smooth", struct options, smooth, "1", .min = 0, .max = 1e6, .metavar = "X",
                    .help = "added to both parts of the ratio, so that a class that is nowhere "
                            "counts as found"),
    CNN_OPTION_END,
};

static const double none[CNN_ACTIVATION_OPTIONS]; /* sigmoid has no options */

/* Probabilities of the logits, and gradients of these, one after another. */
static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    (void)l;
    (void)b;
    out->work = 2 * cnn_tensor_size(shapes->x[0]);
}

static struct cnn_tensor part_of(const struct cnn_pass *p, int k)
{
    struct cnn_tensor t = *p->x[0];
    t.data = (char *)p->work + (size_t)k * cnn_tensor_size(&t);
    return t;
}

static struct cnn_tensor probabilities(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    struct cnn_tensor y = part_of(p, 0);
    if (o->form == CNN_LOSS_SIGMOID)
        p->k->activation_forward(p->q, CNN_SIGMOID, none, p->x[0], &y);
    else
        p->k->softmax_forward(p->q, p->x[0], &y);
    return y;
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    struct cnn_tensor y = probabilities(l, p);
    p->k->dice_forward(p->q, o->smooth, &y, p->targets, p->y[0]->data);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    if (!p->dx[0])
        return;
    struct cnn_tensor y = probabilities(l, p), dy = part_of(p, 1);
    p->k->dice_backward(p->q, o->smooth, p->loss_scale, &y, p->targets, &dy);
    if (o->form == CNN_LOSS_SIGMOID)
        p->k->activation_backward(p->q, CNN_SIGMOID, none, &y, &dy, p->dx[0]);
    else
        p->k->softmax_backward(p->q, &y, &dy, p->dx[0]);
}

static const char *link(const void *o)
{
    return cnn_loss_form_link(((const struct options *)o)->form);
}

const struct cnn_layer_type cnn_layer_dice = {
    .name = "dice",
    .summary = "loss: how little probabilities and targets overlap, class by class",
    .link_of = link,
    .binary = 1,
    .options = options,
    .options_size = sizeof(struct options),
    .target = CNN_LOSS_TAKES_CLASSES,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    CNN_ANY_LOSS};
