/* What a manifest's two files share: manifest.c (where samples are) and manifest_rows.c
 * (what a text says). */
#ifndef CNN_DATA_SOURCE_MANIFEST_H
#define CNN_DATA_SOURCE_MANIFEST_H

#include "base/error.h"
#include "data/source/source.h"

struct cnn_manifest_row;

/* While a manifest is read. Start from {.caffe = -1}. */
struct cnn_manifest_reading {
    struct cnn_dataset *ds;
    const struct cnn_dataset_options *options;
    const char *folder;
    int (*add)(struct cnn_manifest_reading *r, const struct cnn_manifest_row *row);
    struct cnn_found found;
    int caffe;                 /* -1: the first row decides */
    size_t classed, unclassed; /* rows so far */
    size_t line;               /* of the row, from 1 */
    char where[1200];
};

/* A row's fields; NULL: not there. */
struct cnn_manifest_row {
    char *path, *class, *group, *weight;
};

/* Add each row of the text by r->add. Where NUL bytes end names, they are paths as they
 * stand; else a line is a row, or a path alone. CNN_EDATA. */
CNN_CHECKED int cnn_manifest_read(struct cnn_manifest_reading *r, char *text, size_t size);
/* Whether the path, as seen from the manifest's folder, is a file. */
int cnn_manifest_is_file(const struct cnn_manifest_reading *r, const char *path);

#endif
