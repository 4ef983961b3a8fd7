/* Nets and weights of darknet. */
#ifndef CNN_MODEL_IMPORT_DARKNET_OPEN_H
#define CNN_MODEL_IMPORT_DARKNET_OPEN_H

#include "base/error.h"
#include "file/infile.h"
#include "file/tensors.h"

/* Whether a text begins so. */
int cnn_darknet_is_text(const unsigned char *bytes, size_t n);

/* A net's text in the language of nets, the caller's to free(). CNN_EDATA with "PATH:LINE: what is
 * wrong", and with all layers that cannot be imported. */
CNN_CHECKED int cnn_darknet_text(const char *path, const struct cnn_bytes *net, char **text);

/* The same with a file of weights, whose bytes are given up, on failure, too. */
CNN_CHECKED int cnn_darknet_weights(const char *path, const struct cnn_bytes *net,
                                    const char *weights, struct cnn_bytes *bytes, char **text,
                                    struct cnn_tensor_source **tensors);

#endif
