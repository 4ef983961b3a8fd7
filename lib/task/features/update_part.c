/* Rows that are computed and in no store yet, one after another in a file that grows; see update.h. Its lock is that of the
 * store: who has it open is the only one at work. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "task/features/update.h"

/* Where the parts of a record begin. */
enum { LAST = sizeof(struct cnn_contents), VALUES = LAST + sizeof(uint64_t) };

static size_t sum_place(const struct update_part *p)
{
    return VALUES + p->count * sizeof(float);
}

static size_t record_bytes(const struct update_part *p)
{
    return sum_place(p) + sizeof(uint64_t);
}

static int fail_locked(const struct update_part *p)
{
    struct flock who = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(p->fd, F_GETLK, &who) || who.l_type == F_UNLCK)
        return cnn_fail(CNN_ECREATE, "%s: another process is at work on it", p->path);
    return cnn_fail(CNN_ECREATE, "%s: process %ld is at work on it", p->path, (long)who.l_pid);
}

/* Whoever had the file may have removed it between opening and locking: it is another one then. 1: locked. */
static int try_lock(struct update_part *p)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat own, there;
    p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (p->fd < 0)
        return cnn_fail_errno(CNN_ECREATE, "%s", p->path);
    int rc = !fcntl(p->fd, F_SETLK, &all)         ? 0
             : errno == EAGAIN || errno == EACCES ? fail_locked(p)
                                                  : cnn_fail_errno(CNN_ECREATE, "%s", p->path);
    p->locked = !rc && !fstat(p->fd, &own) && !stat(p->path, &there) &&
                own.st_ino == there.st_ino && own.st_dev == there.st_dev;
    if (!p->locked)
        close(p->fd);
    return rc ? rc : p->locked;
}

static int lock(struct update_part *p)
{
    int rc = 0;
    while (!rc)
        rc = try_lock(p);
    return rc < 0 ? rc : 0;
}

static int read_at(const struct update_part *p, size_t at, void *bytes, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = pread(p->fd, (char *)bytes + got, n - got, (off_t)(at + got));
        if (k <= 0 && !(k < 0 && errno == EINTR))
            return k ? cnn_fail_errno(CNN_EIO, "%s", p->path)
                     : cnn_fail(CNN_EIO, "%s: it became shorter", p->path);
        got += k > 0 ? (size_t)k : 0;
    }
    return 0;
}

static int write_at(const struct update_part *p, size_t at, const void *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = pwrite(p->fd, (const char *)bytes + done, n - done, (off_t)(at + done));
        if (k < 0 && errno != EINTR)
            return cnn_fail_errno(CNN_EIO, "%s", p->path);
        done += k > 0 ? (size_t)k : 0;
    }
    return 0;
}

static uint64_t checksum(const struct update_part *p)
{
    return cnn_hash_much(p->record, sum_place(p), p->count);
}

int cnn_update_part_read(struct update_part *p, size_t row, struct cnn_contents *hash,
                         float *values)
{
    int rc = read_at(p, p->head + row * record_bytes(p), p->record, record_bytes(p));
    memcpy(hash, p->record, sizeof *hash);
    if (values)
        memcpy(values, p->record + VALUES, p->count * sizeof *values);
    return rc;
}

/* What is behind the last batch that is whole was in flight. */
static int count_rows(struct update_part *p, size_t size)
{
    size_t most = (size - p->head) / record_bytes(p);
    struct cnn_contents hash;
    uint64_t sum, last;
    int rc = 0;
    for (size_t i = p->rows = 0; i < most; i++) {
        if ((rc = cnn_update_part_read(p, i, &hash, NULL)))
            return rc;
        memcpy(&last, p->record + LAST, sizeof last);
        memcpy(&sum, p->record + sum_place(p), sizeof sum);
        if (sum != checksum(p))
            break;
        p->rows = last ? i + 1 : p->rows;
    }
    p->done = p->rows;
    return ftruncate(p->fd, (off_t)(p->head + p->rows * record_bytes(p)))
               ? cnn_fail_errno(CNN_EIO, "%s", p->path)
               : 0;
}

/* A head that is not whole has no rows behind it. */
static int read_head(struct update_part *p, const struct cnn_buf *head)
{
    struct stat st;
    if (fstat(p->fd, &st))
        return cnn_fail_errno(CNN_EIO, "%s", p->path);
    size_t size = (size_t)st.st_size, n = size < p->head ? size : p->head;
    char *there = cnn_calloc(p->head, 1);
    int rc = there ? read_at(p, 0, there, n) : CNN_ESYSTEM;
    if (!rc && memcmp(there, head->text, n) != 0)
        rc = cnn_fail(CNN_EDATA,
                      "%s: a run that was killed left rows of another model or layer, or made with "
                      "other options: finish it, or remove this file",
                      p->path);
    free(there);
    if (!rc && n == p->head)
        rc = count_rows(p, size);
    else if (!rc)
        rc = write_at(p, 0, head->text, p->head);
    p->known = !rc;
    return rc;
}

int cnn_update_part_open(struct update_part *p, const char *output, const char *identity,
                         size_t count)
{
    struct cnn_buf path = {0}, head = {0};
    p->count = count;
    cnn_buf_printf(&path, "%s.part", output);
    cnn_buf_printf(&head, "rows of cnn-features --incremental\n%zu\n%s\n", count, identity);
    p->path = cnn_buf_take(&path);
    p->record = cnn_calloc(record_bytes(p), 1);
    p->head = head.size;
    int rc = p->path && p->record && !head.failed ? lock(p) : CNN_ESYSTEM;
    if (!rc)
        rc = read_head(p, &head);
    cnn_buf_free(&head);
    return rc;
}

static int write_record(struct update_part *p, uint64_t last)
{
    if (!p->waits)
        return 0;
    memcpy(p->record + LAST, &last, sizeof last);
    uint64_t sum = checksum(p);
    memcpy(p->record + sum_place(p), &sum, sizeof sum);
    int rc = write_at(p, p->head + p->rows * record_bytes(p), p->record, record_bytes(p));
    p->rows += !rc;
    p->waits = 0;
    return rc;
}

int cnn_update_part_add(struct update_part *p, const struct cnn_contents *hash, const float *values)
{
    int rc = write_record(p, 0);
    memcpy(p->record, hash, sizeof *hash);
    memcpy(p->record + VALUES, values, p->count * sizeof *values);
    p->waits = !rc;
    return rc;
}

int cnn_update_part_sync(struct update_part *p)
{
    int rc = write_record(p, 1);
    return !rc && fdatasync(p->fd) ? cnn_fail_errno(CNN_EIO, "%s", p->path) : rc;
}

void cnn_update_part_close(struct update_part *p, int done)
{
    if (p->known && (done || !p->rows))
        unlink(p->path);
    if (p->locked)
        close(p->fd);
    free(p->path);
    free(p->record);
    *p = (struct update_part){0};
}
