/* Nets and weights of darknet (.cfg, .weights); what reads them is in darknet/. */
#include "model/import/darknet/open.h"
#include "model/import/import.h"

/* Numbers alone tell nothing. */
static int sniff_weights(const unsigned char *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    return 0;
}

static int open_weights(const char *path, struct cnn_bytes *bytes, struct cnn_imported *out)
{
    (void)out;
    cnn_bytes_free(bytes);
    return cnn_fail(CNN_EDATA,
                    "%s: weights of darknet mean nothing without their net: "
                    "NET.cfg:%s names both",
                    path, path);
}

static int read_text(const char *path, const struct cnn_bytes *net, enum cnn_net_use use,
                     char **text)
{
    (void)use;
    return cnn_darknet_text(path, net, text);
}

static int open_both(const char *path, const struct cnn_bytes *net, const char *weights,
                     struct cnn_bytes *bytes, struct cnn_imported *out)
{
    return cnn_darknet_weights(path, net, weights, bytes, &out->net_text, &out->tensors);
}

const struct cnn_import cnn_import_darknet = {
    .ending = ".weights", .sniff = sniff_weights, .open = open_weights};

const struct cnn_net_form cnn_net_form_darknet = {.sniff = cnn_darknet_is_text,
                                                  .text = read_text,
                                                  .weights = &cnn_import_darknet,
                                                  .open = open_both};
