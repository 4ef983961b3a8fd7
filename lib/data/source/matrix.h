/* Features that were read from text, in memory. */
#ifndef CNN_DATA_SOURCE_MATRIX_H
#define CNN_DATA_SOURCE_MATRIX_H

#include "data/source/source.h"

/* (n, d), and where the rows have no classes (n) targets. */
struct cnn_matrix {
    float *value;
    size_t count, capacity; /* elements */
    size_t d;
    float *target; /* NULL: none */
    size_t target_capacity;
};

/* A source type's load and close. */
CNN_CHECKED int cnn_matrix_load(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out);
void cnn_matrix_close(void *state);

/* The text up to `stop` as a finite float32. CNN_EDATA. */
CNN_CHECKED int cnn_matrix_number(const char *where, const char *text, const char *stop,
                                  float *out);

#endif
