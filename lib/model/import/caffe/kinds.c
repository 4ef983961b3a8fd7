/* The list of layers.def by the names that layers have had. */
#include <string.h>

#include "model/import/caffe/caffe.h"

#define CNN_CAFFE_LAYER(type, v1, v0, role, write, becomes, limits)                                \
    {#type, #v1, v0, CAFFE_##role, cnn_caffe_##write, becomes, limits},
static const struct caffe_kind kinds[] = {
#include "model/import/caffe/layers.def"
};
#undef CNN_CAFFE_LAYER

enum { KINDS = sizeof kinds / sizeof *kinds };

const struct caffe_kind *cnn_caffe_kind_at(size_t i)
{
    return i < KINDS ? &kinds[i] : NULL;
}

const struct caffe_kind *cnn_caffe_kind(const char *type)
{
    for (size_t i = 0; i < KINDS; i++)
        if (!strcmp(kinds[i].type, type))
            return &kinds[i];
    return NULL;
}

const struct caffe_kind *cnn_caffe_kind_v1(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (!strcmp(kinds[i].v1, name) && strcmp(name, "NONE"))
            return &kinds[i];
    return NULL;
}

/* Whether it is one of the words of a list. */
static int is_among(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (; n && *list; list += strcspn(list, " "), list += *list == ' ')
        if (strcspn(list, " ") == n && !strncmp(list, word, n))
            return 1;
    return 0;
}

const struct caffe_kind *cnn_caffe_kind_v0(const char *word)
{
    for (size_t i = 0; i < KINDS; i++)
        if (is_among(kinds[i].v0, word))
            return &kinds[i];
    return NULL;
}
