/* Loaded before a program (LD_PRELOAD): its allocation number FAIL_AT fails, or every one from
 * FAIL_FROM on. With COUNT_TO, the number of allocations is written to that descriptor when the
 * program ends. What runs before main (a language's or a driver's own start) is not counted. For
 * glibc, whose own allocator is reached by other names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

static atomic_long count;
static long at = -1, from = -1;

static long number(const char *name)
{
    const char *text = getenv(name);
    return text ? atol(text) : -1;
}

static int (*real_main)(int, char **, char **);

static int counted_main(int argc, char **argv, char **environment)
{
    count = 0;
    at = number("FAIL_AT");
    from = number("FAIL_FROM");
    return real_main(argc, argv, environment);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    typeof(&__libc_start_main) start =
        (typeof(&__libc_start_main))dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return start(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}

__attribute__((destructor)) static void end(void)
{
    long fd = number("COUNT_TO");
    if (fd >= 0)
        dprintf((int)fd, "%ld\n", (long)count);
}

static int refuse(void)
{
    long n = ++count;
    if (n != at && (from < 0 || n < from))
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return refuse() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return refuse() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return refuse() ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return refuse() ? NULL : __libc_memalign(alignment, n);
}

int posix_memalign(void **p, size_t alignment, size_t n)
{
    *p = refuse() ? NULL : __libc_memalign(alignment, n);
    return *p ? 0 : ENOMEM;
}
