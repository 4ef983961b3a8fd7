/* Which form the first bytes of an input have. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/source/features.h"
#include "data/source/members.h"
#include "data/source/source.h"
#include "file/infile.h"
#include "file/text_file.h"

enum { TAR_BLOCK = 512, TAR_SUM = 148, TAR_SUM_DIGITS = 8 };

static int begins(const unsigned char *head, size_t size, const char *magic, size_t n)
{
    return size >= n && !memcmp(head, magic, n);
}

/* A tar header holds the sum of its bytes, that field taken as spaces, in octal. */
static int is_tar(const unsigned char *head, size_t size)
{
    char text[TAR_SUM_DIGITS + 1] = {0};
    unsigned long sum = TAR_SUM_DIGITS * ' ';
    if (size < TAR_BLOCK || !head[0])
        return 0;
    memcpy(text, head + TAR_SUM, TAR_SUM_DIGITS);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        if (i < TAR_SUM || i >= TAR_SUM + TAR_SUM_DIGITS)
            sum += head[i];
    char *end;
    unsigned long said = strtoul(text, &end, 8);
    return end > text && said == sum;
}

static int is_compressed(const unsigned char *head, size_t size)
{
    return begins(head, size, "\x1f\x8b", 2) || begins(head, size, "\x28\xb5\x2f\xfd", 4) ||
           begins(head, size,
                  "\xfd"
                  "7zXZ",
                  5) ||
           begins(head, size, "BZh", 3) || begins(head, size, "\x04\x22\x4d\x18", 4);
}

int cnn_is_safetensors(const unsigned char *head, size_t size)
{
    static const unsigned char high[4];
    return size > 8 && !memcmp(head + 4, high, sizeof high) && head[8] == '{';
}

/* A beginning of a stream's first name, and no more than its end. */
static int begins_stream(const unsigned char *head, size_t size)
{
    static const char name[] = CNN_STREAM_HEADER;
    return size && size <= sizeof name && !memcmp(head, name, size);
}

/* Text, or with `names` file names that NUL bytes end: few control characters (a name may have
 * some), not first, and few empty names. */
static int is_text(const unsigned char *head, size_t size, int names)
{
    size_t odd = 0;
    for (size_t i = 0; i < size; i++) {
        int control = head[i] && ((head[i] < 32 && !isspace(head[i])) || head[i] == 127);
        if ((!head[i] && !names) || (!i && control))
            return 0;
        odd += control || (!head[i] && (!i || !head[i - 1]));
    }
    return size > 0 && odd <= 1 + size / 32;
}

/* A number, perhaps "qid:QUERY", then "PLACE:NUMBER". */
static int is_svmlight_line(const char *line)
{
    char *end, *colon;
    strtod(line, &end);
    if (end == line || (*end != ' ' && *end != '\t'))
        return 0;
    end += strspn(end, " \t");
    if (!strncmp(end, "qid:", 4)) {
        end += strcspn(end, " \t\n");
        end += strspn(end, " \t");
    }
    size_t digits = strspn(end, "0123456789");
    if (!digits || end[digits] != ':')
        return 0;
    strtod(end + digits + 1, &colon);
    return colon > end + digits + 1;
}

static enum cnn_form sniff_text(const unsigned char *head, size_t size)
{
    char text[CNN_SNIFF_BYTES + 1];
    size = size < CNN_SNIFF_BYTES ? size : CNN_SNIFF_BYTES;
    memcpy(text, head, size);
    text[size] = '\0';
    const char *line = text + (begins(head, size, "\xef\xbb\xbf", 3) ? 3 : 0);
    line += strspn(line, " \t\r\n");
    if (!strncmp(line, CNN_FEATURES_CLASSES "\t", strlen(CNN_FEATURES_CLASSES "\t")) ||
        !strncmp(line, CNN_FEATURES_HEADING, strlen(CNN_FEATURES_HEADING)) ||
        !strncmp(line, CNN_FEATURES_PATHS, strlen(CNN_FEATURES_PATHS)))
        return CNN_FORM_FEATURES;
    while (*line == '#') {
        line += strcspn(line, "\n");
        line += strspn(line, " \t\r\n");
    }
    return is_svmlight_line(line) ? CNN_FORM_SVMLIGHT : CNN_FORM_MANIFEST;
}

int cnn_path_is_form(const char *path)
{
    static const char *const ending[] = {".tar", ".tgz", ".gz",  ".bz2",  ".xz",
                                         ".zst", ".bin", ".npy", "-ubyte"};
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (cnn_path_ends(path, ending[i]))
            return 1;
    return cnn_image_has_name(path);
}

int cnn_dataset_is_image(const char *path)
{
    unsigned char head[CNN_SNIFF_BYTES];
    struct stat st;
    size_t got;
    if (stat(path, &st) || !S_ISREG(st.st_mode))
        return 0;
    if (cnn_image_has_name(path) || cnn_image_has_foreign_name(path))
        return 1;
    int rc = cnn_bytes_head(path, head, sizeof head, &got);
    if (rc)
        cnn_error_clear(); /* opening will tell */
    return !rc && cnn_form_sniff(head, got, (size_t)st.st_size) == CNN_FORM_IMAGE;
}

enum cnn_form cnn_form_sniff(const unsigned char *head, size_t size, size_t total)
{
    static const unsigned char zeros[TAR_BLOCK];
    if (cnn_image_is(head, size))
        return CNN_FORM_IMAGE;
    if (begins(head, size, "\x93NUMPY", 6))
        return CNN_FORM_NPY;
    if (is_tar(head, size) || is_compressed(head, size))
        return CNN_FORM_TAR;
    if (size >= 4 && !head[0] && !head[1] && head[2] >= 8 && head[2] <= 14 && head[3] >= 1 &&
        head[3] <= 4)
        return CNN_FORM_IDX;
    if (begins_stream(head, size)) /* cut within the name of its first member */
        return CNN_FORM_UNKNOWN;
    if (cnn_text_foreign(head, size) || cnn_is_safetensors(head, size))
        return CNN_FORM_UNKNOWN;
    if (is_text(head, size, 0) || begins(head, size, "\xff\xfe", 2))
        return sniff_text(head, size);
    if (total && total != SIZE_MAX && (total % 3073 == 0 || total % 3074 == 0))
        return CNN_FORM_CIFAR;
    if (is_text(head, size, 1))
        return CNN_FORM_NAMES;
    return size >= TAR_BLOCK && !memcmp(head, zeros, TAR_BLOCK) ? CNN_FORM_TAR : CNN_FORM_UNKNOWN;
}
