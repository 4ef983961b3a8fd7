/* From layers to steps; see steps.h. */
#include "net/steps.h"

#include "kern/activation.h"

struct maker {
    const struct cnn_graph *g;
    struct cnn_backend *b;
    size_t batch;
    int training, backward;
    const unsigned char *keep;
    struct cnn_arena *arena;
    struct cnn_step *step;
    int *consumers; /* (nodes) layers that read the value */
    int *consumer;  /* (nodes) the last of them */
};

static const struct cnn_layer_type *type_of(const struct maker *m, int node)
{
    return m->g->node[node].layer.type;
}

static int is_made(const struct maker *m, int node)
{
    return m->training || !m->g->node[node].training_only;
}

/* One step a layer, but none for its further outputs. */
static void start(struct maker *m)
{
    for (int i = 0; i < m->g->nodes; i++) {
        const struct cnn_node *node = &m->g->node[i];
        struct cnn_step *s = &m->step[i];
        *s = (struct cnn_step){
            .head = i, .addend = -1, .fold = -1, .in = node->in, .first = i, .last = i};
        s->maker = is_made(m, i) ? i - node->port : -1;
        if (i < m->g->inputs || s->maker != i)
            continue;
        s->layer = &node->layer;
        s->inputs = node->layer.inputs;
        for (int k = 0; k < s->inputs; k++) {
            m->consumers[node->in[k]]++;
            m->consumer[node->in[k]] = i;
        }
    }
}

/* The one layer that reads node's value, where nobody else wants that value; else -1. */
static int follower(const struct maker *m, int node)
{
    int next = m->consumer[node];
    if (m->consumers[node] != 1 || m->keep[node] || !m->step[next].layer ||
        m->step[next].head != next || m->step[next].fused)
        return -1;
    return m->g->node[next].training_only == m->g->node[node].training_only ? next : -1;
}

/* The step at `from` takes the layer at `to` into itself, and stands there from now on. */
static void move(struct maker *m, int from, int to)
{
    m->step[to] = m->step[from];
    m->step[to].first = m->step[to].last = m->step[to].maker = to;
    m->step[from].layer = NULL;
    m->step[from].inputs = 0;
    m->step[from].maker = -1;
}

static int absorb_fold(struct maker *m, int at, int next)
{
    const struct cnn_step *s = &m->step[at];
    if (m->backward || s->fused || s->fold >= 0 || !type_of(m, next)->fold ||
        !(s->layer->type->flags & CNN_LAYER_FOLDABLE))
        return 0;
    move(m, at, next);
    m->step[next].fold = next;
    return 1;
}

static int absorb_sum(struct maker *m, int at, int next, int *out_of_memory)
{
    const struct cnn_step *s = &m->step[at];
    const struct cnn_node *sum = &m->g->node[next];
    if (s->fused || !(sum->layer.type->flags & CNN_LAYER_ADDS) || sum->layer.inputs != 2 ||
        sum->in[0] == sum->in[1])
        return 0;
    int *in = cnn_arena_alloc(m->arena, (size_t)(s->inputs + 1) * sizeof *in);
    if (!in) {
        *out_of_memory = 1;
        return 0;
    }
    for (int k = 0; k < s->inputs; k++)
        in[k] = s->in[k];
    in[s->inputs] = sum->in[sum->in[0] == at];
    move(m, at, next);
    struct cnn_step *moved = &m->step[next];
    moved->in = in;
    moved->addend = moved->inputs++;
    moved->fused = 1;
    return 1;
}

/* Backward has the result of a step alone. */
static int absorb_activation(struct maker *m, int at, int next)
{
    const struct cnn_layer *l = &m->g->node[next].layer;
    struct cnn_epilogue e = m->step[at].epilogue;
    if (e.activate || !l->type->activation)
        return 0;
    l->type->activation(l, &e);
    if (m->backward && cnn_activation_type(e.f)->reads_x)
        return 0;
    move(m, at, next);
    e.activate = m->step[next].fused = 1;
    m->step[next].epilogue = e;
    return 1;
}

/* Out of the way of what follows. */
static int absorb_rest(struct maker *m, int at, int next)
{
    if (m->training || !(type_of(m, next)->flags & CNN_LAYER_RESTS))
        return 0;
    move(m, at, next);
    return 1;
}

static int takes_epilogue(const struct maker *m, int i)
{
    const struct cnn_step *s = &m->step[i];
    return s->layer && s->head == i && s->layer->outputs == 1 &&
           (s->layer->type->flags & CNN_LAYER_EPILOGUE);
}

/* Let each layer that can do what follows do it. */
static int fuse(struct maker *m)
{
    int out_of_memory = 0;
    for (int i = 1; i < m->g->nodes; i++) {
        int at = i, next;
        if (!takes_epilogue(m, i))
            continue;
        while ((next = follower(m, at)) >= 0 &&
               (absorb_rest(m, at, next) || absorb_fold(m, at, next) ||
                absorb_sum(m, at, next, &out_of_memory) || absorb_activation(m, at, next)))
            at = next;
        if (out_of_memory)
            return CNN_ESYSTEM;
    }
    return 0;
}

static unsigned flags_of(const struct cnn_step *s)
{
    return s->layer ? s->layer->type->flags : 0;
}

/* Convolutions take what they get; other layers that know layouts want theirs everywhere; the rest
 * wants plain. What is added is laid out as the result. */
struct cnn_layout cnn_step_input_layout(const struct cnn_step *step, int i, int k)
{
    const struct cnn_step *s = &step[i], *x = &step[s->in[k]];
    int in_vectors = x->layout.lanes || s->layout.lanes;
    struct cnn_layout own = s->layout;
    own.type = x->layout.type; /* a step reads the type that there is */
    if ((flags_of(s) & CNN_LAYER_MIXES_LAYOUTS) && k != s->addend)
        return x->layout;
    return x->one_order && !in_vectors ? x->layout : own;
}

/* Convolutions to blocks read a plain input; to the other orders they want it in their own. */
static int input_takes(enum cnn_order order)
{
    switch (order) {
    case CNN_ORDER_CHANNELS_LAST:
    case CNN_ORDER_GROUPS:
        return 1;
    case CNN_ORDER_PLAIN:
    case CNN_ORDER_BLOCKS:
        break;
    }
    return 0;
}

/* What only rests takes any layout: a copy does. */
static void set_layouts(struct maker *m, struct cnn_layout layout)
{
    const unsigned any = CNN_LAYER_ANY_LAYOUT | CNN_LAYER_MIXES_LAYOUTS |
                         (m->training ? 0U : (unsigned)CNN_LAYER_RESTS);
    for (int i = 0; i < m->g->nodes; i++) {
        struct cnn_step *s = &m->step[i];
        int knows = (flags_of(s->maker < 0 ? s : &m->step[s->maker]) & any) != 0;
        int takes = knows || (i < m->g->inputs && input_takes(layout.order));
        s->layout = takes ? layout : cnn_layout_plain(layout.type);
        if (flags_of(s) & CNN_LAYER_LOSS)
            s->layout.type = CNN_TYPE_REAL;
        struct cnn_chw out = m->g->node[i].layer.out;
        s->one_order = out.c == 1 || out.h * out.w == 1;
    }
}

static double cost_of_layout(struct maker *m, struct cnn_layout layout)
{
    double cost = 0;
    set_layouts(m, layout);
    for (int i = 1; i < m->g->nodes; i++) {
        const struct cnn_step *s = &m->step[i];
        for (int pass = CNN_CONV_FORWARD; s->layer && pass <= CNN_CONV_WEIGHT; pass++)
            if (pass == CNN_CONV_FORWARD || m->backward)
                cost +=
                    cnn_step_cost(m->g, m->step, i, m->b, m->batch, (enum cnn_conv_pass)pass, NULL);
    }
    return cost;
}

/* Whether the layer looks from row to row, which lie in different lanes of a group, in another layout
 * than plain. */
static int looks_along_rows(const struct cnn_step *s)
{
    return s->layer && (flags_of(s) & CNN_LAYER_MIXES_ROWS) && !s->layer->keeps_rows &&
           (flags_of(s) & (CNN_LAYER_ANY_LAYOUT | CNN_LAYER_MIXES_LAYOUTS));
}

/* Groups of samples are for layers that take each sample by itself. */
static int takes_groups(const struct maker *m)
{
    for (int i = 1; i < m->g->nodes; i++)
        if ((flags_of(&m->step[i]) & CNN_LAYER_MIXES_SAMPLES) || looks_along_rows(&m->step[i]))
            return 0;
    return 1;
}

/* One layout for the whole net, so that nothing is rearranged but at its edges. */
static void choose_layout(struct maker *m)
{
    struct cnn_layout own = m->b->layout, best = cnn_layout_plain(own.type);
    struct cnn_layout layouts[] = {own, {own.type, CNN_ORDER_GROUPS, own.lanes}};
    if (own.order != CNN_ORDER_BLOCKS) {
        set_layouts(m, own);
        return;
    }
    double least = cost_of_layout(m, best);
    for (int i = 0; i < 1 + takes_groups(m); i++) {
        double cost = cost_of_layout(m, layouts[i]);
        if (cost < least) {
            least = cost;
            best = layouts[i];
        }
    }
    set_layouts(m, best);
}

size_t cnn_step_batch(const struct cnn_step *step, int i, size_t batch)
{
    return step[i].portion ? step[i].portion : batch;
}

int cnn_step_in_portions(const struct cnn_step *step, int i, size_t batch)
{
    return cnn_step_batch(step, i, batch) < batch;
}

struct cnn_tensor cnn_step_shape(const struct cnn_graph *g, const struct cnn_step *step, int node,
                                 size_t batch)
{
    struct cnn_chw c = g->node[node].layer.out;
    size_t n = step[node].passing ? step[node].portion : batch;
    return (struct cnn_tensor){
        n * g->node[node].layer.rows, c.c, c.h, c.w, step[node].layout, NULL};
}

void cnn_step_shapes(const struct cnn_graph *g, const struct cnn_step *step, int i, size_t batch,
                     int saves, struct cnn_step_shapes *out)
{
    const struct cnn_step *s = &step[i];
    size_t n = cnn_step_batch(step, i, batch);
    for (int k = 0; k < s->layer->outputs; k++) {
        out->y[k] = cnn_step_shape(g, step, i + k, batch);
        out->y[k].n = n * g->node[i + k].layer.rows;
        out->outputs[k] = &out->y[k];
    }
    for (int k = 0; k < s->layer->inputs; k++) {
        out->x[k] = cnn_step_shape(g, step, s->in[k], batch);
        out->x[k].n = n * g->node[s->in[k]].layer.rows;
        out->x[k].layout = cnn_step_input_layout(step, i, k);
        out->inputs[k] = &out->x[k];
    }
    out->pass = (struct cnn_pass){
        .batch = n * s->layer->in_rows[0], .saves = saves, .x = out->inputs, .y = out->outputs};
}

double cnn_step_cost(const struct cnn_graph *g, const struct cnn_step *step, int i,
                     struct cnn_backend *b, size_t batch, enum cnn_conv_pass pass,
                     const char **algorithm)
{
    const struct cnn_layer *l = step[i].layer;
    struct cnn_step_shapes shapes;
    if (!l->type->cost)
        return 0;
    cnn_step_shapes(g, step, i, batch, 0, &shapes);
    double portions = (double)batch / (double)cnn_step_batch(step, i, batch);
    return portions * l->type->cost(l, b, &shapes.pass, pass, algorithm);
}

struct cnn_step *cnn_steps_new(const struct cnn_graph *g, struct cnn_backend *b, size_t batch,
                               int training, int backward, const unsigned char *keep,
                               struct cnn_arena *arena)
{
    size_t nodes = (size_t)g->nodes;
    struct maker m = {.g = g,
                      .b = b,
                      .batch = batch,
                      .training = training,
                      .backward = backward,
                      .keep = keep,
                      .arena = arena};
    m.step = cnn_arena_alloc(arena, nodes * sizeof *m.step);
    m.consumers = cnn_arena_alloc(arena, nodes * sizeof *m.consumers);
    m.consumer = cnn_arena_alloc(arena, nodes * sizeof *m.consumer);
    if (!m.step || !m.consumers || !m.consumer)
        return NULL;
    start(&m);
    if (fuse(&m))
        return NULL;
    choose_layout(&m);
    return m.step;
}
