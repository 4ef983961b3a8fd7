/* Folders that hold a dataset in parts: train/ and val/ (valid/, validation/), test/ with class
 * folders, or the train.tsv, val.tsv and test.tsv that cnn-split writes. */
#ifndef CNN_DATA_SOURCE_DIVIDED_H
#define CNN_DATA_SOURCE_DIVIDED_H

#include "base/error.h"

/* Paths of the parts; NULL: it has none. */
struct cnn_divided {
    char *train, *val, *test;
};

/* Whether a path is such a folder. It is one of folders when all folders in it have names of parts,
 * each once, train/ is among them and holds folders itself (a tree whose classes are called "test"
 * and "cat" is none); one of lists when it has no folders and no images, but a train.tsv.
 * 1: *out has the parts, for cnn_divided_free; 0: no; CNN_EDATA: a part is there under two names,
 * or train/ and val/ or test/ are, and there are others beside them or no classes in train/;
 * CNN_ESYSTEM. What cannot be looked at is none: opening it tells why. */
CNN_CHECKED int cnn_divided_find(const char *path, struct cnn_divided *out);
/* What `refuse` answers of its parts where the path is such a folder; else 0, CNN_EDATA or
 * CNN_ESYSTEM as cnn_divided_find. */
CNN_CHECKED int cnn_divided_refuse(const char *path,
                                   int (*refuse)(const char *path, const struct cnn_divided *d));
void cnn_divided_free(struct cnn_divided *d); /* leaves {0} */

#endif
