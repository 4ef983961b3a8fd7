/* A sample's own memory; see sample.h. */
#include "data/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/image/codecs.h"

int cnn_sample_set_key(struct cnn_sample *s, const char *key)
{
    size_t n = strlen(key) + 1;
    if (cnn_grow(&s->key, &s->key_capacity, n, 1))
        return CNN_ESYSTEM;
    memcpy(s->key, key, n);
    return 0;
}

int cnn_sample_decode(struct cnn_sample *s, const unsigned char *bytes, size_t size)
{
    const struct cnn_decoding how = {.fit = s->fit, .strict = s->strict};
    return cnn_image_decode_as(bytes, size, &how, &s->image);
}

static int reserve_fields(struct cnn_sample *s, size_t count)
{
    size_t before = s->field_capacity;
    if (cnn_grow(&s->field, &s->field_capacity, count, sizeof *s->field))
        return CNN_ESYSTEM;
    for (size_t i = before; i < s->field_capacity; i++)
        s->field[i] = (struct cnn_field){0};
    return 0;
}

struct cnn_field *cnn_sample_add_field(struct cnn_sample *s, const char *name,
                                       enum cnn_field_kind kind)
{
    size_t i = 0;
    name = name ? name : cnn_field_kind_info[kind].name;
    while (i < s->fields && strcmp(s->field[i].name, name))
        i++;
    if (i == s->fields && reserve_fields(s, i + 1))
        return NULL;
    s->fields += i == s->fields;
    snprintf(s->field[i].name, sizeof s->field[i].name, "%s", name);
    s->field[i].kind = kind;
    s->field[i].file = NULL;
    return &s->field[i];
}

int cnn_sample_add_class(struct cnn_sample *s, int32_t label)
{
    struct cnn_field *f = cnn_sample_add_field(s, NULL, CNN_FIELD_CLASS);
    if (f)
        f->label = label;
    return f ? 0 : CNN_ESYSTEM;
}

const struct cnn_field *cnn_sample_field(const struct cnn_sample *s, const char *name)
{
    for (size_t i = 0; i < s->fields; i++)
        if (!strcmp(s->field[i].name, name))
            return &s->field[i];
    return NULL;
}

int32_t cnn_sample_label(const struct cnn_sample *s)
{
    const struct cnn_field *f = cnn_sample_field(s, cnn_field_kind_info[CNN_FIELD_CLASS].name);
    return f && f->kind == CNN_FIELD_CLASS ? f->label : -1;
}

int cnn_sample_wishes(const struct cnn_sample *s, const char *name)
{
    for (size_t i = 0; i < s->wanted_count; i++)
        if (!strcmp(s->wanted[i], name))
            return 1;
    return !s->wanted;
}

int cnn_sample_wants(const struct cnn_sample *s, const char *name)
{
    for (int k = 0; k < CNN_FIELD_KIND_COUNT; k++)
        if (k != CNN_FIELD_TEXT && !strcmp(cnn_field_kind_info[k].name, name))
            return 1;
    if (s->input && !strcmp(s->input, name))
        return 1;
    return cnn_sample_wishes(s, name);
}

int cnn_sample_take_input(struct cnn_sample *s)
{
    const struct cnn_field *named = s->input ? cnn_sample_field(s, s->input) : NULL;
    if (named && (named->kind == CNN_FIELD_IMAGE || named->kind == CNN_FIELD_NUMBERS)) {
        struct cnn_field taken = *named, *f = &s->field[named - s->field];
        *f = s->field[--s->fields];
        s->field[s->fields] = taken;
        s->field[s->fields].values = s->image;
        s->image = taken.values;
    }
    return s->image.c || !s->input ? 0 : cnn_fail(CNN_EDATA, "no image or numbers '%s'", s->input);
}

int cnn_sample_copy_fields(struct cnn_sample *dst, const struct cnn_sample *src)
{
    dst->fields = 0;
    for (size_t i = 0; i < src->fields; i++) {
        struct cnn_field *f = cnn_sample_add_field(dst, src->field[i].name, src->field[i].kind);
        if (!f || cnn_field_copy(f, &src->field[i]))
            return CNN_ESYSTEM;
    }
    return 0;
}

int cnn_sample_reserve_fields(struct cnn_sample *s, const struct cnn_sample *other)
{
    if (reserve_fields(s, other->field_capacity))
        return CNN_ESYSTEM;
    for (size_t i = 0; i < other->field_capacity; i++)
        if (cnn_field_reserve_like(&s->field[i], &other->field[i]))
            return CNN_ESYSTEM;
    return 0;
}

void cnn_sample_free(struct cnn_sample *s)
{
    free(s->key);
    free(s->encoded);
    cnn_image_free(&s->image);
    for (size_t i = 0; i < s->field_capacity; i++)
        cnn_field_free(&s->field[i]);
    free(s->field);
    *s = (struct cnn_sample){0};
}
