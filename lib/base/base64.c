/* Three bytes are four digits of 6 bits, the highest first; see base64.h. */
#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void cnn_base64_add(struct cnn_buf *out, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i < 3 ? n - i : 3;
        unsigned long v = (unsigned long)bytes[i] << 16;
        v |= left > 1 ? (unsigned long)bytes[i + 1] << 8 : 0;
        v |= left > 2 ? bytes[i + 2] : 0;
        char text[4] = {digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
                        left > 2 ? digits[v & 63] : '='};
        cnn_buf_add(out, text, sizeof text);
    }
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* What fills up the last four must be there, and the bits beyond the last byte are zeros: there is
 * one text for each content. */
static int read_group(const char *text, unsigned char *out, size_t left)
{
    unsigned long v = 0;
    for (size_t i = 0; i < 4; i++) {
        int d = i <= left ? digit(text[i]) : text[i] == '=' ? 0 : -1;
        if (d < 0)
            return 0;
        v = v << 6 | (unsigned long)d;
    }
    for (size_t i = 0; i < left; i++)
        out[i] = (unsigned char)(v >> (16 - 8 * i));
    return !(left < 3 && v & (0xfffffful >> 8 * left));
}

int cnn_base64_read(const char *text, size_t length, unsigned char *out, size_t n)
{
    if (length % 4 || length / 4 != n / 3 + (n % 3 != 0))
        return 0;
    for (size_t i = 0; i < n; i += 3)
        if (!read_group(text + i / 3 * 4, out + i, n - i < 3 ? n - i : 3))
            return 0;
    return 1;
}
