/* Lines of fields: TSV, CSV (RFC 4180), or JSON, an object each. */
#ifndef CNN_TASK_RECORDS_H
#define CNN_TASK_RECORDS_H

#include <stdio.h>

#include "base/choices.h"
#include "base/error.h"
#include "base/text.h"

#define CNN_RECORDS_FORMATS(FIRST, NEXT)                                                           \
    FIRST(CNN_RECORDS_TSV, "tsv")                                                                  \
    NEXT(CNN_RECORDS_CSV, "csv")                                                                   \
    NEXT(CNN_RECORDS_JSON, "json")
enum cnn_records_format { CNN_CHOICE_NAMES(CNN_RECORDS_FORMATS) };

struct cnn_records {
    FILE *stream;
    char *name;
    enum cnn_records_format format;
    int raw;             /* TSV: records end with NUL, and nothing is escaped */
    int terminal;        /* what would command it is shown */
    struct cnn_buf line; /* the record so far; of JSON all of it is the caller's */
    size_t fields;       /* in it so far */
};

/* Begin on a stream (not closed; `name` is for messages). CNN_ESYSTEM. */
CNN_CHECKED int cnn_records_open(struct cnn_records *r, FILE *stream, const char *name,
                                 enum cnn_records_format format, int raw);
void cnn_records_close(struct cnn_records *r); /* leaves {0} */

/* A further field of a record of TSV or CSV. */
void cnn_record_field(struct cnn_records *r, const char *text);
void cnn_record_number(struct cnn_records *r, float value); /* shortest that reads back */
/* The record is complete. CNN_EIO as soon as the stream has met an error, CNN_ESYSTEM. */
CNN_CHECKED int cnn_record_end(struct cnn_records *r);

/* A field of TSV: a tab, newline, carriage return or backslash becomes \t, \n, \r or \\. */
void cnn_tsv_field(const char *text, struct cnn_buf *out);

#endif
