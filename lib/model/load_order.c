/* Files in which vectors that were planes have channels last (CNN_TENSORS_ORDER): element (c, h, w) of
 * what flatten makes is number (h W + w) C + c there. The net says what was a plane: of each of its
 * values it is told which numbers of the file's its elements are, as far as that can be told. */
#include <string.h>

#include "file/tensors.h"
#include "model/load_private.h"

struct load_value {
    int unknown;        /* where the file has its elements */
    int as_there;       /* a plane that was transposed, so that its numbers lie as in the file */
    const size_t *from; /* (c) of a vector: element i is number from[i] there; NULL: i */
};

static int is(const struct cnn_layer *l, const char *name)
{
    return l->type && !strcmp(l->type->name, name);
}

static int is_plane(struct cnn_chw s)
{
    return s.c > 1 && s.h * s.w > 1;
}

/* What it gives is a new vector, of all that it reads. */
static int sums(const struct cnn_layer *l)
{
    return is(l, "dense") || is(l, "conv");
}

/* Elements stay where they are. */
static int keeps(const struct cnn_layer *l)
{
    static const char *const others[] = {"prelu",       "mul",     "layernorm",
                                         "layernorm2d", "softmax", NULL};
    for (int i = 0; others[i]; i++)
        if (is(l, others[i]))
            return 1;
    return l->type->activation || l->type->fold ||
           l->type->flags & (CNN_LAYER_RESTS | CNN_LAYER_ADDS);
}

/* A value's elements one after another, the planes' places first where they are not yet. */
static int line_up(struct cnn_arena *arena, struct cnn_chw s, const struct load_value *v,
                   const size_t **from)
{
    size_t places = s.h * s.w, *to;
    *from = v->from;
    if (!is_plane(s) || v->as_there)
        return 0;
    *from = to = cnn_arena_alloc(arena, s.c * places * sizeof *to);
    for (size_t i = 0; to && i < s.c; i++)
        for (size_t k = 0; k < places; k++)
            to[i * places + k] = k * s.c + i;
    return to ? 0 : CNN_ESYSTEM;
}

static int concat(struct cnn_arena *arena, const struct cnn_node *n, const struct load_value *v,
                  struct load_value *out)
{
    size_t *to = cnn_arena_alloc(arena, n->layer.out.c * sizeof *to), at = 0;
    out->from = to;
    for (int k = 0; to && k < n->layer.inputs; k++) {
        const size_t *from = v[n->in[k]].from, first = at;
        for (size_t i = 0; i < n->layer.in[k].c; i++)
            to[at++] = first + (from ? from[i] : i);
    }
    return to ? 0 : CNN_ESYSTEM;
}

/* To the file's order, or back from it. */
static void transpose(const struct cnn_node *n, const struct load_value *in, struct load_value *out)
{
    struct cnn_buf line = {0};
    cnn_node_print(n, &line);
    const char *order = line.size ? strchr(line.text, ' ') : NULL;
    int there = order && !strcmp(order, " hwc");
    int back =
        order && (!strcmp(order, " wch") || (!strcmp(order, " hcw") && n->layer.in[0].w == 1));
    out->as_there = there && !in->as_there;
    out->unknown = in->from || !(in->as_there ? back : there);
    cnn_buf_free(&line);
}

/* All that a layer reads has the same order. */
static int are_alike(const struct cnn_node *n, const struct load_value *v)
{
    const struct load_value *a = &v[n->in[0]];
    for (int k = 1; k < n->layer.inputs; k++) {
        const struct load_value *b = &v[n->in[k]];
        size_t count = n->layer.in[k].c;
        if (a->as_there != b->as_there || !a->from != !b->from)
            return 0;
        if (a->from &&
            (count != n->layer.in[0].c || memcmp(a->from, b->from, count * sizeof *a->from) != 0))
            return 0;
    }
    return 1;
}

/* The same numbers in another shape. A plane has an order of its own only where they lie as in the file. */
static int reshape(struct cnn_arena *arena, const struct cnn_layer *l, const struct load_value *in,
                   struct load_value *out)
{
    int rc = line_up(arena, l->in[0], in, &out->from);
    out->as_there = is_plane(l->out);
    out->unknown = out->as_there && out->from;
    return rc;
}

/* The order of a node's value, from those of what it reads. */
static int follow(struct cnn_arena *arena, const struct cnn_node *n, const struct load_value *v,
                  struct load_value *out)
{
    const struct cnn_layer *l = &n->layer;
    const struct load_value *in = &v[n->in[0]];
    int ours = 1;
    for (int k = 0; k < l->inputs; k++) {
        out->unknown |= v[n->in[k]].unknown;
        ours &= !v[n->in[k]].as_there && !v[n->in[k]].from;
    }
    if (out->unknown || sums(l)) {
        out->unknown = !sums(l);
        return 0;
    }
    if (is(l, "transpose"))
        transpose(n, in, out);
    else if (is(l, "concat") && !ours && l->out.h * l->out.w == 1)
        return concat(arena, n, v, out);
    else if (is(l, "flatten") || is(l, "reshape"))
        return reshape(arena, l, in, out);
    else if (keeps(l) && are_alike(n, v))
        *out = *in;
    else
        out->unknown = !ours;
    return 0;
}

int cnn_load_follow(struct load *l, const struct cnn_graph *g)
{
    const char *order = cnn_tensors_text(l->from, CNN_TENSORS_ORDER);
    if (!order)
        return 0;
    if (strcmp(order, "hwc") != 0)
        return cnn_fail(CNN_EDATA, "%s: " CNN_TENSORS_ORDER " is '%.60s', not 'hwc'", l->from->path,
                        order);
    l->arena = cnn_arena_new();
    struct load_value *v =
        l->arena ? cnn_arena_alloc(l->arena, (size_t)g->nodes * sizeof *v) : NULL;
    int rc = v ? 0 : CNN_ESYSTEM;
    size_t at = 0;
    for (int i = 0; !rc && i < g->nodes; i++) {
        const struct cnn_node *n = &g->node[i];
        if (i >= g->inputs)
            rc = follow(l->arena, n, v, &v[i]);
        for (int k = 0; !n->share && k < n->layer.params; k++, at++) {
            l->param[at].layer = &n->layer;
            l->param[at].reads = &v[n->in[0]];
        }
    }
    return rc;
}

/* What the columns of a weight, or the elements of a vector, are those of. */
static struct cnn_chw read_by(const struct load_param *p)
{
    const struct cnn_shape *w = &p->of->shape;
    return w->rank == 4 ? (struct cnn_chw){w->dim[1], w->dim[2], w->dim[3]} : p->layer->in[0];
}

int cnn_load_order(const struct load *l, const struct load_param *p, const size_t **from,
                   size_t *count)
{
    const struct cnn_layer *of = p->layer;
    int columns = of && sums(of) && p->tensor->rank == 2;
    int elements = of && !sums(of) && p->tensor->rank == 1 && !is_plane(of->in[0]);
    *from = NULL;
    *count = columns ? p->tensor->shape.dim[1] : p->tensor->count;
    if ((!columns && !elements) || *count != cnn_chw_count(read_by(p)))
        return 0;
    if (p->reads->unknown && *count > 1)
        return cnn_fail(CNN_EDATA,
                        "%s: tensor '%s' is in the order of planes with channels last, and "
                        "how '%s' has them here is not known",
                        l->from->path, p->tensor->name, of->name);
    return line_up(l->arena, read_by(p), p->reads, from);
}
