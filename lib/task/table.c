/* Text in columns; see table.h. */
#include "task/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/unicode.h"

void cnn_table_cell(struct cnn_table *t, const char *format, ...)
{
    char text[600];
    struct cnn_buf shown = {0};
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    cnn_buf_show(&shown, text);
    if (shown.failed || cnn_strings_add(&t->cell, shown.text ? shown.text : ""))
        t->failed = 1;
    cnn_buf_free(&shown);
}

void cnn_table_algorithm(struct cnn_table *t, const char *const name[3])
{
    if (!name[0])
        cnn_table_cell(t, "-");
    else if (!name[1] || (name[0] == name[1] && name[0] == name[2]))
        cnn_table_cell(t, "%s", name[0]);
    else
        cnn_table_cell(t, "%s/%s/%s", name[0], name[1], name[2]);
}

void cnn_table_end(struct cnn_table *t, struct cnn_buf *out)
{
    int width[16] = {0};
    size_t columns = (size_t)t->columns;
    for (size_t i = 0; i < t->cell.count; i++) {
        int n = (int)strlen(t->cell.item[i]);
        if (n > width[i % columns])
            width[i % columns] = n;
    }
    for (size_t i = 0; i < t->cell.count; i++) {
        size_t c = i % columns;
        int last = c + 1 == columns;
        if (t->align[c] == 'r')
            cnn_buf_printf(out, "%*s", width[c], t->cell.item[i]);
        else
            cnn_buf_printf(out, "%-*s", last ? 0 : width[c], t->cell.item[i]);
        cnn_buf_puts(out, last ? "\n" : "  ");
    }
    out->failed |= t->failed;
    cnn_strings_free(&t->cell);
}
