/* Which form the first bytes of an input have. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/source/members.h"
#include "data/source/source.h"
#include "file/infile.h"
#include "file/text_file.h"

static const struct cnn_form *const forms[] = {
#define CNN_FORM(name) &cnn_form_##name,
#include "data/source/forms.def"
};
enum { FORMS = sizeof forms / sizeof *forms };

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

/* What is known to be no dataset; a stream may be cut within the name of its first member. */
static int is_foreign(const struct cnn_form_head *h)
{
    return begins_stream(h->bytes, h->size) || cnn_text_foreign(h->bytes, h->size) ||
           cnn_is_safetensors(h->bytes, h->size);
}

const struct cnn_form cnn_form_foreign = {.name = "no dataset", .is = is_foreign};

int cnn_path_is_form(const char *path)
{
    for (size_t i = 0; i < FORMS; i++)
        for (size_t k = 0; forms[i]->endings && forms[i]->endings[k]; k++)
            if (cnn_path_ends(path, forms[i]->endings[k]))
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
    return !rc && cnn_form_sniff(head, got, (size_t)st.st_size) == &cnn_form_image;
}

/* From the first line on that is not blank, in `text`. */
static void set_text(struct cnn_form_head *h, char text[CNN_SNIFF_BYTES + 1])
{
    size_t size = h->size < CNN_SNIFF_BYTES ? h->size : CNN_SNIFF_BYTES;
    if (!is_text(h->bytes, h->size, 0) && !cnn_form_begins(h, "\xff\xfe", 2))
        return;
    memcpy(text, h->bytes, size);
    text[size] = '\0';
    h->text = text + (cnn_form_begins(h, "\xef\xbb\xbf", 3) ? 3 : 0);
    h->text += strspn(h->text, " \t\r\n");
}

const struct cnn_form *cnn_form_sniff(const unsigned char *head, size_t size, size_t total)
{
    struct cnn_form_head h = {.bytes = head, .size = size, .total = total};
    char text[CNN_SNIFF_BYTES + 1];
    set_text(&h, text);
    h.names = is_text(head, size, 1);
    for (size_t i = 0; i < FORMS; i++)
        if (forms[i]->is(&h))
            return forms[i] == &cnn_form_foreign ? NULL : forms[i];
    return NULL;
}
