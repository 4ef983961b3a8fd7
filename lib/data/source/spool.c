/* See spool.h. */
#include "data/source/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

enum { BLOCK = 1 << 22 };

static int open_file(struct cnn_spool *s)
{
    const char *folder = s->folder ? s->folder : getenv("TMPDIR");
    struct cnn_buf b = {0};
    if (!folder || !*folder)
        folder = "/tmp";
    cnn_buf_printf(&b, "%s/cnn-spool-XXXXXX", folder);
    char *path = cnn_buf_take(&b);
    if (!path)
        return CNN_ESYSTEM;
    int fd = mkstemp(path), rc = 0;
    if (fd < 0)
        rc = cnn_fail_errno(CNN_ECREATE, "%s: cannot create a temporary file", folder);
    else
        unlink(path);
    s->fd = fd;
    free(path);
    return rc;
}

static int put_in_file(struct cnn_spool *s, const unsigned char *bytes, size_t n, uint64_t *offset)
{
    int rc = s->fd < 0 ? open_file(s) : 0;
    *offset = s->size;
    while (!rc && n) {
        ssize_t k = write(s->fd, bytes, n);
        if (k < 0 && errno != EINTR)
            rc = cnn_fail_errno(CNN_EIO, "temporary file of a spooled stream");
        if (k > 0) {
            bytes += k;
            n -= (size_t)k;
            s->size += (uint64_t)k;
        }
    }
    return rc;
}

int cnn_spool_put(struct cnn_spool *s, const void *bytes, size_t n, const unsigned char **at,
                  uint64_t *offset)
{
    *at = NULL;
    *offset = 0;
    if (s->room - s->used < n) {
        size_t room = n > BLOCK ? n : BLOCK;
        if (room > s->limit - s->in_memory)
            room = n; /* no more whole blocks */
        if (room > s->limit - s->in_memory)
            return put_in_file(s, bytes, n, offset);
        if (cnn_grow(&s->block, &s->block_capacity, s->blocks + 1, sizeof *s->block))
            return CNN_ESYSTEM;
        unsigned char *block = malloc(room ? room : 1);
        if (!block)
            return cnn_fail_memory(room);
        s->block[s->blocks++] = block;
        s->in_memory += room;
        s->room = room;
        s->used = 0;
    }
    unsigned char *to = s->block[s->blocks - 1] + s->used;
    memcpy(to, bytes, n);
    s->used += n;
    *at = to;
    return 0;
}

void cnn_spool_free(struct cnn_spool *s)
{
    for (size_t i = 0; i < s->blocks; i++)
        free(s->block[i]);
    free(s->block);
    if (s->fd >= 0)
        close(s->fd);
    *s = (struct cnn_spool){.fd = -1};
}

int cnn_read_at(int fd, uint64_t offset, unsigned char *out, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t k = pread(fd, out + got, n - got, (off_t)(offset + got));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return cnn_fail_errno(CNN_EIO, "cannot be read");
        if (k == 0)
            return cnn_fail(CNN_EDATA, "truncated while it was in use");
        got += (size_t)k;
    }
    return 0;
}
