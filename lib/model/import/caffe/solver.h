/* Solvers of Caffe: how a net is trained, as options of training. */
#ifndef CNN_MODEL_IMPORT_CAFFE_SOLVER_H
#define CNN_MODEL_IMPORT_CAFFE_SOLVER_H

#include "base/text.h"
#include "lang/recipe.h"

/* The options of cnn-train that train as `caffe train` does, the net and its batch with them, as a
 * recipe, which is the arena's; and the fields that say nothing of the result, "a, b" or nothing, to
 * `unused`. has_net: there is another net, so that its own may be missing. CNN_EDATA with
 * "PATH:LINE: what is wrong", and with all settings that cannot be had; CNN_ENOINPUT. */
CNN_CHECKED int cnn_caffe_solver(struct cnn_arena *arena, const char *path, int has_net,
                                 struct cnn_recipe *out, struct cnn_buf *unused);

#endif
