/* Lines of texts; see lines.h. */
#include "base/lines.h"

#include <string.h>

struct cnn_lines cnn_lines_of(char *text, size_t size)
{
    size_t mark = size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
    return (struct cnn_lines){text + mark, text + size, 0};
}

char *cnn_lines_next(struct cnn_lines *l)
{
    while (l->at < l->end) {
        char *line = l->at, *newline = memchr(line, '\n', (size_t)(l->end - line));
        char *stop = newline ? newline : l->end;
        l->at = newline ? newline + 1 : l->end;
        l->number++;
        while (stop > line && (stop[-1] == '\r' || stop[-1] == ' '))
            stop--;
        *stop = '\0';
        if (line[strspn(line, " \t")])
            return line;
    }
    return NULL;
}

size_t cnn_trim(const char **text, size_t n)
{
    const char *s = *text;
    for (; n && (*s == ' ' || *s == '\t'); n--)
        s++;
    while (n && strchr(" \t\r", s[n - 1]))
        n--;
    *text = s;
    return n;
}
