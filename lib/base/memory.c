/* Checked allocation and arenas; see memory.h. */
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cnn_mul_overflows(size_t a, size_t b, size_t *out)
{
    return __builtin_mul_overflow(a, b, out);
}

int cnn_add_overflows(size_t a, size_t b, size_t *out)
{
    return __builtin_add_overflow(a, b, out);
}

void *cnn_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (cnn_mul_overflows(count, size, &bytes)) {
        cnn_fail_memory(SIZE_MAX);
        return NULL;
    }
    void *p = calloc(bytes ? bytes : 1, 1);
    if (!p)
        cnn_fail_memory(bytes);
    return p;
}

int cnn_grow(void *array, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return 0;
    size_t n = *capacity ? *capacity : 16, bytes;
    while (n < need)
        n = n > SIZE_MAX / 2 ? need : n * 2;
    void *old, *grown;
    memcpy(&old, array, sizeof old);
    if (cnn_mul_overflows(n, size, &bytes) || !(grown = realloc(old, bytes)))
        return cnn_fail_memory((unsigned long long)need * size);
    memcpy(array, &grown, sizeof grown);
    *capacity = n;
    return 0;
}

void *cnn_aligned_calloc(size_t bytes)
{
    size_t padded;
    if (cnn_add_overflows(bytes ? bytes : 1, CNN_ALIGN - 1, &padded)) {
        cnn_fail_memory(bytes);
        return NULL;
    }
    padded -= padded % CNN_ALIGN;
    void *p = aligned_alloc(CNN_ALIGN, padded);
    if (!p)
        cnn_fail_memory(padded);
    else
        memset(p, 0, padded);
    return p;
}

/* The machine's memory that is free or can be freed, in bytes. */
static size_t machine_available(void)
{
    char line[128];
    unsigned long long kib, sum = 0;
    int found = 0;
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu", &kib) == 1 ||
            sscanf(line, "SwapFree: %llu", &kib) == 1) {
            sum += kib;
            found++;
        }
    if (f)
        fclose(f);
    return found == 2 ? (size_t)sum << 10 : SIZE_MAX;
}

/* What is left of a control group's share, were the process alone in it. */
static size_t group_available(void)
{
    static const char *const limits[] = {"/sys/fs/cgroup/memory.max",
                                         "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    unsigned long long limit, share = SIZE_MAX, pages = 0;
    FILE *f;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (!(f = fopen(limits[i], "r")))
            continue;
        if (fscanf(f, "%llu", &limit) == 1 && limit < share)
            share = limit;
        fclose(f);
    }
    if ((f = fopen("/proc/self/statm", "r"))) {
        if (fscanf(f, "%*u %llu", &pages) != 1)
            pages = 0;
        fclose(f);
    }
    unsigned long long used = pages * (unsigned long long)sysconf(_SC_PAGESIZE);
    return share == SIZE_MAX ? SIZE_MAX : share > used ? (size_t)(share - used) : 0;
}

size_t cnn_memory_available(void)
{
    size_t machine = machine_available(), group = group_available();
    return machine < group ? machine : group;
}

char *cnn_strndup(const char *s, size_t n)
{
    char *copy = malloc(n + 1);
    if (!copy) {
        cnn_fail_memory(n + 1);
        return NULL;
    }
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *cnn_strdup(const char *s)
{
    return cnn_strndup(s, strlen(s));
}

/* An arena is a list of chunks; allocation bumps a pointer in the first. */
struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

struct cnn_arena {
    struct chunk *first;
};

enum { CHUNK_BYTES = 16 * 1024 };

struct cnn_arena *cnn_arena_new(void)
{
    return cnn_calloc(1, sizeof(struct cnn_arena));
}

void cnn_arena_free(struct cnn_arena *arena)
{
    if (!arena)
        return;
    for (struct chunk *c = arena->first, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(arena);
}

void *cnn_arena_alloc(struct cnn_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2) {
        cnn_fail_memory(bytes);
        return NULL;
    }
    bytes = (bytes + 15) & ~(size_t)15;
    struct chunk *c = arena->first;
    if (!c || c->size - c->used < bytes) {
        size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        c = malloc(sizeof *c + size);
        if (!c) {
            cnn_fail_memory(size);
            return NULL;
        }
        *c = (struct chunk){.next = arena->first, .size = size};
        arena->first = c;
    }
    void *p = c->bytes + c->used;
    c->used += bytes;
    return memset(p, 0, bytes);
}

char *cnn_arena_strndup(struct cnn_arena *arena, const char *s, size_t n)
{
    char *copy = cnn_arena_alloc(arena, n + 1);
    if (copy)
        memcpy(copy, s, n);
    return copy;
}

char *cnn_arena_strdup(struct cnn_arena *arena, const char *s)
{
    return cnn_arena_strndup(arena, s, strlen(s));
}

char *cnn_arena_printf(struct cnn_arena *arena, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    char *text = n < 0 ? NULL : cnn_arena_alloc(arena, (size_t)n + 1);
    if (!text)
        return NULL;
    va_start(ap, format);
    vsnprintf(text, (size_t)n + 1, format, ap);
    va_end(ap);
    return text;
}
