/* JSON a piece at a time, for lines and reports that are written as they come; see json.h. */
#include "task/json.h"

#include <math.h>

/* Bytes of the UTF-8 character at `s` (RFC 3629); 0: it is none. */
static size_t utf8_length(const unsigned char *s)
{
    static const unsigned char least[] = {0x80, 0x80, 0xa0, 0x80, 0x90, 0x80};
    static const unsigned char most[] = {0xbf, 0xbf, 0xbf, 0x9f, 0xbf, 0x8f};
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    int kind = s[0] == 0xe0 ? 2 : s[0] == 0xed ? 3 : s[0] == 0xf0 ? 4 : s[0] == 0xf4 ? 5 : 0;
    if (s[1] < least[kind] || s[1] > most[kind])
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

void cnn_json_string(const char *text, struct cnn_buf *out)
{
    const unsigned char *s = (const unsigned char *)text;
    cnn_buf_puts(out, "\"");
    while (*s) {
        size_t n = utf8_length(s);
        if (!n)
            cnn_buf_puts(out, "\\ufffd");
        else if (*s == '"' || *s == '\\')
            cnn_buf_printf(out, "\\%c", *s);
        else if (*s < 0x20 || *s == 0x7f)
            cnn_buf_printf(out, "\\u%04x", *s);
        else
            cnn_buf_add(out, s, n);
        s += n ? n : 1;
    }
    cnn_buf_puts(out, "\"");
}

void cnn_json_real(double value, int single, struct cnn_buf *out)
{
    char text[32] = "null";
    if (isfinite(value))
        cnn_format_real(value, single, text);
    cnn_buf_puts(out, text);
}
