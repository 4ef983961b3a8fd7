/* A text in lines, as every text file is read: manifests, class lists, weights, features.
 *
 * A byte order mark at the beginning is passed over; lines end with "\n" or "\r\n", the last
 * perhaps with neither; blanks at the end of a line are no part of it, and lines of nothing but
 * blanks and tabs are none. */
#ifndef CNN_BASE_LINES_H
#define CNN_BASE_LINES_H

#include <stddef.h>

struct cnn_lines {
    char *at, *end;
    size_t number; /* of the line that came last, from 1 */
};

/* Begin a text, which is changed: text[size] must be writable. */
struct cnn_lines cnn_lines_of(char *text, size_t size);
/* The next line, NUL-terminated; NULL at the end. */
char *cnn_lines_next(struct cnn_lines *l);

/* The text without blanks and tabs at both ends: *text moves on, the new length is returned. */
size_t cnn_trim(const char **text, size_t n);

#endif
