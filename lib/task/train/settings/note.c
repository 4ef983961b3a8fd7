/* What a run says as it goes. */
#include <stdarg.h>
#include <stdio.h>

#include "task/train/settings/report.h"

void cnn_train_report_open(struct train_report *r, const struct cnn_train_callbacks *callbacks)
{
    static const struct cnn_train_callbacks silent;
    *r = (struct train_report){.cb = callbacks ? callbacks : &silent, .begun = cnn_seconds()};
}

void cnn_train_report_close(struct train_report *r)
{
    if (r->log)
        fclose(r->log);
}

void cnn_train_note(const struct train_report *r, const char *format, ...)
{
    char text[1024];
    va_list ap;
    if (!r->cb->note)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    r->cb->note(r->cb->context, text);
}
