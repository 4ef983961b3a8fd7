/* How much memory values take; see plan_private.h. */
#include "net/plan_private.h"

static size_t bytes_of(const struct cnn_planner *s, int node, int layout)
{
    struct cnn_tensor t = cnn_step_shape(s->g, s->p->step, node, s->p->batch);
    t.layout = layout;
    return s->b->ops->tensor_bytes(s->b, &t);
}

size_t cnn_plan_converted_bytes(const struct cnn_planner *s, int i, int k)
{
    struct cnn_tensor t = cnn_step_shape(s->g, s->p->step, s->p->step[i].in[k], s->p->batch);
    t.n = cnn_step_batch(s->p->step, i, s->p->batch) * s->g->node[s->p->step[i].in[k]].layer.rows;
    t.layout = cnn_step_input_layout(s->p->step, i, k);
    return s->b->ops->tensor_bytes(s->b, &t);
}

size_t cnn_plan_value_bytes(const struct cnn_planner *s, int node)
{
    const struct cnn_layer *l = s->p->step[node].layer;
    if (l && (l->type->flags & CNN_LAYER_LOSS)) /* reals, whatever activations are */
        return s->p->batch * l->rows * sizeof(real);
    return bytes_of(s, node, s->p->step[node].layout);
}
