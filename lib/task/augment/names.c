/* Names of files and lines of the manifest of a folder; see private.h. */
#include <string.h>

#include "file/outfolder.h"
#include "task/augment/private.h"

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
        cnn_outfolder_name(class_name, '_', out);
        cnn_buf_puts(out, "/");
        if (!strncmp(key, class_name, n) && key[n] == '/' && key[n + 1])
            key += n + 1;
    }
    cnn_outfolder_name(key, classes ? '/' : '_', out);
    cnn_buf_puts(out, ".png");
    keep_lines(out, begin);
}

void cnn_augment_row(const char *path, const char *class_name, const char *group, float weight,
                     struct cnn_buf *out)
{
    cnn_buf_printf(out, "%s\t%s", path, class_name ? class_name : "");
    if (group || weight != 1) {
        cnn_buf_puts(out, "\t");
        cnn_outfolder_name(group ? group : "", '/', out);
    }
    if (weight != 1) {
        char text[32];
        cnn_format_real((double)weight, 1, text);
        cnn_buf_printf(out, "\t%s", text);
    }
    cnn_buf_puts(out, "\n");
}
