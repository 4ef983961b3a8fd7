/* Of a library that is loaded before a program (LD_PRELOAD): watched_main runs in the place of the
 * program's main, which is real_main. For glibc. */
#ifndef TESTS_TORTURE_MAIN_H
#define TESTS_TORTURE_MAIN_H

#include <dlfcn.h>

static int (*real_main)(int, char **, char **);
static int watched_main(int argc, char **argv, char **environment);

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    typeof(&__libc_start_main) start =
        (typeof(&__libc_start_main))dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return start(watched_main, argc, argv, init, fini, rtld_fini, stack_end);
}

#endif
