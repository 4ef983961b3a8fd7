/* Strings that grow, lists of strings, and numbers read from text with range
 * and trailing-garbage checks. */
#ifndef CNN_BASE_TEXT_H
#define CNN_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A growing string. Start from {0}; `text` is NUL-terminated once anything was
 * added. A failed append sets `failed` and the error; check it once at the end. */
struct cnn_buf {
    char *text;
    size_t size, capacity;
    int failed;
};

void cnn_buf_add(struct cnn_buf *b, const void *bytes, size_t n);
void cnn_buf_puts(struct cnn_buf *b, const char *s);
void cnn_buf_printf(struct cnn_buf *b, const char *format, ...) CNN_PRINTF(2, 3);
void cnn_buf_free(struct cnn_buf *b); /* leaves {0} */
/* The text, now the caller's to free(), or NULL with an error set; leaves {0}. */
char *cnn_buf_take(struct cnn_buf *b);

/* A list of owned strings. Start from {0}. */
struct cnn_strings {
    char **item;
    size_t count, capacity;
};

CNN_CHECKED int cnn_strings_add(struct cnn_strings *list, const char *s); /* copies s */
CNN_CHECKED int cnn_strings_add_n(struct cnn_strings *list, const char *s, size_t n);
ptrdiff_t cnn_strings_find(const struct cnn_strings *list, const char *s); /* -1: not there */
CNN_CHECKED int cnn_strings_copy(struct cnn_strings *dst, const struct cnn_strings *src);
/* Whether they have the same texts in the same order. */
int cnn_strings_equal(const struct cnn_strings *a, const struct cnn_strings *b);
/* Sorted as people expect classes: by value when every item is a whole number, else by bytes. */
void cnn_strings_sort(struct cnn_strings *list);
void cnn_strings_free(struct cnn_strings *list); /* leaves {0} */

/* The whole of `text` as a number within [min, max]; CNN_EUSAGE with a message
 * that quotes `text` otherwise ("'12x' is not a whole number", "'9' is not in 0..8"). */
CNN_CHECKED int cnn_parse_int(const char *text, int64_t min, int64_t max, int64_t *out);
CNN_CHECKED int cnn_parse_real(const char *text, double min, double max, double *out);
/* A byte count such as 4096, 64K, 512M, 2G. */
CNN_CHECKED int cnn_parse_bytes(const char *text, size_t *out);

/* The shortest decimal form that reads back as the same double (as float32 when `single`), without
 * an exponent up to a million. */
void cnn_format_real(double value, int single, char out[32]);
/* 1,234,567 and 1.2 MiB, for people. */
void cnn_format_count(uint64_t n, char out[32]);
void cnn_format_bytes(uint64_t n, char out[32]);

/* Nonzero when `text` matches the shell pattern (fnmatch(3): * ? [...]). */
int cnn_match(const char *pattern, const char *text);

#endif
