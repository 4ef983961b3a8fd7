/* Probabilities and ranks; see scores.h. */
#include "task/scores.h"

#include <math.h>
#include <string.h>

/* The main loss, NULL without. */
static const struct cnn_layer *loss_of(const struct cnn_graph *g)
{
    for (int i = g->first_loss; g->losses && i < g->nodes; i++)
        if (!g->node[i].training_only)
            return &g->node[i].layer;
    return NULL;
}

static const char *link_of(const struct cnn_layer *loss)
{
    const char *link = cnn_layer_link(loss->type, loss->options);
    return link ? link : "";
}

static enum cnn_scores kind_of(const struct cnn_layer *loss)
{
    const char *link = link_of(loss);
    return !strcmp(link, "softmax")   ? CNN_SCORES_SOFTMAX
           : !strcmp(link, "sigmoid") ? CNN_SCORES_LOGISTIC
           : loss->type->binary       ? CNN_SCORES_MARGINS
                                      : CNN_SCORES_AS_THEY_ARE;
}

int cnn_scores_are_pair(const struct cnn_graph *g, size_t classes)
{
    const struct cnn_layer *loss = loss_of(g);
    struct cnn_chw out = g->node[g->output].layer.out;
    return classes == 2 && cnn_chw_count(out) == 1 && loss && loss->type->binary;
}

void cnn_scores_pair(enum cnn_scores kind, float x, float pair[2])
{
    pair[0] = kind == CNN_SCORES_AS_THEY_ARE ? 1 - x : -x;
    pair[1] = x;
}

int cnn_scores_are_classes(const struct cnn_graph *g, size_t classes)
{
    struct cnn_chw out = g->node[g->output].layer.out;
    return (classes && out.c == classes && out.h * out.w == 1 && !g->embeds) ||
           cnn_scores_are_pair(g, classes);
}

int cnn_scores_answer(const struct cnn_graph *g, size_t classes)
{
    struct cnn_chw out = g->node[g->logits].layer.out;
    return (classes && out.c == classes && out.h * out.w == 1 && !g->embeds) ||
           cnn_scores_are_classes(g, classes);
}

enum cnn_scores cnn_scores_kind(const struct cnn_graph *g, size_t classes)
{
    return cnn_scores_are_classes(g, classes) ? cnn_scores_of_places(g) : CNN_SCORES_AS_THEY_ARE;
}

enum cnn_scores cnn_scores_of_places(const struct cnn_graph *g)
{
    const struct cnn_layer_type *last = g->node[g->output].layer.type;
    const struct cnn_layer *loss = loss_of(g);
    if (!last || !loss || !strcmp(last->name, link_of(loss)))
        return CNN_SCORES_AS_THEY_ARE;
    return kind_of(loss);
}

static void softmax(const float *x, size_t n, float *p)
{
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        top = (double)x[i] > top ? (double)x[i] : top;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - top);
    for (size_t i = 0; i < n; i++)
        p[i] = (float)(exp((double)x[i] - top) / sum);
}

void cnn_scores_convert(enum cnn_scores kind, const float *x, size_t n, float *p)
{
    if (kind == CNN_SCORES_SOFTMAX)
        softmax(x, n, p);
    else if (kind == CNN_SCORES_LOGISTIC)
        for (size_t i = 0; i < n; i++)
            p[i] = (float)(1 / (1 + exp(-(double)x[i])));
    else if (p != x)
        memcpy(p, x, n * sizeof *p);
}

static int ahead(const float *scores, size_t a, size_t b)
{
    if (isnan(scores[a]) || isnan(scores[b]))
        return !isnan(scores[a]) || (isnan(scores[b]) && a < b);
    return scores[a] > scores[b] || (a < b && scores[a] == scores[b]);
}

void cnn_scores_top(const float *scores, size_t n, size_t k, size_t *index)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (found == k && (!k || !ahead(scores, i, index[k - 1])))
            continue;
        size_t at = found < k ? found++ : k - 1;
        for (; at > 0 && ahead(scores, i, index[at - 1]); at--)
            index[at] = index[at - 1];
        index[at] = i;
    }
}
