/* What a net's memory is for, and when; see plan.h. */
#include "net/plan_private.h"
#include "net/portions.h"

#include <stdint.h>
#include <string.h>

/* What layers keep between forward and backward, their scratch, and their packed weights. */
static void plan_reserves(struct cnn_planner *s)
{
    for (int i = 1; i < s->g->nodes; i++) {
        const struct cnn_layer *l = s->p->step[i].layer;
        struct cnn_plan_node *pn = &s->p->node[i];
        struct cnn_reserve r = {0};
        struct cnn_step_shapes shapes;
        int back = cnn_plan_runs_backward(s, i), again = pn->runs_again;
        if (!l)
            continue;
        cnn_step_shapes(s->g, s->p->step, i, s->p->batch, s->p->backward, &shapes);
        if (l->type->reserve)
            l->type->reserve(l, s->b, &shapes.pass, &r);
        for (int k = 0; k < CNN_LAYER_MAX_SAVED; k++) {
            pn->run.saved[k] =
                cnn_plan_block(s, r.saved[k], i, back && !again ? s->backward_time[i] : i);
            if (again)
                pn->again.saved[k] =
                    cnn_plan_block(s, r.saved[k], s->again_time[i], s->backward_time[i]);
        }
        pn->run.work = cnn_plan_block(s, r.work, i, i);
        if (again)
            pn->again.work = cnn_plan_block(s, r.work, s->again_time[i], s->again_time[i]);
        if (back)
            pn->work_backward = cnn_plan_block(s, r.work, s->backward_time[i], s->backward_time[i]);
        pn->packed = s->p->packed_bytes;
        pn->packed_bytes = r.packed;
        s->p->packed_bytes += (r.packed + CNN_ALIGN - 1) / CNN_ALIGN * CNN_ALIGN;
    }
}

/* Counts of rows are small, and there for whoever asks. */
static void plan_counts(struct cnn_planner *s)
{
    for (int i = 0; i < s->g->nodes; i++) {
        int made = s->p->step[i].maker;
        if (s->g->node[i].counter == i && made >= 0)
            s->p->node[i].counts =
                cnn_plan_block(s, s->p->batch * sizeof(int32_t),
                               i < s->g->inputs ? 0 : s->p->step[made].first, s->end);
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
    s->most_blocks = nodes * (8 + 2 * CNN_LAYER_MAX_SAVED) + 3 * s->edges;
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
        pn->gradient = pn->work_backward = pn->kept_gradient = pn->counts = -1;
        pn->zero = 0;
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
    cnn_plan_values(s);
    if (s->request->backward)
        cnn_plan_gradients(s);
    cnn_plan_kept_gradients(s);
    plan_counts(s);
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
