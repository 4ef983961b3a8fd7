/* Dividing datasets into training, validation and test sets: what cnn-split does. */
#ifndef CNN_TASK_SPLIT_SPLIT_H
#define CNN_TASK_SPLIT_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "task/callbacks.h"

enum { CNN_SPLIT_TRAIN, CNN_SPLIT_VAL, CNN_SPLIT_TEST, CNN_SPLITS };

struct cnn_split_options {
    char *const *input; /* datasets that can be pointed into: no streams */
    int inputs;
    const char *bad_list; /* where the caller writes names of bad samples; NULL: nowhere */
    const char *folder;   /* of the outputs; made when it is not there */
    /* "0.8" is a part of the samples, "1000" a number of them; "" what the others leave (all three:
     * 0.8, 0.1, 0.1; training alone open: the others 0.1 where open). */
    const char *share[CNN_SPLITS];
    int stratify;      /* each class in the same proportions */
    int allow_missing; /* a class may be absent from a split */
    uint64_t seed;
    const char *classes; /* a file with the class list; "": as the dataset says */
    const char *labels;  /* of an IDX file; "": beside it */
    int skip_bad;        /* leave out files that are no images; else they are an error */
    const volatile int *stop;
    const struct cnn_callbacks *callbacks; /* bad, note and ready are called; NULL: none */
};

/* How many samples of each class went where. */
struct cnn_split_table {
    struct cnn_strings classes;
    size_t (*count)[CNN_SPLITS]; /* (classes), then samples without class */
    size_t total[CNN_SPLITS];
    size_t samples; /* of all inputs, each once and the bad ones left out */
};

/* Write train.tsv, val.tsv, test.tsv and classes.txt; all of them or none. A file that comes twice
 * counts once. CNN_EDATA when a class has too few samples, a file is under two classes, or is no
 * image. The table is the caller's to free. */
CNN_CHECKED int cnn_split(const struct cnn_split_options *options, struct cnn_split_table *table);
void cnn_split_table_free(struct cnn_split_table *table);

/* The table as text for people. */
void cnn_split_table_print(const struct cnn_split_table *table, struct cnn_buf *out);

#endif
