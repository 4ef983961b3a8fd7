/* The inside of cnn_rebuild_script: rebuild.c (the script around), rebuild_plan.c (what the history
 * says), rebuild_command.c (the command lines). */
#ifndef CNN_TASK_INSPECT_REBUILD_PRIVATE_H
#define CNN_TASK_INSPECT_REBUILD_PRIVATE_H

#include <jansson.h>

#include "file/safetensors.h"
#include "model/model.h"
#include "task/inspect/rebuild.h"

/* A run of cnn-train, with what its training set went through before. */
struct rebuild_step {
    json_t *run;                 /* its entry */
    size_t pipe, pipes;          /* the entries of the pipe: history[pipe...pipe+pipes-1] */
    const char *hash, *val_hash; /* of the samples; NULL: none were seen */
    json_int_t samples, val_samples;
    int has_data, has_val;
    int foreign_init;  /* --init is an input, not what the step before made */
    int previous_init; /* it is what the step before made */
};

struct rebuild {
    const char *path;
    json_t *history; /* array */
    struct rebuild_step *step;
    size_t steps;
    struct cnn_strings input; /* names of what is read, as variables: "train", "val2" */
    struct cnn_strings about; /* (input.count) what it is */
};

/* Start from {0}. CNN_EDATA. */
CNN_CHECKED int cnn_rebuild_plan(struct rebuild *r, const struct cnn_model *m);
void cnn_rebuild_free(struct rebuild *r);

/* The name of an input of a step: "train" where there is one step, else "train1". */
void cnn_rebuild_name(const struct rebuild *r, const char *what, size_t step, struct cnn_buf *out);
void cnn_rebuild_features_name(const struct rebuild *r, size_t step, size_t entry,
                               struct cnn_buf *out);
/* Whether an entry is of that program. */
int cnn_rebuild_is(const json_t *entry, const char *program);
/* What the last step's model is compared with. */
struct rebuild_model {
    char classes[CNN_MODEL_HASH], tensors[CNN_TENSORS_HASH], metadata[CNN_MODEL_HASH];
};
/* The step's command lines into *out, those that make files for them before. model: NULL where it
 * is not the last step. CNN_EDATA. */
CNN_CHECKED int cnn_rebuild_command(const struct rebuild *r, size_t step,
                                    const struct rebuild_model *model, struct cnn_buf *out);

#endif
