/* Who reads what: calls of all models as one graph, in an order in which each stands behind what it
 * reads. */
#include <string.h>

#include "model/import/keras/keras.h"

enum { NEW, OPEN, CLOSED };

static int is_input(const struct keras_layer *l)
{
    return !strcmp(l->class, "InputLayer");
}

/* Which of its model's inputs a layer is; SIZE_MAX: none. */
static size_t place_of(const struct keras_layer *l)
{
    const struct keras_model *m = l->model;
    for (size_t i = 0; i < m->inputs; i++)
        if (!strcmp(m->input[i].layer, l->name))
            return i;
    return SIZE_MAX;
}

static int lost(const struct keras_ref *r)
{
    return cnn_fail(CNN_EDATA, "something reads call %zu of '%.100s', which is not there", r->node,
                    r->layer);
}

/* The call of a layer, not of a model, that makes what a reference within a model means: into models
 * by their outputs, out of them by what their calls read. */
static int resolve(const struct keras_model *m, struct keras_ref r, struct keras_node **out)
{
    enum { MOST_STEPS = 100 };
    for (int step = 0; step < MOST_STEPS; step++) {
        struct keras_layer *l = cnn_keras_layer_of(m, r.layer);
        if (!l || r.node >= l->nodes)
            return lost(&r);
        *out = &l->node[r.node];
        if (l->nested) {
            m = l->nested;
            if (r.tensor >= m->outputs || l->nodes != 1)
                return l->nodes == 1 ? lost(&r)
                                     : cnn_fail(CNN_EDATA, "the model '%.100s' is called %zu times",
                                                l->name, l->nodes);
            r = m->output[r.tensor];
        } else if (is_input(l) && m->as) {
            const struct keras_node *call = m->as->nodes ? &m->as->node[0] : NULL;
            size_t place = place_of(l);
            if (!call || place >= call->ins)
                return lost(&r);
            r = call->ref[place];
            m = m->as->model;
        } else {
            return r.tensor ? lost(&r) : 0;
        }
    }
    return cnn_fail(CNN_EDATA, "models that read each other in a ring");
}

/* Calls of layers, those of models within left out. */
static int each(struct keras_writer *w, struct keras_model *m,
                int (*what)(struct keras_writer *w, struct keras_node *n))
{
    int rc = 0;
    for (size_t i = 0; !rc && i < m->layers; i++) {
        struct keras_layer *l = &m->layer[i];
        if (l->nested)
            rc = each(w, l->nested, what);
        for (size_t k = 0; !rc && !l->nested && k < l->nodes; k++)
            if (!is_input(l) || !m->as)
                rc = what(w, &l->node[k]);
    }
    return rc;
}

static int find_inputs(struct keras_writer *w, struct keras_node *n)
{
    n->in = cnn_arena_alloc(w->arena, (n->ins + 1) * sizeof *n->in);
    int rc = n->in ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < n->ins; i++) {
        rc = resolve(n->layer->model, n->ref[i], &n->in[i]);
        if (!rc)
            n->in[i]->users++;
    }
    w->nodes++;
    return rc;
}

static int make_users(struct keras_writer *w, struct keras_node *n)
{
    n->user = cnn_arena_alloc(w->arena, (n->users + 1) * sizeof(struct keras_node *));
    n->users = 0;
    return n->user ? 0 : CNN_ESYSTEM;
}

static int tell_users(struct keras_writer *w, struct keras_node *n)
{
    (void)w;
    for (size_t i = 0; i < n->ins; i++)
        n->in[i]->user[n->in[i]->users++] = n;
    return 0;
}

/* The call behind all that it reads; `stack` holds those that are not done, and how far they are. */
struct visit {
    struct keras_node *node;
    size_t next;
};

static int visit(struct keras_writer *w, struct keras_node *first, struct visit *stack)
{
    size_t depth = 0;
    if (first->state == CLOSED)
        return 0;
    stack[depth++] = (struct visit){first, 0};
    first->state = OPEN;
    while (depth) {
        struct visit *v = &stack[depth - 1];
        if (v->next == v->node->ins) {
            v->node->state = CLOSED;
            w->node[w->nodes++] = v->node;
            depth--;
            continue;
        }
        struct keras_node *in = v->node->in[v->next++];
        if (in->state == OPEN)
            return cnn_fail(CNN_EDATA, "layer '%.100s' reads what is made of it", in->layer->name);
        if (in->state == NEW) {
            in->state = OPEN;
            stack[depth++] = (struct visit){in, 0};
        }
    }
    return 0;
}

/* Only what an answer is made of: calls that models were cut out of may be there, too. */
static int order(struct keras_writer *w)
{
    struct keras_model *m = w->whole;
    struct visit *stack = cnn_arena_alloc(w->arena, (w->nodes + 1) * sizeof *stack);
    w->node = cnn_arena_alloc(w->arena, (w->nodes + 1) * sizeof(struct keras_node *));
    w->answer = cnn_arena_alloc(w->arena, m->outputs * sizeof(struct keras_node *));
    w->nodes = 0;
    int rc = stack && w->node && w->answer ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < m->inputs + m->outputs; i++) {
        struct keras_node *n;
        int answer = i >= m->inputs;
        rc = resolve(m, answer ? m->output[i - m->inputs] : m->input[i], &n);
        if (!rc)
            rc = visit(w, n, stack);
        if (!rc && answer && !n->is_answer)
            w->answer[w->answers++] = n;
        if (!rc && answer)
            n->is_answer = 1;
    }
    return rc;
}

int cnn_keras_connect(struct keras_writer *w)
{
    int rc = each(w, w->whole, find_inputs);
    if (!rc)
        rc = each(w, w->whole, make_users);
    if (!rc)
        rc = each(w, w->whole, tell_users);
    return rc ? rc : order(w);
}
