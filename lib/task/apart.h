/* No output of a command takes the place of what the command reads, or of another output. */
#ifndef CNN_TASK_APART_H
#define CNN_TASK_APART_H

#include <stddef.h>

#include "base/error.h"

struct cnn_dataset;

/* A path and what it is to the user: "--output", "the model", "the data". NULL, "" and "-" are
 * none. Lists of them end with a `what` of NULL. */
struct cnn_path_use {
    const char *what, *path;
};

/* CNN_EUSAGE when an output is the same file as another, or as an input, or stands beside an input
 * as what is read with it (classes.txt, the .tsv of an .npy): by name, by another spelling or
 * through links. A path that is no regular file (a device, a pipe) is none. Also when it is a
 * picture that lies in an input, as in cnn_apart_folder. */
CNN_CHECKED int cnn_apart_check(const struct cnn_path_use *out, const struct cnn_path_use *in);

/* The same for a model and datasets, and for samples of those that are open (`in` may be NULL). */
struct cnn_inputs;
struct cnn_apart_run {
    const char *model, *labels;
    char *const *input; /* (inputs) */
    size_t inputs;
    const struct cnn_inputs *in;
};
CNN_CHECKED int cnn_apart_run(const struct cnn_path_use *out, const struct cnn_apart_run *run);

/* CNN_EUSAGE when a folder that is written lies in one that is read, as a link or a name has it:
 * the next run would read it with the rest. One that reading leaves out (.work) may. */
CNN_CHECKED int cnn_apart_folder(const char *out, const char *in);

/* CNN_EUSAGE when an output that is there already is the file of a sample. */
CNN_CHECKED int cnn_apart_samples(const struct cnn_path_use *out, const struct cnn_dataset *ds);

#endif
