/* A model whose net slides over larger inputs, with the same weights; see lang/slid.c. */
#include <stdlib.h>

#include "base/memory.h"
#include "model/model.h"

static int slid(const struct cnn_model *m, char **text)
{
    const struct cnn_graph_config config = {
        .name = m->path, .classes = m->classes.count, .alone = 1, .with_loss = 1};
    struct cnn_graph *g = NULL;
    int rc = cnn_graph_slide(m->net_text, &config, &g);
    *text = rc ? NULL : cnn_strdup(g->print);
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
