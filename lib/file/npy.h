/* NumPy's .npy format, versions 1 to 3 (numpy.lib.format). */
#ifndef CNN_FILE_NPY_H
#define CNN_FILE_NPY_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "file/dtype.h"

enum { CNN_NPY_MAX_RANK = 8 };

/* What a header says. */
struct cnn_npy {
    int rank;
    size_t dim[CNN_NPY_MAX_RANK];
    size_t count;     /* elements */
    char kind;        /* 'f', 'i', 'u', 'b' */
    size_t item_size; /* bytes */
    int swapped;      /* the other byte order */
    int fortran;      /* the first index is the fastest */
    size_t offset;    /* where the data begins */
};

/* Read a header from the first bytes; needs the whole header within `size`. Structured and
 * object types, and sizes that overflow are CNN_EDATA (no path in the message; the
 * caller puts it in front). */
CNN_CHECKED int cnn_npy_parse(const unsigned char *bytes, size_t size, struct cnn_npy *out);
/* The elements first..first+count-1, counted in C order, as float32; `data`: all of them, as they
 * stand behind the header. */
void cnn_npy_read(const struct cnn_npy *h, const unsigned char *data, size_t first, size_t count,
                  float *out);

/* A header for that shape of CNN_F32 or CNN_F16, padded to 64 bytes, into a buffer (malloc'd, *size bytes). For a
 * count of rows that is not known yet: write with dim[0] = 0, and again over it at the end (the
 * size does not change: the shape is padded). */
CNN_CHECKED int cnn_npy_header(enum cnn_dtype type, int rank, const size_t *dim,
                               unsigned char **bytes, size_t *size);

#endif
