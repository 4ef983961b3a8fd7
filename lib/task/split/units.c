/* What stays together: samples of one group, and copies of one file; see private.h. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "task/split/private.h"

/* The first sample of i's unit, as far as units are joined. */
static uint32_t unit_of(const struct split *s, uint32_t i)
{
    while (s->sample[i].unit != i)
        i = s->sample[i].unit;
    return i;
}

static void join(struct split *s, uint32_t i, uint32_t k)
{
    uint32_t a = unit_of(s, i), b = unit_of(s, k);
    s->sample[a > b ? a : b].unit = a > b ? b : a;
}

struct grouped {
    const char *group; /* NULL: by content */
    uint64_t content;
    uint32_t sample;
};

static int order_of(const struct grouped *x, const struct grouped *y)
{
    return x->group ? strcmp(x->group, y->group)
                    : (x->content > y->content) - (x->content < y->content);
}

static int by_group(const void *a, const void *b)
{
    const struct grouped *x = a, *y = b;
    int order = order_of(x, y);
    return order ? order : (x->sample > y->sample) - (x->sample < y->sample);
}

/* Samples of one group, or copies of one file, are one unit. */
static void join_equal(struct split *s, struct grouped *g, int by_content)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct split_sample *one = &s->sample[i];
        if (by_content ? one->content != 0 : one->record->group != NULL)
            g[n++] =
                (struct grouped){by_content ? NULL : one->record->group, one->content, (uint32_t)i};
    }
    qsort(g, n, sizeof *g, by_group);
    for (size_t i = 1; i < n; i++)
        if (!order_of(&g[i - 1], &g[i]))
            join(s, g[i - 1].sample, g[i].sample);
}

/* Units are numbered as their first samples. */
int cnn_split_number_units(struct split *s)
{
    struct grouped *g = cnn_calloc(s->count, sizeof *g);
    if (!g)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < s->count; i++)
        s->sample[i].unit = (uint32_t)i;
    join_equal(s, g, 0);
    join_equal(s, g, 1);
    for (size_t i = 0; i < s->count; i++)
        s->sample[i].unit = unit_of(s, (uint32_t)i);
    free(g);
    s->units = s->count;
    return 0;
}
