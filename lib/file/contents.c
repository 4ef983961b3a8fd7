/* A hash of a file, piece by piece; see contents.h. */
#include "file/contents.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"

enum { PIECE = 1 << 18 };

int cnn_contents_read(const char *path, int fd, struct cnn_contents *out)
{
    unsigned char *bytes = cnn_calloc(PIECE, 1);
    int more = 1;
    *out = (struct cnn_contents){{1, 2}};
    for (size_t got = 0; bytes && more;) {
        ssize_t n = read(fd, bytes + got, PIECE - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        got += (size_t)n;
        more = n > 0;
        for (int k = 0; k < 2 && (got == PIECE || !more); k++)
            out->half[k] = cnn_hash_much(bytes, got, out->half[k]);
        got %= PIECE;
    }
    free(bytes);
    return !bytes ? CNN_ESYSTEM : more ? cnn_fail_errno(CNN_EIO, "%s", path) : 0;
}

void cnn_contents_print(const struct cnn_contents *c, char out[CNN_CONTENTS_TEXT])
{
    snprintf(out, CNN_CONTENTS_TEXT, "%016" PRIx64 "%016" PRIx64, c->half[0], c->half[1]);
}

int cnn_contents_parse(const char *text, struct cnn_contents *out)
{
    char back[CNN_CONTENTS_TEXT];
    if (strlen(text) != CNN_CONTENTS_TEXT - 1 ||
        sscanf(text, "%16" SCNx64 "%16" SCNx64, &out->half[0], &out->half[1]) != 2)
        return CNN_EDATA;
    cnn_contents_print(out, back);
    return strcmp(text, back) ? CNN_EDATA : 0;
}
