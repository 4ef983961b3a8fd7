/* How a program ends; see cli.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli.h"

/* A failed write may lie so far back that nobody knows its reason any more. */
static int reader_is_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

/* Output that was lost shows here at the latest: full disks and closed pipes fail when flushed. */
static int close_stdout(void)
{
    int failed = ferror(stdout);
    errno = 0;
    if (fflush(stdout))
        failed = 1;
    int reason = errno;
    if (failed && !reason && reader_is_gone())
        reason = EPIPE;
    if (fclose(stdout)) {
        failed = 1;
        reason = reason ? reason : errno;
    }
    errno = reason ? reason : EIO;
    return failed;
}

/* Nobody is there to read: not worth a word. */
static int end_by_pipe(void)
{
    cli_end_by_pipe();
    return -CNN_EPIPE;
}

static int end(const struct cli_program *program, int code)
{
    int known = code < 0 && cnn_error_code() == code;
    if (known && code != CNN_EPIPE)
        cli_note(program, "%s", cnn_error_message());
    else if (code < 0 && code != CNN_ENEGATIVE && code != CNN_EPIPE)
        cli_note(program, code == CNN_ESYSTEM ? "out of memory" : "failed");
    int lost = close_stdout(), reason = errno;
    if (code == CNN_EPIPE)
        return end_by_pipe();
    if (!lost || (code && code != CNN_ENEGATIVE))
        return code < 0 ? -code : code;
    if (reason == EPIPE)
        return end_by_pipe();
    errno = reason;
    code = cnn_fail_errno(CNN_EIO, "standard output");
    cli_note(program, "%s", cnn_error_message());
    return -code;
}

/* Where memory is short, OpenBLAS's threads may still ask for theirs, for ever, and exit() would
 * wait for them. */
static int memory_is_short(int status)
{
    struct rlimit room;
    return status == -CNN_ESYSTEM ||
           (!getrlimit(RLIMIT_AS, &room) && room.rlim_cur != RLIM_INFINITY);
}

int cli_end(const struct cli_program *program, int code)
{
    int status = end(program, code);
    if (memory_is_short(status))
        _exit(status);
    return status;
}
