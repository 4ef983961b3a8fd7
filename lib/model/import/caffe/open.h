/* Nets and weights of Caffe. */
#ifndef CNN_MODEL_IMPORT_CAFFE_OPEN_H
#define CNN_MODEL_IMPORT_CAFFE_OPEN_H

#include "base/error.h"
#include "file/infile.h"
#include "file/tensors.h"

/* Whether a text begins so, be it a net or a solver; whether it is a net; and whether a file of weights
 * begins so. */
int cnn_caffe_is_text(const unsigned char *bytes, size_t n);
int cnn_caffe_is_net(const unsigned char *bytes, size_t n);
int cnn_caffe_is_weights(const unsigned char *bytes, size_t n);

/* A net's text in the language of nets, the caller's to free(). train: in the phase TRAIN, and a
 * mean whose file is not there is an error; else in TEST. CNN_EDATA with "PATH:LINE: what is
 * wrong", and with all layers that cannot be imported; CNN_ENOINPUT. */
CNN_CHECKED int cnn_caffe_text(const char *path, const struct cnn_bytes *net, int train,
                               char **text);

/* Weights, and the net that they are of: the one of a text in phase TEST (net; path its path), or
 * that of the weights (net NULL), where *text is NULL if that cannot be imported, and *why (the
 * caller's to free(), as *text is) says so. The bytes of the weights are given up, on failure,
 * too. */
CNN_CHECKED int cnn_caffe_weights(const char *path, const struct cnn_bytes *net,
                                  const char *weights, struct cnn_bytes *bytes, char **text,
                                  char **why, struct cnn_tensor_source **tensors);

#endif
