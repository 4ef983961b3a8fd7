/* Bytes that are kept for later: in memory up to a limit, then in a temporary file without a name.
 */
#ifndef CNN_DATA_SOURCE_SPOOL_H
#define CNN_DATA_SOURCE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cnn_spool {
    size_t limit;       /* bytes in memory */
    const char *folder; /* of the temporary file; NULL: $TMPDIR, else /tmp */
    unsigned char **block;
    size_t blocks, block_capacity;
    size_t used, room; /* of the last block */
    size_t in_memory;
    int fd;        /* -1: none yet */
    uint64_t size; /* of the file */
};

/* Keep `n` bytes: *at is where they are in memory, or NULL and *offset their place in the file.
 * CNN_EIO. */
CNN_CHECKED int cnn_spool_put(struct cnn_spool *s, const void *bytes, size_t n,
                              const unsigned char **at, uint64_t *offset);
void cnn_spool_free(struct cnn_spool *s);

/* Exactly `n` bytes of the file at `offset`. CNN_EDATA when it is shorter, CNN_EIO. */
CNN_CHECKED int cnn_read_at(int fd, uint64_t offset, unsigned char *out, size_t n);

#endif
