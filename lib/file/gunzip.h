/* Gzip (RFC 1952), piece by piece: all members, each with its checksum and length compared. */
#ifndef CNN_FILE_GUNZIP_H
#define CNN_FILE_GUNZIP_H

#include <stddef.h>
#include <zlib.h>

#include "base/error.h"

struct cnn_gunzip {
    const char *path; /* for messages; the caller's */
    z_stream z;
    int between; /* at the end of a member: the input may end here */
    int padded;  /* zeros came behind the last member */
};

int cnn_is_gzip(const unsigned char *data, size_t size);

/* Begin; what was begun is ended by cnn_gunzip_end. CNN_ESYSTEM. */
CNN_CHECKED int cnn_gunzip_start(struct cnn_gunzip *g, const char *path);
/* From *in, which moves on while *size shrinks, to out, until *size is 0 or *got is `room`. In the
 * first case, where out is full as well, more may come without any input. CNN_EDATA: corrupt, or
 * garbage behind it (zeros are none, as gzip(1) has it); CNN_ESYSTEM. */
CNN_CHECKED int cnn_gunzip_some(struct cnn_gunzip *g, const unsigned char **in, size_t *size,
                                unsigned char *out, size_t room, size_t *got);
/* The input has ended: 0, or CNN_EDATA where it was cut. */
CNN_CHECKED int cnn_gunzip_check_end(const struct cnn_gunzip *g);
/* NULL is fine. */
void cnn_gunzip_end(struct cnn_gunzip *g);

#endif
