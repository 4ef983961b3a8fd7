/* Text in columns: cells are added row by row, columns become as wide as they must be. What cannot
 * be seen in a cell is shown (base/unicode.h), a newline among it: a row is a line. */
#ifndef CNN_TASK_TABLE_H
#define CNN_TASK_TABLE_H

#include "base/text.h"

/* Start from {.columns = ..., .align = ...}. */
struct cnn_table {
    int columns;       /* at most 16 */
    const char *align; /* 'l' or 'r' for each column */
    struct cnn_strings cell;
    int failed;
};
void cnn_table_cell(struct cnn_table *t, const char *format, ...) CNN_PRINTF(2, 3);
/* How a convolution is done: one name where all passes are done alike, else forward/data/weight;
 * "-" where there is nothing to choose. name: of each cnn_conv_pass; NULL: no such pass. */
void cnn_table_algorithm(struct cnn_table *t, const char *const name[3]);
/* Print and free. */
void cnn_table_end(struct cnn_table *t, struct cnn_buf *out);

#endif
