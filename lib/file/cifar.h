/* CIFAR-10 and CIFAR-100 binary versions (Krizhevsky 2009): records of a label byte (CIFAR-100:
 * coarse, then fine) and 3072 bytes, red, green, blue planes of 32x32. */
#ifndef CNN_FILE_CIFAR_H
#define CNN_FILE_CIFAR_H

#include "base/error.h"
#include "file/infile.h"

struct cnn_cifar {
    struct cnn_bytes bytes;
    size_t count;
    int fine; /* CIFAR-100 */
};

/* Which version it is follows from the size (a multiple of 3073 or of 3074) and, where both fit,
 * the labels. */
CNN_CHECKED int cnn_cifar_open(const char *path, struct cnn_cifar *out);
void cnn_cifar_close(struct cnn_cifar *f);
/* The i-th record's label (fine for CIFAR-100) and its 3 x 32 x 32 planes. */
int cnn_cifar_label(const struct cnn_cifar *f, size_t i);
const unsigned char *cnn_cifar_planes(const struct cnn_cifar *f, size_t i);

#endif
