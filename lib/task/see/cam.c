/* Class activation maps (Zhou, Khosla, Lapedriza, Oliva, Torralba 2015): where planes A_k, their means and one dense
 * layer make the score, its part that comes from each place,
 *
 *     map = sum_k w_k A_k,  S = bias + 1/Z sum_ij map[i,j]
 *
 * The weights are the score's gradients by the planes, which are the same in all places, summed. */
#include <string.h>

#include "task/see/private.h"

/* The value before the node, where the node is one of what may lie behind the planes; else -1. */
static int before(const struct cnn_graph *g, int node, int *means, int *dense)
{
    static const char *const passing[] = {"flatten", "dropout", "identity", "reshape"};
    const struct cnn_layer *l = &g->node[node].layer;
    if (!l->type || l->inputs != 1)
        return -1;
    int from = g->node[node].in[0], single = l->out.h * l->out.w == 1;
    if (single && strstr(l->type->name, "avgpool")) {
        ++*means;
        return from;
    }
    if ((single && !strcmp(l->type->name, "dense")) ||
        (single && !strcmp(l->type->name, "conv") && l->in[0].h * l->in[0].w == 1)) {
        ++*dense;
        return from;
    }
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (single && l->in[0].h * l->in[0].w == 1 && !strcmp(l->type->name, passing[i]))
            return from;
    return -1;
}

static int check(struct see *s)
{
    int node = s->graph->logits, means = 0, dense = 0;
    while (node > s->layer)
        node = before(s->graph, node, &means, &dense);
    if (node == s->layer && means == 1 && dense <= 1)
        return 0;
    return cnn_fail(
        CNN_EDATA,
        "--saliency cam: %s: behind '%s' come other layers than a mean of planes and one "
        "dense layer; gradcam is for all nets",
        s->o->model, s->graph->node[s->layer].layer.name);
}

static int run(struct see *s, const float *x, float *map)
{
    return cnn_see_weighted(s, x, cnn_see_slope_sum, 0, map);
}

const struct see_technique cnn_see_cam = {.title = "Class activation map",
                                          .look = SEE_PART,
                                          .needs = SEE_BACKWARD | SEE_LAYER,
                                          .plane = 1,
                                          .check = check,
                                          .run = run};
