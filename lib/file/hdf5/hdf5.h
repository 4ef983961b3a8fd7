/* HDF5 files in memory, as far as models are kept in them: groups, attributes of text, and arrays
 * whose elements lie in the file one after the other, in the oldest form of the format, which is
 * what h5py writes unless it is told otherwise (The HDF Group: HDF5 File Format Specification 3.0,
 * to which sections refer). The reading is our own since libhdf5 stops programs, or never ends, over
 * files in which single bytes are wrong. */
#ifndef CNN_FILE_HDF5_HDF5_H
#define CNN_FILE_HDF5_HDF5_H

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "file/dtype.h"

enum { CNN_HDF5_MAX_RANK = 8 };

struct cnn_hdf5_text {
    const char *name;
    struct cnn_strings value; /* one, or as many as a list has */
};

struct cnn_hdf5_object {
    const char *path; /* "GROUP/NAME"; of the root "" */
    int is_data;      /* an array of numbers, else a group, or something else */
    enum cnn_dtype dtype;
    int rank, big; /* big: high bytes first */
    size_t dim[CNN_HDF5_MAX_RANK], count;
    const unsigned char *data; /* (count) in the file's bytes, at any address */
    struct cnn_hdf5_text *text;
    size_t texts, text_room;
};

struct cnn_hdf5;

/* Whether a file begins so. */
int cnn_hdf5_is(const unsigned char *bytes, size_t n);

/* All objects of a file, whose bytes stay where they are. wanted: the names of attributes that are
 * read, each of a text or a list of texts, up to NULL; "NAME#" stands for NAME, and for NAME0, NAME1
 * and so on as one list. CNN_EDATA with "PATH: what is wrong", also for links to other places and
 * files, for data in pieces, compressed or in other files, and for newer forms. */
CNN_CHECKED int cnn_hdf5_open(const char *path, const unsigned char *bytes, size_t size,
                              const char *const *wanted, struct cnn_hdf5 **out);
void cnn_hdf5_close(struct cnn_hdf5 *h); /* NULL is fine */

size_t cnn_hdf5_count(const struct cnn_hdf5 *h);
/* A group stands before what is in it; NULL past the end. */
const struct cnn_hdf5_object *cnn_hdf5_at(const struct cnn_hdf5 *h, size_t i);
/* NULL: there is none. */
const struct cnn_hdf5_object *cnn_hdf5_find(const struct cnn_hdf5 *h, const char *path);
/* NULL: it has none of that name. o may be NULL. */
const struct cnn_strings *cnn_hdf5_texts(const struct cnn_hdf5_object *o, const char *name);

#endif
