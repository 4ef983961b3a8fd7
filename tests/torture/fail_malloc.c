/* Loaded before a program (LD_PRELOAD): its allocation number FAIL_AT fails, or every one from
 * FAIL_FROM on. With COUNT_TO, a descriptor gets a line for each that failed, the file whose code
 * asked for it, and when the program ends the number of allocations. Not counted is what runs
 * before main (a language's or a driver's own start), and what the libraries ask for whose names
 * SPARE gives, beginnings with blanks between them. For glibc, whose own allocator is reached by
 * other names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main.h"

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

static atomic_long count;
static long at = -1, from = -1, count_to = -1;

/* Where the code of spared libraries is. */
enum { MAX_SPARED = 8 };
static struct {
    uintptr_t begin, end;
} spared[MAX_SPARED];
static size_t spared_count;

static long number(const char *name)
{
    const char *text = getenv(name);
    return text ? atol(text) : -1;
}

static int spare(struct dl_phdr_info *o, size_t size, void *names)
{
    const char *slash = strrchr(o->dlpi_name, '/'), *base = slash ? slash + 1 : o->dlpi_name;
    int found = 0;
    (void)size;
    for (const char *p = names; *p; p += strcspn(p, " "), p += strspn(p, " "))
        found |= !strncmp(base, p, strcspn(p, " "));
    for (int i = 0; found && i < o->dlpi_phnum; i++) {
        uintptr_t begin = o->dlpi_addr + o->dlpi_phdr[i].p_vaddr;
        if (o->dlpi_phdr[i].p_type == PT_LOAD && o->dlpi_phdr[i].p_flags & PF_X &&
            spared_count < MAX_SPARED) {
            spared[spared_count].begin = begin;
            spared[spared_count++].end = begin + o->dlpi_phdr[i].p_memsz;
        }
    }
    return 0;
}

static int watched_main(int argc, char **argv, char **environment)
{
    char *names = getenv("SPARE");
    if (names)
        dl_iterate_phdr(spare, names);
    count = 0;
    at = number("FAIL_AT");
    from = number("FAIL_FROM");
    count_to = number("COUNT_TO");
    return real_main(argc, argv, environment);
}

__attribute__((destructor)) static void end(void)
{
    if (count_to >= 0)
        dprintf((int)count_to, "%ld\n", (long)count);
}

static void blame(void *caller)
{
    Dl_info of;
    char line[512];
    if (count_to < 0 || !dladdr(caller, &of) || !of.dli_fname)
        return;
    size_t n = strlen(of.dli_fname);
    n = n < sizeof line ? n : sizeof line - 1;
    memcpy(line, of.dli_fname, n);
    line[n] = '\n';
    if (write((int)count_to, line, n + 1) < 0) /* by itself: dprintf(3) asks for memory */
        _exit(99);
}

static int refuse(void *caller)
{
    for (size_t i = 0; i < spared_count; i++)
        if ((uintptr_t)caller >= spared[i].begin && (uintptr_t)caller < spared[i].end)
            return 0;
    long n = ++count;
    if (n != at && (from < 0 || n < from))
        return 0;
    blame(caller);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, n);
}

int posix_memalign(void **p, size_t alignment, size_t n)
{
    *p = refuse(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, n);
    return *p ? 0 : ENOMEM;
}

/* Of its own, since libc's would ask for itself whoever asked for a copy. */
char *strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = refuse(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
    return copy ? memcpy(copy, s, n) : NULL;
}
