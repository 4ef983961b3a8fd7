/* Attributes of nodes; see onnx.h. */
#include "model/import/onnx/onnx.h"

#include <string.h>

enum { REAL = 1, INT = 2, GRAPH = 5, GRAPHS = 10 };

const Cnn__Onnx__Attribute *cnn_onnx_attribute(const struct onnx_node *n, const char *name)
{
    for (size_t i = 0; i < n->message->n_attribute; i++) {
        const Cnn__Onnx__Attribute *a = n->message->attribute[i];
        if (a->name && !strcmp(a->name, name))
            return a;
    }
    return NULL;
}

/* A number that is 0 may be left out, as proto3 does. */
static int is_number(const Cnn__Onnx__Attribute *a, int has, int type)
{
    return a && (has || (a->has_type && a->type == type));
}

int64_t cnn_onnx_int(const struct onnx_node *n, const char *name, int64_t fallback)
{
    const Cnn__Onnx__Attribute *a = cnn_onnx_attribute(n, name);
    return is_number(a, a && a->has_i, INT) ? a->i : fallback;
}

double cnn_onnx_real(const struct onnx_node *n, const char *name, double fallback)
{
    const Cnn__Onnx__Attribute *a = cnn_onnx_attribute(n, name);
    return is_number(a, a && a->has_f, REAL) ? (double)a->f : fallback;
}

int cnn_onnx_is(const struct onnx_node *n, const char *name, const char *text)
{
    const Cnn__Onnx__Attribute *a = cnn_onnx_attribute(n, name);
    return a && a->has_s && a->s.len == strlen(text) && !memcmp(a->s.data, text, a->s.len);
}

const int64_t *cnn_onnx_ints(const struct onnx_node *n, const char *name, int *count)
{
    const Cnn__Onnx__Attribute *a = cnn_onnx_attribute(n, name);
    *count = a && a->n_ints <= 1 << 16 ? (int)a->n_ints : 0;
    return *count ? a->ints : NULL;
}

static int has_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (size_t k; *words; words += k + (words[k] == ' ')) {
        k = strcspn(words, " ");
        if (k == n && !strncmp(words, word, n))
            return 1;
    }
    return 0;
}

int cnn_onnx_check_attributes(const struct onnx_node *n)
{
    for (size_t i = 0; i < n->message->n_attribute; i++) {
        const Cnn__Onnx__Attribute *a = n->message->attribute[i];
        if (a->has_type && (a->type == GRAPH || a->type == GRAPHS))
            return cnn_fail(CNN_EDATA, "a graph within a graph");
        if (!a->name || !has_word(n->op->attributes, a->name))
            return cnn_fail(CNN_EDATA, "attribute '%.60s' is not supported",
                            a->name ? a->name : "");
    }
    return 0;
}

int cnn_onnx_list(struct onnx_graph *g, const struct onnx_node *n, const char *name, int input,
                  int most, int64_t *out, int *count)
{
    const int64_t *list = cnn_onnx_ints(n, name, count);
    const struct onnx_value *v = input >= 0 && input < n->ins ? n->in[input] : NULL;
    if (list && *count > most)
        return cnn_fail(CNN_EDATA, "%s has %d numbers", name, *count);
    if (list) {
        memcpy(out, list, (size_t)*count * sizeof *out);
        return 0;
    }
    *count = cnn_onnx_attribute(n, name) ? 0 : -1;
    if (!v)
        return 0;
    if (v->state != ONNX_CONSTANT)
        return cnn_fail(CNN_EDATA, "%s is no constant", name);
    return cnn_onnx_integers(g, v->constant, most, out, count);
}
