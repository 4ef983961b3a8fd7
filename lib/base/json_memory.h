/* Out of memory in jansson: it says as much of it as of bad text, namely NULL, and its reader stops
 * the program with an assertion. */
#ifndef CNN_BASE_JSON_MEMORY_H
#define CNN_BASE_JSON_MEMORY_H

#include <jansson.h>

/* From here on allocations that jansson is refused in this thread are remembered. */
void cnn_json_watch(void);
/* What a value is made of could not be had, by somebody else than jansson: that is remembered, too.
 */
void cnn_json_lack(void);
/* 0, or CNN_ESYSTEM with the message where one was. */
int cnn_json_lacked(void);

/* As json_loadb(3), which is not to be called itself: without memory it is NULL, which is
 * remembered. `error` may be NULL. */
json_t *cnn_json_load(const char *text, size_t size, size_t flags, json_error_t *error);
/* As that, of a text that ends with NUL. */
json_t *cnn_json_text(const char *text, size_t flags);
/* As json_dumps(3), which without memory may give a text that lacks a part: that is NULL, and is
 * remembered. */
char *cnn_json_dump(const json_t *value, size_t flags);

#endif
