/* Whole input files, mapped or read or decompressed (RFC 1952 through zlib). See infile.h. */
#define _DEFAULT_SOURCE /* madvise */

#include "file/infile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/gunzip.h"

enum { PIECE = 1 << 16 };

static int too_large(const char *path, size_t limit)
{
    return cnn_fail(CNN_EDATA, "%s: larger than the %zu bytes that it may have", path, limit);
}

/* Read to the end, or beyond the extent: pipes, and file systems that cannot map. */
static int read_all(int fd, const char *path, size_t limit, cnn_extent *extent,
                    struct cnn_bytes *out)
{
    unsigned char *data = NULL;
    size_t capacity = 0, size = 0, known = 0;
    for (;;) {
        if (cnn_grow(&data, &capacity, size + PIECE, 1))
            break;
        ssize_t n = read(fd, data + size, capacity - size);
        if (n < 0) {
            cnn_fail_errno(CNN_EIO, "%s", path);
            break;
        }
        size += (size_t)n;
        if (n == 0 || (extent && size > extent(data, size, &known))) {
            *out = (struct cnn_bytes){.data = data, .size = size};
            return 0;
        }
        if (limit && size > limit) {
            too_large(path, limit);
            break;
        }
    }
    free(data);
    return cnn_error_code();
}

static int open_file(const char *path, int *fd, struct stat *st)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return cnn_fail_errno(CNN_ENOINPUT, "%s", path);
    if (fstat(*fd, st)) {
        cnn_fail_errno(CNN_EIO, "%s", path);
        close(*fd);
        return CNN_EIO;
    }
    if (S_ISDIR(st->st_mode)) {
        close(*fd);
        return cnn_fail(CNN_ENOINPUT, "%s: Is a directory", path);
    }
    return 0;
}

static int map_bytes(const char *path, size_t limit, cnn_extent *extent, struct cnn_bytes *out)
{
    *out = (struct cnn_bytes){0};
    int fd;
    struct stat st;
    int rc = open_file(path, &fd, &st);
    if (rc)
        return rc;
    if (!limit && S_ISCHR(st.st_mode)) {
        rc = cnn_fail(CNN_EDATA, "%s: a device, not a file", path);
    } else if (S_ISREG(st.st_mode) && limit && (uintmax_t)st.st_size > limit) {
        rc = too_large(path, limit);
    } else {
        void *map = MAP_FAILED;
        if (S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t)st.st_size <= SIZE_MAX)
            map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map != MAP_FAILED)
            *out = (struct cnn_bytes){.data = map, .size = (size_t)st.st_size, .mapped = 1};
        else
            rc = read_all(fd, path, limit, extent, out);
    }
    close(fd);
    return rc;
}

int cnn_bytes_map(const char *path, size_t limit, struct cnn_bytes *out)
{
    return map_bytes(path, limit, NULL, out);
}

int cnn_bytes_map_form(const char *path, cnn_extent *extent, struct cnn_bytes *out)
{
    return map_bytes(path, 0, extent, out);
}

/* The memory is ours though callers may only read it. */
static unsigned char *own(const struct cnn_bytes *b)
{
    union {
        const unsigned char *in;
        unsigned char *out;
    } data = {.in = b->data};
    return data.out;
}

void cnn_bytes_free(struct cnn_bytes *b)
{
    if (b->mapped)
        munmap(own(b), b->size);
    else
        free(own(b));
    *b = (struct cnn_bytes){0};
}

void cnn_bytes_forget(const struct cnn_bytes *b, const unsigned char *at, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), from = (size_t)(at - b->data), to = from + n;
    from += page - 1; /* whole pages, counted from the file's start */
    from -= from % page;
    to -= to % page;
    if (b->mapped && to > from)
        madvise(own(b) + from, to - from, MADV_DONTNEED); /* a wish */
}

static int inflate_all(struct cnn_gunzip *g, const struct cnn_bytes *in, size_t limit,
                       struct cnn_bytes *out)
{
    const unsigned char *at = in->data;
    unsigned char *data = NULL;
    size_t left = in->size, size = 0, capacity = 0, got;
    int rc = 0, full = 0;
    while (!rc && (left || full)) {
        if (cnn_grow(&data, &capacity, size + PIECE, 1)) {
            rc = CNN_ESYSTEM;
            break;
        }
        rc = cnn_gunzip_some(g, &at, &left, data + size, capacity - size, &got);
        size += got;
        full = size == capacity;
        if (!rc && limit && size > limit)
            rc = too_large(g->path, limit);
    }
    if (!rc)
        rc = cnn_gunzip_check_end(g);
    if (rc)
        free(data);
    else
        *out = (struct cnn_bytes){.data = data, .size = size};
    return rc;
}

int cnn_bytes_gunzip(const char *path, size_t limit, struct cnn_bytes *out)
{
    struct cnn_bytes in;
    int rc = cnn_bytes_map(path, 0, &in);
    *out = (struct cnn_bytes){0};
    if (rc)
        return rc;
    if (!cnn_is_gzip(in.data, in.size)) {
        if (limit && in.size > limit)
            rc = too_large(path, limit);
        else
            *out = in;
        if (rc)
            cnn_bytes_free(&in);
        return rc;
    }
    struct cnn_gunzip g;
    rc = cnn_gunzip_start(&g, path);
    if (!rc) {
        rc = inflate_all(&g, &in, limit, out);
        cnn_gunzip_end(&g);
    }
    cnn_bytes_free(&in);
    return rc;
}

/* Inflate the first bytes; *got says how many came out of the (perhaps cut or corrupt) beginning.
 */
static int inflate_head(const char *path, const unsigned char *in, size_t size, unsigned char *head,
                        size_t n, size_t *got)
{
    struct cnn_gunzip g;
    int rc = cnn_gunzip_start(&g, path);
    if (rc)
        return rc;
    rc = cnn_gunzip_some(&g, &in, &size, head, n, got);
    cnn_gunzip_end(&g);
    if (rc != CNN_EDATA)
        return rc;
    cnn_error_clear();
    return 0;
}

int cnn_bytes_head(const char *path, unsigned char *head, size_t n, size_t *got)
{
    int fd;
    struct stat st;
    *got = 0;
    int rc = open_file(path, &fd, &st);
    if (rc)
        return rc;
    unsigned char *raw = cnn_calloc(1, PIECE);
    size_t size = 0;
    while (raw && size < PIECE) {
        ssize_t k = read(fd, raw + size, PIECE - size);
        if (k < 0)
            rc = cnn_fail_errno(CNN_EIO, "%s", path);
        if (k <= 0)
            break;
        size += (size_t)k;
    }
    close(fd);
    if (!raw)
        return CNN_ESYSTEM;
    if (!rc && cnn_is_gzip(raw, size)) {
        rc = inflate_head(path, raw, size, head, n, got);
    } else if (!rc) {
        *got = size < n ? size : n;
        memcpy(head, raw, *got);
    }
    free(raw);
    return rc;
}
