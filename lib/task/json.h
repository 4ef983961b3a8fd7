/* JSON that may have names of files in it, which are any bytes. */
#ifndef CNN_TASK_JSON_H
#define CNN_TASK_JSON_H

#include <jansson.h>

#include "base/text.h"

/* "text" with quotes, as JSON. What is not seen is written \uXXXX. A byte that is not UTF-8 is
 * \udcXX, half a surrogate pair, from which Python's os.fsencode makes the byte again (PEP 383). */
void cnn_json_string(const char *text, struct cnn_buf *out);
/* A value as json_dumps(3) writes it with the flags, and what is not seen as above. NULL is a lack
 * of memory (CNN_ESYSTEM). */
CNN_CHECKED int cnn_json_value(const json_t *value, size_t flags, struct cnn_buf *out);
/* A number as JSON: null when it is not finite. */
void cnn_json_real(double value, int single, struct cnn_buf *out);
/* What was written so, read, and the text spoiled: jansson has no halves of pairs, those are \xe9
 * as in messages. NULL: it is none, or cnn_json_lacked. */
json_t *cnn_json_line(char *text, size_t n);

#endif
