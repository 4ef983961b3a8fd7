/* Arithmetic of constants; see onnx_ops.def. */
#include <math.h>
#include <string.h>

#include "model/import/onnx/ops.h"

/* What a node's two numbers come to; integers are divided as C does. */
static double of_two(const struct onnx_node *n, int whole, double a, double b)
{
    const char *op = n->message->op_type;
    if (!strcmp(op, "Add") || !strcmp(op, "Sum"))
        return a + b;
    if (!strcmp(op, "Sub"))
        return a - b;
    if (!strcmp(op, "Mul"))
        return a * b;
    if (!strcmp(op, "Div"))
        return whole ? trunc(a / b) : a / b;
    if (!strcmp(op, "Pow"))
        return pow(a, b);
    if (!strcmp(op, "Mod"))
        return whole && !cnn_onnx_int(n, "fmod", 0) ? a - b * floor(a / b) : fmod(a, b);
    if (!strcmp(op, "Min"))
        return a < b ? a : b;
    if (!strcmp(op, "Max"))
        return a > b ? a : b;
    return a == b; /* Equal */
}

static double of_one(const char *op, double a)
{
    if (!strcmp(op, "Floor"))
        return floor(a);
    if (!strcmp(op, "Ceil"))
        return ceil(a);
    if (!strcmp(op, "Sqrt"))
        return sqrt(a);
    if (!strcmp(op, "Neg"))
        return -a;
    if (!strcmp(op, "Exp"))
        return exp(a);
    if (!strcmp(op, "Reciprocal"))
        return 1 / a;
    return fabs(a); /* Abs */
}

/* Of the shapes of all operands: axes from the last on, where 1 is any. */
static int broadcast(const struct onnx_node *n, int *rank, size_t *dim)
{
    *rank = 0;
    for (int k = 0; k < n->ins; k++) {
        if (!n->in[k])
            return cnn_fail(CNN_EDATA, "an operand is left out");
        *rank = n->in[k]->rank > *rank ? n->in[k]->rank : *rank;
    }
    for (int i = 0; i < *rank; i++)
        dim[i] = 1;
    for (int k = 0; k < n->ins; k++)
        for (int i = 0; i < n->in[k]->rank; i++) {
            size_t d = n->in[k]->dim[i], *all = &dim[*rank - n->in[k]->rank + i];
            if (d != 1 && *all != 1 && *all != d)
                return cnn_fail(CNN_EDATA, "shapes that do not fit each other");
            *all = *all == 1 ? d : *all;
        }
    return 0;
}

/* Where an operand's element is, by that of all. */
static size_t place(const struct onnx_value *v, int rank, const size_t *dim, size_t i)
{
    size_t at = 0, step = 1;
    for (int k = rank; k-- > 0; i /= dim[k]) {
        int own = k - (rank - v->rank);
        if (own < 0)
            break;
        at += v->dim[own] == 1 ? 0 : i % dim[k] * step;
        step *= v->dim[own];
    }
    return at;
}

const struct onnx_constant *cnn_onnx_spread(struct onnx_graph *g, const struct onnx_constant *c,
                                            int rank, const size_t *dim)
{
    struct onnx_value v = {.rank = c->rank};
    const double *in = c->rank <= rank ? cnn_onnx_numbers(g, c) : NULL;
    double *x;
    cnn_onnx_set_dims(&v, c->rank, c->dim);
    for (int i = 0; i < c->rank; i++)
        if (c->rank > rank || (c->dim[i] != 1 && c->dim[i] != dim[rank - c->rank + i])) {
            cnn_fail(CNN_EDATA, "shapes that do not fit each other");
            return NULL;
        }
    struct onnx_constant *all = in ? cnn_onnx_numbers_new(g, rank, dim, c->whole, &x) : NULL;
    for (size_t i = 0; all && i < all->count; i++)
        x[i] = in[place(&v, rank, dim, i)];
    return all;
}

/* Operands one after another, into numbers of the shape of all: f(f(a, b), c). */
static struct onnx_constant *combine(struct onnx_graph *g, const struct onnx_node *n, int first,
                                     double f(const struct onnx_node *, int, double, double))
{
    size_t dim[ONNX_MAX_RANK];
    int rank;
    if (broadcast(n, &rank, dim))
        return NULL;
    double *x;
    struct onnx_constant *c = cnn_onnx_numbers_new(g, rank, dim, 1, &x);
    if (!c)
        return NULL;
    for (int k = first; k < n->ins; k++) {
        const double *in = cnn_onnx_numbers(g, n->in[k]->constant);
        c->whole &= n->in[k]->constant->whole;
        if (!in)
            return NULL;
        for (size_t i = 0; i < c->count; i++) {
            double b = in[place(n->in[k], rank, dim, i)];
            x[i] = k == first ? b : f(n, c->whole, x[i], b);
        }
    }
    return c;
}

static int give(const struct onnx_node *n, const struct onnx_constant *c)
{
    if (!c)
        return cnn_error_code();
    cnn_onnx_give_constant(n->out[0], c);
    return 0;
}

int cnn_onnx_fold_two(struct onnx_graph *g, const struct onnx_node *n)
{
    return give(n, combine(g, n, 0, of_two));
}

static double other(const struct onnx_node *n, int whole, double a, double b)
{
    (void)n;
    (void)whole;
    (void)a;
    return b;
}

/* A condition, what there is where it holds, and elsewhere. */
int cnn_onnx_fold_where(struct onnx_graph *g, const struct onnx_node *n)
{
    size_t dim[ONNX_MAX_RANK];
    int rank, rc = n->ins == 3 ? broadcast(n, &rank, dim) : cnn_fail(CNN_EDATA, "three operands");
    struct onnx_constant *c = rc ? NULL : combine(g, n, 2, other);
    const double *condition = c ? cnn_onnx_numbers(g, n->in[0]->constant) : NULL;
    const double *in = condition ? cnn_onnx_numbers(g, n->in[1]->constant) : NULL;
    if (!in)
        return cnn_error_code();
    double *x = cnn_arena_alloc(g->arena, (c->count + 1) * sizeof *x);
    for (size_t i = 0; x && i < c->count; i++)
        x[i] = condition[place(n->in[0], rank, dim, i)] != 0 ? in[place(n->in[1], rank, dim, i)]
                                                             : c->number[i];
    c->number = x;
    return x ? give(n, c) : CNN_ESYSTEM;
}

int cnn_onnx_fold_one(struct onnx_graph *g, const struct onnx_node *n)
{
    const struct onnx_constant *from = n->in[0]->constant;
    const double *in = cnn_onnx_numbers(g, from);
    double *x;
    struct onnx_constant *c =
        in ? cnn_onnx_numbers_new(g, from->rank, from->dim, from->whole, &x) : NULL;
    if (!c)
        return cnn_error_code();
    for (size_t i = 0; i < c->count; i++)
        x[i] = of_one(n->message->op_type, in[i]);
    return give(n, c);
}
