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

/* An option that is kept at `place`; what else it has, in designated initialisers. */
#define CNN_COMPUTE_OPTION(word, kind, place, usual, text, ...)                                    \
    {                                                                                              \
        .name = word, .type = CNN_OPT_##kind, .offset = place, .fallback = usual, .help = text,    \
        __VA_ARGS__                                                                                \
    }

/* The options' lines in a table of `type`, whose member `field` is a struct cnn_compute. */
#define CNN_COMPUTE_OPTIONS(type, field)                                                           \
    CNN_COMPUTE_OPTION("exact-conv", FLAG, offsetof(type, field.exact_conv), "0",                  \
                       "no algorithm for convolutions that rounds more than plain sums do",        \
                       .max = 1),                                                                  \
        CNN_COMPUTE_OPTION(                                                                        \
            "tune", FLAG, offsetof(type, field.tune), "0",                                         \
            "compute convolutions in the ways that are measured, once, to be fastest here",        \
            .max = 1),                                                                             \
        CNN_COMPUTE_OPTION("threads", INT, offsetof(type, field.threads), "0",                     \
                           "threads to use (0: one for each core); results do not depend on it",   \
                           .max = 1024, .letter = 't', .metavar = "N"),                            \
        CNN_COMPUTE_OPTION("device", TEXT, offsetof(type, field.device), "cpu",                    \
                           "where to compute: cpu, cuda, cuda:N or auto", .metavar = "DEV"),       \
        CNN_COMPUTE_OPTION("precision", CHOICE, offsetof(type, field.precision), "fp32",           \
                           "on a GPU: how activations are held and multiplied (fp32, tf32, bf16)", \
                           .choices = CNN_PRECISION_CHOICES, .metavar = "WHAT")

/* Open the device and make the net on it. What was opened is the caller's, also on failure:
 * *backend and *net are NULL or to be closed. *note gets what the user should know. CNN_EDEVICE,
 * CNN_EUSAGE, and as cnn_net_new. */
int cnn_compute_net(const struct cnn_compute *c, const struct cnn_graph *graph,
                    const struct cnn_net_config *config, struct cnn_buf *note,
                    struct cnn_backend **backend, struct cnn_net **net);

#endif
