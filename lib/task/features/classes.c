/* One list of classes for several datasets, by name. */
#include <stdlib.h>
#include <string.h>

#include "task/features/private.h"

/* Names in the order of the first dataset that has them; sorted where no order was given. */
static int join(const struct cnn_inputs *in, struct cnn_strings *all)
{
    int rc = 0, pinned = 0;
    for (size_t i = 0; i < in->count; i++) {
        const struct cnn_strings *own = cnn_dataset_classes(in->ds[i]);
        pinned |= cnn_dataset_classes_pinned(in->ds[i]);
        for (size_t c = 0; !rc && c < own->count; c++)
            if (i == 0 || cnn_strings_find(all, own->item[c]) < 0)
                rc = cnn_strings_add(all, own->item[c]);
    }
    if (!pinned && in->count > 1)
        cnn_strings_sort(all);
    return rc;
}

int cnn_features_classes(const struct cnn_inputs *in, struct cnn_strings *all, int32_t ***map)
{
    int rc = join(in, all);
    *map = cnn_calloc(in->count, sizeof **map);
    if (rc || !*map)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < in->count; i++) {
        const struct cnn_strings *own = cnn_dataset_classes(in->ds[i]);
        int32_t *to = (*map)[i] = cnn_calloc(own->count + 1, sizeof *to);
        if (!to)
            return CNN_ESYSTEM;
        for (size_t c = 0; c < own->count; c++)
            to[c] = in->count == 1 ? (int32_t)c : (int32_t)cnn_strings_find(all, own->item[c]);
    }
    return 0;
}
