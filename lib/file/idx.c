/* IDX: 0 0 TYPE RANK, RANK big-endian 32-bit sizes, data
 * (LeCun, "The MNIST database of handwritten digits", file formats). See idx.h. */
#include "file/idx.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/text.h"

enum { UNSIGNED_BYTE = 0x08, MAX_HEADER = 4 + 4 * 4 };

/* The header, and *total: the bytes that the whole file must have. */
static int idx_header(const char *path, const unsigned char *b, size_t size, struct cnn_idx *f,
                      size_t *total)
{
    if (size < 4 || b[0] || b[1])
        return cnn_fail(CNN_EDATA, "%s: not an IDX file", path);
    if (b[2] != UNSIGNED_BYTE)
        return cnn_fail(CNN_EDATA, "%s: IDX elements of type 0x%02x (only unsigned bytes, 0x08)",
                        path, b[2]);
    f->rank = b[3];
    if (f->rank != 1 && f->rank != 3 && f->rank != 4)
        return cnn_fail(CNN_EDATA, "%s: IDX data of %d dimensions (1, 3 or 4)", path, f->rank);
    size_t header = 4 + 4 * (size_t)f->rank, bytes = 1;
    if (size < header)
        return cnn_fail(CNN_EDATA, "%s: truncated IDX header", path);
    f->item = 1;
    for (int i = 0; i < f->rank; i++) {
        const unsigned char *p = b + 4 + 4 * i;
        f->dim[i] = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (i && !f->dim[i])
            return cnn_fail(CNN_EDATA, "%s: IDX items of no size", path);
        if (cnn_mul_overflows(bytes, f->dim[i], &bytes) || bytes > SIZE_MAX / 2)
            return cnn_fail(CNN_EDATA, "%s: IDX sizes are too large", path);
        f->item *= i ? f->dim[i] : 1;
    }
    *total = header + bytes;
    return 0;
}

int cnn_idx_open(const char *path, struct cnn_idx *out)
{
    unsigned char head[MAX_HEADER];
    size_t got, total = 0;
    *out = (struct cnn_idx){0};
    int rc = cnn_bytes_head(path, head, sizeof head, &got);
    if (!rc)
        rc = idx_header(path, head, got, out, &total);
    if (!rc)
        rc = cnn_bytes_gunzip(path, total, &out->bytes);
    if (!rc && out->bytes.size < total)
        rc = cnn_fail(CNN_EDATA, "%s: truncated (%zu bytes of IDX data, %zu expected)", path,
                      out->bytes.size, total);
    if (rc) {
        cnn_idx_close(out);
        return rc;
    }
    out->data = out->bytes.data + (total - out->dim[0] * out->item);
    return 0;
}

void cnn_idx_close(struct cnn_idx *f)
{
    cnn_bytes_free(&f->bytes);
    *f = (struct cnn_idx){0};
}

/* Replace the last `old` in the text from `from` on by `new` of the same length. 1 when it was
 * there. */
static int replace_last(char *from, const char *old, const char *new)
{
    char *found = NULL;
    for (char *p = strstr(from, old); p; p = strstr(p + 1, old))
        found = p;
    if (found)
        memcpy(found, new, strlen(new));
    return found != NULL;
}

/* The candidate itself, then with .gz taken off or put on. NULL in *out when neither is a file. */
static int existing_file(const char *candidate, char **out)
{
    struct stat st;
    size_t n = strlen(candidate);
    struct cnn_buf other = {0};
    if (n > 3 && !strcmp(candidate + n - 3, ".gz"))
        cnn_buf_add(&other, candidate, n - 3);
    else
        cnn_buf_printf(&other, "%s.gz", candidate);
    char *second = cnn_buf_take(&other);
    *out = NULL;
    if (!second)
        return CNN_ESYSTEM;
    int rc = 0;
    if (stat(candidate, &st) == 0 && S_ISREG(st.st_mode)) {
        *out = cnn_strdup(candidate);
        rc = *out ? 0 : CNN_ESYSTEM;
    } else if (stat(second, &st) == 0 && S_ISREG(st.st_mode)) {
        *out = second;
        return 0;
    }
    free(second);
    return rc;
}

int cnn_idx_labels_path(const char *images, char **out)
{
    *out = NULL;
    char *candidate = cnn_strdup(images);
    if (!candidate)
        return CNN_ESYSTEM;
    char *slash = strrchr(candidate, '/'), *base = slash ? slash + 1 : candidate;
    int named = replace_last(base, "images", "labels");
    if (!replace_last(base, "idx3", "idx1"))
        replace_last(base, "idx4", "idx1");
    int rc = named ? existing_file(candidate, out) : 0;
    /* "labels.idx1" where the other is "images-idx3", and the other way round */
    if (!rc && named && !*out &&
        (replace_last(base, "-idx1", ".idx1") || replace_last(base, ".idx1", "-idx1")))
        rc = existing_file(candidate, out);
    free(candidate);
    return rc;
}
