/* Who hears of a run: the caller, the log. */
#ifndef CNN_TASK_TRAIN_SETTINGS_REPORT_H
#define CNN_TASK_TRAIN_SETTINGS_REPORT_H

#include <stdio.h>

#include "base/clock.h"
#include "task/train/settings/options.h"

struct train_report {
    const struct cnn_train_callbacks *cb;
    FILE *log;                        /* NULL: none */
    double begun, saved, epoch_begun; /* seconds of the clock; saved: the last checkpoint */
    struct cnn_train_epoch epoch;     /* that ends */
};

/* note.c. callbacks NULL: nobody hears. The log is opened later, by log.c. */
void cnn_train_report_open(struct train_report *r, const struct cnn_train_callbacks *callbacks);
void cnn_train_report_close(struct train_report *r);
void cnn_train_note(const struct train_report *r, const char *format, ...) CNN_PRINTF(2, 3);

static inline int train_stopped(const struct train_report *r)
{
    return r->cb->stop && *r->cb->stop;
}

#endif
