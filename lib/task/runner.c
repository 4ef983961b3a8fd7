/* Models made ready to run; see runner.h. */
#include "task/runner.h"

#include "task/scores.h"

/* Two classes may share an output. */
static int check_classes(const struct cnn_runner *r)
{
    const struct cnn_graph *g = r->graph;
    size_t classes = r->model->classes.count, outputs = cnn_chw_count(g->node[g->output].layer.out);
    if (!classes || g->embeds || cnn_scores_answer(g, classes) || (classes == 2 && outputs == 1))
        return 0;
    return cnn_fail(CNN_EDATA, "%s: %zu class%s for %zu output%s", r->model->path, classes,
                    classes == 1 ? "" : "es", outputs, outputs == 1 ? "" : "s");
}

/* A dense layer has a weight for each element of the plane before it, so that another size of the
 * input is another layer. */
static int check_size(const struct cnn_graph *own, const struct cnn_graph *g, const char *path)
{
    for (int i = 0; i < own->nodes; i++)
        for (int k = 0; k < own->node[i].layer.params; k++)
            if (!cnn_shape_equal(&own->node[i].layer.param[k].shape,
                                 &g->node[i].layer.param[k].shape))
                return cnn_fail(
                    CNN_EDATA,
                    "%s: --size: %s reads all of the plane before it, so that the net takes images "
                    "of %zux%zu alone",
                    path, own->node[i].layer.name, own->input->shape.h, own->input->shape.w);
    return 0;
}

static int open_at_size(struct cnn_runner *r, int with_loss, struct cnn_pair size)
{
    struct cnn_graph *own = NULL;
    int rc = cnn_model_graph(r->model, with_loss, (struct cnn_pair){0, 0}, &own);
    if (!rc && (rc = cnn_model_graph(r->model, with_loss, size, &r->graph)))
        rc = cnn_fail_within("--size %dx%d", size.h, size.w);
    if (!rc)
        rc = check_size(own, r->graph, r->model->path);
    cnn_graph_free(own);
    return rc;
}

int cnn_runner_open(struct cnn_runner *r, const char *model, int with_loss, struct cnn_pair size)
{
    int rc = cnn_model_open_net(model, &r->model);
    if (!rc)
        rc = size.h > 0 ? open_at_size(r, with_loss, size)
                        : cnn_model_graph(r->model, with_loss, size, &r->graph);
    return rc ? rc : check_classes(r);
}

int cnn_runner_start(struct cnn_runner *r, const struct cnn_runner_config *config)
{
    const struct cnn_callbacks *cb = config->callbacks;
    struct cnn_net_config net = {
        .batch = config->batch, .once = config->once, .keep = config->keep, .keeps = config->keeps};
    struct cnn_buf note = {0};
    int rc = cnn_compute_net(config->compute, r->graph, &net, &note, &r->backend, &r->net);
    if (note.size && cb && cb->note)
        cb->note(cb->context, note.text);
    cnn_buf_free(&note);
    if (!rc && cb && cb->note && cnn_model_is_blank(r->model->tensors))
        cb->note(cb->context, "every weight of the model is zero: its answers say nothing");
    return rc ? rc : cnn_model_load_params(r->model->tensors, r->net, NULL, NULL);
}

void cnn_runner_close(struct cnn_runner *r)
{
    cnn_net_free(r->net);
    cnn_backend_close(r->backend);
    cnn_graph_free(r->graph);
    cnn_model_free(r->model);
    *r = (struct cnn_runner){0};
}
