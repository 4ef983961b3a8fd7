/* A layer of a net, a class of a model, by what a user calls it; see named.h. */
#include "task/named.h"

#include <string.h>

#include "data/source/dataset.h"
#include "lang/syntax.h"

enum { LISTED = 40 }; /* names that a message holds */

int cnn_named_is_there(const struct cnn_graph *g, int node)
{
    const struct cnn_layer_type *type = g->node[node].layer.type;
    return !g->node[node].training_only && !(type && (type->flags & CNN_LAYER_LOSS));
}

int cnn_named_no_layer(const struct cnn_graph *g, const char *option, const char *model,
                       const char *what)
{
    struct cnn_nearest near = {.word = what};
    struct cnn_buf names = {0};
    char hint[80];
    int listed = 0;
    for (int i = 0; i < g->nodes; i++) {
        if (!cnn_named_is_there(g, i))
            continue;
        cnn_nearest_offer(&near, g->node[i].layer.name);
        if (listed++ < LISTED)
            cnn_buf_printf(&names, " %s", g->node[i].layer.name);
    }
    if (listed > LISTED)
        cnn_buf_puts(&names, " ... (cnn-inspect lists them all)");
    int rc = names.failed
                 ? CNN_ESYSTEM
                 : cnn_fail(CNN_EUSAGE, "%s '%s': %s has no such layer%s; it has%s", option, what,
                            model, cnn_nearest_hint(&near, hint), names.text);
    cnn_buf_free(&names);
    return rc;
}

int cnn_named_layer(const struct cnn_graph *g, const char *option, const char *what, int *out)
{
    int node = cnn_graph_find(g, what);
    if (node < 0 && !strcmp(what, "output"))
        node = g->output;
    if (node < 0 && !strcmp(what, "logits"))
        node = g->logits;
    *out = node;
    if (node >= 0 && !cnn_named_is_there(g, node))
        return cnn_fail(CNN_EUSAGE, "%s '%s': it runs in training only", option, what);
    return 0;
}

static int no_class(const struct cnn_strings *names, size_t count, const char *option,
                    const char *model, const char *what)
{
    struct cnn_nearest near = {.word = what};
    char hint[80];
    for (size_t i = 0; i < names->count; i++)
        cnn_nearest_offer(&near, names->item[i]);
    if (names->count)
        return cnn_fail(CNN_EUSAGE, "%s '%s': %s has no such class%s; numbers are 0 to %zu", option,
                        what, model, cnn_nearest_hint(&near, hint), count - 1);
    return cnn_fail(CNN_EUSAGE,
                    "%s '%s': %s has no class list, so that classes are numbers, 0 to %zu", option,
                    what, model, count - 1);
}

int cnn_named_class(const struct cnn_strings *names, size_t count, const char *option,
                    const char *model, const char *what, int *out)
{
    int64_t number;
    ptrdiff_t at = -1;
    if (names->count && cnn_class_find(names, what, &at))
        return CNN_ESYSTEM;
    if (at < 0 && !cnn_parse_int(what, 0, (int64_t)count - 1, &number))
        at = (ptrdiff_t)number;
    *out = (int)at;
    return at < 0 || (size_t)at >= count ? no_class(names, count, option, model, what) : 0;
}
