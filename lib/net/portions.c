/* Where to cut is found by dynamic programming over the steps, each with each size of portion:
 * weights come from memory once a portion, values that do not fit the cache go there once, and so
 * does what lies between two steps with different portions. */
#include "net/portions.h"

#define NEVER 1e30

enum {
    SIZES = 16,   /* of portions: 1, 2, 4 and so on, and the batch itself */
    CALL = 131072 /* bytes that could be moved while a step is called */
};

struct cutter {
    const struct cnn_graph *g;
    struct cnn_backend *b;
    struct cnn_step *step;
    size_t batch, size[SIZES];
    int sizes;
    double *values, *weights; /* (nodes) bytes: of a sample's inputs and result, of parameters */
    double *between;          /* (nodes) of a sample's values that are there just before the node */
    unsigned char *from;      /* (nodes, SIZES) the best size of the step before */
};

static double sample_bytes(const struct cutter *c, int node)
{
    struct cnn_tensor t = cnn_step_shape(c->g, c->step, node, 1);
    return (double)c->b->ops->tensor_bytes(c->b, &t);
}

static void measure(struct cutter *c, int *reach)
{
    for (int i = c->g->inputs; i < c->g->nodes; i++) {
        const struct cnn_layer *l = c->step[i].layer;
        if (!l)
            continue;
        for (int k = 0; k < l->outputs; k++)
            c->values[i] += sample_bytes(c, i + k);
        for (int k = 0; k < c->step[i].inputs; k++) {
            c->values[i] += sample_bytes(c, c->step[i].in[k]);
            reach[c->step[i].in[k]] = i;
        }
        for (int k = 0; k < l->params; k++)
            c->weights[i] += (double)(cnn_shape_count(&l->param[k].shape) * sizeof(real));
    }
    for (int i = 0; i < c->g->nodes; i++)
        for (int at = i + 1; at <= reach[i]; at++)
            c->between[at] += sample_bytes(c, i);
}

/* Bytes beyond what the cache holds. */
static double spilled(const struct cutter *c, double bytes)
{
    return bytes > (double)c->b->cache_bytes ? bytes : 0;
}

/* Losses look at the targets of the whole batch. */
static double cost(const struct cutter *c, int i, int size)
{
    const struct cnn_layer *l = c->step[i].layer;
    size_t portion = c->size[size], turns = (c->batch + portion - 1) / portion;
    double values = spilled(c, (double)portion * c->values[i]);
    if (l && (l->type->flags & CNN_LAYER_LOSS) && turns > 1)
        return NEVER;
    return l ? (double)turns * (c->weights[i] + values + CALL) : 0;
}

/* Of changing the portion just before step i: values are written and read. */
static double change(const struct cutter *c, int i)
{
    return 2 * spilled(c, (double)c->batch * c->between[i]);
}

/* Adds step i to the costs of all that lies before it. Further outputs go with their step. */
static void go_on(struct cutter *c, int i, double total[SIZES])
{
    double next[SIZES];
    int best = 0;
    for (int k = 0; c->g->node[i].port && k < c->sizes; k++)
        c->from[i * SIZES + k] = (unsigned char)k;
    if (c->g->node[i].port)
        return;
    for (int k = 1; k < c->sizes; k++)
        best = total[k] <= total[best] ? k : best;
    for (int k = 0; k < c->sizes; k++) {
        double moved = total[best] + change(c, i);
        int stays = total[k] <= moved;
        c->from[i * SIZES + k] = (unsigned char)(stays ? k : best);
        next[k] = (stays ? total[k] : moved) + cost(c, i, k);
    }
    for (int k = 0; k < c->sizes; k++)
        total[k] = next[k];
}

static void choose(struct cutter *c)
{
    double total[SIZES] = {0};
    int best = 0;
    for (int i = c->g->inputs; i < c->g->nodes; i++)
        go_on(c, i, total);
    for (int k = 1; k < c->sizes; k++)
        best = total[k] <= total[best] ? k : best; /* of equals the largest */
    for (int i = c->g->nodes - 1; i >= c->g->inputs; i--) {
        c->step[i].portion = c->size[best];
        best = c->from[i * SIZES + best];
    }
}

/* Runs of steps with the same portion, unless that is the batch. */
static void mark(struct cutter *c, const unsigned char *keep)
{
    for (int i = c->g->inputs, first = i; i < c->g->nodes; i++) {
        if (c->step[i].portion != c->step[first].portion || c->step[i].portion == c->batch)
            first = i;
        for (int k = first; k <= i; k++)
            c->step[k].last = i;
        c->step[i].first = first;
        c->step[i].passing = c->step[i].portion < c->batch && !keep[i];
    }
    for (int i = c->g->inputs; i < c->g->nodes; i++)
        for (int k = 0; k < c->step[i].inputs; k++) {
            struct cnn_step *x = &c->step[c->step[i].in[k]];
            if (x->first != c->step[i].first)
                x->passing = 0;
        }
}

int cnn_portions_cut(const struct cnn_graph *g, struct cnn_backend *b, size_t batch,
                     const unsigned char *keep, struct cnn_step *step, struct cnn_arena *arena)
{
    struct cutter c = {.g = g, .b = b, .step = step, .batch = batch};
    for (int i = 0; i < g->nodes; i++)
        if (step[i].layout.order == CNN_ORDER_GROUPS) /* whose groups of samples are small enough */
            return 0;
    size_t nodes = (size_t)g->nodes;
    for (size_t n = 1; n < batch && c.sizes < SIZES - 1; n *= 2)
        c.size[c.sizes++] = n;
    c.size[c.sizes++] = batch;
    c.values = cnn_arena_alloc(arena, 3 * nodes * sizeof *c.values);
    c.from = cnn_arena_alloc(arena, nodes * SIZES);
    int *reach = cnn_arena_alloc(arena, nodes * sizeof *reach);
    if (!c.values || !c.from || !reach)
        return CNN_ESYSTEM;
    c.weights = c.values + nodes;
    c.between = c.weights + nodes;
    measure(&c, reach);
    choose(&c);
    mark(&c, keep);
    return 0;
}
