/* Instructions of pickles that push numbers and texts; see pickle.h. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "file/pickle/private.h"

enum { MOST_DIGITS = 4000 };

int cnn_pickle_none(struct cnn_pickle_machine *m, int arg)
{
    (void)arg;
    return cnn_pickle_push_new(m, CNN_PICKLE_NONE) ? 0 : CNN_ESYSTEM;
}

static int push_integer(struct cnn_pickle_machine *m, enum cnn_pickle_kind kind, int64_t n)
{
    struct cnn_pickle_value *v = cnn_pickle_push_new(m, kind);
    if (v)
        v->integer = n;
    return v ? 0 : CNN_ESYSTEM;
}

static int push_text(struct cnn_pickle_machine *m, enum cnn_pickle_kind kind, const char *bytes,
                     size_t size)
{
    struct cnn_pickle_value *v = cnn_pickle_push_new(m, kind);
    if (v) {
        v->bytes = bytes;
        v->size = size;
    }
    return v ? 0 : CNN_ESYSTEM;
}

int cnn_pickle_bool(struct cnn_pickle_machine *m, int arg)
{
    return push_integer(m, CNN_PICKLE_BOOL, arg);
}

/* Of so many bytes; those of four have a sign. */
int cnn_pickle_int(struct cnn_pickle_machine *m, int arg)
{
    uint64_t n;
    int rc = cnn_pickle_number(m, arg, &n);
    return rc ? rc : push_integer(m, CNN_PICKLE_INT, arg == 4 ? (int32_t)(uint32_t)n : (int64_t)n);
}

/* "12", "12L", and truth values as "00" and "01". */
int cnn_pickle_int_line(struct cnn_pickle_machine *m, int arg)
{
    size_t n;
    const char *line = cnn_pickle_line(m, &n);
    char text[24];
    int64_t value;
    (void)arg;
    if (!line)
        return CNN_EDATA;
    if (n == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
        return push_integer(m, CNN_PICKLE_BOOL, line[1] - '0');
    n -= n && line[n - 1] == 'L';
    if (n >= sizeof text)
        return n > MOST_DIGITS ? cnn_pickle_bad("a number of too many digits")
                               : push_text(m, CNN_PICKLE_LONG, line, n);
    memcpy(text, line, n);
    text[n] = '\0';
    if (cnn_parse_int(text, INT64_MIN, INT64_MAX, &value))
        return cnn_pickle_bad("no whole number");
    return push_integer(m, CNN_PICKLE_INT, value);
}

/* Two's complement of as many bytes as a number of `arg` bytes says. */
int cnn_pickle_long(struct cnn_pickle_machine *m, int arg)
{
    uint64_t n, bits = 0;
    int rc = cnn_pickle_number(m, arg, &n);
    const unsigned char *p = rc ? NULL : cnn_pickle_take(m, n);
    if (!p)
        return CNN_EDATA;
    if (n > 8)
        return push_text(m, CNN_PICKLE_LONG, (const char *)p, (size_t)n);
    for (size_t i = 0; i < 8; i++) {
        uint64_t sign = n && (p[n - 1] & 0x80) ? 0xff : 0;
        bits |= (i < n ? p[i] : sign) << (8 * i);
    }
    return push_integer(m, CNN_PICKLE_INT, (int64_t)bits);
}

/* Nobody asks what it is. */
int cnn_pickle_real(struct cnn_pickle_machine *m, int arg)
{
    (void)arg;
    return !cnn_pickle_take(m, 8)                    ? CNN_EDATA
           : cnn_pickle_push_new(m, CNN_PICKLE_REAL) ? 0
                                                     : CNN_ESYSTEM;
}

int cnn_pickle_real_line(struct cnn_pickle_machine *m, int arg)
{
    size_t n;
    (void)arg;
    return !cnn_pickle_line(m, &n)                   ? CNN_EDATA
           : cnn_pickle_push_new(m, CNN_PICKLE_REAL) ? 0
                                                     : CNN_ESYSTEM;
}

static int push_counted(struct cnn_pickle_machine *m, int bytes, enum cnn_pickle_kind kind)
{
    uint64_t n;
    int rc = cnn_pickle_number(m, bytes, &n);
    const unsigned char *p = rc ? NULL : cnn_pickle_take(m, n);
    return p ? push_text(m, kind, (const char *)p, (size_t)n) : CNN_EDATA;
}

int cnn_pickle_text(struct cnn_pickle_machine *m, int arg)
{
    return push_counted(m, arg, CNN_PICKLE_TEXT);
}

int cnn_pickle_bytes(struct cnn_pickle_machine *m, int arg)
{
    return push_counted(m, arg, CNN_PICKLE_BYTES);
}

/* The value of so many hexadecimal digits; -1: they are none. */
static long hexadecimal(const char *p, size_t n)
{
    char digits[9];
    memcpy(digits, p, n);
    digits[n] = '\0';
    return strspn(digits, "0123456789abcdefABCDEF") == n ? (long)strtoul(digits, NULL, 16) : -1;
}

/* A code point as UTF-8; how many bytes, 0: there is none such. */
static size_t put_utf8(char *out, long c)
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (c < 0 || c > 0x10ffff)
        return 0;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

/* A byte of repr()'s text, or the escape that begins there: what it stands for into *out; how many
 * bytes were taken, 0: Python writes none such. */
static size_t string_step(const char *p, size_t left, char *out)
{
    static const char letters[] = "\\'\"nrt", meaning[] = "\\'\"\n\r\t";
    const char *letter = left > 1 && p[1] ? strchr(letters, p[1]) : NULL;
    *out = *p;
    if (*p != '\\')
        return 1;
    if (letter) {
        *out = meaning[letter - letters];
        return 2;
    }
    long c = left < 4 || p[1] != 'x' ? -1 : hexadecimal(p + 2, 2);
    *out = (char)c;
    return c < 0 ? 0 : 4;
}

/* The same of raw-unicode-escape, which is Latin-1 but for its escapes; as UTF-8, *n bytes. */
static size_t unicode_step(const char *p, size_t left, char *out, size_t *n)
{
    size_t digits = left < 2 || *p != '\\' ? 0 : p[1] == 'u' ? 4 : p[1] == 'U' ? 8 : 0;
    long c = !digits ? (unsigned char)*p : left < 2 + digits ? -1 : hexadecimal(p + 2, digits);
    *n = put_utf8(out, c);
    return !*n ? 0 : digits ? 2 + digits : 1;
}

/* No step makes more than two bytes of one. */
static int push_unescaped(struct cnn_pickle_machine *m, const char *line, size_t n, int unicode)
{
    char *out = cnn_arena_alloc(m->reader->arena, 2 * n + 4);
    size_t size = 0, made = 1, step;
    if (!out)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < n; i += step, size += made) {
        step = unicode ? unicode_step(line + i, n - i, out + size, &made)
                       : string_step(line + i, n - i, out + size);
        if (!step)
            return cnn_pickle_bad("a text that Python does not write");
    }
    return push_text(m, CNN_PICKLE_TEXT, out, size);
}

/* In quotes of either kind. */
int cnn_pickle_string_line(struct cnn_pickle_machine *m, int arg)
{
    size_t n;
    const char *line = cnn_pickle_line(m, &n);
    (void)arg;
    if (!line)
        return CNN_EDATA;
    if (n < 2 || line[0] != line[n - 1] || (line[0] != '\'' && line[0] != '"'))
        return cnn_pickle_bad("a text without quotes");
    return push_unescaped(m, line + 1, n - 2, 0);
}

int cnn_pickle_unicode_line(struct cnn_pickle_machine *m, int arg)
{
    size_t n;
    const char *line = cnn_pickle_line(m, &n);
    (void)arg;
    return line ? push_unescaped(m, line, n, 1) : CNN_EDATA;
}
