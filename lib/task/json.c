/* JSON for people and programs, written and read; see json.h. */
#include "task/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/unicode.h"

/* Beyond 16 bits a pair of surrogates. */
static void add_code(uint32_t code, struct cnn_buf *out)
{
    if (code >= 0x10000)
        cnn_buf_printf(out, "\\u%04x", 0xd7c0u + (unsigned)(code >> 10));
    cnn_buf_printf(out, "\\u%04x",
                   code < 0x10000 ? (unsigned)code : 0xdc00u + (unsigned)(code & 0x3ff));
}

/* Text within a string, but for what is to be quoted. What JSON is made of is seen, or a newline.
 */
static size_t add_char(const char *text, struct cnn_buf *out)
{
    uint32_t code = (unsigned char)*text;
    size_t n = cnn_utf8_char(text, &code);
    if (!n)
        cnn_buf_printf(out, "\\udc%02x", (unsigned)code);
    else if (cnn_unseen(code))
        add_code(code, out);
    else
        cnn_buf_add(out, text, n);
    return n ? n : 1;
}

void cnn_json_string(const char *text, struct cnn_buf *out)
{
    cnn_buf_puts(out, "\"");
    while (*text) {
        if (*text == '"' || *text == '\\')
            cnn_buf_puts(out, "\\");
        text += add_char(text, out);
    }
    cnn_buf_puts(out, "\"");
}

int cnn_json_value(const json_t *value, size_t flags, struct cnn_buf *out)
{
    char *text = value ? cnn_json_dump(value, flags) : NULL;
    if (!text)
        return cnn_fail_memory(0);
    for (const char *c = text; *c;)
        if (*c == '\n')
            cnn_buf_add(out, c++, 1);
        else
            c += add_char(c, out);
    free(text);
    return out->failed ? CNN_ESYSTEM : 0;
}

/* Bytes of the escape that begins the text: \n, \u00e9, or a pair of \ud83d\ude00. */
static size_t escape_size(const char *text, size_t n)
{
    size_t size = n > 5 && text[1] == 'u' ? 6 : 2;
    if (n > 11 && !strncmp(text, "\\ud", 3) && strchr("89abAB", text[3]))
        size = 12;
    return size < n ? size : n;
}

json_t *cnn_json_line(char *text, size_t n)
{
    size_t size = 0;
    for (size_t i = 0, k; i < n; i += k) {
        k = text[i] == '\\' ? escape_size(text + i, n - i) : 1;
        if (k == 6 && !strncmp(text + i, "\\udc", 4)) {
            memmove(text + size + 3, text + i + 4, 2);
            memcpy(text + size, "\\\\x", 3);
            size += 5;
        } else {
            memmove(text + size, text + i, k);
            size += k;
        }
    }
    return cnn_json_load(text, size, 0, NULL);
}

void cnn_json_real(double value, int single, struct cnn_buf *out)
{
    char text[32] = "null";
    if (isfinite(value))
        cnn_format_real(value, single, text);
    cnn_buf_puts(out, text);
}
