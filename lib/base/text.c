/* Growing strings, string lists, numbers from text; see text.h. */
#include "base/text.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void cnn_buf_add(struct cnn_buf *b, const void *bytes, size_t n)
{
    if (b->failed || cnn_grow(&b->text, &b->capacity, b->size + n + 1, 1)) {
        b->failed = 1;
        return;
    }
    memcpy(b->text + b->size, bytes, n);
    b->size += n;
    b->text[b->size] = '\0';
}

void cnn_buf_puts(struct cnn_buf *b, const char *s)
{
    cnn_buf_add(b, s, strlen(s));
}

void cnn_buf_printf(struct cnn_buf *b, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0 || b->failed || cnn_grow(&b->text, &b->capacity, b->size + (size_t)n + 1, 1)) {
        b->failed = 1;
        return;
    }
    va_start(ap, format);
    vsnprintf(b->text + b->size, (size_t)n + 1, format, ap);
    va_end(ap);
    b->size += (size_t)n;
}

void cnn_buf_free(struct cnn_buf *b)
{
    free(b->text);
    *b = (struct cnn_buf){0};
}

char *cnn_buf_take(struct cnn_buf *b)
{
    if (!b->text)
        cnn_buf_add(b, "", 0);
    char *text = b->text;
    if (b->failed) {
        free(text);
        text = NULL;
    }
    *b = (struct cnn_buf){0};
    return text;
}

int cnn_strings_add_n(struct cnn_strings *list, const char *s, size_t n)
{
    if (cnn_grow(&list->item, &list->capacity, list->count + 1, sizeof *list->item))
        return CNN_ESYSTEM;
    char *copy = cnn_strndup(s, n);
    if (!copy)
        return CNN_ESYSTEM;
    list->item[list->count++] = copy;
    return 0;
}

int cnn_strings_add(struct cnn_strings *list, const char *s)
{
    return cnn_strings_add_n(list, s, strlen(s));
}

ptrdiff_t cnn_strings_find(const struct cnn_strings *list, const char *s)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->item[i], s))
            return (ptrdiff_t)i;
    return -1;
}

int cnn_strings_copy(struct cnn_strings *dst, const struct cnn_strings *src)
{
    for (size_t i = 0; i < src->count; i++)
        if (cnn_strings_add(dst, src->item[i]))
            return CNN_ESYSTEM;
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_value(const void *a, const void *b)
{
    long long x = strtoll(*(char *const *)a, NULL, 10), y = strtoll(*(char *const *)b, NULL, 10);
    return x != y ? (x > y) - (x < y) : by_bytes(a, b);
}

int cnn_strings_equal(const struct cnn_strings *a, const struct cnn_strings *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (strcmp(a->item[i], b->item[i]))
            return 0;
    return a->count == b->count;
}

void cnn_strings_sort(struct cnn_strings *list)
{
    int numeric = 1;
    for (size_t i = 0; i < list->count && numeric; i++) {
        const char *s = list->item[i] + (list->item[i][0] == '-');
        size_t digits = strspn(s, "0123456789");
        numeric = digits > 0 && digits < 18 && !s[digits];
    }
    if (list->count)
        qsort(list->item, list->count, sizeof *list->item, numeric ? by_value : by_bytes);
}

void cnn_strings_free(struct cnn_strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->item[i]);
    free(list->item);
    *list = (struct cnn_strings){0};
}

int cnn_parse_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    errno = 0;
    intmax_t value = strtoimax(text, &end, 10);
    if (end == text || *end || text[0] == ' ')
        return cnn_fail(CNN_EUSAGE, "'%s' is not a whole number", text);
    if (errno || value < min || value > max) {
        if (max == INT64_MAX)
            return cnn_fail(CNN_EUSAGE, "'%s' is out of range (at least %" PRId64 ")", text, min);
        return cnn_fail(CNN_EUSAGE, "'%s' is not in %" PRId64 "..%" PRId64, text, min, max);
    }
    *out = value;
    return 0;
}

int cnn_parse_real(const char *text, double min, double max, double *out)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end || text[0] == ' ' || !isfinite(value))
        return cnn_fail(CNN_EUSAGE, "'%s' is not a number", text);
    if (!(value >= min && value <= max)) {
        if (isinf(max))
            return cnn_fail(CNN_EUSAGE, "'%s' is out of range (at least %g)", text, min);
        return cnn_fail(CNN_EUSAGE, "'%s' is not in %g..%g", text, min, max);
    }
    *out = value;
    return 0;
}

int cnn_parse_bytes(const char *text, size_t *out)
{
    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    uintmax_t value = strtoumax(text, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    int shift = unit ? 10 * (int)(unit - units + 1) : 0;
    if (end == text || text[0] == '-' || text[0] == ' ' || (*end && (!unit || end[1])))
        return cnn_fail(CNN_EUSAGE, "'%s' is not a size (such as 4096, 64K, 512M or 2G)", text);
    if (errno || value > (SIZE_MAX >> shift))
        return cnn_fail(CNN_EUSAGE, "'%s' is too large", text);
    *out = (size_t)value << shift;
    return 0;
}

void cnn_format_real(double value, int single, char out[32])
{
    char text[32];
    out[0] = '\0';
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (digits < 17 && !(single ? (float)back == (float)value : back == value))
            continue;
        /* 10 rather than 1e+01; what is large or tiny keeps its exponent. */
        int plain = !strchr(text, 'e');
        if (plain || !out[0])
            memcpy(out, text, sizeof text);
        if (plain || digits >= 7)
            return;
    }
}

void cnn_format_count(uint64_t n, char out[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

void cnn_format_bytes(uint64_t n, char out[32])
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)n;
    size_t u = 0;
    while (value >= 1024 && u < 4) {
        value /= 1024;
        u++;
    }
    snprintf(out, 32, u ? "%.1f %s" : "%.0f %s", value, unit[u]);
}

int cnn_match(const char *pattern, const char *text)
{
    return fnmatch(pattern, text, 0) == 0;
}
