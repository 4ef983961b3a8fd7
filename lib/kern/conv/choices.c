/* The table of measured choices; see choices.h. */
#include "kern/conv/choices.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct cnn_conv_choices *cnn_conv_choices_new(void)
{
    return cnn_calloc(1, sizeof(struct cnn_conv_choices));
}

void cnn_conv_choices_free(struct cnn_conv_choices *all)
{
    if (all)
        free(all->item);
    free(all);
}

/* Where the key is, or would be. */
static size_t place_of(const struct cnn_conv_choices *all, const struct cnn_conv_key *key)
{
    size_t begin = 0, end = all->count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (memcmp(&all->item[middle].key, key, sizeof *key) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

const struct cnn_conv_choice *cnn_conv_choices_find(const struct cnn_conv_choices *all,
                                                    const struct cnn_conv_key *key)
{
    size_t i = place_of(all, key);
    return i < all->count && !memcmp(&all->item[i].key, key, sizeof *key) ? &all->item[i] : NULL;
}

int cnn_conv_choices_add(struct cnn_conv_choices *all, const struct cnn_conv_choice *choice)
{
    size_t i = place_of(all, &choice->key);
    if (cnn_conv_choices_find(all, &choice->key)) {
        all->item[i] = *choice;
        return 0;
    }
    if (cnn_grow(&all->item, &all->capacity, all->count + 1, sizeof *all->item))
        return CNN_ESYSTEM;
    memmove(all->item + i + 1, all->item + i, (all->count - i) * sizeof *all->item);
    all->item[i] = *choice;
    all->count++;
    return 0;
}
