/* The list of layers.def by the names of classes. */
#include <string.h>

#include "model/import/keras/keras.h"

#define CNN_KERAS_LAYER(classes, write, keeps, becomes, limits)                                    \
    {classes, cnn_keras_##write, keeps, becomes, limits},
static const struct keras_kind kinds[] = {
#include "model/import/keras/layers.def"
};
#undef CNN_KERAS_LAYER

enum { KINDS = sizeof kinds / sizeof *kinds };

/* Whether it is one of the words of a list. */
static int is_among(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (; n && *list; list += strcspn(list, " "), list += *list == ' ')
        if (strcspn(list, " ") == n && !strncmp(list, word, n))
            return 1;
    return 0;
}

const struct keras_kind *cnn_keras_kind(const char *class)
{
    for (size_t i = 0; i < KINDS; i++)
        if (is_among(kinds[i].classes, class))
            return &kinds[i];
    return NULL;
}
