/* What a manifest's files share: manifest.c (where samples are), manifest_rows.c (what a text says)
 * and manifest_fields.c (what the columns of a heading are). */
#ifndef CNN_DATA_SOURCE_MANIFEST_H
#define CNN_DATA_SOURCE_MANIFEST_H

#include "base/error.h"
#include "data/source/source.h"

struct cnn_manifest_row;

enum { CNN_MANIFEST_COLUMNS = 256 };

/* A column of a heading. */
struct cnn_manifest_column {
    size_t known, place; /* one of path, class, group and weight; or which of the fields */
    char name[CNN_FIELD_NAME_MAX + 1];
    int labels, text, points; /* its images are label images; it has texts themselves, or points */
};
struct cnn_manifest_columns {
    size_t count, fields; /* count 0: there is no heading */
    struct cnn_manifest_column column[CNN_MANIFEST_COLUMNS];
};

/* What a row has in a column that is a field. */
struct cnn_manifest_value {
    const struct cnn_source_field *of; /* NULL: nothing */
    const char *text;                  /* the path of a file, or itself what it has */
    int is_file;
};

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
    struct cnn_manifest_columns columns;
    char where[1200];
};

/* A row's fields; NULL: not there. */
struct cnn_manifest_row {
    char *path, *class, *group, *weight;
    char **field; /* (columns.fields) of a text with a heading */
};

/* Add each row of the text by r->add. Where NUL bytes end names, they are paths as they
 * stand; else a line is a row, or a path alone. CNN_EDATA. */
CNN_CHECKED int cnn_manifest_read(struct cnn_manifest_reading *r, char *text, size_t size);
/* Whether the path, as seen from the manifest's folder, is a file. */
int cnn_manifest_is_file(const struct cnn_manifest_reading *r, const char *path);

/* manifest_fields.c */
/* Whether a line that is no comment, the first one, is a heading: it begins with "path" and a tab,
 * and no file is called so. */
int cnn_manifest_is_heading(const struct cnn_manifest_reading *r, const char *line);
/* Into r->columns. CNN_EDATA. */
CNN_CHECKED int cnn_manifest_read_heading(struct cnn_manifest_reading *r, char *line);
/* A row below it, cut where its tabs are; field: memory for its fields. CNN_EDATA. */
CNN_CHECKED int cnn_manifest_split(const struct cnn_manifest_reading *r, char *line,
                                   struct cnn_manifest_row *row, char **field);
/* The row's fields, (columns.fields), found out from their texts. CNN_EDATA, CNN_ESYSTEM. */
CNN_CHECKED int cnn_manifest_take_fields(struct cnn_manifest_reading *r, char *const *field,
                                         struct cnn_manifest_value *out);
/* Into the sample those that it wants. Any thread. No name of the sample in the message. */
CNN_CHECKED int cnn_manifest_load_fields(const struct cnn_manifest_value *value, size_t count,
                                         struct cnn_sample *out);

#endif
