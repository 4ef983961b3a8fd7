/* What dropout2d and droppath have in common; see drop.h. */
#include "layer/drop/drop.h"

int cnn_drop_setup(struct cnn_layer *l)
{
    l->out = l->in[0];
    return 0;
}

void cnn_drop(const struct cnn_layer *l, struct cnn_pass *p, int samples,
              const struct cnn_tensor *from, struct cnn_tensor *to)
{
    const struct cnn_drop_options *o = l->options;
    if (p->training && o->rate > 0)
        p->k->dropout_planes(p->q, samples, o->rate, p->seed, p->stream, from, to);
    else
        p->k->copy(p->q, from, to);
}
