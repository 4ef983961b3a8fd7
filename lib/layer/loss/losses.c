/* Losses whose terms are elements: those without options, as kern/losses.def lists them, and what
 * all losses share. */
#include "layer/loss/losses.h"

int cnn_loss_setup(struct cnn_layer *l)
{
    l->out = (struct cnn_chw){1, 1, 1};
    return 0;
}

const char *cnn_loss_form_link(enum cnn_loss_form form)
{
    static const char *const links[] = {CNN_CHOICE_TEXTS(CNN_LOSS_FORMS)};
    return links[form];
}

enum { FIRST, SECOND };

static const struct cnn_option no_options[] = {CNN_OPTION_END};

#define CNN_LOSS(...)
#define CNN_LOSS_LAYER(NAME, layer, text, what, single, ...)                                       \
    static void layer##_forward(const struct cnn_layer *l, struct cnn_pass *p)                     \
    {                                                                                              \
        (void)l;                                                                                   \
        p->k->loss_forward(p->q, CNN_LOSS_##NAME, 0, 0, p->x[0], p->targets, p->y[0]->data);       \
    }                                                                                              \
    static void layer##_backward(const struct cnn_layer *l, struct cnn_pass *p)                    \
    {                                                                                              \
        (void)l;                                                                                   \
        if (p->dx[0])                                                                              \
            p->k->loss_backward(p->q, CNN_LOSS_##NAME, 0, 0, p->loss_scale, p->x[0], p->targets,   \
                                p->dx[0]);                                                         \
    }                                                                                              \
    const struct cnn_layer_type cnn_layer_##layer = {.name = #layer,                               \
                                                     .summary = text,                              \
                                                     .link = what,                                 \
                                                     .binary = single == SECOND,                   \
                                                     .options = no_options,                        \
                                                     .forward = layer##_forward,                   \
                                                     .backward = layer##_backward,                 \
                                                     CNN_ANY_LOSS};
#include "kern/losses.def"
