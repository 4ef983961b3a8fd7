/* Text as UTF-8, and text that may be anything made safe to look at. */
#ifndef CNN_BASE_UNICODE_H
#define CNN_BASE_UNICODE_H

#include "base/text.h"

/* Bytes of the UTF-8 character (RFC 3629) that begins the NUL-terminated text; 0: there is none.
 * *code (may be NULL) becomes its number. */
size_t cnn_utf8_char(const char *text, uint32_t *code);
/* Nonzero when all of the text is UTF-8. */
int cnn_utf8_valid(const char *text);

/* Nonzero for characters that a reader cannot see or that command a terminal: controls, blanks
 * other than U+0020, what has no width, what turns the direction of writing. */
int cnn_unseen(uint32_t code);

/* Add `text` for a person or a terminal: characters that are not seen, and bytes that are no UTF-8,
 * as \t \n \r, \x1b, \u200b or \U000e0001; a blank before ": " as \x20. The rest stays. */
void cnn_buf_show(struct cnn_buf *out, const char *text);
/* The same of a row in columns: tabs stay. */
void cnn_buf_show_row(struct cnn_buf *out, const char *text);
/* The same of a text in lines and columns: newlines and tabs stay. */
void cnn_buf_show_lines(struct cnn_buf *out, const char *text);

#endif
