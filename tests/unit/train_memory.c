/* No allocation in a training step after the first: every allocation of the process is counted,
 * from one step's report to another's in the same epoch, loader and kernels and all. Not those that
 * OpenBLAS makes by itself: on some processors its kernels for small matrices take scratch memory
 * from malloc. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "task/train/train.h"

#if defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
#define COUNTED 0
#else
#define COUNTED 1

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

static atomic_int counting;
static atomic_size_t allocations;
static struct caller {
    const char *file, *function; /* function NULL: a static one, or the program's */
    size_t offset;               /* in the file, for addr2line */
} callers[8];

static void count(const void *caller)
{
    Dl_info from = {0};
    if (!atomic_load(&counting))
        return;
    if (!dladdr(caller, &from))
        from.dli_fname = "?";
    if (strstr(from.dli_fname, "openblas"))
        return;
    size_t i = atomic_fetch_add(&allocations, 1);
    if (i < sizeof callers / sizeof *callers)
        callers[i] = (struct caller){from.dli_fname, from.dli_sname,
                                     (size_t)((const char *)caller - (const char *)from.dli_fbase)};
}

void *malloc(size_t n)
{
    count(__builtin_return_address(0));
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    count(__builtin_return_address(0));
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    count(__builtin_return_address(0));
    return __libc_memalign(alignment, n);
}

int posix_memalign(void **p, size_t alignment, size_t n)
{
    count(__builtin_return_address(0));
    *p = __libc_memalign(alignment, n);
    return *p ? 0 : ENOMEM;
}
#endif

struct span {
    uint64_t from, to;
    int ended;
};

static void on_step(void *context, const struct cnn_train_progress *p)
{
    struct span *s = context;
#if COUNTED
    if (p->step == s->from)
        atomic_store(&counting, 1);
    if (p->step == s->to)
        atomic_store(&counting, 0);
#endif
    s->ended |= p->step == s->to;
}

static int train(const char *net, struct span *span, const char *model)
{
    struct cnn_train_options o = {0};
    struct cnn_train_callbacks callbacks = {.context = span, .step = on_step};
    assert_int_equal(cnn_option_defaults(cnn_train_option_table, &o), 0);
    o.data = "digits:2048";
    o.net = net;
    o.output = model;
    o.batch = 32;
    o.epochs = 1;
    o.compute.threads = 2;
    o.optimizer = "adam";
    o.ema = 0.99;
    o.clip_norm = 1;
    return cnn_train(&o, NULL, &callbacks, NULL);
}

static void test_steps_allocate_nothing(void **state)
{
    (void)state;
    struct span span = {.from = 30, .to = 60};
    char model[] = "/tmp/cnn-memory-XXXXXX";
    int fd = mkstemp(model);
    assert_true(fd >= 0);
    close(fd);
    int rc = train("input 1x28x28; conv 8 5; bn; relu; maxpool 2; dropout 0.1; conv 16 3 groups=2; "
                   "relu; sum { conv 16 3 pad=1 } { }; avgpool global; dense 10",
                   &span, model);
    unlink(model);
    assert_int_equal(rc, 0);
    assert_true(span.ended);
#if COUNTED
    for (size_t i = 0; i < sizeof callers / sizeof *callers && callers[i].file; i++)
        print_message("allocated by %s (%s+%#zx)\n",
                      callers[i].function ? callers[i].function : "?", callers[i].file,
                      callers[i].offset);
    assert_int_equal(atomic_load(&allocations), 0);
#else
    print_message("allocations are not counted in this build\n");
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps_allocate_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
