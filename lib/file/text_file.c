/* Text files; see text_file.h. */
#include "file/text_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "file/infile.h"

int cnn_text_check(const char *path, const char *bytes, size_t size)
{
    if (size >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2)))
        return cnn_fail(CNN_EDATA, "%s: text in UTF-16; UTF-8 is needed", path);
    if (size && memchr(bytes, '\0', size))
        return cnn_fail(CNN_EDATA, "%s: NUL bytes in a text", path);
    return 0;
}

int cnn_text_read(const char *path, size_t limit, char **text, size_t *size)
{
    struct cnn_bytes b;
    *text = NULL;
    int rc = cnn_bytes_map(path, limit, &b);
    if (rc)
        return rc;
    rc = cnn_text_check(path, (const char *)b.data, b.size);
    if (!rc && !(*text = cnn_strndup(b.size ? (const char *)b.data : "", b.size)))
        rc = CNN_ESYSTEM;
    *size = b.size;
    cnn_bytes_free(&b);
    return rc;
}

const char *cnn_text_foreign(const unsigned char *bytes, size_t size)
{
    static const struct {
        const char *name, *begin;
    } known[] = {
        {"a Git LFS pointer (git lfs pull fetches the file)",
         "version https://git-lfs.github.com/"},
        {"an HTML page", "<!doctype html"},
        {"an HTML page", "<html"},
        {"an SVG drawing", "<svg"},
        {"an XML text", "<?xml"},
    };
    if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
        bytes += 3;
        size -= 3;
    }
    for (; size && strchr(" \t\r\n", *bytes) && *bytes; size--)
        bytes++;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].begin);
        if (size >= n && !strncasecmp((const char *)bytes, known[i].begin, n))
            return known[i].name;
    }
    return NULL;
}
