/* A net as the one that slides over larger inputs (slide.c), and whether that is the same net at the size
 * that its text has: a vector that was a plane is that plane again, so that what reads it must not take
 * the vector's elements together, nor have parameters for each of them. */
#include "lang/graph.h"

static int fails(const struct cnn_graph_config *config, const struct cnn_layer *l, const char *why)
{
    return cnn_fail(CNN_EDATA, "%s: %s cannot slide: it %s the vector that a plane becomes",
                    config->name ? config->name : "net", l->name, why);
}

static int becomes_plane(struct cnn_chw own, struct cnn_chw slid)
{
    return own.h * own.w == 1 && slid.h * slid.w > 1;
}

/* A layer that has the same name in both. What takes a whole plane together has become what does so for
 * each part of a larger one, or was refused. */
static int check_layer(const struct cnn_graph_config *config, const struct cnn_layer *own,
                       const struct cnn_layer *slid)
{
    int is_right = (own->type->flags & (CNN_LAYER_ELEMENTWISE | CNN_LAYER_SEES_ALL)) != 0;
    for (int k = 0; k < slid->params; k++)
        if (cnn_shape_count(&slid->param[k].shape) != cnn_shape_count(&own->param[k].shape))
            return fails(config, slid, "has parameters for each element of");
    for (int k = 0; !is_right && k < slid->inputs; k++)
        if (becomes_plane(own->in[k], slid->in[k]))
            return fails(config, slid, "takes together the elements of");
    return 0;
}

static int check(const struct cnn_graph_config *config, const struct cnn_graph *own,
                 const struct cnn_graph *slid)
{
    int rc = 0;
    for (int i = slid->inputs; !rc && i < slid->nodes; i++) {
        const struct cnn_layer *l = &slid->node[i].layer;
        int before = cnn_graph_find(own, l->name);
        if (before >= 0)
            rc = check_layer(config, &own->node[before].layer, l);
    }
    for (int i = 0; !rc && i < slid->outputs; i++) {
        const struct cnn_layer *l = &slid->node[slid->each_output[i]].layer;
        if (becomes_plane(own->node[own->each_output[i]].layer.out, l->out))
            rc = fails(config, l, "is an output, and gives");
    }
    return rc;
}

int cnn_graph_slide(const char *text, const struct cnn_graph_config *config, struct cnn_graph **out)
{
    struct cnn_graph_config of_parts = *config;
    struct cnn_graph *own = NULL;
    of_parts.slides = 1;
    int rc = cnn_graph_build(text, &of_parts, out);
    if (!rc)
        rc = cnn_graph_build(text, config, &own);
    if (!rc)
        rc = check(config, own, *out);
    cnn_graph_free(own);
    if (rc) {
        cnn_graph_free(*out);
        *out = NULL;
    }
    return rc;
}
