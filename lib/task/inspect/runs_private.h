/* The inside of cnn_inspect_runs: runs_read.c (a run from its log or model) and
 * runs.c (the table). */
#ifndef CNN_TASK_INSPECT_RUNS_PRIVATE_H
#define CNN_TASK_INSPECT_RUNS_PRIVATE_H

#include <jansson.h>

#include "base/error.h"

/* What a log or a model says of its run; of one that went on, its last start. */
struct run {
    const char *path;
    json_t *start; /* net, data and, all of them texts, options */
    json_t *end;   /* NULL: none */
    json_t *epoch; /* the best, or the last where nothing says which is; NULL: none */
};

/* r->path is set. CNN_ENOINPUT, CNN_EDATA. What was read is the caller's also on failure. */
CNN_CHECKED int cnn_inspect_run_read(struct run *r);

/* A member's value; -1 and "" where there is none. */
double cnn_inspect_run_number(const json_t *o, const char *name);
const char *cnn_inspect_run_text(const json_t *o, const char *name);

#endif
