/* Text files in memory. */
#ifndef CNN_FILE_TEXT_FILE_H
#define CNN_FILE_TEXT_FILE_H

#include <stddef.h>

#include "base/error.h"

/* All of a file of up to `limit` bytes, NUL-terminated, for cnn_lines_of; free() *text.
 * CNN_ENOINPUT, CNN_EIO, CNN_EDATA as below. */
CNN_CHECKED int cnn_text_read(const char *path, size_t limit, char **text, size_t *size);
/* CNN_EDATA for what is no text that is read here: UTF-16, or NUL bytes. */
CNN_CHECKED int cnn_text_check(const char *path, const char *bytes, size_t size);
/* "an HTML page" and the like: a text that servers and systems leave in the place of a file. NULL:
 * none that is known. */
const char *cnn_text_foreign(const unsigned char *bytes, size_t size);

#endif
