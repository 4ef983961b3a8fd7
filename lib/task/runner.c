/* Models made ready to run; see runner.h. */
#include "task/runner.h"

#include "task/tune.h"

int cnn_runner_open(struct cnn_runner *r, const char *model, int with_loss)
{
    int rc = cnn_model_open(model, &r->model);
    return rc ? rc : cnn_model_graph(r->model, with_loss, &r->graph);
}

static int tune(struct cnn_runner *r, const struct cnn_runner_config *config,
                const struct cnn_net_config *net)
{
    const struct cnn_callbacks *cb = config->callbacks;
    struct cnn_buf note = {0};
    int rc = cnn_tuned_net_new(r->graph, r->backend, net, &note, &r->net);
    if (note.size && cb && cb->note)
        cb->note(cb->context, note.text);
    cnn_buf_free(&note);
    return rc;
}

int cnn_runner_start(struct cnn_runner *r, const struct cnn_runner_config *config)
{
    struct cnn_net_config net = {
        .batch = config->batch, .keep = config->keep, .keeps = config->keeps};
    int rc = cnn_backend_open(config->device, config->threads, &r->backend);
    if (rc)
        return rc;
    r->backend->queue.exact_conv = config->exact_conv;
    rc = config->tune ? tune(r, config, &net) : cnn_net_new(r->graph, r->backend, &net, &r->net);
    return rc ? rc : cnn_model_load_params(r->model->file, r->model->path, r->net, NULL, NULL);
}

void cnn_runner_close(struct cnn_runner *r)
{
    cnn_net_free(r->net);
    cnn_backend_close(r->backend);
    cnn_graph_free(r->graph);
    cnn_model_free(r->model);
    *r = (struct cnn_runner){0};
}
