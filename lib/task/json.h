/* Pieces of JSON. */
#ifndef CNN_TASK_JSON_H
#define CNN_TASK_JSON_H

#include "base/text.h"

/* "text" with quotes, as JSON. What is not seen is written \uXXXX. A byte that is not UTF-8 is
 * \udcXX, half a surrogate pair, from which Python's os.fsencode makes the byte again (PEP 383). */
void cnn_json_string(const char *text, struct cnn_buf *out);
/* A number as JSON: null when it is not finite. */
void cnn_json_real(double value, int single, struct cnn_buf *out);

#endif
