/* JSON a piece at a time, for lines and reports that are written as they come; see json.h. */
#include "task/json.h"

#include <math.h>

#include "base/unicode.h"

void cnn_json_string(const char *text, struct cnn_buf *out)
{
    cnn_buf_puts(out, "\"");
    while (*text) {
        uint32_t code = (unsigned char)*text;
        size_t n = cnn_utf8_char(text, &code);
        if (!n)
            cnn_buf_printf(out, "\\udc%02x", (unsigned)code);
        else if (code == '"' || code == '\\')
            cnn_buf_printf(out, "\\%c", (char)code);
        else if (cnn_unseen(code) && code < 0x10000)
            cnn_buf_printf(out, "\\u%04x", (unsigned)code);
        else
            cnn_buf_add(out, text, n);
        text += n ? n : 1;
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
