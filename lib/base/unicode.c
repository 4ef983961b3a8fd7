/* UTF-8 and what cannot be seen; see unicode.h. */
#include "base/unicode.h"

#include <inttypes.h>
#include <string.h>

size_t cnn_utf8_char(const char *text, uint32_t *code)
{
    static const unsigned char least[] = {0x80, 0x80, 0xa0, 0x80, 0x90, 0x80};
    static const unsigned char most[] = {0xbf, 0xbf, 0xbf, 0x9f, 0xbf, 0x8f};
    const unsigned char *s = (const unsigned char *)text;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    uint32_t value = s[0];
    if (s[0] >= 0x80 && (s[0] < 0xc2 || s[0] > 0xf4))
        return 0;
    if (n > 1) {
        int kind = s[0] == 0xe0 ? 2 : s[0] == 0xed ? 3 : s[0] == 0xf0 ? 4 : s[0] == 0xf4 ? 5 : 0;
        if (s[1] < least[kind] || s[1] > most[kind])
            return 0;
        value = s[0] & (0xffu >> (n + 1));
    }
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (s[i] & 0x3f);
    }
    if (code)
        *code = value;
    return n;
}

int cnn_utf8_valid(const char *text)
{
    size_t n = 1;
    for (; *text && n; text += n)
        n = cnn_utf8_char(text, NULL);
    return n > 0;
}

/* Unicode: the categories Cc, Cf, Zl, Zp, Zs but U+0020, and Default_Ignorable_Code_Point. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0x00, 0x1f},       {0x7f, 0xa0},       {0xad, 0xad},       {0x34f, 0x34f},
    {0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},
    {0x890, 0x891},     {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x1680, 0x1680},
    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x2000, 0x200f},   {0x2028, 0x202f},
    {0x205f, 0x206f},   {0x3000, 0x3000},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x110bd, 0x110bd},
    {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
};

int cnn_unseen(uint32_t code)
{
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (code >= unseen[i].first && code <= unseen[i].last)
            return 1;
    return 0;
}

static void show_code(struct cnn_buf *out, uint32_t code)
{
    static const char special[] = "\t\n\r", letter[] = "tnr";
    const char *s = code && code < 0x80 ? strchr(special, (int)code) : NULL;
    if (s)
        cnn_buf_printf(out, "\\%c", letter[s - special]);
    else
        cnn_buf_printf(out,
                       code < 0x80      ? "\\x%02" PRIx32
                       : code < 0x10000 ? "\\u%04" PRIx32
                                        : "\\U%08" PRIx32,
                       code);
}

/* What of `layout` is in the text stays. A text without any may stand in front of ": ". */
static void show(struct cnn_buf *out, const char *text, const char *layout)
{
    while (*text) {
        uint32_t code = (unsigned char)*text;
        size_t n = cnn_utf8_char(text, &code);
        int blank = !*layout && !strncmp(text, " : ", 3);
        if (!n)
            cnn_buf_printf(out, "\\x%02" PRIx32, code);
        else if (blank || (cnn_unseen(code) && !(n == 1 && strchr(layout, (int)code))))
            show_code(out, code);
        else
            cnn_buf_add(out, text, n);
        text += n ? n : 1;
    }
}

void cnn_buf_show(struct cnn_buf *out, const char *text)
{
    show(out, text, "");
}

void cnn_buf_show_row(struct cnn_buf *out, const char *text)
{
    show(out, text, "\t");
}

void cnn_buf_show_lines(struct cnn_buf *out, const char *text)
{
    show(out, text, "\t\n");
}
