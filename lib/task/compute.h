/* Where and how a net is computed: the options that all programs which run nets share. */
#ifndef CNN_TASK_COMPUTE_H
#define CNN_TASK_COMPUTE_H

#include <stddef.h>

#include "base/option.h"
#include "base/text.h"
#include "net/net.h"

struct cnn_compute {
    const char *device; /* backend.h names them */
    long long threads;  /* 0: one for each core */
    int precision;      /* enum cnn_precision; GPUs */
    int exact_conv;     /* CPU: no algorithm for convolutions that rounds more than plain sums do */
    int tune;           /* CPU: as cnn_tuned_net_new */
};

/* The options' lines in a table of `type`, whose member `field` is a struct cnn_compute. */
#define CNN_COMPUTE_OPTIONS(type, field)                                                           \
    {"exact-conv",                                                                                 \
     CNN_OPT_FLAG,                                                                                 \
     offsetof(type, field.exact_conv),                                                             \
     "0",                                                                                          \
     0,                                                                                            \
     1,                                                                                            \
     NULL,                                                                                         \
     0,                                                                                            \
     0,                                                                                            \
     NULL,                                                                                         \
     "no algorithm for convolutions that rounds more than plain sums do"},                         \
        {"tune",                                                                                   \
         CNN_OPT_FLAG,                                                                             \
         offsetof(type, field.tune),                                                               \
         "0",                                                                                      \
         0,                                                                                        \
         1,                                                                                        \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "compute convolutions in the ways that are measured, once, to be fastest here"},          \
        {"threads",                                                                                \
         CNN_OPT_INT,                                                                              \
         offsetof(type, field.threads),                                                            \
         "0",                                                                                      \
         0,                                                                                        \
         1024,                                                                                     \
         NULL,                                                                                     \
         0,                                                                                        \
         't',                                                                                      \
         "N",                                                                                      \
         "threads to use (0: one for each core); results do not depend on it"},                    \
        {"device",                                                                                 \
         CNN_OPT_TEXT,                                                                             \
         offsetof(type, field.device),                                                             \
         "cpu",                                                                                    \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         "DEV",                                                                                    \
         "where to compute: cpu, cuda, cuda:N or auto"},                                           \
    {                                                                                              \
        "precision", CNN_OPT_CHOICE, offsetof(type, field.precision), "fp32", 0, 0,                \
            CNN_PRECISION_CHOICES, 0, 0, "WHAT",                                                   \
            "on a GPU: how activations are held and multiplied (fp32, tf32, bf16)"                 \
    }

/* Open the device and make the net on it. What was opened is the caller's, also on failure:
 * *backend and *net are NULL or to be closed. *note gets what the user should know. CNN_EDEVICE,
 * CNN_EUSAGE, and as cnn_net_new. */
int cnn_compute_net(const struct cnn_compute *c, const struct cnn_graph *graph,
                    const struct cnn_net_config *config, struct cnn_buf *note,
                    struct cnn_backend **backend, struct cnn_net **net);

#endif
