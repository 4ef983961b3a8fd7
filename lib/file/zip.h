/* Zip archives, member after member, through libarchive: stored and deflated ones. */
#ifndef CNN_FILE_ZIP_H
#define CNN_FILE_ZIP_H

#include <stddef.h>

#include "base/error.h"
#include "file/infile.h"

struct cnn_zip;

struct cnn_zip_member {
    const char *name; /* borrowed until the next call */
    size_t size;      /* no more than the archive can hold, compressed as well as deflate can */
};

/* Over bytes that stay where they are. CNN_EDATA ("PATH: what is wrong"), as below. */
CNN_CHECKED int cnn_zip_open(const char *path, const struct cnn_bytes *bytes, struct cnn_zip **out);
/* 1: a member; 0: the end of the archive. */
CNN_CHECKED int cnn_zip_next(struct cnn_zip *z, struct cnn_zip_member *m);
/* The next n bytes of the member. */
CNN_CHECKED int cnn_zip_read(struct cnn_zip *z, void *out, size_t n);
/* Where all of the member was read: its checksum is right. */
CNN_CHECKED int cnn_zip_check(struct cnn_zip *z);
void cnn_zip_close(struct cnn_zip *z); /* NULL is fine */

#endif
