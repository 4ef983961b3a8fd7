/* Recomputation (Chen, Xu, Zhang, Guestrin 2016): the steps are cut into segments; of all but the
 * last only what crosses into a later segment is kept, and the rest runs again when backward
 * arrives. */
#include "net/plan_private.h"

/* Of a value that is made, and no input's. */
static size_t bytes_of(const struct cnn_planner *s, int node)
{
    int made = node >= s->g->inputs && s->p->step[node].maker >= 0;
    return made ? cnn_plan_value_bytes(s, node) : 0;
}

/* Bytes of the values that are made before `at` and read there or later; the input is always there.
 */
static size_t crossing(const struct cnn_planner *s, int at)
{
    size_t bytes = 0;
    for (int i = 1; i < at; i++)
        bytes += s->reach[i] >= at ? bytes_of(s, i) : 0;
    return bytes;
}

/* Where little crosses, among the places around `at`. */
static int quiet_place(const struct cnn_planner *s, int at, int from, int to)
{
    int best = at;
    size_t least = crossing(s, at);
    for (int i = from; i < to; i++) {
        size_t bytes = crossing(s, i);
        if (bytes < least) {
            least = bytes;
            best = i;
        }
    }
    return best;
}

/* Step i runs again, unless something of it is needed behind its segment. */
static void mark_again(struct cnn_planner *s, int i, int end)
{
    int outputs = cnn_step_outputs(s->p->step, i);
    int again = s->p->step[i].layer && s->request->wants_gradient[i];
    for (int o = i; o < i + outputs; o++)
        again &= !s->keep[o] && s->reach[o] < end;
    for (int o = i; o < i + outputs; o++)
        if (s->p->step[o].maker == i)
            s->p->node[o].runs_again = again;
}

/* Segments are of equal size in bytes of values, about. */
void cnn_plan_cut(struct cnn_planner *s, int segments)
{
    struct cnn_plan *p = s->p;
    size_t total = 0, sum = 0;
    int steps = s->g->first_loss > 0 ? s->g->first_loss : s->g->nodes,
        margin = steps / segments / 3;
    p->segments = 1;
    p->segment[0] = 1;
    for (int i = 1; i < s->g->nodes; i++) {
        p->node[i].runs_again = 0;
        total += bytes_of(s, i);
    }
    for (int i = 1; segments > 1 && i < steps; i++) {
        int last = p->segment[p->segments - 1];
        sum += bytes_of(s, i);
        if ((double)sum < (double)total / segments * p->segments)
            continue;
        int from = i - margin > last ? i - margin : last + 1;
        int at = quiet_place(s, i, from, i + margin < steps ? i + margin : steps);
        if (at > last && at < steps)
            p->segment[p->segments++] = at;
        if (at > i)
            i = at;
    }
    int begin_of_last = p->segment[p->segments - 1];
    for (int i = 1, k = 0; i < begin_of_last; i++) {
        while (k + 1 < p->segments && p->segment[k + 1] <= i)
            k++;
        mark_again(s, i, p->segment[k + 1]);
    }
}
