/* SIGINT, SIGTERM and SIGHUP as a wish to stop, seen by the library between two steps. */
#include "cli.h"

#include <signal.h>
#include <stddef.h>

/* A handler can reach nothing else than a global. */
static volatile sig_atomic_t stop;
_Static_assert(_Generic((sig_atomic_t)0, int : 1, default : 0), "cli_stop gives it out as an int");

/* The first one asks, the next SIGINT or SIGTERM kills. Not so SIGHUP: of a terminal that is closed
 * the shell and the kernel may both tell. */
static void on_stop(int number)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    stop = number;
    sigaction(SIGINT, &plain, NULL);
    sigaction(SIGTERM, &plain, NULL);
}

/* System calls go on after the signal: a write that is cut short would be a lost output. A signal
 * that was ignored when the program began (nohup, a background job of a script) stays so. */
static void catch_one(int number)
{
    struct sigaction old, action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (!sigaction(number, NULL, &old) && old.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

void cli_catch_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    catch_one(SIGINT);
    catch_one(SIGTERM);
    catch_one(SIGHUP);
    sigaction(SIGPIPE, &ignore, NULL);
}

const volatile int *cli_stop(void)
{
    return &stop;
}
