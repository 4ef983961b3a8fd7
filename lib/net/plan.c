/* Lifetimes of a net's buffers, and their packing into one slab; see plan.h.
 *
 * Packing: largest first, each at the lowest offset where it meets no placed
 * block that is alive at the same time. */
#include "net/plan.h"

#include <stdint.h>
#include <stdlib.h>

struct planner {
    const struct cnn_graph *g;
    struct cnn_backend *b;
    struct cnn_plan *p;
    const unsigned char *wants; /* (nodes) */
    int *consumers;             /* (nodes) edges that read the node's value */
    unsigned char *keep;        /* (nodes) the value must survive until the last step */
};

static int forward_step(int node)
{
    return node;
}

static int backward_step(const struct planner *s, int node)
{
    return 2 * s->g->nodes - 1 - node;
}

static int last_step(const struct planner *s)
{
    return s->p->training ? 2 * s->g->nodes - 1 : s->g->nodes - 1;
}

static int new_block(struct planner *s, size_t bytes, int first, int last)
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

static void extend(struct planner *s, int block, int step)
{
    struct cnn_plan_block *b = &s->p->block[block];
    if (step > b->last)
        b->last = step;
    if (step < b->first)
        b->first = step;
}

static size_t bytes_of(const struct planner *s, int node, int layout)
{
    struct cnn_tensor t = cnn_step_shape(s->g, s->p->step, node, s->p->batch);
    t.layout = layout;
    return s->b->ops->tensor_bytes(s->b, &t);
}

static size_t value_bytes(const struct planner *s, int node)
{
    return bytes_of(s, node, s->p->step[node].layout);
}

static unsigned flags(const struct planner *s, int node)
{
    const struct cnn_step *step = &s->p->step[node];
    unsigned f = step->layer ? step->layer->type->flags : 0;
    if (step->epilogue.activate)
        f |= CNN_LAYER_NEEDS_Y;
    return step->inputs > 1 && step->layer->inputs == 1 ? f & ~(unsigned)CNN_LAYER_INPLACE : f;
}

/* Does the step read input k in another layout than it has? */
static int converts(const struct planner *s, int i, int k)
{
    return cnn_step_input_layout(s->p->step, i, k) != s->p->step[s->p->step[i].in[k]].layout;
}

static int runs_backward(const struct planner *s, int node)
{
    return s->p->training && s->wants[node] && s->p->step[node].layer;
}

/* May node i write its value over its first input's? Not when anybody else still needs that. */
static int may_run_inplace(const struct planner *s, int i)
{
    if (!(flags(s, i) & CNN_LAYER_INPLACE))
        return 0;
    int x = s->p->step[i].in[0];
    if (x == 0 || converts(s, i, 0) || s->consumers[x] != 1 || s->keep[x])
        return 0;
    if (value_bytes(s, i) != value_bytes(s, x))
        return 0;
    if (!s->p->training)
        return 1;
    return !(flags(s, x) & CNN_LAYER_NEEDS_Y) && !(flags(s, i) & CNN_LAYER_NEEDS_X);
}

/* Values: written at the node's forward, read by its consumers' forwards and, where the layers say
 * so, by backwards. */
static void plan_values(struct planner *s)
{
    for (int i = 0; i < s->g->nodes; i++) {
        const struct cnn_step *step = &s->p->step[i];
        struct cnn_plan_node *pn = &s->p->node[i];
        if (i > 0 && !step->layer)
            continue;
        pn->inplace = i > 0 && may_run_inplace(s, i);
        if (pn->inplace)
            pn->value = s->p->node[step->in[0]].value;
        else
            pn->value = new_block(s, value_bytes(s, i), forward_step(i), forward_step(i));
        extend(s, pn->value, s->keep[i] ? last_step(s) : forward_step(i));
        if (runs_backward(s, i) && (flags(s, i) & CNN_LAYER_NEEDS_Y))
            extend(s, pn->value, backward_step(s, i));
        for (int k = 0; k < step->inputs; k++) {
            int x = s->p->node[step->in[k]].value;
            extend(s, x, forward_step(i));
            if (converts(s, i, k))
                x = pn->converted[k] =
                    new_block(s, bytes_of(s, step->in[k], cnn_step_input_layout(s->p->step, i, k)),
                              forward_step(i), forward_step(i));
            if (runs_backward(s, i) && (flags(s, i) & CNN_LAYER_NEEDS_X) && k != step->addend)
                extend(s, x, backward_step(s, i));
        }
    }
}

/* May the gradient of step i's k-th input be written over the step's own? Its first contribution
 * only. */
static int passes_gradient_on(const struct planner *s, int i, int k)
{
    const struct cnn_step *step = &s->p->step[i];
    int x = step->in[k];
    if (value_bytes(s, x) != value_bytes(s, i) || s->p->node[i].gradient < 0)
        return 0;
    return k == step->addend || (k == 0 && (flags(s, i) & CNN_LAYER_INPLACE));
}

/* Gradients, in the order in which backward runs: the first consumer writes, later ones add through
 * an extra block. */
static void plan_gradients(struct planner *s)
{
    for (int i = s->g->nodes - 1; i > 0; i--) {
        if (!runs_backward(s, i))
            continue;
        const struct cnn_step *step = &s->p->step[i];
        struct cnn_plan_node *pn = &s->p->node[i];
        int now = backward_step(s, i), mine = pn->gradient;
        if (mine >= 0)
            extend(s, mine, now);
        for (int k = 0; k < step->inputs; k++) {
            int x = step->in[k];
            struct cnn_plan_node *px = &s->p->node[x];
            if (x == 0 || !s->wants[x])
                continue;
            pn->first[k] = px->gradient < 0;
            if (converts(s, i, k) || !pn->first[k])
                pn->extra[k] =
                    new_block(s, bytes_of(s, x, cnn_step_input_layout(s->p->step, i, k)), now, now);
            if (!pn->first[k])
                extend(s, px->gradient, now);
            else if (!converts(s, i, k) && passes_gradient_on(s, i, k))
                px->gradient = mine;
            else
                px->gradient = new_block(s, value_bytes(s, x), now, now);
        }
    }
}

/* What layers keep between forward and backward, their scratch, and their packed weights. */
static void plan_reserves(struct planner *s)
{
    for (int i = 1; i < s->g->nodes; i++) {
        const struct cnn_layer *l = s->p->step[i].layer;
        struct cnn_plan_node *pn = &s->p->node[i];
        struct cnn_reserve r = {0};
        struct cnn_step_shapes shapes;
        int back = runs_backward(s, i);
        if (!l)
            continue;
        cnn_step_shapes(s->g, s->p->step, i, s->p->batch, s->p->training, &shapes);
        if (l->type->reserve)
            l->type->reserve(l, s->b, &shapes.pass, &r);
        for (int k = 0; k < CNN_LAYER_MAX_SAVED; k++)
            pn->saved[k] = new_block(s, r.saved[k], forward_step(i),
                                     back ? backward_step(s, i) : forward_step(i));
        pn->work_forward = new_block(s, r.work, forward_step(i), forward_step(i));
        if (back)
            pn->work_backward = new_block(s, r.work, backward_step(s, i), backward_step(s, i));
        pn->packed = s->p->packed_bytes;
        pn->packed_bytes = r.packed;
        s->p->packed_bytes += (r.packed + CNN_ALIGN - 1) / CNN_ALIGN * CNN_ALIGN;
    }
}

struct by_size {
    size_t size;
    int index;
};

static int larger_first(const void *a, const void *b)
{
    const struct by_size *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return x->index - y->index;
}

static int meet(const struct cnn_plan_block *a, const struct cnn_plan_block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Place block i among `placed` (sorted by offset, count of them); returns where in that list it
 * belongs. */
static int place(struct cnn_plan *p, int i, const int *placed, int count)
{
    struct cnn_plan_block *b = &p->block[i];
    size_t at = 0;
    for (int k = 0; k < count; k++) {
        const struct cnn_plan_block *other = &p->block[placed[k]];
        if (!meet(b, other))
            continue;
        if (other->offset >= at && other->offset - at >= b->size)
            break;
        if (other->offset + other->size > at)
            at = other->offset + other->size;
    }
    b->offset = at;
    int where = 0;
    while (where < count && p->block[placed[where]].offset <= at)
        where++;
    return where;
}

static int pack(struct cnn_plan *p)
{
    size_t total = 0;
    for (int i = 0; i < p->blocks; i++)
        if (cnn_add_overflows(total, p->block[i].size, &total) || total > SIZE_MAX / 2)
            return cnn_fail(CNN_EDATA,
                            "the net needs more memory than there are addresses at "
                            "batch %zu",
                            p->batch);
    p->unshared_bytes = total;
    struct by_size *order = cnn_calloc((size_t)p->blocks, sizeof *order);
    int *placed = cnn_calloc((size_t)p->blocks, sizeof *placed);
    if (!order || !placed) {
        free(order);
        free(placed);
        return CNN_ESYSTEM;
    }
    for (int i = 0; i < p->blocks; i++)
        order[i] = (struct by_size){p->block[i].size, i};
    qsort(order, (size_t)p->blocks, sizeof *order, larger_first);
    for (int n = 0; n < p->blocks; n++) {
        int i = order[n].index, where = place(p, i, placed, n);
        for (int k = n; k > where; k--)
            placed[k] = placed[k - 1];
        placed[where] = i;
        if (p->block[i].offset + p->block[i].size > p->activation_bytes)
            p->activation_bytes = p->block[i].offset + p->block[i].size;
    }
    free(order);
    free(placed);
    return 0;
}

/* The values that must outlive the forward pass. */
static unsigned char *kept(const struct planner *s, const int *keep, size_t keeps)
{
    const struct cnn_graph *g = s->g;
    unsigned char *k = cnn_arena_alloc(s->p->arena, (size_t)g->nodes);
    if (!k)
        return NULL;
    k[g->output] = k[g->logits] = 1;
    for (int i = g->first_loss; i < g->nodes; i++)
        k[i] = 1;
    for (size_t i = 0; i < keeps; i++)
        k[keep[i]] = 1;
    return k;
}

static size_t count_edges(const struct planner *s)
{
    size_t edges = 0;
    for (int i = 0; i < s->g->nodes; i++)
        edges += (size_t)s->p->step[i].inputs;
    return edges;
}

/* Everything is there, and nothing has a block yet. */
static int prepare(struct planner *s)
{
    struct cnn_plan *p = s->p;
    size_t nodes = (size_t)s->g->nodes, edges = count_edges(s);
    size_t blocks = nodes * (4 + CNN_LAYER_MAX_SAVED) + 2 * edges;
    int *index = cnn_arena_alloc(p->arena, (2 * edges + 1) * sizeof *index);
    unsigned char *first = cnn_arena_alloc(p->arena, edges + 1);
    p->node = cnn_arena_alloc(p->arena, nodes * sizeof *p->node);
    p->block = cnn_arena_alloc(p->arena, blocks * sizeof *p->block);
    s->consumers = cnn_arena_alloc(p->arena, nodes * sizeof *s->consumers);
    if (!index || !first || !p->node || !p->block || !s->consumers)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < 2 * edges; i++)
        index[i] = -1;
    for (int i = 0; i < s->g->nodes; i++) {
        int inputs = p->step[i].inputs;
        struct cnn_plan_node *pn = &p->node[i];
        *pn = (struct cnn_plan_node){.value = -1,
                                     .gradient = -1,
                                     .work_forward = -1,
                                     .work_backward = -1,
                                     .extra = index,
                                     .converted = index + inputs,
                                     .first = first};
        index += 2 * inputs;
        first += inputs;
        for (int k = 0; k < CNN_LAYER_MAX_SAVED; k++)
            pn->saved[k] = -1;
        for (int k = 0; k < inputs; k++)
            s->consumers[p->step[i].in[k]]++;
    }
    return 0;
}

int cnn_plan_new(const struct cnn_graph *g, struct cnn_backend *b, size_t batch, int training,
                 const unsigned char *wants_gradient, const int *keep, size_t keeps,
                 struct cnn_plan **out)
{
    *out = NULL;
    struct cnn_arena *arena = cnn_arena_new();
    struct cnn_plan *p = arena ? cnn_arena_alloc(arena, sizeof *p) : NULL;
    if (!p) {
        cnn_arena_free(arena);
        return CNN_ESYSTEM;
    }
    *p = (struct cnn_plan){.arena = arena, .batch = batch, .training = training};
    struct planner s = {.g = g, .b = b, .p = p, .wants = wants_gradient};
    s.keep = kept(&s, keep, keeps);
    if (s.keep)
        p->step = cnn_steps_new(g, b, batch, training, s.keep, arena);
    int rc = p->step ? prepare(&s) : CNN_ESYSTEM;
    if (!rc) {
        plan_values(&s);
        if (training)
            plan_gradients(&s);
        plan_reserves(&s);
        rc = pack(p);
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
