/* SIGINT, SIGTERM, SIGHUP and SIGXCPU as a wish to stop, seen by the library between two steps, and
 * by system calls that wait. */
#include "cli.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

/* A handler can reach nothing else than globals. */
static volatile sig_atomic_t stop;
static volatile sig_atomic_t interrupts_ignored, pipes_ignored; /* when the program began */
static volatile sig_atomic_t has_nudge;
static timer_t nudge;
_Static_assert(_Generic((sig_atomic_t)0, int : 1, default : 0), "cli_stop gives it out as an int");

static void next_one_kills(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(SIGINT, &plain, NULL);
    sigaction(SIGTERM, &plain, NULL);
}

/* The first one asks, a SIGINT or SIGTERM that comes later kills. What comes at once is the same
 * wish, told twice: timeout(1) signals its child and then its group. Not so SIGHUP: of a terminal
 * that is closed the shell and the kernel may both tell. A job in the background of a script is
 * started with SIGINT ignored, for the Ctrl-C that ends the script: that one comes from the
 * kernel. */
static void on_stop(int number, siginfo_t *info, void *context)
{
    static const struct itimerspec often = {{0, 100000000}, {0, 50000000}};
    (void)context;
    if (number == SIGINT && interrupts_ignored && info->si_code > 0)
        return;
    stop = number;
    if (has_nudge)
        timer_settime(nudge, 0, &often, NULL);
    else
        next_one_kills();
}

/* It is there to end system calls that wait, and comes first a tenth of a second after a signal. */
static void on_nudge(int number)
{
    (void)number;
    next_one_kills();
}

/* System calls go on after the signal itself. Those that still wait some time later (on a full
 * pipe, for the other side of a FIFO) are ended by the nudge, again and again, since one may come
 * just before a call begins. Regular files are not touched by it: their calls do not wait. */
static void catch_one(int number)
{
    struct sigaction old, action = {.sa_sigaction = on_stop, .sa_flags = SA_RESTART | SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    int ignored = !sigaction(number, NULL, &old) && old.sa_handler == SIG_IGN;
    if (number == SIGINT)
        interrupts_ignored = ignored;
    if (!ignored || number != SIGHUP) /* nohup */
        sigaction(number, &action, NULL);
}

static void prepare_nudge(void)
{
    struct sigaction action = {.sa_handler = on_nudge};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    sigset_t alarms;
    sigemptyset(&action.sa_mask);
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    has_nudge = !timer_create(CLOCK_MONOTONIC, &event, &nudge) &&
                !sigaction(SIGALRM, &action, NULL) && !sigprocmask(SIG_UNBLOCK, &alarms, NULL);
}

void cli_catch_signals(void)
{
    struct sigaction old, ignore = {.sa_handler = SIG_IGN};
    prepare_nudge();
    catch_one(SIGINT);
    catch_one(SIGTERM);
    catch_one(SIGHUP);
    catch_one(SIGXCPU); /* `ulimit -t`: another comes each second, and at the hard limit SIGKILL */
    sigaction(SIGXFSZ, &ignore, NULL);
    pipes_ignored = !sigaction(SIGPIPE, &ignore, &old) && old.sa_handler == SIG_IGN;
}

const volatile int *cli_stop(void)
{
    return &stop;
}

void cli_end_by_pipe(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    if (pipes_ignored || sigaction(SIGPIPE, &plain, NULL))
        return;
    raise(SIGPIPE);
}
