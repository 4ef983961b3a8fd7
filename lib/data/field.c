/* Fields of samples; see field.h. */
#include "data/field.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define INFO(kind, in_plane, whole, name, word) [CNN_FIELD_##kind] = {in_plane, whole, name, word},
const struct cnn_field_kind_info cnn_field_kind_info[CNN_FIELD_KIND_COUNT] = {
    CNN_FIELD_KINDS(INFO)};

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

int cnn_field_may_be_called(const char *text, size_t n)
{
    if (!n || n > CNN_FIELD_NAME_MAX || !is_letter(text[0]))
        return 0;
    for (size_t i = 1; i < n; i++)
        if (!is_letter(text[i]) && (text[i] < '0' || text[i] > '9'))
            return 0;
    return 1;
}

int cnn_field_set_text(struct cnn_field *f, const char *text, size_t n)
{
    if (cnn_grow(&f->text, &f->text_capacity, n + 1, 1))
        return CNN_ESYSTEM;
    memcpy(f->text, text, n);
    f->text[n] = '\0';
    f->text_size = n;
    return 0;
}

static int copy_values(struct cnn_image *dst, const struct cnn_image *src)
{
    if (src->c)
        return cnn_image_copy(dst, src);
    dst->c = dst->h = dst->w = 0;
    dst->maxval = src->maxval;
    return 0;
}

int cnn_field_copy(struct cnn_field *dst, const struct cnn_field *src)
{
    dst->kind = src->kind;
    dst->file = src->file;
    switch (src->kind) {
    case CNN_FIELD_CLASS:
        dst->label = src->label;
        return 0;
    case CNN_FIELD_TEXT:
        return cnn_field_set_text(dst, src->text, src->text_size);
    case CNN_FIELD_NUMBERS:
    case CNN_FIELD_LABELS:
    case CNN_FIELD_BOXES:
    case CNN_FIELD_POINTS:
    case CNN_FIELD_IMAGE:
        return copy_values(&dst->values, &src->values);
    case CNN_FIELD_INPUT:
    case CNN_FIELD_KIND_COUNT:
        break;
    }
    return 0;
}

int cnn_field_reserve_like(struct cnn_field *f, const struct cnn_field *other)
{
    if (cnn_image_reserve(&f->values, other->values.capacity) ||
        cnn_image_reserve(&f->moved, other->moved.capacity))
        return CNN_ESYSTEM;
    return cnn_grow(&f->text, &f->text_capacity, other->text_capacity, 1);
}

void cnn_field_free(struct cnn_field *f)
{
    cnn_image_free(&f->values);
    cnn_image_free(&f->moved);
    free(f->text);
    *f = (struct cnn_field){0};
}
