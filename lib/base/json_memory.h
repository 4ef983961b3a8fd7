/* jansson does not tell a lack of memory from a mistake in the text, and many of its calls may fail
 * for no other reason: whether memory was lacking is asked once, at the end. */
#ifndef CNN_BASE_JSON_MEMORY_H
#define CNN_BASE_JSON_MEMORY_H

/* From here on this thread's lack of memory in jansson is noticed. */
void cnn_json_watch(void);
/* 0, or CNN_ESYSTEM with an error set when memory was lacking since. */
int cnn_json_lacked(void);

#endif
