/* Input files: read whole, mapped, or decompressed, with bounds. */
#ifndef CNN_FILE_INFILE_H
#define CNN_FILE_INFILE_H

#include <stddef.h>

/* A file's bytes: mapped where possible, else read. */
struct cnn_bytes {
    const unsigned char *data;
    size_t size;
    int mapped;
};

/* The whole file. CNN_ENOINPUT ("PATH: No such file or directory"), CNN_EIO. A file larger than
 * `limit` (0: none) is CNN_EDATA, and without a limit a device, which may have no end. */
int cnn_bytes_map(const char *path, size_t limit, struct cnn_bytes *out);
/* A file of a form that its beginning tells: as cnn_bytes_map without a limit, but a pipe is read
 * no further once `refused` says of the bytes so far that they are no such file. */
int cnn_bytes_map_form(const char *path, int (*refused)(const unsigned char *bytes, size_t n),
                       struct cnn_bytes *out);
/* As cnn_bytes_map, and decompressed where it is gzip; `limit` bounds the decompressed size. */
int cnn_bytes_gunzip(const char *path, size_t limit, struct cnn_bytes *out);
void cnn_bytes_free(struct cnn_bytes *b);

/* The first bytes of a file, decompressed where it is gzip: up to `n` into `head`, *got of them.
 * What follows may be broken. For telling forms apart, and sizes before anything large is read. */
int cnn_bytes_head(const char *path, unsigned char *head, size_t n, size_t *got);

#endif
