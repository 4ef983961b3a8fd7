/* Mutations that get behind checksums: of an archive a member changes, and all checksums are right
 * again, as those of tar's headers and of PNG's chunks are. Each fourth is left as it came, so that what
 * checks them is met, too. */
#include "fuzz.h"

#include <string.h>
#include <zlib.h>

#include "base/text.h"
#include "file/zip.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static void put(uint8_t *p, int bytes, size_t n)
{
    for (int i = 0; i < bytes; i++)
        p[i] = (uint8_t)(n >> (8 * i));
}

/* A stored member's entry in an archive's list, or what stands before its data, which has most of the
 * same (PKWARE's APPNOTE.TXT 6.3, sections 4.3.7 and 4.3.12). */
static void add_head(struct cnn_buf *out, int in_list, const char *name, const uint8_t *data,
                     size_t size, size_t offset)
{
    uint8_t head[46] = {'P', 'K', in_list ? 1 : 3, in_list ? 2 : 4};
    uint8_t *p = head + (in_list ? 6 : 4);
    p[0] = 20;
    put(p + 10, 4, crc32(0, data, (uInt)size));
    put(p + 14, 4, size);
    put(p + 18, 4, size);
    put(p + 22, 2, strlen(name));
    put(head + 42, 4, in_list ? offset : 0);
    cnn_buf_add(out, (const char *)head, in_list ? 46 : 30);
    cnn_buf_puts(out, name);
}

/* Every member stored as it is, but for one that has other bytes. */
static void write_zip(const struct cnn_zip *z, size_t changed, const uint8_t *bytes, size_t size,
                      struct cnn_buf *out)
{
    struct cnn_buf list = {0};
    uint8_t end[22] = {'P', 'K', 5, 6};
    for (size_t i = 0; i < cnn_zip_count(z); i++) {
        const struct cnn_zip_member *m = cnn_zip_at(z, i);
        uint8_t *own = malloc(m->size + 1);
        const uint8_t *data = i == changed ? bytes : own;
        size_t n = i == changed ? size : m->size, offset = out->size;
        if (i != changed && cnn_zip_read(z, m, own, n))
            n = 0;
        add_head(out, 0, m->name, data, n, 0);
        cnn_buf_add(out, (const char *)data, n);
        add_head(&list, 1, m->name, data, n, offset);
        free(own);
    }
    put(end + 8, 2, cnn_zip_count(z));
    put(end + 10, 2, cnn_zip_count(z));
    put(end + 12, 4, list.size);
    put(end + 16, 4, out->size);
    if (list.size)
        cnn_buf_add(out, list.text, list.size);
    cnn_buf_add(out, (const char *)end, sizeof end);
    cnn_buf_free(&list);
}

/* 0: it is no archive, or would be too large. */
static size_t mutate_zip(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    struct cnn_bytes bytes = {.data = data, .size = size};
    struct cnn_buf out = {0};
    struct cnn_zip *z;
    size_t n = 0, room = 0;
    if (size < 4 || memcmp(data, "PK\3\4", 4) != 0 || cnn_zip_open("zip", &bytes, &z))
        return 0;
    for (size_t i = 0; i < cnn_zip_count(z); i++)
        room += cnn_zip_at(z, i)->size;
    if (cnn_zip_count(z) && room < max) {
        size_t which = seed % cnn_zip_count(z);
        const struct cnn_zip_member *m = cnn_zip_at(z, which);
        uint8_t *member = malloc(max);
        if (!cnn_zip_read(z, m, member, m->size)) {
            n = LLVMFuzzerMutate(member, m->size, max);
            write_zip(z, which, member, n, &out);
        }
        free(member);
    }
    n = out.size <= max ? out.size : 0;
    if (n)
        memcpy(data, out.text, n);
    cnn_buf_free(&out);
    cnn_zip_close(z);
    return n;
}

/* The sum of a header's bytes, its own place counted as blanks (POSIX.1, pax, ustar). */
static void mend_tar(uint8_t *data, size_t size)
{
    enum { BLOCK = 512, SUM = 148, DIGITS = 8, MAGIC = 257 };
    if (size < BLOCK || memcmp(data + MAGIC, "ustar", 5) != 0)
        return;
    for (size_t at = 0; at + BLOCK <= size; at += BLOCK) {
        uint8_t *p = data + at;
        unsigned sum = 0;
        if (memcmp(p + MAGIC, "ustar", 5) != 0)
            continue;
        memset(p + SUM, ' ', DIGITS);
        for (int i = 0; i < BLOCK; i++)
            sum += p[i];
        snprintf((char *)p + SUM, DIGITS - 1, "%06o", sum);
    }
}

/* Chunks: length, type, data, checksum of the two (PNG, section 5.3). */
static void mend_png(uint8_t *data, size_t size)
{
    enum { SIGNATURE = 8, AROUND = 12 };
    if (size < SIGNATURE || memcmp(data, "\x89PNG\r\n\x1a\n", SIGNATURE) != 0)
        return;
    for (size_t at = SIGNATURE; at + AROUND <= size;) {
        uint8_t *p = data + at;
        size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (n > size - at - AROUND)
            return;
        uLong crc = crc32(0, p + 4, (uInt)n + 4);
        for (int i = 0; i < 4; i++)
            p[8 + n + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += n + AROUND;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    int mends = seed % 4 != 0;
    size_t n = mends ? mutate_zip(data, size, max, seed / 4) : 0;
    if (n)
        return n;
    n = LLVMFuzzerMutate(data, size, max);
    if (mends) {
        mend_tar(data, n);
        mend_png(data, n);
    }
    return n;
}
