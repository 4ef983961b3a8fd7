/* Multi-head attention (Vaswani et al. 2017, section 3.2.2) of a sample's rows, vectors of D numbers:
 *   q, k, v = rows times the three parts of the first weight (3 D, D), each cut into heads of d numbers
 *   head = softmax(q k^T / sqrt(d)) v,   y = heads side by side, times the second weight (D, D)
 * Rows attend to each other, or queries to the rows of other values. What is not real is not seen. */
#include <math.h>

#include "layer/layer.h"

/* How the parameters are called: as in timm's and most vision transformers, or as in PyTorch's
 * MultiheadAttention. */
#define NAMES(FIRST, NEXT) FIRST(QKV, "qkv") NEXT(IN_PROJ, "in_proj")
enum names { CNN_CHOICE_NAMES(NAMES) };

struct options {
    long long heads;
    int bias, causal;
    enum names names;
};

static const struct cnn_option options[] = {
    CNN_OPTION_INT("heads", struct options, heads, "1", .min = 1, .max = 1 << 16, .position = 1,
                   .metavar = "N", .help = "parts of a vector that attend by themselves"),
    CNN_OPTION_FLAG("bias", struct options, bias, "1", .metavar = "0|1",
                    .help = "add a number to each of q, k and v (the output has one always)"),
    CNN_OPTION_FLAG("causal", struct options, causal, "0", .metavar = "0|1",
                    .help = "a row sees itself and those before it alone"),
    CNN_OPTION_CHOICE("names", struct options, names, "qkv", NAMES, .metavar = "NAMES",
                      .help = "of tensors: qkv.weight and proj.weight, or in_proj_weight and "
                              "out_proj.weight (PyTorch's MultiheadAttention)"),
    CNN_OPTION_END,
};

enum { QUERIES, KEYS, VALUES, PARTS };
enum { SAVED_PARTS, SAVED_WEIGHTS, SAVED_HEADS };

/* Which input a part is made of. */
static int input_of(const struct cnn_layer *l, int part)
{
    return part < l->inputs ? part : l->inputs - 1;
}

static int check(const struct cnn_layer *l)
{
    const struct options *o = l->options;
    char shape[72];
    for (int i = 0; i < l->inputs; i++) {
        cnn_chw_format(l->in[i], shape);
        if (l->in[i].h * l->in[i].w != 1)
            return cnn_fail(CNN_EDATA, "rows are vectors, not %s", shape);
        if (l->in[i].c != l->in[0].c)
            return cnn_fail(CNN_EDATA, "vectors of %zu and of %zu numbers", l->in[0].c, l->in[i].c);
    }
    if (l->in_rows[input_of(l, KEYS)] != l->in_rows[input_of(l, VALUES)])
        return cnn_fail(CNN_EDATA, "%zu keys and %zu values", l->in_rows[input_of(l, KEYS)],
                        l->in_rows[input_of(l, VALUES)]);
    if (l->in[0].c % (size_t)o->heads)
        return cnn_fail(CNN_EDATA, "%zu numbers make no %lld heads of the same size", l->in[0].c,
                        o->heads);
    return 0;
}

static int setup(struct cnn_layer *l)
{
    const struct options *o = l->options;
    size_t d = l->in[0].c;
    int own = o->names == QKV, rc = check(l);
    if (rc)
        return rc;
    l->out = l->in[0];
    l->rows = l->in_rows[0];
    cnn_layer_keeps_rows(l);
    cnn_layer_param(l, own ? "qkv.weight" : "in_proj_weight", (struct cnn_shape){2, {3 * d, d}},
                    CNN_INIT_DEFAULT, d, d);
    if (o->bias)
        cnn_layer_param(l, own ? "qkv.bias" : "in_proj_bias", (struct cnn_shape){1, {3 * d}},
                        CNN_INIT_ZERO, 1, 1);
    cnn_layer_param(l, own ? "proj.weight" : "out_proj.weight", (struct cnn_shape){2, {d, d}},
                    CNN_INIT_DEFAULT, d, d);
    cnn_layer_param(l, own ? "proj.bias" : "out_proj.bias", (struct cnn_shape){1, {d}},
                    CNN_INIT_ZERO, 1, 1);
    return 0;
}

/* ---- what lies where ----------------------------------------------------------------------- */

/* Rows of vectors: q, k and v side by side where one value makes them all, else by themselves, each
 * with room for the most rows. */
struct place {
    size_t n, queries, keys, d, heads, together;
};

static struct place place_of(const struct cnn_layer *l, const struct cnn_tensor *x0)
{
    const struct options *o = l->options;
    size_t queries = l->in_rows[0], keys = l->in_rows[input_of(l, KEYS)];
    return (struct place){x0->n / queries, queries,          keys,
                          l->in[0].c,      (size_t)o->heads, l->inputs == 1};
}

static size_t rows_of(const struct place *g, int part)
{
    return g->n * (part == QUERIES ? g->queries : g->keys);
}

/* Numbers up to a part. */
static size_t before(const struct place *g, int part)
{
    size_t at = 0;
    for (int i = 0; i < part; i++)
        at += g->together ? g->d : rows_of(g, i) * g->d;
    return at;
}

static struct cnn_matrices heads_of(const struct place *g, int part)
{
    size_t row = g->together ? PARTS * g->d : g->d;
    size_t rows = part == QUERIES ? g->queries : g->keys;
    return (struct cnn_matrices){before(g, part), {rows * row, g->d / g->heads}, row, 1};
}

/* Of the output before its weight, and of the weights of attention. */
static struct cnn_matrices joined(const struct place *g)
{
    return (struct cnn_matrices){0, {g->queries * g->d, g->d / g->heads}, g->d, 1};
}

static struct cnn_matrices weights(const struct place *g)
{
    size_t plane = g->queries * g->keys;
    return (struct cnn_matrices){0, {g->heads * plane, plane}, g->keys, 1};
}

static struct cnn_matrices turned(struct cnn_matrices m)
{
    size_t row = m.row;
    m.row = m.col;
    m.col = row;
    return m;
}

/* A tensor of as many vectors in the memory of activations that are like x. */
static struct cnn_tensor tensor(const struct cnn_tensor *x, size_t n, size_t c, void *data)
{
    struct cnn_tensor t = *x;
    t.n = n;
    t.c = c;
    t.h = t.w = 1;
    t.data = data;
    return t;
}

static struct cnn_tensor all_parts(const struct place *g, const struct cnn_tensor *x, void *data)
{
    return tensor(x, rows_of(g, QUERIES) + 2 * rows_of(g, KEYS), g->d, data);
}

static struct cnn_tensor all_weights(const struct place *g, const struct cnn_tensor *x, void *data)
{
    return tensor(x, g->n * g->heads * g->queries, g->keys, data);
}

static size_t rounded(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Scratch of backward: gradients of the heads, whose place a second gradient of an input takes after them, of all
 * parts and of the weights; then that of dense layers, which forward has alone. */
struct scratch {
    size_t parts, weights, dense; /* bytes from the beginning */
};

static struct scratch scratch_of(const struct place *g, const struct cnn_tensor *x)
{
    size_t most = g->n * (g->queries > g->keys ? g->queries : g->keys);
    struct cnn_tensor heads = tensor(x, most, g->d, NULL);
    struct cnn_tensor parts = all_parts(g, x, NULL), w = all_weights(g, x, NULL);
    struct scratch s = {.parts = rounded(cnn_tensor_size(&heads))};
    s.weights = s.parts + rounded(cnn_tensor_size(&parts));
    s.dense = s.weights + rounded(cnn_tensor_size(&w));
    return s;
}

static void reserve(const struct cnn_layer *l, struct cnn_backend *b, const struct cnn_pass *shapes,
                    struct cnn_reserve *out)
{
    const struct cnn_tensor *x = shapes->x[0];
    struct place g = place_of(l, x);
    struct cnn_tensor parts = all_parts(&g, x, NULL), w = all_weights(&g, x, NULL);
    size_t rows = g.n * (g.queries > g.keys ? g.queries : g.keys);
    out->saved[SAVED_PARTS] = b->ops->tensor_bytes(b, &parts);
    out->saved[SAVED_WEIGHTS] = b->ops->tensor_bytes(b, &w);
    out->saved[SAVED_HEADS] = cnn_tensor_size(x);
    out->work = scratch_of(&g, x).dense + b->kernels->dense_work(&b->queue, rows, g.d, PARTS * g.d);
}

static void *behind(void *data, size_t bytes)
{
    return (char *)data + bytes;
}

/* Part of a parameter: `rows` of its rows from `first` on; NULL where there is none. */
static struct cnn_tensor *rows_of_param(const struct cnn_tensor *w, size_t first, size_t rows,
                                        struct cnn_tensor *out)
{
    if (!w)
        return NULL;
    size_t each = w->n > 1 ? w->c * w->h * w->w : 1;
    *out = *w;
    *(w->n > 1 ? &out->n : &out->c) = rows;
    out->data = (real *)w->data + first * each;
    return out;
}

/* ---- passes ---------------------------------------------------------------------------------- */

static struct cnn_attention rule(const struct cnn_layer *l, const struct cnn_pass *p,
                                 const struct place *g)
{
    const struct options *o = l->options;
    return (struct cnn_attention){.n = g->n,
                                  .heads = g->heads,
                                  .queries = g->queries,
                                  .keys = g->keys,
                                  .scale = 1 / sqrt((double)(g->d / g->heads)),
                                  .causal = o->causal,
                                  .queries_real = p->x_rows ? p->x_rows[0] : NULL,
                                  .keys_real = p->x_rows ? p->x_rows[input_of(l, KEYS)] : NULL};
}

/* The products of all heads: m x n from m x k and k x n. */
static void multiply(const struct cnn_pass *p, const struct place *g, size_t m, size_t n, size_t k,
                     struct cnn_matrices a, struct cnn_matrices b, struct cnn_matrices c,
                     const struct cnn_tensor *x, const struct cnn_tensor *w, struct cnn_tensor *y)
{
    struct cnn_products product = {{g->n, g->heads}, m, n, k, a, b, c};
    p->k->products(p->q, &product, x, w, y);
}

/* The tensor of a part's vectors, or of all three side by side. */
static struct cnn_tensor part_of(const struct place *g, const struct cnn_tensor *all, int part)
{
    if (g->together)
        return tensor(all, rows_of(g, QUERIES), PARTS * g->d, all->data);
    return tensor(all, rows_of(g, part), g->d,
                  behind(all->data, before(g, part) * cnn_type_bytes(all->layout.type)));
}

static void forward(const struct cnn_layer *l, struct cnn_pass *p)
{
    const struct options *o = l->options;
    struct place g = place_of(l, p->x[0]);
    struct cnn_attention a = rule(l, p, &g);
    struct cnn_tensor parts = all_parts(&g, p->x[0], p->saved[SAVED_PARTS]);
    struct cnn_tensor weight = all_weights(&g, p->x[0], p->saved[SAVED_WEIGHTS]);
    struct cnn_tensor heads = tensor(p->x[0], p->x[0]->n, g.d, p->saved[SAVED_HEADS]), w, b;
    void *work = behind(p->work, scratch_of(&g, p->x[0]).dense);
    size_t each = g.together ? PARTS * g.d : g.d, size = g.d / g.heads;
    for (int k = 0; k < (g.together ? 1 : PARTS); k++) {
        struct cnn_tensor y = part_of(&g, &parts, k);
        rows_of_param(p->w[0], (size_t)k * g.d, each, &w);
        p->k->dense_forward(p->q, p->x[input_of(l, k)], &w,
                            rows_of_param(o->bias ? p->w[1] : NULL, (size_t)k * g.d, each, &b),
                            NULL, &y, work);
    }
    multiply(p, &g, g.queries, g.keys, size, heads_of(&g, QUERIES), turned(heads_of(&g, KEYS)),
             weights(&g), &parts, &parts, &weight);
    p->k->attention_forward(p->q, &a, &weight);
    multiply(p, &g, g.queries, size, g.keys, weights(&g), heads_of(&g, VALUES), joined(&g), &weight,
             &parts, &heads);
    p->k->dense_forward(p->q, &heads, p->w[l->params - 2], p->w[l->params - 1], NULL, p->y[0],
                        work);
}

/* From the gradient of the heads to that of q, k and v. */
static void backward_heads(const struct cnn_layer *l, struct cnn_pass *p, const struct place *g,
                           const struct cnn_tensor *dheads, struct cnn_tensor *dparts,
                           struct cnn_tensor *dweight)
{
    struct cnn_attention a = rule(l, p, g);
    struct cnn_tensor parts = all_parts(g, p->x[0], p->saved[SAVED_PARTS]);
    struct cnn_tensor weight = all_weights(g, p->x[0], p->saved[SAVED_WEIGHTS]);
    size_t size = g->d / g->heads;
    multiply(p, g, g->keys, size, g->queries, turned(weights(g)), joined(g), heads_of(g, VALUES),
             &weight, dheads, dparts);
    multiply(p, g, g->queries, g->keys, size, joined(g), turned(heads_of(g, VALUES)), weights(g),
             dheads, &parts, dweight);
    p->k->attention_backward(p->q, &a, &weight, dweight);
    multiply(p, g, g->queries, size, g->keys, weights(g), heads_of(g, KEYS), heads_of(g, QUERIES),
             dweight, &parts, dparts);
    multiply(p, g, g->keys, size, g->queries, turned(weights(g)), heads_of(g, QUERIES),
             heads_of(g, KEYS), dweight, &parts, dparts);
}

/* The gradients of an input, of its part of the weight and of the bias. */
static void backward_part(const struct cnn_layer *l, struct cnn_pass *p, const struct place *g,
                          struct cnn_tensor *dparts, int part, struct cnn_tensor *dx, void *work)
{
    const struct options *o = l->options;
    size_t each = g->together ? PARTS * g->d : g->d, first = (size_t)part * g->d;
    struct cnn_tensor dy = part_of(g, dparts, part), w, dw, db;
    if (rows_of_param(p->dw[0], first, each, &dw))
        p->k->dense_backward_weight(p->q, p->x[input_of(l, part)], &dy, &dw, work);
    if (o->bias && rows_of_param(p->dw[1], first, each, &db))
        p->k->bias_backward(p->q, &dy, &db);
    rows_of_param(p->w[0], first, each, &w);
    if (dx)
        p->k->dense_backward_data(p->q, &dy, &w, dx, work);
}

static void backward(const struct cnn_layer *l, struct cnn_pass *p)
{
    struct place g = place_of(l, p->x[0]);
    struct scratch s = scratch_of(&g, p->x[0]);
    struct cnn_tensor heads = tensor(p->x[0], p->x[0]->n, g.d, p->saved[SAVED_HEADS]);
    struct cnn_tensor dheads = tensor(p->x[0], p->x[0]->n, g.d, p->work);
    struct cnn_tensor dparts = all_parts(&g, p->x[0], behind(p->work, s.parts));
    struct cnn_tensor dweight = all_weights(&g, p->x[0], behind(p->work, s.weights));
    void *work = behind(p->work, s.dense);
    int proj = l->params - 2;
    if (p->dw[proj])
        p->k->dense_backward_weight(p->q, &heads, p->dy[0], p->dw[proj], work);
    if (p->dw[proj + 1])
        p->k->bias_backward(p->q, p->dy[0], p->dw[proj + 1]);
    p->k->dense_backward_data(p->q, p->dy[0], p->w[proj], &dheads, work);
    backward_heads(l, p, &g, &dheads, &dparts, &dweight);
    for (int k = 0; k < (g.together ? 1 : PARTS); k++) {
        int i = input_of(l, k), again = k && input_of(l, k - 1) == i;
        struct cnn_tensor more = tensor(p->x[0], rows_of(&g, k), g.d, p->work);
        struct cnn_tensor *dx = again && p->dx[i] ? &more : p->dx[i];
        backward_part(l, p, &g, &dparts, k, dx, work);
        if (again && p->dx[i])
            p->k->accumulate(p->q, &more, p->dx[i]);
    }
}

/* Of a row of queries. */
static uint64_t multiply_adds(const struct cnn_layer *l)
{
    uint64_t d = l->in[0].c, queries = l->in_rows[0], keys = l->in_rows[input_of(l, KEYS)];
    return (2 * d * d * (queries + keys) + 2 * queries * keys * d) / queries;
}

const struct cnn_layer_type cnn_layer_attention = {
    .name = "attention",
    .summary = "multi-head attention of a sample's rows to each other, or to those of other values",
    .options = options,
    .options_size = sizeof(struct options),
    .min_inputs = 1,
    .max_inputs = 3,
    .flags = CNN_LAYER_NEEDS_X | CNN_LAYER_MIXES_ROWS | CNN_LAYER_REFERS | CNN_LAYER_SEES_ALL,
    .setup = setup,
    .reserve = reserve,
    .forward = forward,
    .backward = backward,
    .multiply_adds = multiply_adds,
};
