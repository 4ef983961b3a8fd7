/* Lifetimes of a net's buffers; see plan.h. */
#include "net/plan_private.h"
#include "net/portions.h"

#include <stdint.h>
#include <string.h>

static int new_block(struct cnn_planner *s, size_t bytes, int first, int last)
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

static void extend(struct cnn_planner *s, int block, int step)
{
    struct cnn_plan_block *b = &s->p->block[block];
    if (step > b->last)
        b->last = step;
    if (step < b->first)
        b->first = step;
}

static unsigned flags(const struct cnn_planner *s, int node)
{
    const struct cnn_step *step = &s->p->step[node];
    unsigned f = step->layer ? step->layer->type->flags : 0;
    if (step->epilogue.activate)
        f |= CNN_LAYER_NEEDS_Y;
    return step->inputs > 1 && step->layer->inputs == 1 ? f & ~(unsigned)CNN_LAYER_INPLACE : f;
}

/* Does the step read input k in another layout than it has? */
static int converts(const struct cnn_planner *s, int i, int k)
{
    return cnn_step_input_layout(s->p->step, i, k) != s->p->step[s->p->step[i].in[k]].layout;
}

static int runs_backward(const struct cnn_planner *s, int node)
{
    return s->request->backward && s->request->wants_gradient[node] && s->p->step[node].layer;
}

/* May node i write its value over its first input's? Not when anybody else still needs that. */
static int may_run_inplace(const struct cnn_planner *s, int i)
{
    if (!(flags(s, i) & CNN_LAYER_INPLACE))
        return 0;
    int x = s->p->step[i].in[0];
    if (x < s->g->inputs || converts(s, i, 0) || s->consumers[x] != 1 || s->keep[x])
        return 0;
    if (s->p->node[i].runs_again && !s->p->node[x].runs_again)
        return 0;
    if (cnn_plan_value_bytes(s, i) != cnn_plan_value_bytes(s, x))
        return 0;
    if (!s->request->backward)
        return 1;
    return !(flags(s, x) & CNN_LAYER_NEEDS_Y) && !(flags(s, i) & CNN_LAYER_NEEDS_X);
}

static int is_there(const struct cnn_planner *s, int i)
{
    return i < s->g->inputs || s->p->step[i].layer;
}

/* The block with x's value for those who read it when its segment has run again. */
static int latest(const struct cnn_planner *s, int x)
{
    const struct cnn_plan_node *px = &s->p->node[x];
    return px->runs_again ? px->again.value : px->run.value;
}

/* Step i runs at `now`: blocks for its value and for inputs in another layout; what it reads must
 * still be there. */
static void plan_run(struct cnn_planner *s, int i, int again, int now)
{
    const struct cnn_step *step = &s->p->step[i];
    struct cnn_plan_node *pn = &s->p->node[i];
    struct cnn_plan_run *run = again ? &pn->again : &pn->run;
    int portions = cnn_step_in_portions(s->p->step, i, s->p->batch);
    for (int k = 0; k < step->inputs; k++) {
        int x = step->in[k], value = again ? latest(s, x) : s->p->node[x].run.value;
        extend(s, value, now);
        if (portions && !s->p->step[x].passing)
            extend(s, value, step->last); /* for the other portions */
        if (converts(s, i, k))
            run->converted[k] = new_block(s, cnn_plan_converted_bytes(s, i, k), now, now);
    }
    if (pn->inplace) {
        int x = step->in[0];
        run->value = again ? latest(s, x) : s->p->node[x].run.value;
    } else {
        run->value = new_block(s, cnn_plan_value_bytes(s, i), now, now);
    }
    if (portions && !step->passing) {
        extend(s, run->value, step->first);
        extend(s, run->value, step->last);
    }
}

/* What backward of step i reads. */
static void plan_reads(struct cnn_planner *s, int i)
{
    const struct cnn_step *step = &s->p->step[i];
    struct cnn_plan_node *pn = &s->p->node[i];
    const struct cnn_plan_run *run = pn->runs_again ? &pn->again : &pn->run;
    if (flags(s, i) & CNN_LAYER_NEEDS_Y)
        extend(s, run->value, s->backward_time[i]);
    for (int k = 0; k < step->inputs; k++)
        if ((flags(s, i) & CNN_LAYER_NEEDS_X) && k != step->addend)
            extend(s, run->converted[k] >= 0 ? run->converted[k] : latest(s, step->in[k]),
                   s->backward_time[i]);
}

static void plan_values(struct cnn_planner *s)
{
    for (int i = 0; i < s->g->nodes; i++) {
        if (!is_there(s, i))
            continue;
        s->p->node[i].inplace = i >= s->g->inputs && may_run_inplace(s, i);
        plan_run(s, i, 0, i);
        if (s->keep[i])
            extend(s, s->p->node[i].run.value, s->end);
    }
    for (int i = 1; i < s->g->nodes; i++)
        if (s->p->node[i].runs_again)
            plan_run(s, i, 1, s->again_time[i]);
    for (int i = 1; i < s->g->nodes; i++)
        if (runs_backward(s, i))
            plan_reads(s, i);
}

/* May the gradient of step i's k-th input be written over the step's own? Its first contribution
 * only. */
static int passes_gradient_on(const struct cnn_planner *s, int i, int k)
{
    const struct cnn_step *step = &s->p->step[i];
    int x = step->in[k];
    if (cnn_plan_value_bytes(s, x) != cnn_plan_value_bytes(s, i) || s->p->node[i].gradient < 0)
        return 0;
    return k == step->addend || (k == 0 && (flags(s, i) & CNN_LAYER_INPLACE));
}

/* Gradients, in the order in which backward runs: the first consumer writes, later ones add through
 * an extra block. */
static void plan_gradients(struct cnn_planner *s)
{
    for (int i = s->g->nodes - 1; i > 0; i--) {
        if (!runs_backward(s, i))
            continue;
        const struct cnn_step *step = &s->p->step[i];
        struct cnn_plan_node *pn = &s->p->node[i];
        if (i == s->request->from)
            pn->gradient =
                new_block(s, cnn_plan_value_bytes(s, i), s->backward_time[i], s->backward_time[i]);
        int now = s->backward_time[i], mine = pn->gradient;
        if (mine >= 0)
            extend(s, mine, now);
        for (int k = 0; k < step->inputs; k++) {
            int x = step->in[k];
            struct cnn_plan_node *px = &s->p->node[x];
            if (!s->request->wants_gradient[x])
                continue;
            pn->first[k] = px->gradient < 0;
            if (converts(s, i, k) || !pn->first[k])
                pn->extra[k] = new_block(s, cnn_plan_converted_bytes(s, i, k), now, now);
            if (!pn->first[k])
                extend(s, px->gradient, now);
            else if (!converts(s, i, k) && passes_gradient_on(s, i, k))
                px->gradient = mine;
            else
                px->gradient = new_block(s, cnn_plan_value_bytes(s, x), now, now);
        }
    }
}

/* Gradients that are asked for are copied when they are complete: the step's own backward may work
 * in place. The input has no step, so that its gradient itself stays. */
static void plan_kept_gradients(struct cnn_planner *s)
{
    for (size_t k = 0; k < s->request->gradients; k++) {
        int i = s->request->gradient[k], now = s->backward_time[i];
        struct cnn_plan_node *pn = &s->p->node[i];
        if (pn->gradient < 0 || pn->kept_gradient >= 0)
            continue;
        if (s->p->step[i].layer)
            pn->kept_gradient = new_block(s, cnn_plan_value_bytes(s, i), now, s->end);
        else
            extend(s, pn->kept_gradient = pn->gradient, s->end);
    }
}

/* What layers keep between forward and backward, their scratch, and their packed weights. */
static void plan_reserves(struct cnn_planner *s)
{
    for (int i = 1; i < s->g->nodes; i++) {
        const struct cnn_layer *l = s->p->step[i].layer;
        struct cnn_plan_node *pn = &s->p->node[i];
        struct cnn_reserve r = {0};
        struct cnn_step_shapes shapes;
        int back = runs_backward(s, i), again = pn->runs_again;
        if (!l)
            continue;
        cnn_step_shapes(s->g, s->p->step, i, s->p->batch, s->p->backward, &shapes);
        if (l->type->reserve)
            l->type->reserve(l, s->b, &shapes.pass, &r);
        for (int k = 0; k < CNN_LAYER_MAX_SAVED; k++) {
            pn->run.saved[k] =
                new_block(s, r.saved[k], i, back && !again ? s->backward_time[i] : i);
            if (again)
                pn->again.saved[k] =
                    new_block(s, r.saved[k], s->again_time[i], s->backward_time[i]);
        }
        pn->run.work = new_block(s, r.work, i, i);
        if (again)
            pn->again.work = new_block(s, r.work, s->again_time[i], s->again_time[i]);
        if (back)
            pn->work_backward = new_block(s, r.work, s->backward_time[i], s->backward_time[i]);
        pn->packed = s->p->packed_bytes;
        pn->packed_bytes = r.packed;
        s->p->packed_bytes += (r.packed + CNN_ALIGN - 1) / CNN_ALIGN * CNN_ALIGN;
    }
}

/* The values that must outlive the forward pass, and be made as such. */
static unsigned char *kept(const struct cnn_planner *s, const struct cnn_plan_request *request)
{
    const struct cnn_graph *g = s->g;
    unsigned char *k = cnn_arena_alloc(s->p->arena, (size_t)g->nodes);
    if (!k)
        return NULL;
    k[g->logits] = 1;
    for (int i = 0; i < g->outputs; i++)
        k[g->each_output[i]] = 1;
    for (int i = g->first_loss; i < g->nodes; i++)
        k[i] = 1;
    for (size_t i = 0; i < request->keeps; i++)
        k[request->keep[i]] = 1;
    for (size_t i = 0; i < request->gradients; i++)
        k[request->gradient[i]] = 1;
    if (request->from)
        k[request->from] = 1;
    return k;
}

static int allocate(struct cnn_planner *s)
{
    struct cnn_plan *p = s->p;
    size_t nodes = (size_t)s->g->nodes;
    for (int i = 0; i < s->g->nodes; i++)
        s->edges += (size_t)p->step[i].inputs;
    s->most_blocks = nodes * (7 + 2 * CNN_LAYER_MAX_SAVED) + 3 * s->edges;
    p->node = cnn_arena_alloc(p->arena, nodes * sizeof *p->node);
    p->block = cnn_arena_alloc(p->arena, s->most_blocks * sizeof *p->block);
    s->consumers = cnn_arena_alloc(p->arena, nodes * sizeof *s->consumers);
    s->reach = cnn_arena_alloc(p->arena, nodes * sizeof *s->reach);
    s->again_time = cnn_arena_alloc(p->arena, nodes * sizeof *s->again_time);
    s->backward_time = cnn_arena_alloc(p->arena, nodes * sizeof *s->backward_time);
    int *index = cnn_arena_alloc(p->arena, (3 * s->edges + 1) * sizeof *index);
    unsigned char *first = cnn_arena_alloc(p->arena, s->edges + 1);
    if (!p->node || !p->block || !s->consumers || !s->reach || !s->again_time ||
        !s->backward_time || !index || !first)
        return CNN_ESYSTEM;
    for (int i = 0; i < s->g->nodes; i++) {
        int inputs = p->step[i].inputs;
        p->node[i] = (struct cnn_plan_node){.extra = index, .first = first};
        p->node[i].run.converted = index + inputs;
        p->node[i].again.converted = index + 2 * inputs;
        index += 3 * inputs;
        first += inputs;
        s->reach[i] = i;
        for (int k = 0; k < inputs; k++) {
            s->consumers[p->step[i].in[k]]++;
            s->reach[p->step[i].in[k]] = i;
        }
    }
    return 0;
}

static void clear_run(struct cnn_plan_run *run)
{
    run->value = run->work = -1;
    for (int k = 0; k < CNN_LAYER_MAX_SAVED; k++)
        run->saved[k] = -1;
}

/* Nothing has a block yet. */
static void clear(struct cnn_planner *s)
{
    struct cnn_plan *p = s->p;
    p->blocks = 0;
    p->packed_bytes = 0;
    for (int i = 0; i < s->g->nodes; i++) {
        struct cnn_plan_node *pn = &p->node[i];
        pn->gradient = pn->work_backward = pn->kept_gradient = -1;
        clear_run(&pn->run);
        clear_run(&pn->again);
        for (int k = 0; k < p->step[i].inputs; k++)
            pn->extra[k] = pn->run.converted[k] = pn->again.converted[k] = -1;
    }
}

/* When everything happens: forward of node i at i, then backward, each segment but the last after
 * its repetition. */
static void set_times(struct cnn_planner *s)
{
    int end = s->g->nodes, now = end;
    for (int k = s->p->segments - 1; s->request->backward && k >= 0; k--) {
        int begin = s->p->segment[k];
        for (int i = begin; i < end; i++)
            if (s->p->node[i].runs_again)
                s->again_time[i] = now++;
        for (int i = end - 1; i >= begin; i--)
            s->backward_time[i] = now++;
        end = begin;
    }
    s->end = now - 1;
}

static void plan_all(struct cnn_planner *s, int segments)
{
    clear(s);
    cnn_plan_cut(s, segments);
    set_times(s);
    plan_values(s);
    if (s->request->backward)
        plan_gradients(s);
    plan_kept_gradients(s);
    plan_reserves(s);
}

/* The most bytes that are alive at one moment: what perfect packing would need. */
static size_t peak(const struct cnn_planner *s, size_t *change)
{
    size_t now = 0, most = 0;
    memset(change, 0, (size_t)(s->end + 2) * sizeof *change);
    for (int i = 0; i < s->p->blocks; i++) {
        const struct cnn_plan_block *b = &s->p->block[i];
        change[b->first] += b->size;
        change[b->last + 1] -= b->size; /* wraps, and the sums wrap back */
    }
    for (int t = 0; t <= s->end; t++) {
        now += change[t];
        most = now > most ? now : most;
    }
    return most;
}

/* With recomputation: the number of segments that needs least. */
static int best_segments(struct cnn_planner *s)
{
    int best = 1;
    size_t least = SIZE_MAX, moments = 3 * (size_t)s->g->nodes + 2;
    size_t *change = cnn_arena_alloc(s->p->arena, moments * sizeof *change);
    for (int k = 1; change && k <= s->g->nodes && k <= 256; k += 1 + k / 4) {
        plan_all(s, k);
        size_t bytes = peak(s, change);
        if (bytes < least) {
            least = bytes;
            best = k;
        }
    }
    return best;
}

/* Asking for a cost makes a backend that measures do so, for the portion now. */
static int cut_portions(struct cnn_planner *s)
{
    const struct cnn_step *step = s->p->step;
    size_t batch = s->p->batch;
    if (cnn_portions_cut(s->g, s->b, batch, s->keep, s->p->step, s->p->arena))
        return CNN_ESYSTEM;
    for (int i = 1; i < s->g->nodes; i++)
        if (step[i].layer && cnn_step_in_portions(step, i, batch))
            cnn_step_cost(s->g, step, i, s->b, batch, CNN_CONV_FORWARD, NULL);
    return 0;
}

int cnn_plan_new(const struct cnn_graph *g, struct cnn_backend *b,
                 const struct cnn_plan_request *request, struct cnn_plan **out)
{
    *out = NULL;
    struct cnn_arena *arena = cnn_arena_new();
    struct cnn_plan *p = arena ? cnn_arena_alloc(arena, sizeof *p) : NULL;
    if (!p) {
        cnn_arena_free(arena);
        return CNN_ESYSTEM;
    }
    *p = (struct cnn_plan){.arena = arena, .batch = request->batch, .backward = request->backward};
    struct cnn_planner s = {.g = g, .b = b, .p = p, .request = request};
    s.keep = kept(&s, request);
    if (s.keep)
        p->step = cnn_steps_new(g, b, request->batch, request->training, request->backward, s.keep,
                                arena);
    p->segment = cnn_arena_alloc(arena, (size_t)g->nodes * sizeof *p->segment);
    int rc = p->step && p->segment ? allocate(&s) : CNN_ESYSTEM;
    if (!rc && !request->backward && b->cache_bytes)
        rc = cut_portions(&s);
    if (!rc) {
        plan_all(&s, request->backward && request->recompute ? best_segments(&s) : 1);
        rc = cnn_plan_pack(p);
    }
    if (rc) {
        cnn_arena_free(arena);
        return rc;
    }
    *out = p;
    return 0;
}

void cnn_plan_free(struct cnn_plan *p)
{
    if (p)
        cnn_arena_free(p->arena);
}
