/* Fields of a solver and the settings that they become; see solver_private.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/import/caffe/solver_private.h"

static unsigned number_of(const char *field)
{
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(
        &cnn__caffe__solver_parameter__descriptor, field);
    return f ? f->id : 0;
}

int cnn_caffe_solver_line(const struct solver *s, const char *field)
{
    unsigned id = number_of(field);
    for (size_t i = 0; i < s->lines.count; i++)
        if (s->lines.item[i].field == id)
            return s->lines.item[i].line;
    return 0;
}

void cnn_caffe_solver_refuse(struct solver *s, const char *field, const char *format, ...)
{
    char why[160];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    int line = cnn_caffe_solver_line(s, field);
    cnn_buf_printf(&s->refused, s->refusals++ ? "; %s" : "%s", field);
    if (line)
        cnn_buf_printf(&s->refused, " (line %d%s%s)", line, *why ? ": " : "", why);
    else
        cnn_buf_puts(&s->refused, " is missing");
}

int cnn_caffe_solver_has(struct solver *s, const char *field)
{
    if (cnn_caffe_solver_line(s, field))
        return 1;
    cnn_caffe_solver_refuse(s, field, "%s", "");
    return 0;
}

void cnn_caffe_solver_put(struct solver *s, const char *key, const char *value)
{
    struct cnn_recipe *r = s->out;
    if (!value || r->count == SOLVER_MOST_SETTINGS)
        s->failed = 1;
    else
        r->setting[r->count++] = (struct cnn_setting){key, value};
}

void cnn_caffe_solver_put_text(struct solver *s, const char *key, const char *format, ...)
{
    char value[400];
    va_list args;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    cnn_caffe_solver_put(s, key, cnn_arena_strdup(s->arena, value));
}

void cnn_caffe_solver_put_number(struct solver *s, const char *key, float x)
{
    char number[32];
    cnn_format_real((double)x, 1, number);
    cnn_caffe_solver_put_text(s, key, "%s", number);
}
