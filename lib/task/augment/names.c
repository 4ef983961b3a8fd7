/* Names of files and lines of the manifest of a folder; see private.h. */
#include <string.h>

#include "task/augment/private.h"

/* The text as part of a path: no hidden and no empty components (so none is "." or ".."), nothing
 * that ends a line or field; `slash` is what becomes of '/'. */
static void add_safe(struct cnn_buf *out, const char *text, char slash)
{
    int begin = 1;
    for (; *text; text++) {
        char c = *text == '/' ? slash : *text;
        if (c == '/' && begin)
            continue;
        if ((begin && c == '.') || (unsigned char)c < ' ' || c == 0x7f)
            c = '_';
        cnn_buf_add(out, &c, 1);
        begin = c == '/';
    }
}

/* A line that began with '#' would be a comment. */
static void keep_lines(struct cnn_buf *out, size_t begin)
{
    if (out->size > begin && out->text[begin] == '#')
        out->text[begin] = '_';
}

void cnn_augment_path(const char *key, const char *class_name, int classes, struct cnn_buf *out)
{
    size_t begin = out->size;
    if (class_name) {
        size_t n = strlen(class_name);
        add_safe(out, class_name, '_');
        cnn_buf_puts(out, "/");
        if (!strncmp(key, class_name, n) && key[n] == '/' && key[n + 1])
            key += n + 1;
    }
    add_safe(out, key, classes ? '/' : '_');
    cnn_buf_puts(out, ".png");
    keep_lines(out, begin);
}

void cnn_augment_row(const char *path, const char *class_name, const char *group, float weight,
                     struct cnn_buf *out)
{
    cnn_buf_printf(out, "%s\t%s", path, class_name ? class_name : "");
    if (group || weight != 1) {
        cnn_buf_puts(out, "\t");
        add_safe(out, group ? group : "", '/');
    }
    if (weight != 1) {
        char text[32];
        cnn_format_real((double)weight, 1, text);
        cnn_buf_printf(out, "\t%s", text);
    }
    cnn_buf_puts(out, "\n");
}
