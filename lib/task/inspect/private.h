/* What the files of the inspection share. */
#ifndef CNN_TASK_INSPECT_PRIVATE_H
#define CNN_TASK_INSPECT_PRIVATE_H

#include <jansson.h>

#include "kern/limits.h"
#include "task/inspect/inspect.h"

/* Of a model that was opened without a shape. */
#define CNN_INSPECT_OPEN "its net takes inputs of any size: --input CxHxW says which"

struct cnn_inspect_totals {
    size_t layers;
    uint64_t parameters, statistics, multiply_adds, activations; /* elements */
};
struct cnn_inspect_totals cnn_inspect_totals(const struct cnn_graph *g);

/* Layers one after another whose labels begin alike, as a row of the table. */
struct cnn_inspect_block {
    const char *label; /* `length` characters of it */
    size_t length;
    int first, last; /* nodes; the last layer's, whose further outputs lie behind it */
    int layers;
    uint64_t parameters, multiply_adds, activations; /* sums; activations in bytes */
};
/* The length of the label's first `depth` parts, which dots divide; depth 0: all of it. */
size_t cnn_inspect_prefix(const char *label, size_t depth);
/* The block that begins at node `first`; depth 0: the node alone. Returns the node after it. */
CNN_CHECKED int cnn_inspect_block(const struct cnn_graph *g, int first, size_t depth,
                                  struct cnn_inspect_block *out);
void cnn_inspect_layer_table(const struct cnn_inspect *in, int windows, struct cnn_buf *out);

/* "64x3x7x7"; of rank above CNN_MAX_RANK only the count is known. */
void cnn_inspect_shape(const struct cnn_stored_tensor *t, char out[96]);
/* The first sentence of a zoo text, without the comment's marks. */
void cnn_inspect_zoo_summary(const struct cnn_zoo_entry *e, struct cnn_buf *out);

/* json.c: the value's text, the name before its other members (NULL: none); the value is
 * given up. */
CNN_CHECKED int cnn_inspect_json_dump(const char *name, json_t *value, struct cnn_buf *out);

/* What was measured of a step. */
struct inspect_time_row {
    char *name;
    struct cnn_chw out;
    const char *algorithm[3];    /* of each cnn_conv_pass; NULL: the layer has no choice */
    double seconds[2];           /* forward and backward, medians; 0: there is none */
    struct cnn_net_work work[2]; /* likewise */
};

struct inspect_times {
    size_t batch;
    int threads; /* 0: a GPU */
    int training;
    int runs, whole_runs; /* with their steps timed, and without */
    struct cnn_limits limits;
    struct inspect_time_row *row; /* (rows) */
    size_t rows;
    double seconds, whole_seconds; /* of a run of each kind, medians */
};

/* What the device reaches, measured for about so many seconds. */
CNN_CHECKED int cnn_inspect_limits(struct cnn_backend *b, double seconds, struct cnn_limits *out);
void cnn_inspect_time_text(const struct inspect_times *t, struct cnn_buf *out);
CNN_CHECKED int cnn_inspect_time_json(const char *name, const struct inspect_times *t,
                                      struct cnn_buf *out);

#endif
