/* What the files of the inspection share. */
#ifndef CNN_TASK_INSPECT_PRIVATE_H
#define CNN_TASK_INSPECT_PRIVATE_H

#include "task/inspect.h"

struct inspect_totals {
    size_t layers;
    uint64_t parameters, statistics, multiply_adds, activations; /* elements */
};
struct inspect_totals inspect_totals(const struct cnn_graph *g);
uint64_t inspect_parameters(const struct cnn_layer *l, int trained);

const char *inspect_dtype(enum cnn_dtype t);
/* "64x3x7x7"; of rank above CNN_MAX_RANK only the count is known. */
void inspect_shape(const struct cnn_safetensor *t, char out[96]);
/* The first sentence of a zoo text, without the comment's marks. */
void inspect_zoo_summary(const struct cnn_zoo_entry *e, struct cnn_buf *out);

/* Text in columns: cells are added row by row, columns become as wide as they must be. */
struct inspect_table {
    int columns;
    const char *align; /* 'l' or 'r' for each column */
    struct cnn_strings cell;
    int failed;
};
void inspect_cell(struct inspect_table *t, const char *format, ...) CNN_PRINTF(2, 3);
/* Print and free. */
void inspect_table_end(struct inspect_table *t, struct cnn_buf *out);

#endif
