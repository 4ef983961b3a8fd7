/* Models as ONNX, for other programs. */
#ifndef CNN_MODEL_EXPORT_ONNX_H
#define CNN_MODEL_EXPORT_ONNX_H

#include "base/error.h"

struct cnn_graph;
struct cnn_tensor_source;

/* Write a net with its tensors (whole or not at all): operators of opset 20, the tensors under their names, what is known
 * of pixels, classes, history and self-test in the metadata. The number of samples is left open. CNN_EDATA with all layers
 * that have no operator, or a tensor that is not there; CNN_ECREATE, CNN_EIO. */
CNN_CHECKED int cnn_export_onnx(const char *path, const struct cnn_graph *graph,
                                const struct cnn_tensor_source *tensors);

#endif
