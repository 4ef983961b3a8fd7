/* Where and how a net is computed; see compute.h. */
#include "task/compute.h"

#include <string.h>

#include "task/tune.h"

int cnn_compute_another(const struct cnn_compute *c, struct cnn_backend *backend,
                        const struct cnn_graph *graph, const struct cnn_net_config *config,
                        struct cnn_buf *note, struct cnn_net **net)
{
    return c->tune && !backend->is_gpu ? cnn_tuned_net_new(graph, backend, config, note, net)
                                       : cnn_net_new(graph, backend, config, net);
}

int cnn_compute_net(const struct cnn_compute *c, const struct cnn_graph *graph,
                    const struct cnn_net_config *config, struct cnn_buf *note,
                    struct cnn_backend **backend, struct cnn_net **net)
{
    *net = NULL;
    int rc = cnn_backend_open(c->device, (int)c->threads, backend);
    if (!rc)
        rc = cnn_backend_set_precision(*backend, c->precision);
    if (rc)
        return rc;
    struct cnn_backend *b = *backend;
    if (b->is_gpu && strcmp(c->device, "auto") && (c->tune || c->exact_conv))
        return cnn_fail(CNN_EUSAGE, "--%s has no effect: it needs --device cpu",
                        c->tune ? "tune" : "exact-conv");
    b->queue.exact_conv = c->exact_conv;
    rc = cnn_compute_another(c, b, graph, config, note, net);
    if (!rc && b->fallback[0])
        cnn_buf_printf(note, "%scomputing on the CPU: %s", note->size ? "; " : "", b->fallback);
    return rc;
}
