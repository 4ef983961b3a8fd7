/* Whose planes are looked at, and sums of them; see private.h. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "task/named.h"
#include "task/see/private.h"

static int has_planes(const struct cnn_graph *g, int node)
{
    const struct cnn_layer *l = &g->node[node].layer;
    return l->rows <= 1 && l->out.h * l->out.w > 1;
}

/* (nodes) whether the scores are made of the value. */
static unsigned char *mark_sources(const struct cnn_graph *g)
{
    unsigned char *is = cnn_calloc((size_t)g->nodes, 1);
    if (!is)
        return NULL;
    is[g->logits] = 1;
    for (int i = g->logits; i >= g->inputs; i--)
        for (int k = 0; is[i] && k < g->node[i].layer.inputs; k++)
            is[g->node[i].in[k]] = 1;
    return is;
}

static int by_name(struct see *s, const unsigned char *source)
{
    const char *what = s->o->layer;
    char shape[72];
    int node, rc = cnn_named_layer(s->graph, "--layer", what, &node);
    if (rc)
        return rc;
    if (node < 0)
        return cnn_named_no_layer(s->graph, "--layer", s->o->model, what);
    if (node < s->graph->inputs || !source[node])
        return cnn_fail(CNN_EUSAGE, "--layer '%s': the scores of classes are not made of it", what);
    cnn_chw_format(s->graph->node[node].layer.out, shape);
    if (!has_planes(s->graph, node))
        return cnn_fail(CNN_EUSAGE, "--layer '%s': its output, %s, has no planes to look at", what,
                        shape);
    s->layer = node;
    return 0;
}

int cnn_see_layer(struct see *s)
{
    const struct cnn_graph *g = s->graph;
    unsigned char *source = mark_sources(g);
    int rc = source ? 0 : CNN_ESYSTEM;
    if (!rc && s->o->layer[0])
        rc = by_name(s, source);
    for (int i = g->logits - 1; !rc && !s->layer && i >= g->inputs; i--)
        if (source[i] && has_planes(g, i))
            s->layer = i;
    if (!rc && !s->layer)
        rc = cnn_fail(CNN_EDATA, "%s: no layer before the scores has planes to look at",
                      s->o->model);
    if (!rc)
        s->planes = g->node[s->layer].layer.out;
    free(source);
    return rc;
}

int cnn_see_layer_values(struct see *s, const char *option, const char *what)
{
    int node, rc = cnn_named_layer(s->graph, option, what, &node);
    if (rc)
        return rc;
    if (node < 0)
        return cnn_named_no_layer(s->graph, option, s->o->model, what);
    if (node < s->graph->inputs)
        return cnn_fail(CNN_EUSAGE, "%s '%s': that is the image itself", option, what);
    if (s->graph->node[node].layer.rows > 1)
        return cnn_fail(CNN_EUSAGE, "%s '%s': its output has rows, and is not an image's", option,
                        what);
    s->layer = node;
    s->planes = s->graph->node[node].layer.out;
    return 0;
}

double cnn_see_slope_sum(const struct see *s, size_t k)
{
    size_t plane = s->planes.h * s->planes.w;
    double sum = 0;
    for (size_t p = 0; p < plane; p++)
        sum += (double)s->slope[k * plane + p];
    return sum;
}

int cnn_see_weighted(struct see *s, const float *x, double (*weight)(const struct see *s, size_t k),
                     int positive, float *map)
{
    size_t plane = s->planes.h * s->planes.w;
    int rc = cnn_see_planes(s, x);
    if (!rc)
        rc = cnn_image_reshape(&s->small, 1, s->planes.h, s->planes.w, 255);
    if (rc)
        return rc;
    memset(s->small.px, 0, plane * sizeof *s->small.px);
    for (size_t k = 0; k < s->planes.c; k++) {
        float w = (float)weight(s, k);
        for (size_t p = 0; p < plane; p++)
            s->small.px[p] += w * s->value[k * plane + p];
    }
    for (size_t p = 0; positive && p < plane; p++)
        s->small.px[p] = s->small.px[p] > 0 ? s->small.px[p] : 0;
    rc = cnn_image_resize(&s->large, &s->small, s->in.h, s->in.w);
    if (!rc)
        memcpy(map, s->large.px, s->in.h * s->in.w * sizeof *map);
    return rc;
}
