/* Lifetimes of values: what forward makes, what it makes again, and what backward reads of it; see
 * plan_private.h. */
#include "net/plan_private.h"

/* May node i write its value over its first input's? Not when anybody else still needs that. */
static int may_run_inplace(const struct cnn_planner *s, int i)
{
    if (!(cnn_plan_flags(s, i) & CNN_LAYER_INPLACE))
        return 0;
    int x = s->p->step[i].in[0];
    if (x < s->g->inputs || cnn_plan_converts(s, i, 0) || s->consumers[x] != 1 || s->keep[x])
        return 0;
    if (s->p->node[i].runs_again && !s->p->node[x].runs_again)
        return 0;
    if (cnn_plan_value_bytes(s, i) != cnn_plan_value_bytes(s, x))
        return 0;
    if (!s->request->backward)
        return 1;
    return !(cnn_plan_flags(s, s->p->step[x].maker) & CNN_LAYER_NEEDS_Y) &&
           !(cnn_plan_flags(s, i) & CNN_LAYER_NEEDS_X);
}

/* The block with x's value for those who read it when its segment has run again. */
static int latest(const struct cnn_planner *s, int x)
{
    const struct cnn_plan_node *px = &s->p->node[x];
    return px->runs_again ? px->again.value : px->run.value;
}

static int *value_of(const struct cnn_planner *s, int node, int again)
{
    return again ? &s->p->node[node].again.value : &s->p->node[node].run.value;
}

/* Blocks for what step i makes at `now`. */
static void plan_outputs(struct cnn_planner *s, int i, int again, int now)
{
    const struct cnn_step *step = &s->p->step[i];
    int x = step->inputs ? step->in[0] : 0;
    int portions = cnn_step_in_portions(s->p->step, i, s->p->batch);
    for (int o = i; o < i + cnn_step_outputs(s->p->step, i); o++) {
        int *value = value_of(s, o, again);
        if (o == i && s->p->node[i].inplace)
            *value = again ? latest(s, x) : *value_of(s, x, 0);
        else
            *value = cnn_plan_block(s, cnn_plan_value_bytes(s, o), now, now);
        if (portions && !s->p->step[o].passing) {
            cnn_plan_extend(s, *value, step->first);
            cnn_plan_extend(s, *value, step->last);
        }
        if (s->keep[o] && !again)
            cnn_plan_extend(s, *value, s->end);
    }
}

/* Step i runs at `now`: blocks for its values and for inputs in another layout; what it reads must
 * still be there. */
static void plan_run(struct cnn_planner *s, int i, int again, int now)
{
    const struct cnn_step *step = &s->p->step[i];
    struct cnn_plan_node *pn = &s->p->node[i];
    struct cnn_plan_run *run = again ? &pn->again : &pn->run;
    int portions = cnn_step_in_portions(s->p->step, i, s->p->batch);
    for (int k = 0; k < step->inputs; k++) {
        int x = step->in[k], value = again ? latest(s, x) : *value_of(s, x, 0);
        cnn_plan_extend(s, value, now);
        if (portions && !s->p->step[x].passing)
            cnn_plan_extend(s, value, step->last); /* for the other portions */
        if (cnn_plan_converts(s, i, k))
            run->converted[k] = cnn_plan_block(s, cnn_plan_converted_bytes(s, i, k), now, now);
    }
    plan_outputs(s, i, again, now);
}

/* What backward of step i reads. */
static void plan_reads(struct cnn_planner *s, int i)
{
    const struct cnn_step *step = &s->p->step[i];
    struct cnn_plan_node *pn = &s->p->node[i];
    const struct cnn_plan_run *run = pn->runs_again ? &pn->again : &pn->run;
    for (int o = i; o < i + cnn_step_outputs(s->p->step, i); o++)
        if (cnn_plan_flags(s, i) & CNN_LAYER_NEEDS_Y)
            cnn_plan_extend(s, latest(s, o), s->backward_time[i]);
    for (int k = 0; k < step->inputs; k++)
        if ((cnn_plan_flags(s, i) & CNN_LAYER_NEEDS_X) && k != step->addend)
            cnn_plan_extend(s, run->converted[k] >= 0 ? run->converted[k] : latest(s, step->in[k]),
                            s->backward_time[i]);
}

void cnn_plan_values(struct cnn_planner *s)
{
    for (int i = 0; i < s->g->nodes; i++) {
        if (s->p->step[i].maker != i)
            continue;
        s->p->node[i].inplace = i >= s->g->inputs && may_run_inplace(s, i);
        plan_run(s, i, 0, i);
    }
    for (int i = 1; i < s->g->nodes; i++)
        if (s->p->node[i].runs_again && s->p->step[i].maker == i)
            plan_run(s, i, 1, s->again_time[i]);
    for (int i = 1; i < s->g->nodes; i++)
        if (cnn_plan_runs_backward(s, i))
            plan_reads(s, i);
}
