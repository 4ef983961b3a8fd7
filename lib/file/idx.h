/* LeCun's IDX format (MNIST), plain or .gz: magic 0 0 TYPE RANK, big-endian sizes, data. */
#ifndef CNN_FILE_IDX_H
#define CNN_FILE_IDX_H

#include "base/error.h"
#include "file/infile.h"

struct cnn_idx {
    struct cnn_bytes bytes; /* the whole file, decompressed */
    int rank;               /* 1 labels, 3 grey images, 4 (n, h, w, c) colour images */
    size_t dim[4];
    size_t item;               /* bytes of one item */
    const unsigned char *data; /* unsigned bytes, item after item */
};

/* Read and check. Only unsigned bytes (type 0x08). CNN_ENOINPUT, CNN_EDATA. */
CNN_CHECKED int cnn_idx_open(const char *path, struct cnn_idx *out);
void cnn_idx_close(struct cnn_idx *f);

/* Where the labels of an image file would be: "train-images-idx3-ubyte.gz" ->
 * "train-labels-idx1-ubyte.gz" (also without .gz and with '.' for '-'). *out: the path of an
 * existing file, the caller's to free(), or NULL when there is none. */
CNN_CHECKED int cnn_idx_labels_path(const char *images, char **out);

#endif
