/* Blocks: how large they are and how long they live; see plan_private.h. */
#include "net/plan_private.h"

#include <stdint.h>

size_t cnn_plan_converted_bytes(const struct cnn_planner *s, int i, int k)
{
    struct cnn_tensor t = cnn_step_shape(s->g, s->p->step, s->p->step[i].in[k], s->p->batch);
    t.n = cnn_step_batch(s->p->step, i, s->p->batch) * s->g->node[s->p->step[i].in[k]].layer.rows;
    t.layout = cnn_step_input_layout(s->p->step, i, k);
    return s->b->ops->tensor_bytes(s->b, &t);
}

size_t cnn_plan_value_bytes(const struct cnn_planner *s, int node)
{
    struct cnn_tensor t = cnn_step_shape(s->g, s->p->step, node, s->p->batch);
    return s->b->ops->tensor_bytes(s->b, &t);
}

int cnn_plan_block(struct cnn_planner *s, size_t bytes, int first, int last)
{
    struct cnn_plan *p = s->p;
    size_t padded;
    if (!bytes)
        return -1;
    if (cnn_add_overflows(bytes, CNN_ALIGN - 1, &padded))
        padded = SIZE_MAX; /* the total overflows and is reported there */
    padded -= padded % CNN_ALIGN;
    p->block[p->blocks] = (struct cnn_plan_block){padded, 0, first, last};
    return p->blocks++;
}

void cnn_plan_extend(struct cnn_planner *s, int block, int step)
{
    struct cnn_plan_block *b = &s->p->block[block];
    if (step > b->last)
        b->last = step;
    if (step < b->first)
        b->first = step;
}

unsigned cnn_plan_flags(const struct cnn_planner *s, int node)
{
    const struct cnn_step *step = &s->p->step[node];
    unsigned f = step->layer ? step->layer->type->flags : 0;
    if (step->epilogue.activate)
        f |= CNN_LAYER_NEEDS_Y;
    return step->inputs > 1 && step->layer->inputs == 1 ? f & ~(unsigned)CNN_LAYER_INPLACE : f;
}

int cnn_plan_converts(const struct cnn_planner *s, int i, int k)
{
    return !cnn_layout_equal(cnn_step_input_layout(s->p->step, i, k),
                             s->p->step[s->p->step[i].in[k]].layout);
}

int cnn_plan_runs_backward(const struct cnn_planner *s, int node)
{
    return s->request->backward && s->request->wants_gradient[node] && s->p->step[node].layer;
}
