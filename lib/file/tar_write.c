/* Writing tar: ustar with pax headers where a name needs one, fixed owner, mode and time. See
 * tar.h.
 *
 * libarchive makes the headers; blocks are gathered here, so that a write(2) is large and a flush
 * is ours to order. Two of its writers fill one buffer: the pax writer alone would put a header
 * that other tars complain about before every name that is not ASCII, since a library has no say in
 * the locale. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/pipe.h"
#include "file/tar.h"

enum { BUFFER_BYTES = 1 << 18 };

/* Names up to this are ustar's own; longer ones are left to pax. */
enum { USTAR_NAME = 100 };

struct cnn_tar_writer {
    struct archive *ustar, *pax;
    struct archive_entry *entry; /* reused */
    char *name;                  /* for messages */
    int fd;
    const volatile int *stop;
    int error; /* errno of the first write that failed */
    size_t used;
    char buffer[BUFFER_BYTES];
};

static int write_all(struct cnn_tar_writer *w, const char *bytes, size_t n)
{
    while (n && !w->error) {
        ssize_t k = cnn_pipe_write(w->fd, bytes, n, w->stop);
        if (k < 0)
            w->error = errno;
        if (k > 0) {
            bytes += k;
            n -= (size_t)k;
        }
    }
    return w->error;
}

static int push(struct cnn_tar_writer *w)
{
    size_t n = w->used;
    w->used = 0;
    return write_all(w, w->buffer, n);
}

/* libarchive's output. It is never told of a failure, for an archive that failed cannot be closed,
 * which alone frees what is behind it; callers look at w->error. */
static la_ssize_t take_bytes(struct archive *a, void *context, const void *bytes, size_t n)
{
    struct cnn_tar_writer *w = context;
    (void)a;
    if (n > BUFFER_BYTES - w->used)
        push(w);
    if (n > BUFFER_BYTES) {
        write_all(w, bytes, n);
    } else {
        memcpy(w->buffer + w->used, bytes, n);
        w->used += n;
    }
    return (la_ssize_t)n;
}

static int fail_writer(struct cnn_tar_writer *w, struct archive *a)
{
    if (w->error == EINTR)
        return cnn_fail(CNN_EINTERRUPTED, "%s: interrupted", w->name);
    errno = w->error;
    if (w->error)
        return cnn_fail_errno(CNN_EIO, "%s", w->name);
    const char *text = archive_error_string(a);
    return cnn_fail(CNN_EIO, "%s: %s", w->name, text ? text : "cannot write the tar archive");
}

static void fixed_entry(struct archive_entry *e)
{
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_uid(e, 0);
    archive_entry_set_gid(e, 0);
    archive_entry_set_mtime(e, 0, 0);
}

static int start(struct cnn_tar_writer *w, struct archive **a, int (*set_format)(struct archive *))
{
    *a = archive_write_new();
    return !*a || set_format(*a) != ARCHIVE_OK ||
           archive_write_set_bytes_per_block(*a, 0) != ARCHIVE_OK ||
           archive_write_open(*a, w, NULL, take_bytes, NULL) != ARCHIVE_OK;
}

int cnn_tar_writer_open(int fd, const char *name_for_messages, const volatile int *stop,
                        struct cnn_tar_writer **out)
{
    *out = NULL;
    struct cnn_tar_writer *w = cnn_calloc(1, sizeof *w);
    if (!w)
        return CNN_ESYSTEM;
    w->fd = fd;
    w->stop = stop;
    w->name = cnn_strdup(name_for_messages);
    w->entry = archive_entry_new();
    if (!w->name || !w->entry || start(w, &w->ustar, archive_write_set_format_ustar) ||
        start(w, &w->pax, archive_write_set_format_pax_restricted)) {
        cnn_tar_writer_free(w);
        return cnn_fail(CNN_ESYSTEM, "%s: cannot start libarchive", name_for_messages);
    }
    fixed_entry(w->entry);
    *out = w;
    return 0;
}

int cnn_tar_writer_add(struct cnn_tar_writer *w, const char *name, const void *data, size_t size)
{
    struct archive *a = strlen(name) <= USTAR_NAME ? w->ustar : w->pax;
    if (w->error)
        return fail_writer(w, a);
    archive_entry_set_pathname(w->entry, name);
    archive_entry_set_size(w->entry, (la_int64_t)size);
    int rc = archive_write_header(a, w->entry);
    if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
        return fail_writer(w, a);
    const char *bytes = data;
    while (size) {
        la_ssize_t n = archive_write_data(a, bytes, size);
        if (n <= 0)
            return fail_writer(w, a);
        bytes += n;
        size -= (size_t)n;
    }
    if (archive_write_finish_entry(a) < ARCHIVE_WARN || w->error)
        return fail_writer(w, a);
    return 0;
}

int cnn_tar_writer_flush(struct cnn_tar_writer *w)
{
    return push(w) ? fail_writer(w, w->ustar) : 0;
}

int cnn_tar_writer_finish(struct cnn_tar_writer *w)
{
    if (w->error || archive_write_close(w->ustar) != ARCHIVE_OK)
        return fail_writer(w, w->ustar);
    return cnn_tar_writer_flush(w);
}

void cnn_tar_writer_free(struct cnn_tar_writer *w)
{
    if (!w)
        return;
    /* freeing an archive closes it; the ends that this would write are not wanted */
    if (!w->error)
        w->error = ECANCELED;
    archive_write_free(w->ustar);
    archive_write_free(w->pax);
    archive_entry_free(w->entry);
    free(w->name);
    free(w);
}
