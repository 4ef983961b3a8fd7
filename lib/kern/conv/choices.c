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

static int compare_sizes(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_layouts(struct cnn_layout a, struct cnn_layout b)
{
    int order = compare_sizes(a.type, b.type);
    if (!order)
        order = compare_sizes(a.order, b.order);
    return order ? order : compare_sizes(a.lanes, b.lanes);
}

/* All members of a geometry are sizes. */
static int compare(const struct cnn_conv_key *a, const struct cnn_conv_key *b)
{
    int order = memcmp(&a->g, &b->g, sizeof a->g);
    if (!order)
        order = compare_sizes(a->pass, b->pass);
    if (!order)
        order = compare_layouts(a->x_layout, b->x_layout);
    return order ? order : compare_layouts(a->y_layout, b->y_layout);
}

/* Where the key is, or would be. */
static size_t place_of(const struct cnn_conv_choices *all, const struct cnn_conv_key *key)
{
    size_t begin = 0, end = all->count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (compare(&all->item[middle].key, key) < 0)
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
    return i < all->count && !compare(&all->item[i].key, key) ? &all->item[i] : NULL;
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
