/* Runs of cnn-train side by side. */
#ifndef CNN_TASK_INSPECT_RUNS_H
#define CNN_TASK_INSPECT_RUNS_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

/* The runs whose logs (cnn-train --log) or models stand in path[0...count-1], as TSV with a line of
 * column names, into *out: by validated top-1, else by validated loss, else by training loss, the
 * best first. Numbers are those of the best epoch, or of the last where there was no validation;
 * behind them stand the options in which the runs differ. CNN_ENOINPUT, CNN_EDATA (no such log,
 * named with its line, or no such model). */
CNN_CHECKED int cnn_inspect_runs(char *const *path, size_t count, struct cnn_buf *out);

#endif
