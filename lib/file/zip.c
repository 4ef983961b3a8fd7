/* Reading zip archives; see zip.h. */
#include "file/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum { DEFLATE_MOST = 1032 }; /* bytes that one can become (zlib's technical details) */

struct cnn_zip {
    const char *path; /* the caller's */
    struct archive *archive;
    struct archive_entry *entry; /* libarchive's */
    size_t bytes;
    locale_t utf8; /* in which names are what they are, whatever the program's; 0: there is none */
};

/* How libarchive says that zlib had no memory to begin with. */
static const char NO_ROOM[] = "Can't initialize";

/* "PATH: member 'NAME': what: libarchive's words" */
static int fail_zip(const struct cnn_zip *z, const char *what)
{
    const char *text = archive_error_string(z->archive);
    const char *name = z->entry ? archive_entry_pathname(z->entry) : NULL;
    int lacked =
        archive_errno(z->archive) == ENOMEM || (text && !strncmp(text, NO_ROOM, strlen(NO_ROOM)));
    int rc = lacked ? CNN_ESYSTEM : CNN_EDATA;
    if (name)
        return cnn_fail(rc, "%s: member '%.200s': %s%s%s", z->path, name, what, text ? ": " : "",
                        text ? text : "");
    return cnn_fail(rc, "%s: %s%s%s", z->path, what, text ? ": " : "", text ? text : "");
}

int cnn_zip_open(const char *path, const struct cnn_bytes *bytes, struct cnn_zip **out)
{
    struct cnn_zip *z = cnn_calloc(1, sizeof *z);
    *out = NULL;
    if (!z)
        return CNN_ESYSTEM;
    *z = (struct cnn_zip){.path = path,
                          .archive = archive_read_new(),
                          .bytes = bytes->size,
                          .utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)};
    int rc = z->archive ? 0 : cnn_fail(CNN_ESYSTEM, "%s: cannot start libarchive", path);
    /* by its list of members, which is at the end and of which a truncated file has none */
    if (!rc && archive_read_support_format_zip_seekable(z->archive) != ARCHIVE_OK)
        rc = fail_zip(z, "libarchive without zip");
    if (!rc && archive_read_open_memory(z->archive, bytes->data, bytes->size) != ARCHIVE_OK)
        rc = archive_error_string(z->archive)
                 ? fail_zip(z, "not a zip archive, or a truncated one")
                 : cnn_fail(CNN_ESYSTEM, "%s: out of memory", path); /* it has no word for it */
    if (rc)
        cnn_zip_close(z);
    else
        *out = z;
    return rc;
}

int cnn_zip_next(struct cnn_zip *z, struct cnn_zip_member *m)
{
    z->entry = NULL;
    locale_t before = z->utf8 ? uselocale(z->utf8) : (locale_t)0;
    int rc = archive_read_next_header(z->archive, &z->entry);
    if (z->utf8)
        uselocale(before);
    if (rc == ARCHIVE_EOF)
        return 0;
    if (rc != ARCHIVE_OK) {
        z->entry = NULL;
        return fail_zip(z, "malformed zip archive");
    }
    int64_t size = archive_entry_size(z->entry);
    m->name = archive_entry_pathname(z->entry);
    if (!m->name || !archive_entry_size_is_set(z->entry) || size < 0)
        return fail_zip(z, "malformed zip archive");
    if ((uint64_t)size / DEFLATE_MOST > z->bytes)
        return cnn_fail(CNN_EDATA,
                        "%s: member '%.200s': %lld bytes are more than an archive of %zu can hold",
                        z->path, m->name, (long long)size, z->bytes);
    m->size = (size_t)size;
    return 1;
}

int cnn_zip_read(struct cnn_zip *z, void *out, size_t n)
{
    size_t got = 0;
    while (got < n) {
        la_ssize_t k = archive_read_data(z->archive, (char *)out + got, n - got);
        if (k < 0)
            return fail_zip(z, "damaged");
        if (k == 0)
            return fail_zip(z, "truncated");
        got += (size_t)k;
    }
    return 0;
}

int cnn_zip_check(struct cnn_zip *z)
{
    char more;
    la_ssize_t k = archive_read_data(z->archive, &more, 1);
    if (k > 0)
        return fail_zip(z, "more bytes than its header says");
    return k < 0 ? fail_zip(z, "damaged") : 0;
}

void cnn_zip_close(struct cnn_zip *z)
{
    if (!z)
        return;
    archive_read_free(z->archive);
    if (z->utf8)
        freelocale(z->utf8);
    free(z);
}
