/* Blocks into one slab: largest first, each at the lowest offset where it meets no placed block
 * that is alive at the same time. */
#include <stdint.h>
#include <stdlib.h>

#include "net/plan_private.h"

struct by_size {
    size_t size;
    int index;
};

static int larger_first(const void *a, const void *b)
{
    const struct by_size *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return x->index - y->index;
}

static int meet(const struct cnn_plan_block *a, const struct cnn_plan_block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Place block i among `placed` (sorted by offset, count of them); returns where in that list it
 * belongs. */
static int place(struct cnn_plan *p, int i, const int *placed, int count)
{
    struct cnn_plan_block *b = &p->block[i];
    size_t at = 0;
    for (int k = 0; k < count; k++) {
        const struct cnn_plan_block *other = &p->block[placed[k]];
        if (!meet(b, other))
            continue;
        if (other->offset >= at && other->offset - at >= b->size)
            break;
        if (other->offset + other->size > at)
            at = other->offset + other->size;
    }
    b->offset = at;
    int where = 0;
    while (where < count && p->block[placed[where]].offset <= at)
        where++;
    return where;
}

int cnn_plan_pack(struct cnn_plan *p)
{
    size_t total = 0;
    for (int i = 0; i < p->blocks; i++)
        if (cnn_add_overflows(total, p->block[i].size, &total) || total > SIZE_MAX / 2)
            return cnn_fail(CNN_EDATA,
                            "the net needs more memory than there are addresses at "
                            "batch %zu",
                            p->batch);
    p->unshared_bytes = total;
    struct by_size *order = cnn_calloc((size_t)p->blocks, sizeof *order);
    int *placed = cnn_calloc((size_t)p->blocks, sizeof *placed);
    if (!order || !placed) {
        free(order);
        free(placed);
        return CNN_ESYSTEM;
    }
    for (int i = 0; i < p->blocks; i++)
        order[i] = (struct by_size){p->block[i].size, i};
    qsort(order, (size_t)p->blocks, sizeof *order, larger_first);
    for (int n = 0; n < p->blocks; n++) {
        int i = order[n].index, where = place(p, i, placed, n);
        for (int k = n; k > where; k--)
            placed[k] = placed[k - 1];
        placed[where] = i;
        if (p->block[i].offset + p->block[i].size > p->activation_bytes)
            p->activation_bytes = p->block[i].offset + p->block[i].size;
    }
    free(order);
    free(placed);
    return 0;
}
