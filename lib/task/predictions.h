/* Predictions as text: TSV, CSV (RFC 4180) or JSON lines. */
#ifndef CNN_TASK_PREDICTIONS_H
#define CNN_TASK_PREDICTIONS_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "task/records.h"
#include "task/scores.h"

struct cnn_predictions_output {
    const char *name;
    size_t count, rows; /* numbers of a row; rows, at most */
};

struct cnn_predictions_options {
    enum cnn_records_format format;
    int header;                        /* TSV: begin with the columns' names, as CSV always does */
    size_t top;                        /* classes to name */
    int all;                           /* instead, the best class and the probabilities of all */
    int paths;                         /* samples have paths, not keys */
    int raw;                           /* TSV: records end with NUL, and nothing is escaped */
    int truth;                         /* a column with the true class */
    int places;                        /* behind each class that is named, where it is */
    const struct cnn_strings *classes; /* empty: the net's numbers are written as they are */
    size_t outputs;                    /* numbers that a sample gets, or with rows each row */
    size_t rows;                       /* of the output, at most; above 1 there are no classes */
    enum cnn_scores kind;              /* of the output that classes are made of */
    size_t more;                       /* outputs behind the first */
    const struct cnn_predictions_output *output; /* (more), borrowed */
};

struct cnn_predictions;

/* Begin on a stream (not closed; `name` is for messages). The options' classes are borrowed. */
CNN_CHECKED int cnn_predictions_new(FILE *stream, const char *name,
                                    const struct cnn_predictions_options *options,
                                    struct cnn_predictions **out);
/* From the next sample on it is so many numbers that one gets; what the options say of further outputs
 * may have changed, too. CNN_ESYSTEM. */
CNN_CHECKED int cnn_predictions_resize(struct cnn_predictions *p, size_t outputs);
void cnn_predictions_free(struct cnn_predictions *p);

/* What a net gave for a sample. */
struct cnn_prediction {
    const char *path, *key; /* path NULL: it has none */
    int32_t label;          /* -1: no true class */
    const float *scores;    /* (rows, outputs) as the net gave them */
    size_t rows;
    const size_t (*place)[2]; /* (outputs) row and column of the input; with the option `places` */
    size_t map[2];            /* rows and columns of the map that they come from */
    const float *const *more; /* (more) (more_rows, count) of further outputs */
    const size_t *more_rows;
};
/* A line, in JSON with all rows, else one for each row, numbered. CNN_EIO. */
CNN_CHECKED int cnn_predictions_add(struct cnn_predictions *p, const struct cnn_prediction *s);

#endif
