/* Convolutions done in the ways that are fastest on this machine, by a measurement that is made
 * once and kept in a file: what --tune does. The file is described in cnn-formats(5). */
#ifndef CNN_TASK_TUNE_H
#define CNN_TASK_TUNE_H

#include "base/error.h"
#include "base/text.h"
#include "net/net.h"

/* As cnn_net_new, with the net's convolutions chosen by the file, or measured now and added to it.
 * The backend keeps the choices until it is closed. *note: what the user should know; empty when
 * there is nothing. CNN_EUSAGE when neither XDG_CACHE_HOME nor HOME says where the file is,
 * CNN_ECREATE, CNN_EIO, and as cnn_net_new. */
CNN_CHECKED int cnn_tuned_net_new(const struct cnn_graph *graph, struct cnn_backend *backend,
                                  const struct cnn_net_config *config, struct cnn_buf *note,
                                  struct cnn_net **out);

#endif
