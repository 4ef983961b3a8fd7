/* Lines of the net, and its tensors; see onnx.h. */
#include "model/import/onnx/onnx.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_LABEL = 200 };

/* Labels */

static int may_stand(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '/';
}

/* Whether it is a label as it is: parts of letters, divided by dots. */
static int is_label(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(may_stand(s[i]) || (s[i] == '.' && i && i + 1 < n && s[i - 1] != '.')))
            return 0;
    return n > 0 && n <= LONGEST_LABEL && s[0] != '/';
}

/* Nobody else's, with a number behind it where it must be. NULL: no memory. */
static const char *claim(struct onnx_graph *g, const char *label)
{
    const char *name = label;
    for (size_t k = 2; name && cnn_names_find(g->labels, name); k++)
        name = cnn_arena_printf(g->arena, "%s_%zu", label, k);
    return name && !cnn_names_put(g->labels, name, g) ? name : NULL;
}

/* The node's name, in which dots part nothing. */
static const char *label_of_node(struct onnx_graph *g, const struct onnx_node *n)
{
    const char *name = n->name + strspn(n->name, "/");
    char *label = cnn_arena_strndup(g->arena, name, strnlen(name, LONGEST_LABEL));
    if (!label)
        return NULL;
    for (char *c = label; *c; c++)
        *c = may_stand(*c) ? *c : '_';
    return claim(g, *label ? label : "value");
}

const char *cnn_onnx_label(struct onnx_graph *g, const struct onnx_node *n,
                           const struct onnx_value *weight)
{
    static const char suffix[] = ".weight";
    size_t length = weight ? strlen(weight->name) : 0, k = sizeof suffix - 1;
    if (length <= k || strcmp(weight->name + length - k, suffix) ||
        !is_label(weight->name, length - k))
        return label_of_node(g, n);
    const char *label = cnn_arena_strndup(g->arena, weight->name, length - k);
    if (!label)
        return NULL;
    return cnn_names_find(g->labels, label) ? label_of_node(g, n) : claim(g, label);
}

/* Lines */

static int add_line(struct onnx_graph *g, struct onnx_value *out, const char *label,
                    const struct onnx_value *const *from, int count, struct cnn_chw shape)
{
    for (int i = 0; i < count && !(count == 1 && from[0]->line == g->lines); i++)
        cnn_buf_printf(&g->text, "%s%s", i ? "," : " from=", from[i]->label);
    cnn_buf_puts(&g->text, "\n");
    out->state = ONNX_COMPUTED;
    out->label = label;
    out->line = ++g->lines;
    out->rows = from[0]->rows;
    out->shape = shape;
    out->view.factors = 0;
    return g->text.failed ? CNN_ESYSTEM : 0;
}

static void add_words(struct onnx_graph *g, const char *label, const char *format, va_list ap)
{
    char words[512];
    vsnprintf(words, sizeof words, format, ap);
    cnn_buf_printf(&g->text, "%s: %s", label, words);
}

int cnn_onnx_line(struct onnx_graph *g, struct onnx_value *out, const char *label,
                  const struct onnx_value *const *from, int count, struct cnn_chw shape,
                  const char *format, ...)
{
    va_list ap;
    if (!label)
        return CNN_ESYSTEM;
    va_start(ap, format);
    add_words(g, label, format, ap);
    va_end(ap);
    return add_line(g, out, label, from, count, shape);
}

int cnn_onnx_layer(struct onnx_graph *g, const struct onnx_node *n, struct onnx_value *from,
                   struct cnn_chw shape, const char *format, ...)
{
    const char *label = cnn_onnx_label(g, n, NULL);
    struct onnx_value *out = n->out[0];
    const struct onnx_value *reads = from;
    va_list ap;
    if (!label)
        return CNN_ESYSTEM;
    va_start(ap, format);
    add_words(g, label, format, ap);
    va_end(ap);
    int rc = add_line(g, out, label, &reads, 1, shape);
    cnn_onnx_like(g, out, reads->rank, shape);
    return rc;
}

/* Tensors */

int cnn_onnx_param_scaled(struct onnx_graph *g, const char *label, const char *suffix,
                          const struct onnx_constant *from, int rank, const size_t *dim,
                          double factor, int transposed)
{
    struct onnx_param p = {.shape.rank = rank, .from = from, .factor = factor};
    if (!from)
        return CNN_ESYSTEM;
    for (int i = 0; i < rank; i++)
        p.shape.dim[i] = dim[i];
    size_t count = cnn_shape_count(&p.shape);
    if (from->count != count && from->count != 1)
        return cnn_fail(CNN_EDATA, "%zu numbers for the %s, which has %zu", from->count, suffix,
                        count);
    p.transposed = transposed && from->count != 1;
    if (!(p.name = cnn_arena_printf(g->arena, "%s%s%s", label, *suffix ? "." : "", suffix)) ||
        cnn_grow(&g->param, &g->param_room, g->params + 1, sizeof *g->param))
        return CNN_ESYSTEM;
    g->param[g->params++] = p;
    return 0;
}

int cnn_onnx_param(struct onnx_graph *g, const char *label, const char *suffix,
                   const struct onnx_constant *from, int rank, const size_t *dim)
{
    return cnn_onnx_param_scaled(g, label, suffix, from, rank, dim, 1, 0);
}

/* One fixed number, as a layer has it: *factor. */
static int is_factor(struct onnx_graph *g, const struct onnx_constant *scale, double *factor)
{
    enum { LARGEST = 1000000 };
    const double *x = scale && scale->count == 1 ? cnn_onnx_numbers(g, scale) : NULL;
    if (!x || !(fabs(*x) <= LARGEST))
        return 0;
    *factor = *x;
    return 1;
}

int cnn_onnx_affine(struct onnx_graph *g, struct onnx_value *out, const char *label,
                    const struct onnx_value *x, const struct onnx_constant *scale,
                    const struct onnx_constant *shift)
{
    struct cnn_chw shape = x->shape;
    char number[32];
    double factor;
    if (!shift && is_factor(g, scale, &factor)) {
        cnn_format_real(factor, 1, number);
        return cnn_onnx_line(g, out, label, &x, 1, shape, "factor %s", number);
    }
    int rc = cnn_onnx_line(g, out, label, &x, 1, shape, "scale%s%s", scale ? "" : " weight=0",
                           shift ? "" : " bias=0");
    if (!rc && scale)
        rc = cnn_onnx_param(g, label, "weight", scale, 1, &shape.c);
    if (!rc && shift)
        rc = cnn_onnx_param(g, label, "bias", shift, 1, &shape.c);
    return rc;
}
