/* Checkpoints: a model file that also holds what a run needs to go on as if it had never stopped:
 * optimizer state (optimizer.0.NAME, optimizer.1.NAME), averages (average.NAME), the best
 * parameters so far (best.NAME) and the run's own state as JSON (metadata cnn.checkpoint). Every
 * program that reads models reads it as one. */
#ifndef CNN_MODEL_CHECKPOINT_H
#define CNN_MODEL_CHECKPOINT_H

#include "base/error.h"
#include "model/model.h"

/* Elements of all parameters and statistics together, and copies of them in canonical order, one
 * after another. */
size_t cnn_net_snapshot_count(struct cnn_net *net);
CNN_CHECKED int cnn_net_snapshot_get(struct cnn_net *net,
                                     float *values); /* 0, or the device's error */
void cnn_net_snapshot_set(struct cnn_net *net, const float *values);

/* Write the net's parameters and statistics, its optimizer's state arrays (`slabs` of them), its
 * averages where it has any, `best` (a snapshot, or NULL) and `state` (JSON); m's texts as in a
 * model. Temporary file, fsync, rename. CNN_ECREATE, CNN_EIO. */
CNN_CHECKED int cnn_checkpoint_save(const char *path, const struct cnn_model *m,
                                    struct cnn_net *net, int slabs, const float *best,
                                    const char *state);

/* Open one. CNN_ENOINPUT, CNN_EDATA (a plain model, too). Close it with cnn_model_free. */
CNN_CHECKED int cnn_checkpoint_open(const char *path, struct cnn_model **out, const char **state);

/* Everything back into the net; `best` (may be NULL: not wanted) gets the best snapshot and
 * *has_best whether there is one. CNN_EDATA when a tensor is missing or of another shape. */
CNN_CHECKED int cnn_checkpoint_load(const struct cnn_model *m, struct cnn_net *net, int slabs,
                                    float *best, int *has_best);

#endif
