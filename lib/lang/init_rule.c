/* How weights start where nobody says it. A layer's sums should neither grow nor fade on their way
 * through the net, and what becomes of them decides: a rectified unit takes half of their square
 * away, so that weights before it start with the variance 2 / n (He et al. 2015, section 2.2); a
 * tangent, a sigmoid or nothing at all leaves it, and they start with 1 / n (LeCun et al.,
 * Efficient BackProp, 1998, section 4.6). Logits start small, whatever comes before them: the first
 * loss is then that of a guess among equals, and the first steps are not spent on unlearning what
 * the start pretended to know. */
#include "kern/activation.h"
#include "lang/graph.h"

enum { FOLLOWS_NOTHING, FOLLOWS_RECTIFIER, FOLLOWS_ANSWER };

static int is_rectifier(const struct cnn_layer *l)
{
    struct cnn_epilogue e = {0};
    l->type->activation(l, &e);
    return cnn_activation_type(e.f)->rectifier;
}

static int what_follows(const struct cnn_graph *g, int node);

/* What the sums meet in node m, which reads them. */
static int met_in(const struct cnn_graph *g, int m)
{
    const struct cnn_layer *l = &g->node[m].layer;
    if (l->type->flags & CNN_LAYER_LOSS)
        return FOLLOWS_ANSWER;
    if (l->type->activation)
        return is_rectifier(l) ? FOLLOWS_RECTIFIER : FOLLOWS_NOTHING;
    if (l->params) /* a normalisation makes any start the same; another layer's sums are linear */
        return l->type->fold ? FOLLOWS_RECTIFIER : FOLLOWS_NOTHING;
    return what_follows(g, m);
}

/* Through poolings, additions and the like. Where there are several readers, an answer weighs
 * least: a tap in the middle of a net is no head. */
static int what_follows(const struct cnn_graph *g, int node)
{
    int found = node == g->logits ? FOLLOWS_ANSWER : -1;
    for (int m = node + 1; m < g->nodes; m++)
        for (int k = 0; k < g->node[m].layer.inputs; k++) {
            int met = g->node[m].in[k] == node ? met_in(g, m) : -1;
            if (met == FOLLOWS_RECTIFIER)
                return met;
            if (met >= 0 && (found < 0 || found == FOLLOWS_ANSWER))
                found = met;
        }
    return found < 0 ? FOLLOWS_ANSWER : found;
}

enum cnn_init cnn_init_rule(const struct cnn_graph *g, int node)
{
    int follows = what_follows(g, node);
    return follows == FOLLOWS_RECTIFIER ? CNN_INIT_HE_NORMAL
           : follows == FOLLOWS_ANSWER  ? CNN_INIT_HEAD
                                        : CNN_INIT_LECUN_NORMAL;
}
