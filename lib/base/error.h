/* Errors: a negative code travels by return value, its detail waits in a
 * thread-local message. The library never prints and never exits.
 *
 * A code is minus the exit status that a program ends with, so that
 * `return -code` in main is the whole translation (see sysexits(3)). */
#ifndef CNN_BASE_ERROR_H
#define CNN_BASE_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum cnn_error {
    CNN_OK = 0,
    CNN_ENEGATIVE = -1,     /* a gate or audit gave a negative answer */
    CNN_EUSAGE = -64,       /* wrong options or arguments */
    CNN_EDATA = -65,        /* input is there but malformed */
    CNN_ENOINPUT = -66,     /* input is missing or unreadable */
    CNN_EDEVICE = -69,      /* device unavailable */
    CNN_EINTERNAL = -70,    /* non-finite loss, or a bug of ours */
    CNN_ESYSTEM = -71,      /* out of memory, threads, ... */
    CNN_ECREATE = -73,      /* cannot create the output */
    CNN_EIO = -74,          /* read or write error, disk full */
    CNN_EINTERRUPTED = -75, /* interrupted and checkpointed */
    CNN_EPIPE = -141,       /* whoever read the output has gone away; what shells say of SIGPIPE */
};

#ifdef __GNUC__
#define CNN_PRINTF(f, a) __attribute__((format(printf, f, a)))
/* Before a function that can fail: who calls it looks at what it returns. */
#define CNN_CHECKED __attribute__((warn_unused_result))
#else
#define CNN_PRINTF(f, a)
#define CNN_CHECKED
#endif

/* Set this thread's message and return `code`, so that callers can write
 * `return cnn_fail(CNN_EDATA, "%s: not a PNG file", path);`. */
int cnn_fail(int code, const char *format, ...) CNN_PRINTF(2, 3);

/* The code of what errno says, or `code`, as some values have codes of their own: EINTR, by which a
 * signal ends a wait, is CNN_EINTERRUPTED, EPIPE is CNN_EPIPE, EIO is CNN_EIO whatever was tried,
 * and ENOMEM and too many open files are CNN_ESYSTEM. */
int cnn_errno_code(int code);

/* As cnn_fail, with cnn_errno_code(code), and ": " and strerror(errno) appended. */
int cnn_fail_errno(int code, const char *format, ...) CNN_PRINTF(2, 3);

/* Put "context: " before the message that is set; returns the code that goes
 * with it. For a caller that knows the file or line which the callee did not. */
int cnn_fail_within(const char *format, ...) CNN_PRINTF(1, 2);

/* "out of memory (N bytes wanted)"; returns CNN_ESYSTEM. */
int cnn_fail_memory(unsigned long long bytes);

/* This thread's last message ("" when none) and its code (CNN_OK when none). */
const char *cnn_error_message(void);
int cnn_error_code(void);

/* Forget the last error; for a caller that handled it. */
void cnn_error_clear(void);

#ifdef __cplusplus
}
#endif
#endif
