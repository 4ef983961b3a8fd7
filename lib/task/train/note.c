/* What a run says as it goes. */
#include <stdarg.h>
#include <stdio.h>

#include "task/train/private.h"

void cnn_train_note(const struct trainer *t, const char *format, ...)
{
    char text[1024];
    va_list ap;
    if (!t->cb->note)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    t->cb->note(t->cb->context, text);
}
