/* What tells the contents of a file from those of others. */
#ifndef CNN_FILE_CONTENTS_H
#define CNN_FILE_CONTENTS_H

#include <stdint.h>

#include "base/error.h"

/* Of all its bytes; not made to withstand somebody who wants two files to be alike. */
struct cnn_contents {
    uint64_t half[2];
};

enum { CNN_CONTENTS_TEXT = 33 };

/* Of what the descriptor has from its place on; path: for messages. CNN_EIO. */
CNN_CHECKED int cnn_contents_read(const char *path, int fd, struct cnn_contents *out);
/* 32 hexadecimal digits, and from a text of these: CNN_EDATA where it is none, without a message. */
void cnn_contents_print(const struct cnn_contents *c, char out[CNN_CONTENTS_TEXT]);
CNN_CHECKED int cnn_contents_parse(const char *text, struct cnn_contents *out);

#endif
