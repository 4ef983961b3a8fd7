/* Where and how a net is computed: the options that all programs which run nets share. */
#ifndef CNN_TASK_COMPUTE_H
#define CNN_TASK_COMPUTE_H

#include <stddef.h>

#include "base/error.h"
#include "base/option.h"
#include "base/text.h"
#include "net/net.h"

struct cnn_compute {
    const char *device;           /* backend.h names them */
    long long threads;            /* 0: one for each core */
    enum cnn_precision precision; /* GPUs */
    int exact_conv; /* CPU: no algorithm for convolutions that rounds more than plain sums do */
    int tune;       /* CPU: as cnn_tuned_net_new */
};

/* The options' lines in a table of `owner`, whose member `member` is a struct cnn_compute. */
#define CNN_COMPUTE_OPTIONS(owner, member)                                                         \
    CNN_OPTION_FLAG("exact-conv", owner, member.exact_conv, "0",                                   \
                    .help = "no algorithm for convolutions that rounds more than plain sums do"),  \
        CNN_OPTION_FLAG(                                                                           \
            "tune", owner, member.tune, "0",                                                       \
            .help =                                                                                \
                "compute convolutions in the ways that are measured, once, to be fastest here"),   \
        CNN_OPTION_INT(                                                                            \
            "threads", owner, member.threads, "0", .max = 1024, .letter = 't', .metavar = "N",     \
            .help = "threads to use (0: one for each core); results do not depend on it"),         \
        CNN_OPTION_TEXT("device", owner, member.device, "cpu", .metavar = "DEV",                   \
                        .help = "where to compute: cpu, cuda, cuda:N or auto"),                    \
        CNN_OPTION_CHOICE(                                                                         \
            "precision", owner, member.precision, "fp32", CNN_PRECISIONS, .metavar = "WHAT",       \
            .help = "on a GPU: how activations are held and multiplied (fp32, tf32, bf16)")

/* Open the device and make the net on it. What was opened is the caller's, also on failure:
 * *backend and *net are NULL or to be closed. *note gets what the user should know. CNN_EDEVICE,
 * CNN_EUSAGE, and as cnn_net_new. */
CNN_CHECKED int cnn_compute_net(const struct cnn_compute *c, const struct cnn_graph *graph,
                                const struct cnn_net_config *config, struct cnn_buf *note,
                                struct cnn_backend **backend, struct cnn_net **net);
/* Another net on a device that cnn_compute_net has opened. */
CNN_CHECKED int cnn_compute_another(const struct cnn_compute *c, struct cnn_backend *backend,
                                    const struct cnn_graph *graph,
                                    const struct cnn_net_config *config, struct cnn_buf *note,
                                    struct cnn_net **net);

#endif
