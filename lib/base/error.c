/* Thread-local error messages; see error.h. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = 2048 };

static _Thread_local char message[MESSAGE_MAX];
static _Thread_local int last_code;

int cnn_fail(int code, const char *format, ...)
{
    char text[MESSAGE_MAX]; /* the arguments may point into `message` */
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    memcpy(message, text, sizeof text);
    last_code = code;
    return code;
}

int cnn_errno_code(int code)
{
    switch (errno) {
    case EINTR:
        return CNN_EINTERRUPTED;
    case EPIPE:
        return CNN_EPIPE;
    case EIO:
        return CNN_EIO;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return CNN_ESYSTEM;
    default:
        return code;
    }
}

int cnn_fail_errno(int code, const char *format, ...)
{
    int saved = errno;
    char text[MESSAGE_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    errno = saved;
    return cnn_fail(cnn_errno_code(code), "%s: %s", text,
                    saved == EINTR ? "interrupted" : strerror(saved));
}

int cnn_fail_within(const char *format, ...)
{
    char text[MESSAGE_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return cnn_fail(last_code, "%s: %s", text, message);
}

int cnn_fail_memory(unsigned long long bytes)
{
    return cnn_fail(CNN_ESYSTEM, "out of memory (%llu bytes wanted)", bytes);
}

const char *cnn_error_message(void)
{
    return message;
}

int cnn_error_code(void)
{
    return last_code;
}

void cnn_error_clear(void)
{
    message[0] = '\0';
    last_code = CNN_OK;
}
