/* Input files: read whole, mapped, or decompressed, with bounds. */
#ifndef CNN_FILE_INFILE_H
#define CNN_FILE_INFILE_H

#include <stddef.h>

#include "base/error.h"

/* A file's bytes: mapped where possible, else read. */
struct cnn_bytes {
    const unsigned char *data;
    size_t size;
    int mapped;
};

/* The whole file. CNN_ENOINPUT ("PATH: No such file or directory"), CNN_EIO. A file larger than
 * `limit` (0: none) is CNN_EDATA, and without a limit a device, which may have no end. */
CNN_CHECKED int cnn_bytes_map(const char *path, size_t limit, struct cnn_bytes *out);
/* How large a file of a form is, by its first n bytes: SIZE_MAX where they do not tell yet, 0 where
 * they begin no such file. *known is 0 at first, and for what is found out once. */
typedef size_t cnn_extent(const unsigned char *bytes, size_t n, size_t *known);
/* A file of such a form: as cnn_bytes_map without a limit, but of a pipe no more than a piece is
 * read behind its extent. */
CNN_CHECKED int cnn_bytes_map_form(const char *path, cnn_extent *extent, struct cnn_bytes *out);
/* As cnn_bytes_map, and decompressed where it is gzip; `limit` bounds the decompressed size. */
CNN_CHECKED int cnn_bytes_gunzip(const char *path, size_t limit, struct cnn_bytes *out);
void cnn_bytes_free(struct cnn_bytes *b);
/* n bytes will not be read soon: those of a mapped file take no memory then, until they are read. */
void cnn_bytes_forget(const struct cnn_bytes *b, const unsigned char *at, size_t n);

/* The first bytes of a file, decompressed where it is gzip: up to `n` into `head`, *got of them.
 * What follows may be broken. For telling forms apart, and sizes before anything large is read. */
CNN_CHECKED int cnn_bytes_head(const char *path, unsigned char *head, size_t n, size_t *got);

#endif
