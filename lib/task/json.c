/* JSON a piece at a time, for lines and reports that are written as they come; see json.h. */
#include "task/json.h"

#include <math.h>

#include "base/unicode.h"

/* Beyond 16 bits a pair of surrogates. */
static void add_code(uint32_t code, struct cnn_buf *out)
{
    if (code >= 0x10000)
        cnn_buf_printf(out, "\\u%04x", 0xd7c0u + (unsigned)(code >> 10));
    cnn_buf_printf(out, "\\u%04x",
                   code < 0x10000 ? (unsigned)code : 0xdc00u + (unsigned)(code & 0x3ff));
}

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
        else if (cnn_unseen(code))
            add_code(code, out);
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
