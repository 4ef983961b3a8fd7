/* Reading tar in every dialect and compression that libarchive knows. See tar.h. */
#include "file/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/gunzip.h"
#include "file/pipe.h"

enum { READ_BLOCK = 1 << 17, MOST_ZEROS = 1 << 20 };

struct cnn_tar_reader {
    struct archive *archive;
    struct archive_entry *entry; /* the current member; libarchive's */
    char *path;                  /* for messages */
    int fd, own_fd;
    int64_t base, size; /* of a file that can be read by pread: where the archive begins, where the
                           file ends; -1: cannot */
    size_t count;       /* members so far */
    unsigned char *block; /* what the descriptor gave last, when bytes were read ahead of it */
    size_t ahead;         /* bytes of block that the caller read; 0 once they were given */
    const volatile int *stop;
    int interrupted;
    size_t zeros; /* bytes that were read before the first member, all of them zero */
    /* Gzip is undone here: libarchive does not look at its checksums. */
    struct cnn_gunzip *gzip; /* NULL: no gzip */
    const unsigned char *raw;
    size_t raw_size;
    unsigned char *plain; /* READ_BLOCK bytes that came out last */
    int failed;           /* the error of our own that ended the input */
};

/* libarchive's complaint as our error. */
static int fail_archive(const struct cnn_tar_reader *r, const char *what)
{
    if (r->interrupted)
        return cnn_fail(CNN_EINTERRUPTED, "%s: interrupted", r->path);
    if (r->failed)
        return r->failed;
    const char *text = archive_error_string(r->archive);
    int number = archive_errno(r->archive), rc = number == EIO ? CNN_EIO : CNN_EDATA;
    if (number == ENOMEM)
        rc = CNN_ESYSTEM;
    return cnn_fail(rc, "%s: %s%s%s", r->path, what, text ? ": " : "", text ? text : "");
}

static void find_extent(struct cnn_tar_reader *r)
{
    struct stat st;
    r->base = r->size = -1;
    if (r->block || fstat(r->fd, &st) || !S_ISREG(st.st_mode))
        return;
    r->base = lseek(r->fd, 0, SEEK_CUR);
    r->size = st.st_size;
}

static int all_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i])
            return 0;
    return 1;
}

/* Whether the input goes on and on without an archive, as /dev/zero does. */
static int is_endless(struct cnn_tar_reader *r, ssize_t n)
{
    if (n > 0 && !r->count && r->zeros <= MOST_ZEROS && all_zero(r->block, (size_t)n))
        r->zeros += (size_t)n;
    return !r->count && r->zeros > MOST_ZEROS;
}

/* libarchive's input where the caller has read the first bytes: those, then the descriptor's. */
static la_ssize_t read_behind(struct archive *a, void *context, const void **bytes)
{
    struct cnn_tar_reader *r = context;
    la_ssize_t n = (la_ssize_t)r->ahead;
    *bytes = r->block;
    r->ahead = 0;
    if (n)
        return n;
    ssize_t k = cnn_pipe_read(r->fd, r->block, READ_BLOCK, r->stop);
    if (k < 0) {
        r->interrupted = errno == EINTR;
        archive_set_error(a, errno, "%s", strerror(errno));
    } else if (is_endless(r, k)) {
        archive_set_error(a, EINVAL, "nothing but zeros");
        k = -1;
    }
    return k;
}

/* libarchive's input where that is gzip: what comes out of it. */
static la_ssize_t read_gzip(struct archive *a, void *context, const void **bytes)
{
    struct cnn_tar_reader *r = context;
    size_t got = 0;
    *bytes = r->plain;
    while (!(r->failed =
                 cnn_gunzip_some(r->gzip, &r->raw, &r->raw_size, r->plain, READ_BLOCK, &got)) &&
           !got) {
        const void *raw;
        la_ssize_t n = read_behind(a, r, &raw);
        if (n == 0)
            r->failed = cnn_gunzip_check_end(r->gzip);
        if (n <= 0)
            return r->failed ? -1 : n;
        r->raw = raw;
        r->raw_size = (size_t)n;
    }
    return r->failed ? -1 : (la_ssize_t)got;
}

/* What is behind the archive's last record has the checksum of all that was before. */
static int read_to_end(struct cnn_tar_reader *r)
{
    const void *bytes;
    la_ssize_t n = r->gzip ? 1 : 0;
    while (n > 0)
        n = read_gzip(r->archive, r, &bytes);
    return n < 0 ? fail_archive(r, "malformed tar archive") : 0;
}

static int open_input(struct cnn_tar_reader *r)
{
    if (r->gzip)
        return archive_read_open(r->archive, r, NULL, read_gzip, NULL);
    if (!r->block)
        return archive_read_open_fd(r->archive, r->fd, READ_BLOCK);
    return archive_read_open(r->archive, r, NULL, read_behind, NULL);
}

static int take_ahead(struct cnn_tar_reader *r, const void *ahead, size_t size)
{
    r->block = size ? cnn_calloc(1, size > READ_BLOCK ? size : READ_BLOCK) : NULL;
    if (r->block)
        memcpy(r->block, ahead, r->ahead = size);
    return size && !r->block ? CNN_ESYSTEM : 0;
}

/* The first bytes, where the caller has not read them. */
static int read_first(struct cnn_tar_reader *r)
{
    if (!(r->block = cnn_calloc(1, READ_BLOCK)))
        return CNN_ESYSTEM;
    ssize_t n = cnn_pipe_read(r->fd, r->block, READ_BLOCK, r->stop);
    if (n < 0)
        return cnn_fail_errno(errno == EINTR ? CNN_EINTERRUPTED : CNN_EIO, "%s", r->path);
    r->ahead = (size_t)n;
    return 0;
}

/* Files that are no gzip stay where they are, to be read by pread. */
static int find_gzip(struct cnn_tar_reader *r)
{
    unsigned char head[2];
    int in_place = r->base >= 0;
    if (in_place && (pread(r->fd, head, sizeof head, r->base) != sizeof head ||
                     !cnn_is_gzip(head, sizeof head)))
        return 0;
    int rc = r->block ? 0 : read_first(r);
    if (rc || !cnn_is_gzip(r->block, r->ahead))
        return rc;
    r->base = -1;
    r->plain = cnn_calloc(1, READ_BLOCK);
    r->gzip = r->plain ? cnn_calloc(1, sizeof *r->gzip) : NULL;
    return r->gzip ? cnn_gunzip_start(r->gzip, r->path) : CNN_ESYSTEM;
}

static int start_archive(struct cnn_tar_reader *r)
{
    r->archive = archive_read_new();
    if (!r->archive)
        return cnn_fail(CNN_ESYSTEM, "%s: cannot start libarchive", r->path);
    /* by name: "all" brings filters that run other programs; each answers with a warning where it
     * is not built in */
    archive_read_support_filter_bzip2(r->archive);
    archive_read_support_filter_xz(r->archive);
    archive_read_support_filter_lzma(r->archive);
    archive_read_support_filter_zstd(r->archive);
    archive_read_support_filter_lz4(r->archive);
    archive_read_support_filter_compress(r->archive);
    if (archive_read_support_format_tar(r->archive) != ARCHIVE_OK)
        return fail_archive(r, "libarchive without tar");
    archive_read_set_option(r->archive, "tar", "read_concatenated_archives", "1");
    if (open_input(r) == ARCHIVE_OK)
        return 0;
    int silent = !archive_errno(r->archive) && !archive_error_string(r->archive);
    if (silent && !r->failed && !r->interrupted) /* of a filter that it had no room for */
        return cnn_fail(CNN_ESYSTEM, "%s: out of memory", r->path);
    return fail_archive(r, "not a tar archive");
}

int cnn_tar_reader_open(const char *path, int fd, const void *ahead, size_t ahead_size,
                        const volatile int *stop, struct cnn_tar_reader **out)
{
    *out = NULL;
    struct cnn_tar_reader *r = cnn_calloc(1, sizeof *r);
    if (!r)
        return CNN_ESYSTEM;
    r->fd = fd;
    r->stop = stop;
    r->path = cnn_strdup(path);
    int rc = r->path ? take_ahead(r, ahead, ahead_size) : CNN_ESYSTEM;
    if (!rc && fd < 0) {
        r->fd = open(path, O_RDONLY | O_CLOEXEC);
        r->own_fd = r->fd >= 0;
        if (r->fd < 0)
            rc = cnn_fail_errno(CNN_ENOINPUT, "%s", path);
    }
    if (!rc) {
        find_extent(r);
        rc = find_gzip(r);
    }
    if (!rc)
        rc = start_archive(r);
    if (rc)
        cnn_tar_reader_close(r);
    else
        *out = r;
    return rc;
}

static int is_in_place(const struct cnn_tar_reader *r)
{
    return r->base >= 0 && archive_filter_count(r->archive) == 1 &&
           archive_filter_code(r->archive, 0) == ARCHIVE_FILTER_NONE;
}

/* Where the member's data begins in the file: libarchive has consumed all that is before it,
 * extended headers included. Sparse members have their data in pieces. */
static int64_t data_offset(const struct cnn_tar_reader *r)
{
    return archive_entry_sparse_count(r->entry) > 0 ? -1
                                                    : r->base + archive_filter_bytes(r->archive, 0);
}

/* UTF-8 where the archive says so, whatever the locale; else the bytes as they are. */
static const char *member_name(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname_utf8(entry);
    return name ? name : archive_entry_pathname(entry);
}

static const char *link_target(struct archive_entry *entry, int symbolic)
{
    const char *name =
        symbolic ? archive_entry_symlink_utf8(entry) : archive_entry_hardlink_utf8(entry);
    return name ? name : symbolic ? archive_entry_symlink(entry) : archive_entry_hardlink(entry);
}

int cnn_tar_reader_next(struct cnn_tar_reader *r, struct cnn_tar_member *m)
{
    *m = (struct cnn_tar_member){.offset = -1};
    int rc;
    while ((rc = archive_read_next_header(r->archive, &r->entry)) == ARCHIVE_RETRY)
        ;
    if (rc == ARCHIVE_EOF)
        return read_to_end(r);
    if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
        return fail_archive(r, r->count ? "malformed tar archive" : "not a tar archive");
    m->name = member_name(r->entry);
    int64_t size = archive_entry_size(r->entry);
    if (!m->name || size < 0)
        return cnn_fail(CNN_EDATA, "%s: malformed tar member %zu", r->path, r->count);
    r->count++;
    m->symbolic = archive_entry_filetype(r->entry) == AE_IFLNK;
    m->link = link_target(r->entry, m->symbolic);
    m->regular = archive_entry_filetype(r->entry) == AE_IFREG && !m->link;
    m->size = m->regular ? (uint64_t)size : 0;
    m->in_place = is_in_place(r);
    m->offset = m->regular && m->in_place ? data_offset(r) : -1;
    /* skipping is seeking in a file, which would not notice */
    if (m->offset >= 0 && (size > r->size || m->offset > r->size - size))
        return cnn_fail(CNN_EDATA, "%s: truncated within member '%.300s'", r->path, m->name);
    return 1;
}

int cnn_tar_reader_data(struct cnn_tar_reader *r, void *out, size_t size)
{
    size_t got = 0;
    while (got < size) {
        la_ssize_t n = archive_read_data(r->archive, (char *)out + got, size - got);
        if (n == ARCHIVE_RETRY)
            continue;
        if (n < 0)
            return fail_archive(r, "malformed tar archive");
        if (n == 0)
            return cnn_fail(CNN_EDATA, "%s: truncated within member '%.300s'", r->path,
                            member_name(r->entry));
        got += (size_t)n;
    }
    return 0;
}

void cnn_tar_reader_close(struct cnn_tar_reader *r)
{
    if (!r)
        return;
    archive_read_free(r->archive);
    if (r->own_fd)
        close(r->fd);
    cnn_gunzip_end(r->gzip);
    free(r->gzip);
    free(r->plain);
    free(r->block);
    free(r->path);
    free(r);
}
