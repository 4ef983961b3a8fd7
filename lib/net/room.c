/* Whether a net fits its device; see net_private.h. */
#include "data/loader/image_store.h"
#include "net/net_private.h"

/* Bytes that a device wants for code and records, and for copies of few numbers. */
static const size_t DEVICE_SLACK = (size_t)32 << 20;

/* What a CPU's net takes is the user's choice, and what it does not touch costs nothing; but one for a
 * sample of any size must not end the program and others with it.
 *
 * Inputs come by way of a store of images, or of two buffers as large; outputs by way of two; targets
 * are numbers, or a label, and a weight. */
int cnn_net_check_room(const struct cnn_net *net, const struct cnn_net_config *config)
{
    const struct cnn_backend *b = net->backend;
    const char *whose = b->is_gpu ? "the device" : "memory";
    if (!b->ops->available || (!b->is_gpu && !config->weights))
        return 0;
    size_t left = b->ops->available(net->backend), mib = (size_t)1 << 20;
    size_t own = !config->weights && !config->like; /* else they are another net's */
    size_t slabs = own + (size_t)(config->training != 0) + (size_t)config->optimizer_slabs;
    size_t means = config->training && config->average;
    size_t fixed =
        ((slabs + means) * net->value_count + (own + means) * net->statistic_count) * sizeof(real) +
        net->plan->packed_bytes + (b->is_gpu ? DEVICE_SLACK : 0);
    const struct cnn_graph *g = net->graph;
    size_t in = 0, out = 2 * cnn_layer_elements(&g->node[g->logits].layer);
    for (int i = 0; i < g->inputs; i++)
        in += cnn_layer_elements(&g->node[i].layer);
    for (int i = 0; i < g->targets; i++)
        out += g->target[i].rows * (cnn_chw_count(g->target[i].shape) +
                                    g->target[i].shape.h * g->target[i].shape.w + 1);
    size_t moving = net->plan->activation_bytes +
                    cnn_image_store_bytes(config->batch, in * sizeof(float)) +
                    config->batch * out * sizeof(real);
    if (fixed <= left && moving <= left - fixed)
        return 0;
    size_t fits = fixed < left
                      ? (size_t)((double)(left - fixed) / (double)moving * (double)config->batch)
                      : 0;
    if (!fits)
        return cnn_fail(CNN_ESYSTEM, "the net needs %zu MiB of %s, %zu MiB are free",
                        (fixed + moving / config->batch) / mib, whose, left / mib);
    return cnn_fail(CNN_ESYSTEM,
                    "batches of %zu need %zu MiB of %s, %zu MiB are free; batches of %zu "
                    "would fit, about",
                    config->batch, (fixed + moving) / mib, whose, left / mib, fits);
}
