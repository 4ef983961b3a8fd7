/* Waits that a wish to stop ends; see pipe.h. A signal handler sets a flag and may do so just
 * before the wait, or run in another thread: so the wait looks at it from time to time. */
#define _GNU_SOURCE /* pwritev2 */
#include "file/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LOOK_MS = 100 };

/* 0: the descriptor is ready, or broken, which reading or writing will say. */
static int wait_for(int fd, short events, const volatile int *stop)
{
    struct pollfd p = {.fd = fd, .events = events};
    for (;;) {
        int rc = poll(&p, 1, LOOK_MS);
        if (rc > 0 || (rc < 0 && errno != EINTR))
            return 0;
        if (*stop) {
            errno = EINTR;
            return -1;
        }
    }
}

ssize_t cnn_pipe_read(int fd, void *bytes, size_t n, const volatile int *stop)
{
    static const volatile int never = 0;
    ssize_t k;
    do { /* a FIFO that nobody writes to yet would read as if it had ended */
        if (wait_for(fd, POLLIN, stop ? stop : &never))
            return -1;
        k = read(fd, bytes, n);
    } while (k < 0 && errno == EINTR);
    return k;
}

/* As much as goes without waiting. A write of PIPE_BUF bytes never waits once poll was content, but
 * small pieces are slow. */
static ssize_t write_some(int fd, const void *bytes, size_t n)
{
#ifdef RWF_NOWAIT
    union {
        const void *in;
        void *out;
    } data = {.in = bytes}; /* struct iovec serves reading, too */
    struct iovec v = {data.out, n};
    ssize_t k = pwritev2(fd, &v, 1, -1, RWF_NOWAIT);
    if (k >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL))
        return k;
#endif
    return write(fd, bytes, n < PIPE_BUF ? n : PIPE_BUF);
}

ssize_t cnn_pipe_write(int fd, const void *bytes, size_t n, const volatile int *stop)
{
    struct stat st;
    int waits = stop && !fstat(fd, &st) && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
    ssize_t k;
    do {
        if (waits && wait_for(fd, POLLOUT, stop))
            return -1;
        k = waits ? write_some(fd, bytes, n) : write(fd, bytes, n);
    } while (k < 0 && (errno == EINTR || errno == EAGAIN));
    return k;
}

int cnn_pipe_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    return fd;
}
