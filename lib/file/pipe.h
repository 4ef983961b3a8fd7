/* Reading and writing where that may have to wait: a pipe that is silent or full. A wish to stop
 * ends the wait, and nothing else: while bytes move, they are moved. */
#ifndef CNN_FILE_PIPE_H
#define CNN_FILE_PIPE_H

#include <sys/types.h>

#include "base/error.h"

/* As read(2) and write(2), which must not be non-blocking, but for signals: those never show, and
 * -1 with EINTR says that nothing came (or went) when `*stop` was nonzero. `stop` may be NULL: wait
 * for ever. */
ssize_t cnn_pipe_read(int fd, void *bytes, size_t n, const volatile int *stop);
ssize_t cnn_pipe_write(int fd, const void *bytes, size_t n, const volatile int *stop);

/* Open a FIFO or the like to read, without waiting for who writes to it: cnn_pipe_read does. -1 and
 * errno. */
CNN_CHECKED int cnn_pipe_open(const char *path);

#endif
