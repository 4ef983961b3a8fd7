/* What the files of reading HDF5 share. */
#ifndef CNN_FILE_HDF5_PRIVATE_H
#define CNN_FILE_HDF5_PRIVATE_H

#include <stdint.h>

#include "base/names.h"
#include "file/hdf5/hdf5.h"

struct cnn_hdf5 {
    const char *path;           /* the caller's, as these are: */
    const unsigned char *bytes; /* (size) */
    size_t size;
    const char *const *wanted;
    struct cnn_arena *arena;
    struct cnn_hdf5_object *object; /* (count) */
    size_t count, room;
    struct cnn_names *by_path;
    size_t steps, text, paths; /* taken; bytes of attributes, of paths: parts may be named twice */
};

/* A message of an object's header (section IV.A.2), or a part of one. */
struct cnn_hdf5_part {
    const unsigned char *data; /* (size) */
    size_t size;
};

/* What is to be known of an element's type (section IV.A.2.d), and of an array's shape (b). */
struct cnn_hdf5_type {
    int class; /* 0 whole numbers, 1 floating point, 3 text, 9 of any length */
    unsigned bits;
    size_t size;
    int exponent; /* its bits, of floating point */
};
struct cnn_hdf5_space {
    int rank;
    uint64_t dim[CNN_HDF5_MAX_RANK];
};

/* parts.c: n bytes at an address; NULL: they are not in the file. */
const unsigned char *cnn_hdf5_bytes(const struct cnn_hdf5 *h, uint64_t at, uint64_t n);
/* A number of so many bytes. */
uint64_t cnn_hdf5_number(const unsigned char *p, int bytes);
/* One more step; nonzero where a file that names each part once could not have so many. */
CNN_CHECKED int cnn_hdf5_step(struct cnn_hdf5 *h);
CNN_CHECKED int cnn_hdf5_malformed(const struct cnn_hdf5 *h, const char *where);
CNN_CHECKED int cnn_hdf5_refuse(const struct cnn_hdf5 *h, const char *where, const char *what);

/* Nonzero: malformed, or (space) of more dimensions than are read. */
CNN_CHECKED int cnn_hdf5_type(struct cnn_hdf5_part p, struct cnn_hdf5_type *out);
CNN_CHECKED int cnn_hdf5_space(struct cnn_hdf5_part p, struct cnn_hdf5_space *out);

/* header.c: an object at an address, under a path that lives as long as h, at the end of its
 * list. group: where the members of a group are, or 0s. */
struct cnn_hdf5_group {
    uint64_t tree, heap;
};
CNN_CHECKED int cnn_hdf5_header(struct cnn_hdf5 *h, uint64_t at, const char *path,
                                struct cnn_hdf5_group *group);
/* attribute.c: an attribute's message, if it is wanted and a text. */
CNN_CHECKED int cnn_hdf5_attribute(struct cnn_hdf5 *h, struct cnn_hdf5_part p,
                                   struct cnn_hdf5_object *o);

#endif
