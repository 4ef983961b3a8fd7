/* Words as a POSIX shell reads them (XCU 2.2). */
#include "base/shell.h"

#include <string.h>

/* '=' makes an assignment of a command's first word, but not of an option. */
static int is_plain(const char *word)
{
    static const char plain[] = "=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_@%+:,./-";
    return *word && !word[strspn(word, *word == '-' ? plain : plain + 1)];
}

void cnn_shell_word(const char *word, struct cnn_buf *out)
{
    if (is_plain(word)) {
        cnn_buf_puts(out, word);
        return;
    }
    cnn_buf_puts(out, "'");
    for (const char *quote; (quote = strchr(word, '\'')); word = quote + 1) {
        cnn_buf_add(out, word, (size_t)(quote - word));
        cnn_buf_puts(out, "'\\''");
    }
    cnn_buf_puts(out, word);
    cnn_buf_puts(out, "'");
}

void cnn_shell_words(char *const *word, size_t count, struct cnn_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        cnn_buf_puts(out, i ? " " : "");
        cnn_shell_word(word[i], out);
    }
}
