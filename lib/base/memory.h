/* Allocation with checked sizes, and arenas for things that live and die
 * together (a parsed net, a class list, a manifest). */
#ifndef CNN_BASE_MEMORY_H
#define CNN_BASE_MEMORY_H

#include <stddef.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every buffer that kernels see starts on such a boundary (bytes). */
enum { CNN_ALIGN = 64 };

/* count * size zeroed bytes, or NULL with an error set (also on overflow).
 * Free with free(). */
void *cnn_calloc(size_t count, size_t size);

/* Grow `*array` (elements of `size` bytes, `*capacity` of them) to hold at least
 * `need`, doubling. 0, or CNN_ESYSTEM with *array untouched. */
CNN_CHECKED int cnn_grow(void *array, size_t *capacity, size_t need, size_t size);

/* `bytes` of zeroed memory aligned to CNN_ALIGN, or NULL with an error set. Free with free(). */
void *cnn_aligned_calloc(size_t bytes);

/* Bytes that the process could still use before the system ends it, about; SIZE_MAX: nobody knows. */
size_t cnn_memory_available(void);

/* a * b and a + b into *out; nonzero on overflow. */
CNN_CHECKED int cnn_mul_overflows(size_t a, size_t b, size_t *out);
CNN_CHECKED int cnn_add_overflows(size_t a, size_t b, size_t *out);

/* A copy of the string or of its first n bytes, or NULL with an error set. Free with free(). */
char *cnn_strdup(const char *s);
char *cnn_strndup(const char *s, size_t n);

struct cnn_arena;

struct cnn_arena *cnn_arena_new(void); /* NULL with an error set */
void cnn_arena_free(struct cnn_arena *arena);

/* Zeroed memory that lives as long as the arena; NULL with an error set. */
void *cnn_arena_alloc(struct cnn_arena *arena, size_t bytes);
char *cnn_arena_strndup(struct cnn_arena *arena, const char *s, size_t n);
char *cnn_arena_strdup(struct cnn_arena *arena, const char *s);
char *cnn_arena_printf(struct cnn_arena *arena, const char *format, ...) CNN_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
