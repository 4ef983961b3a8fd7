/* What rectified units give back where a backward pass shows what a net has learned; see net.h. */
#include "net/net_private.h"

static int rectifies(enum cnn_activation f)
{
    return f == CNN_RELU || f == CNN_RELU6;
}

int cnn_net_is_rectifier(const struct cnn_layer *l)
{
    struct cnn_epilogue e = {0};
    if (!l->type || !l->type->activation)
        return 0;
    l->type->activation(l, &e);
    return rectifies(e.f);
}

int cnn_net_rectify(struct cnn_net *net, int i, struct cnn_pass *p, struct cnn_epilogue *without)
{
    static const double none[CNN_ACTIVATION_OPTIONS];
    const struct cnn_epilogue *e = p->epilogue;
    int passing = e && e->activate && rectifies(e->f);
    int alone = !passing && cnn_net_is_rectifier(net->plan->step[i].layer);
    struct cnn_tensor *dy = &net->node[i].gradient;
    if (net->rectifier == CNN_RECTIFIER_PLAIN || (!passing && !alone))
        return 0;
    if (alone && net->rectifier == CNN_RECTIFIER_DECONV) {
        if (p->dx[0])
            p->k->activation_forward(p->q, CNN_RELU, none, dy, p->dx[0]);
        return 1;
    }
    p->k->activation_forward(p->q, CNN_RELU, none, dy, dy);
    if (net->rectifier == CNN_RECTIFIER_DECONV) {
        *without = *e;
        without->activate = 0;
        p->epilogue = without;
    }
    return 0;
}
