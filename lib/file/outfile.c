/* Output files that appear whole or not at all: a temporary file beside the
 * final one, fsync, rename, fsync of the folder. See outfile.h. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "file/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

enum { BUFFER_BYTES = 1 << 16 };

struct cnn_outfile {
    FILE *stream;    /* NULL: finished */
    char *path;      /* as the caller spelled it, for messages */
    char *final;     /* where the file goes (links resolved); NULL: written directly */
    char *temporary; /* NULL: written directly */
    char *buffer;
};

static void outfile_free(struct cnn_outfile *f)
{
    free(f->path);
    free(f->final);
    free(f->temporary);
    free(f->buffer);
    free(f);
}

/* The descriptor that /dev/stdout and the like stand for, or -1. Opening those paths would begin at
 * the file's start and forget an append. */
static int standing_descriptor(const char *path)
{
    int64_t n;
    if (!strcmp(path, "/dev/stdout"))
        return STDOUT_FILENO;
    if (!strcmp(path, "/dev/stderr"))
        return STDERR_FILENO;
    if (!strncmp(path, "/dev/fd/", 8) && !cnn_parse_int(path + 8, 0, INT_MAX, &n))
        return (int)n;
    return -1;
}

static int open_directly(const struct cnn_outfile *f, int *fd)
{
    int standing = standing_descriptor(f->path);
    *fd = standing >= 0 ? dup(standing) : open(f->path, O_WRONLY | O_NOCTTY);
    return *fd < 0 ? cnn_fail_errno(CNN_ECREATE, "%s", f->path) : 0;
}

/* A new file of its own beside the final one. mkstemp would make it private; this one gets the mode
 * that the final file has or that the umask leaves. */
static int open_temporary(struct cnn_outfile *f, const struct stat *old, int *fd)
{
    for (int i = 0; i < 10000; i++) {
        struct cnn_buf name = {0};
        cnn_buf_printf(&name, "%s.tmp-%ld-%d", f->final, (long)getpid(), i);
        free(f->temporary);
        f->temporary = cnn_buf_take(&name);
        if (!f->temporary)
            return CNN_ESYSTEM;
        *fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (*fd >= 0 || errno != EEXIST)
            break;
    }
    if (*fd < 0) {
        free(f->temporary);
        f->temporary = NULL;
        return cnn_fail_errno(CNN_ECREATE, "%s", f->path);
    }
    if (old && fchmod(*fd, old->st_mode & 0777))
        return cnn_fail_errno(CNN_ECREATE, "%s", f->path);
    return 0;
}

static int outfile_start(struct cnn_outfile *f, int *fd)
{
    struct stat st;
    int exists = stat(f->path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode))
        return cnn_fail(CNN_ECREATE, "%s: Is a directory", f->path);
    if (standing_descriptor(f->path) >= 0 || (exists && !S_ISREG(st.st_mode)))
        return open_directly(f, fd);
    f->final = exists ? realpath(f->path, NULL) : cnn_strdup(f->path);
    if (!f->final)
        return exists ? cnn_fail_errno(CNN_ECREATE, "%s", f->path) : CNN_ESYSTEM;
    return open_temporary(f, exists ? &st : NULL, fd);
}

int cnn_outfile_open(const char *path, struct cnn_outfile **out)
{
    *out = NULL;
    int fd = -1;
    struct cnn_outfile *f = cnn_calloc(1, sizeof *f);
    if (!f)
        return CNN_ESYSTEM;
    f->path = cnn_strdup(path);
    f->buffer = f->path ? cnn_calloc(1, BUFFER_BYTES) : NULL;
    int rc = f->buffer ? outfile_start(f, &fd) : CNN_ESYSTEM;
    if (!rc && !(f->stream = fdopen(fd, "wb")))
        rc = cnn_fail_errno(CNN_ESYSTEM, "%s", path);
    if (rc) {
        if (fd >= 0)
            close(fd);
        if (f->temporary)
            unlink(f->temporary);
        outfile_free(f);
        return rc;
    }
    setvbuf(f->stream, f->buffer, _IOFBF, BUFFER_BYTES);
    *out = f;
    return 0;
}

FILE *cnn_outfile_stream(struct cnn_outfile *f)
{
    return f->stream;
}

int cnn_outfile_error(const struct cnn_outfile *f)
{
    return cnn_fail_errno(CNN_EIO, "%s", f->path);
}

/* A write failed some time ago and its errno is gone; what keeps one from working keeps a second
 * from working too. Not tried on a file that others own, which it might reach. */
static int fail_with_reason(const struct cnn_outfile *f)
{
    static const char probe[4096];
    struct stat st;
    int fd = fileno(f->stream);
    int ours = f->temporary || fstat(fd, &st) || !S_ISREG(st.st_mode);
    if (ours && (write(fd, probe, sizeof probe) < 0 || fsync(fd)))
        return cnn_outfile_error(f);
    return cnn_fail(CNN_EIO, "%s: write error", f->path);
}

/* The rename itself lasts only when the folder is on the disk. A folder that cannot be opened or
 * synced (some file systems) is not an error: the file is whole either way. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? cnn_strndup(path, (size_t)(slash - path) + 1) : cnn_strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

int cnn_outfile_finish(struct cnn_outfile *f)
{
    int rc = 0;
    if (!f || !f->stream)
        return 0;
    if (ferror(f->stream))
        rc = fail_with_reason(f);
    else if (fflush(f->stream) || (f->temporary && fsync(fileno(f->stream))))
        rc = cnn_fail_errno(CNN_EIO, "%s", f->path);
    if (fclose(f->stream) && !rc)
        rc = cnn_fail_errno(CNN_EIO, "%s", f->path);
    f->stream = NULL;
    return rc;
}

int cnn_outfile_commit(struct cnn_outfile *f)
{
    int rc = cnn_outfile_finish(f);
    if (!rc && f->temporary && rename(f->temporary, f->final))
        rc = cnn_fail_errno(CNN_ECREATE, "%s", f->path);
    if (!rc && f->temporary)
        sync_folder(f->final);
    if (rc && f->temporary)
        unlink(f->temporary);
    outfile_free(f);
    return rc;
}

void cnn_outfile_abort(struct cnn_outfile *f)
{
    if (!f)
        return;
    if (f->stream)
        fclose(f->stream);
    if (f->temporary)
        unlink(f->temporary);
    outfile_free(f);
}
