/* Zip archives in memory, by the list of members at their end: stored and deflated members, those
 * of 4 GiB and more, too (PKWARE's APPNOTE.TXT 6.3, sections 4.3 and 4.5.3). */
#ifndef CNN_FILE_ZIP_H
#define CNN_FILE_ZIP_H

#include <stddef.h>

#include "base/error.h"
#include "file/infile.h"

struct cnn_zip;

struct cnn_zip_member {
    const char *name; /* lives as long as the archive is open */
    size_t size;      /* no more than the archive can hold, compressed as well as deflate can */
    const unsigned char *data; /* where it lies as it is; NULL: it is compressed */
};

/* Over bytes that stay where they are. CNN_EDATA ("PATH: what is wrong"), as below. */
CNN_CHECKED int cnn_zip_open(const char *path, const struct cnn_bytes *bytes, struct cnn_zip **out);
size_t cnn_zip_count(const struct cnn_zip *z);
/* In the order of the list; NULL past the end. */
const struct cnn_zip_member *cnn_zip_at(const struct cnn_zip *z, size_t i);
/* One of that name, or NULL. */
const struct cnn_zip_member *cnn_zip_find(const struct cnn_zip *z, const char *name);
/* The first n bytes of a member; where that is all of it, its checksum is right. */
CNN_CHECKED int cnn_zip_read(const struct cnn_zip *z, const struct cnn_zip_member *m, void *out,
                             size_t n);
void cnn_zip_close(struct cnn_zip *z); /* NULL is fine */

#endif
