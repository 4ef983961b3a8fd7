/* How the caller of a task that goes through samples hears of it and stops it. */
#ifndef CNN_TASK_CALLBACKS_H
#define CNN_TASK_CALLBACKS_H

#include <stddef.h>

/* Every member may be NULL. */
struct cnn_callbacks {
    void *context;
    const volatile int *stop; /* nonzero: give up with CNN_EINTERRUPTED */
    /* total 0: not known; done == total comes once more before results are written. */
    void (*progress)(void *context, size_t done, size_t total);
    void (*bad)(void *context, const char *source, const char *message); /* a sample is skipped */
    void (*note)(void *context, const char *text);
    /* All is done, and outputs get their names next: what the caller writes beside must be on the
     * disk. An error leaves them without. */
    int (*ready)(void *context);
};

static inline int cnn_callbacks_ready(const struct cnn_callbacks *cb)
{
    return cb && cb->ready ? cb->ready(cb->context) : 0;
}

#endif
