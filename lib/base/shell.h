/* Words as a POSIX shell reads them. */
#ifndef CNN_BASE_SHELL_H
#define CNN_BASE_SHELL_H

#include "base/text.h"

/* Add `word` so that a shell reads it back as one word with the same bytes: as it is where nothing
 * in it means anything to a shell, else in single quotes. */
void cnn_shell_word(const char *word, struct cnn_buf *out);
/* Words [0...count-1], with a blank between two. */
void cnn_shell_words(char *const *word, size_t count, struct cnn_buf *out);

#endif
