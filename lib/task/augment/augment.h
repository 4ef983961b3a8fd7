/* Copies of a dataset's samples, augmented: what cnn-augment does.
 *
 * The output depends on the data's contents and the options alone, not on threads or the form that
 * the data came in. Samples keep targets, weights and classes, and come in the dataset's order. */
#ifndef CNN_TASK_AUGMENT_AUGMENT_H
#define CNN_TASK_AUGMENT_AUGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "task/callbacks.h"

struct cnn_augmenter;

struct cnn_augment_options {
    const char *data;     /* any form of dataset; "-": standard input, which is not spooled */
    const char *bad_list; /* where the caller writes names of bad samples; NULL: nowhere */
    const char *output;  /* "" or "-": a tar stream on standard output; *.tar, or what exists and is
                            neither a file nor a folder (a FIFO): a tar stream; else a folder */
    const char *classes; /* file with the class list; "": the data's own */
    const char *labels;  /* file with the labels of an IDX file; "": where they usually are */
    const char *preview; /* file for a picture (draw.h) of each class's first samples and copies;
                            "": none */
    long long copies; /* of each sample, 1 or more: KEY when it is the only one, else KEY+1, ... */
    int keep;         /* the original, as KEY, in front of its copies */
    int strict;       /* as of struct cnn_dataset_options */
    int skip_bad;     /* leave bad samples out instead of failing */
    long long seed, epoch;
    long long threads; /* 0: one for each core */
};

/* Without any augmentation, with one copy and without `keep`, samples pass as they are, and nothing
 * is added to the history of the stream, unless classes, labels or `strict` decide which they are.
 *
 * A stream that ends early for any reason has no end record; a file or folder appears whole or not
 * at all. A folder is made (or must be empty) and gets CLASS/KEY.png for each sample, classes.txt
 * and, last, manifest.tsv: path, class, group (the original's key where there are several of it)
 * and weight.
 *
 * CNN_EUSAGE, CNN_EDATA (also when every sample was bad), CNN_ENOINPUT, CNN_ECREATE (before the
 * first sample), CNN_EIO (also when stopped, or when the reader of the stream is gone). */
CNN_CHECKED int cnn_augment_run(const struct cnn_augment_options *options,
                                const struct cnn_augmenter *augmenter,
                                const struct cnn_callbacks *callbacks);

#endif
