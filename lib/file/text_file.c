/* Text files; see text_file.h. */
#include "file/text_file.h"

#include <stdlib.h>
#include <string.h>

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
    int code = cnn_bytes_map(path, limit, &b);
    if (code)
        return code;
    code = cnn_text_check(path, (const char *)b.data, b.size);
    if (!code && !(*text = cnn_strndup(b.size ? (const char *)b.data : "", b.size)))
        code = CNN_ESYSTEM;
    *size = b.size;
    cnn_bytes_free(&b);
    return code;
}
