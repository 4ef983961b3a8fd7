/* Bytes as text: base64 (RFC 4648, section 4), padded and without line breaks. */
#ifndef CNN_BASE_BASE64_H
#define CNN_BASE_BASE64_H

#include "base/error.h"
#include "base/text.h"

/* Append n bytes to the text. */
void cnn_base64_add(struct cnn_buf *out, const unsigned char *bytes, size_t n);
/* Nonzero when `length` characters of text are exactly n bytes, which are then in out (n). */
CNN_CHECKED int cnn_base64_read(const char *text, size_t length, unsigned char *out, size_t n);

#endif
