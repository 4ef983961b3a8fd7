/* What of a net is not trained, and at which rates the rest is; see net.h. */
#include <string.h>

#include "net/net_private.h"

/* "layer1" and "layer1.*" name everything below layer1. */
static int pattern_names(const char *pattern, const char *name)
{
    size_t n = strlen(pattern);
    return cnn_match(pattern, name) || (!strncmp(pattern, name, n) && name[n] == '.');
}

/* Mark what the patterns freeze; a pattern that names nothing is a mistake. */
static int freeze_named(struct cnn_net *net, const struct cnn_strings *patterns)
{
    for (size_t k = 0; patterns && k < patterns->count; k++) {
        int used = 0;
        for (size_t i = 0; i < net->params; i++)
            if (pattern_names(patterns->item[k], net->param[i].name))
                used = net->param[i].frozen = 1;
        if (!used)
            return cnn_fail(CNN_EUSAGE, "freeze pattern '%s' matches no parameter",
                            patterns->item[k]);
    }
    return 0;
}

/* The node, and all that it is computed from. */
static void freeze_upstream(struct cnn_net *net, int last)
{
    const struct cnn_graph *g = net->graph;
    net->still[last] = 1;
    for (int i = last; i >= g->inputs; i--) {
        const struct cnn_node *node = &g->node[i];
        for (int k = 0; net->still[i] && k < node->layer.inputs; k++)
            net->still[node->in[k]] = 1;
        for (int k = 0; net->still[i] && k < node->layer.params; k++)
            net->param[net->node[i].first_param + (size_t)k].frozen = 1;
    }
}

/* What a pattern names is trained, unless its rate is 0. */
static int thaw_named(struct cnn_net *net, const struct cnn_strings *patterns)
{
    for (size_t k = 0; patterns && k < patterns->count; k++) {
        int used = 0;
        for (size_t i = 0; i < net->params; i++) {
            struct cnn_net_param *p = &net->param[i];
            if (!p->frozen || !pattern_names(patterns->item[k], p->name))
                continue;
            p->frozen = p->trained && !(p->declared.rate > 0);
            used = 1;
        }
        if (!used)
            return cnn_fail(CNN_EUSAGE, "unfreeze pattern '%s' matches no parameter that is frozen",
                            patterns->item[k]);
    }
    return 0;
}

static int is_trained(const struct cnn_net *net, int i)
{
    for (int k = 0; k < net->graph->node[i].layer.params; k++) {
        const struct cnn_net_param *p = &net->param[net->node[i].first_param + (size_t)k];
        if (p->trained && !p->frozen)
            return 1;
    }
    return 0;
}

/* Layers that are trained after all, and those that read them, do not rest. */
static int wake_downstream(struct cnn_net *net)
{
    const struct cnn_graph *g = net->graph;
    unsigned char *awake = cnn_arena_alloc(net->arena, (size_t)g->nodes);
    if (!awake)
        return CNN_ESYSTEM;
    for (int i = g->inputs; i < g->nodes; i++) {
        awake[i] = (unsigned char)is_trained(net, i);
        for (int k = 0; k < g->node[i].layer.inputs; k++)
            awake[i] |= awake[g->node[i].in[k]];
        net->still[i] &= !awake[i];
    }
    return 0;
}

/* "PATTERN=FACTOR": the length of the pattern. */
static int read_factor(const char *text, size_t *n, double *factor)
{
    const char *equal = strrchr(text, '=');
    *n = equal ? (size_t)(equal - text) : 0;
    if (!*n)
        return cnn_fail(CNN_EUSAGE, "rate factor '%s' is not PATTERN=X", text);
    return cnn_parse_real(equal + 1, 0, 1e6, factor) ? cnn_fail_within("rate factor '%s'", text)
                                                     : 0;
}

/* The factor of all that the pattern names, whatever an earlier one said. */
static int set_factor(struct cnn_net *net, const char *text, int later, double *factor)
{
    double x;
    size_t n, named = 0, open = 0;
    if (read_factor(text, &n, &x))
        return cnn_error_code();
    const char *pattern = cnn_arena_strndup(net->arena, text, n);
    if (!pattern)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < net->params; i++) {
        const struct cnn_net_param *p = &net->param[i];
        if (!pattern_names(pattern, p->name))
            continue;
        named++;
        open += p->trained && (!p->frozen || later);
        factor[i] = x;
    }
    if (!named)
        return cnn_fail(CNN_EUSAGE, "rate factor '%s' matches no parameter", text);
    return open ? 0
                : cnn_fail(CNN_EUSAGE, "rate factor '%s' has no effect: what it names is frozen",
                           text);
}

/* On top of those that the net's lines have. At a rate of 0 nothing is trained. */
static int set_factors(struct cnn_net *net, const struct cnn_strings *rates, int later)
{
    if (!rates || !rates->count)
        return 0;
    double *factor = cnn_arena_alloc(net->arena, (net->params + 1) * sizeof *factor);
    if (!factor)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < net->params; i++)
        factor[i] = 1;
    for (size_t k = 0; k < rates->count; k++)
        if (set_factor(net, rates->item[k], later, factor))
            return cnn_error_code();
    for (size_t i = 0; i < net->params; i++) {
        struct cnn_net_param *p = &net->param[i];
        p->declared.rate *= factor[i];
        p->frozen |= p->trained && !(p->declared.rate > 0);
    }
    return 0;
}

int cnn_net_freeze(struct cnn_net *net, const struct cnn_net_config *config)
{
    net->still = cnn_arena_alloc(net->arena, (size_t)net->graph->nodes);
    if (!net->still)
        return CNN_ESYSTEM;
    int rc = freeze_named(net, config->freeze);
    if (!rc && config->freeze_to)
        freeze_upstream(net, config->freeze_to);
    if (!rc)
        rc = thaw_named(net, config->thaw);
    if (!rc && config->thaw && config->thaw->count)
        rc = wake_downstream(net);
    return rc ? rc : set_factors(net, config->rates, config->thaws_later);
}
