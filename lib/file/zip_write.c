/* Zip archives of stored members; see zip_write.h. Sizes and places of 4 GiB and more stand in extra fields of 64 bits
 * (APPNOTE.TXT, section 4.5.3). */
#include "file/zip_write.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "file/outfile.h"

enum { LOCAL = 0x04034b50, LISTED = 0x02014b50, END = 0x06054b50 };
enum { END64 = 0x06064b50, PLACE64 = 0x07064b50 };
enum { VERSION = 20, VERSION64 = 45, UTF8 = 1 << 11, DATE = 0x21 /* January 1, 1980 */ };
#define MOST32 0xFFFFFFFFu
enum { MOST16 = 0xFFFF };

struct cnn_zip_writer {
    struct cnn_outfile *file;
    FILE *stream;
    struct cnn_buf list; /* of members */
    uint64_t at, members;
};

int cnn_zip_writer_new(struct cnn_outfile *f, struct cnn_zip_writer **out)
{
    struct cnn_zip_writer *w = *out = cnn_calloc(1, sizeof *w);
    if (!w)
        return CNN_ESYSTEM;
    w->file = f;
    w->stream = cnn_outfile_stream(f);
    return 0;
}

void cnn_zip_writer_free(struct cnn_zip_writer *w)
{
    if (w)
        cnn_buf_free(&w->list);
    free(w);
}

/* The lowest byte first; zeros behind the eighth. */
static void put(struct cnn_buf *b, uint64_t x, int bytes)
{
    for (int i = 0; i < bytes; i++, x >>= 8) {
        char c = (char)(x & 255);
        cnn_buf_add(b, &c, 1);
    }
}

static int write_bytes(struct cnn_zip_writer *w, const void *bytes, size_t n)
{
    w->at += n;
    return n && fwrite(bytes, 1, n, w->stream) != n ? cnn_outfile_error(w->file) : 0;
}

static int write_buf(struct cnn_zip_writer *w, struct cnn_buf *b)
{
    int rc = b->failed ? CNN_ESYSTEM : write_bytes(w, b->text, b->size);
    cnn_buf_free(b);
    return rc;
}

static int is_ascii(const char *s)
{
    while (*s && (unsigned char)*s < 128)
        s++;
    return !*s;
}

struct member {
    const char *name;
    uint64_t size, at;
    uint32_t crc;
};

/* What stands in front of a member and, `listed`, in the list of all. */
static void put_header(struct cnn_buf *b, const struct member *m, int listed)
{
    size_t length = strlen(m->name);
    int large = m->size >= MOST32, far = listed && m->at >= MOST32;
    int extra = large || far ? 4 + 16 * large + 8 * far : 0;
    put(b, listed ? LISTED : LOCAL, 4);
    if (listed)
        put(b, VERSION64, 2);
    put(b, extra ? VERSION64 : VERSION, 2);
    put(b, is_ascii(m->name) ? 0 : UTF8, 2);
    put(b, 0, 2); /* stored */
    put(b, 0, 2); /* at midnight */
    put(b, DATE, 2);
    put(b, m->crc, 4);
    put(b, large ? MOST32 : m->size, 4);
    put(b, large ? MOST32 : m->size, 4);
    put(b, length, 2);
    put(b, (uint64_t)extra, 2);
    if (listed) {
        put(b, 0, 10); /* no comment, disk 0, no attributes */
        put(b, far ? MOST32 : m->at, 4);
    }
    cnn_buf_add(b, m->name, length);
    if (extra) {
        put(b, 1, 2);
        put(b, (uint64_t)extra - 4, 2);
    }
    if (large) {
        put(b, m->size, 8);
        put(b, m->size, 8);
    }
    if (far)
        put(b, m->at, 8);
}

static uint32_t checksum(uint32_t crc, const unsigned char *bytes, size_t n)
{
    enum { PIECE = 1 << 30 };
    for (; n > PIECE; bytes += PIECE, n -= PIECE)
        crc = (uint32_t)crc32(crc, bytes, PIECE);
    return (uint32_t)crc32(crc, bytes, (uInt)n);
}

int cnn_zip_put(struct cnn_zip_writer *w, const char *name, const void *first, size_t first_bytes,
                const void *rest, size_t rest_bytes)
{
    struct member m = {.name = name, .size = first_bytes + rest_bytes, .at = w->at};
    struct cnn_buf header = {0};
    if (strlen(name) >= MOST16)
        return cnn_fail(CNN_EDATA, "'%.60s...': a name that is too long for an archive", name);
    m.crc = checksum(checksum(0, first, first_bytes), rest, rest_bytes);
    put_header(&header, &m, 0);
    put_header(&w->list, &m, 1);
    w->members++;
    int rc = write_buf(w, &header);
    if (!rc)
        rc = write_bytes(w, first, first_bytes);
    return rc ? rc : write_bytes(w, rest, rest_bytes);
}

int cnn_zip_end(struct cnn_zip_writer *w)
{
    uint64_t list = w->at, size = w->list.size, n = w->members;
    int large = list >= MOST32 || size >= MOST32 || n >= MOST16;
    struct cnn_buf b = {0};
    int rc = write_buf(w, &w->list);
    if (rc)
        return rc;
    if (large) {
        put(&b, END64, 4);
        put(&b, 44, 8); /* what follows */
        put(&b, VERSION64, 2);
        put(&b, VERSION64, 2);
        put(&b, 0, 8); /* of disk 0, in a single part */
        put(&b, n, 8);
        put(&b, n, 8);
        put(&b, size, 8);
        put(&b, list, 8);
        put(&b, PLACE64, 4);
        put(&b, 0, 4);
        put(&b, list + size, 8);
        put(&b, 1, 4);
    }
    put(&b, END, 4);
    put(&b, 0, 4);
    put(&b, n >= MOST16 ? MOST16 : n, 2);
    put(&b, n >= MOST16 ? MOST16 : n, 2);
    put(&b, large ? MOST32 : size, 4);
    put(&b, large ? MOST32 : list, 4);
    put(&b, 0, 2);
    return write_buf(w, &b);
}
