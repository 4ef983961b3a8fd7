/* From a model's history to a shell script that makes the model again. */
#ifndef CNN_TASK_INSPECT_REBUILD_H
#define CNN_TASK_INSPECT_REBUILD_H

#include "base/error.h"
#include "task/inspect/inspect.h"

/* The script, for any POSIX shell. It takes the paths of what the model was made from as arguments;
 * path[0...paths-1], where there are some, are what it reads without arguments. What is there is
 * compared by its hash before a run begins, and so is the model at the end.
 * Nothing in a history, which may be a stranger's, becomes a command: programs and options are
 * those of this version, the rest is quoted. CNN_EDATA: there is no history, or none that a script
 * could repeat, and why; CNN_EUSAGE: the history has another number of inputs. */
CNN_CHECKED int cnn_rebuild_script(const struct cnn_inspect *in, char *const *path, size_t paths,
                                   struct cnn_buf *out);

#endif
