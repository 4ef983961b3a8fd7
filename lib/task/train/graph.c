/* The net of a run: its text, from --net or from the model that the run starts from, and the graph
 * that comes of it with the data's classes and shape. */
#include <stdlib.h>
#include <string.h>

#include "task/runner.h"
#include "task/train/private.h"

const struct cnn_model *cnn_train_text_source(const struct trainer *t)
{
    const struct cnn_model *start = t->from ? t->from : t->init;
    return !t->o->net[0] && start && start->net_text ? start : NULL;
}

int cnn_train_open_text(struct trainer *t)
{
    const struct cnn_model *source = cnn_train_text_source(t);
    if (!source)
        return cnn_net_text(t->o->net, &t->net_text, &t->net_name);
    t->net_text = cnn_strdup(source->net_text);
    t->net_name = cnn_strdup(source->path);
    return t->net_text && t->net_name ? 0 : CNN_ESYSTEM;
}

/* A file may be in a folder of that name. */
static int is_built_in(const struct trainer *t)
{
    const struct cnn_zoo_entry *e = cnn_zoo_find(t->net_name);
    return e && !strcmp(e->text, t->net_text);
}

int cnn_train_build_graph(struct trainer *t)
{
    struct cnn_graph_config config = {.name = t->net_name,
                                      .classes = t->model.classes.count,
                                      .numbers = t->o->target != CNN_TRAIN_CLASS,
                                      .loss = t->o->loss[0] ? t->o->loss : NULL,
                                      .with_loss = 1};
    int rc = cnn_train_input_shape(t, t->net_text, &config);
    if (!rc)
        rc = cnn_graph_build(t->net_text, &config, &t->graph);
    if (!rc && (rc = cnn_inputs_suit(t->graph)))
        cnn_fail_within("%s", t->net_name);
    if (!rc)
        rc = cnn_train_check_net_outputs(t);
    if (!rc)
        rc = cnn_train_check_loss(t);
    if (rc)
        return rc;
    t->outputs = cnn_chw_count(t->graph->node[t->graph->logits].layer.out);
    t->model.net_text = cnn_strdup(t->graph->print);
    t->origin = cnn_strdup(cnn_train_text_source(t) ? ""
                           : is_built_in(t)         ? t->net_name
                                                    : t->graph->print);
    return t->model.net_text && t->origin ? 0 : CNN_ESYSTEM;
}
