/* A model whose net slides over larger inputs, with the same weights; see lang/slide.c. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/model.h"

static int build(const struct cnn_model *m, int slides, struct cnn_graph **out)
{
    const struct cnn_graph_config config = {
        .name = m->path, .classes = m->classes.count, .slides = slides, .alone = 1, .with_loss = 1};
    return cnn_graph_build(m->net_text, &config, out);
}

/* What has parameters for each element of a vector has no place on the plane that the vector was. */
static int check_params(const struct cnn_graph *own, const struct cnn_graph *g, const char *path)
{
    for (int i = g->inputs; i < g->nodes; i++) {
        const struct cnn_layer *l = &g->node[i].layer;
        int before = l->params ? cnn_graph_find(own, l->name) : -1;
        for (int k = 0; before >= 0 && k < l->params; k++)
            if (cnn_shape_count(&l->param[k].shape) !=
                cnn_shape_count(&own->node[before].layer.param[k].shape))
                return cnn_fail(CNN_EDATA,
                                "%s: %s cannot slide: it has parameters for each element of the "
                                "vector that a plane becomes",
                                path, l->name);
    }
    return 0;
}

static int slid(const struct cnn_model *m, char **text)
{
    struct cnn_graph *own = NULL, *g = NULL;
    int rc = build(m, 0, &own);
    if (!rc)
        rc = build(m, 1, &g);
    if (!rc)
        rc = check_params(own, g, m->path);
    *text = rc ? NULL : cnn_strdup(g->print);
    cnn_graph_free(own);
    cnn_graph_free(g);
    return rc || *text ? rc : CNN_ESYSTEM;
}

int cnn_model_slide(struct cnn_model *m)
{
    char *text;
    int rc = slid(m, &text);
    if (rc)
        return rc;
    free(m->net_text);
    m->net_text = text;
    return 0;
}

int cnn_model_can_slide(const struct cnn_model *m)
{
    char *text;
    int rc = slid(m, &text);
    free(text);
    cnn_error_clear();
    return !rc;
}
