/* Lifetimes of gradients; see plan_private.h. */
#include "net/plan_private.h"

/* May the gradient of step i's k-th input be written over the step's own? Its first contribution
 * only. */
static int passes_gradient_on(const struct cnn_planner *s, int i, int k)
{
    const struct cnn_step *step = &s->p->step[i];
    int x = step->in[k];
    if (cnn_plan_value_bytes(s, x) != cnn_plan_value_bytes(s, i) || s->p->node[i].gradient < 0)
        return 0;
    return k == step->addend || (k == 0 && (cnn_plan_flags(s, i) & CNN_LAYER_INPLACE));
}

/* Where backward begins, and of an output that nothing reads where others of its layer are read. */
static void start_gradients(struct cnn_planner *s, int i)
{
    int outputs = cnn_step_outputs(s->p->step, i), now = s->backward_time[i];
    for (int o = i; o < i + outputs; o++) {
        struct cnn_plan_node *pn = &s->p->node[o];
        pn->zero = outputs > 1 && pn->gradient < 0 && o != s->request->from;
        if (pn->zero || o == s->request->from)
            pn->gradient = cnn_plan_block(s, cnn_plan_value_bytes(s, o), now, now);
        if (pn->gradient >= 0)
            cnn_plan_extend(s, pn->gradient, now);
    }
}

/* Gradients, in the order in which backward runs: the first consumer writes, later ones add through
 * an extra block. */
void cnn_plan_gradients(struct cnn_planner *s)
{
    for (int i = s->g->nodes - 1; i > 0; i--) {
        if (!cnn_plan_runs_backward(s, i))
            continue;
        const struct cnn_step *step = &s->p->step[i];
        struct cnn_plan_node *pn = &s->p->node[i];
        start_gradients(s, i);
        int now = s->backward_time[i], mine = pn->gradient;
        for (int k = 0; k < step->inputs; k++) {
            int x = step->in[k];
            struct cnn_plan_node *px = &s->p->node[x];
            if (!s->request->wants_gradient[x])
                continue;
            pn->first[k] = px->gradient < 0;
            if (cnn_plan_converts(s, i, k) || !pn->first[k])
                pn->extra[k] = cnn_plan_block(s, cnn_plan_converted_bytes(s, i, k), now, now);
            if (!pn->first[k])
                cnn_plan_extend(s, px->gradient, now);
            else if (!cnn_plan_converts(s, i, k) && passes_gradient_on(s, i, k))
                px->gradient = mine;
            else
                px->gradient = cnn_plan_block(s, cnn_plan_value_bytes(s, x), now, now);
        }
    }
}

/* Gradients that are asked for are copied when they are complete: the step's own backward may work
 * in place. The input has no step, so that its gradient itself stays. */
void cnn_plan_kept_gradients(struct cnn_planner *s)
{
    for (size_t k = 0; k < s->request->gradients; k++) {
        int i = s->request->gradient[k], maker = s->p->step[i].maker;
        struct cnn_plan_node *pn = &s->p->node[i];
        if (pn->gradient < 0 || pn->kept_gradient >= 0)
            continue;
        int now = s->backward_time[maker];
        if (s->p->step[maker].layer)
            pn->kept_gradient = cnn_plan_block(s, cnn_plan_value_bytes(s, i), now, s->end);
        else
            cnn_plan_extend(s, pn->kept_gradient = pn->gradient, s->end);
    }
}
