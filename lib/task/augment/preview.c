/* What a preview shows: the first samples of each class, as small images. The plan bounds the
 * picture: fewer samples and copies of each where there are many classes. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "task/augment/private.h"

enum { CLASSES = 100, ROWS = 8, TILES = 300, UNKNOWN = PREVIEW_ROWS };

static size_t at_least_one(size_t n)
{
    return n ? n : 1;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Which class of the picture, shown ones first, then that of samples without one; `groups`: none.
 */
static size_t group_of(const struct preview *p, int32_t label)
{
    return label < 0 ? p->groups - 1 : (size_t)label < p->groups - 1 ? (size_t)label : p->groups;
}

/* What each class has, where that is known before samples are read. */
static void count_records(struct preview *p, const struct cnn_dataset *ds)
{
    size_t n = cnn_dataset_count(ds);
    for (size_t i = 0; n != SIZE_MAX && i < n; i++) {
        size_t g = group_of(p, cnn_dataset_record(ds, i)->label);
        if (g < p->groups)
            p->group[g].total++;
    }
    p->counted = n != SIZE_MAX;
}

/* Without augmentation, copies and `keep` there is nothing but the originals to be seen. */
static size_t copies_of(const struct cnn_augment_options *o, const struct cnn_augmenter *augmenter)
{
    int unchanged = !cnn_augmenter_active(augmenter) && o->copies == 1 && !o->keep;
    return unchanged ? 0 : (size_t)o->copies;
}

int cnn_preview_plan(struct preview *p, const struct cnn_dataset *ds,
                     const struct cnn_augment_options *o, const struct cnn_augmenter *augmenter)
{
    size_t copies = copies_of(o, augmenter);
    size_t classes = cnn_dataset_classes(ds)->count;
    int unknown = !classes && cnn_dataset_count(ds) == SIZE_MAX;
    size_t shown = unknown ? UNKNOWN : smaller(classes, CLASSES);
    size_t rows = unknown ? 2 * UNKNOWN : ROWS;
    size_t most = smaller(copies, TILES / at_least_one(shown) - 1);
    p->classes = classes;
    p->copies = copies;
    p->tiles = 1 + smaller(most, PREVIEW_TILES - 1);
    p->row = PREVIEW_WIDTH / p->tiles;
    p->each = shown > PREVIEW_ROWS ? 1 : p->row * at_least_one(rows / at_least_one(shown));
    p->groups = shown + 1;
    p->group = cnn_calloc(p->groups, sizeof *p->group);
    for (size_t g = 0; g < p->groups && p->group; g++) {
        p->group[g].unit = cnn_calloc(p->each, sizeof *p->group[g].unit);
        if (!p->group[g].unit)
            return CNN_ESYSTEM;
    }
    if (!p->group)
        return CNN_ESYSTEM;
    count_records(p, ds);
    return 0;
}

int cnn_preview_wants(const struct preview *p, int32_t label)
{
    size_t g = p->group ? group_of(p, label) : 0;
    return p->group && g < p->groups && atomic_load(&p->group[g].count) < p->each;
}

int cnn_preview_full(const struct preview *p)
{
    for (size_t g = 0; g < p->groups; g++) {
        size_t need = p->counted ? smaller(p->group[g].total, p->each) : p->each;
        if (atomic_load(&p->group[g].count) < need && (p->counted || g + 1 < p->groups))
            return 0;
    }
    return 1;
}

/* Small images are enlarged by whole factors, so that their pixels show; large ones are shrunk. */
int cnn_preview_tile(struct cnn_image *tile, const struct cnn_image *im)
{
    size_t side = im->h > im->w ? im->h : im->w;
    if (side > PREVIEW_CELL) {
        size_t h = im->h * PREVIEW_CELL / side, w = im->w * PREVIEW_CELL / side;
        return cnn_image_resize(tile, im, at_least_one(h), at_least_one(w));
    }
    size_t times = PREVIEW_CELL / side;
    double step = 1 / (double)times, first = 0.5 * step - 0.5;
    struct cnn_view view = {im->h * times, im->w * times, {step, 0, first, 0, step, first}};
    return cnn_labels_warp(tile, im, &view, CNN_FILL_EDGE);
}

void cnn_preview_seen(struct preview *p, int32_t label)
{
    size_t g = group_of(p, label);
    if (label >= 0 && (size_t)label >= p->classes)
        p->classes = (size_t)label + 1;
    if (!p->counted && g < p->groups)
        p->group[g].total++;
}

int cnn_preview_add(struct preview *p, int32_t label, const char *key, struct cnn_image *tile)
{
    if (!cnn_preview_wants(p, label))
        return 0;
    struct preview_group *g = &p->group[group_of(p, label)];
    struct preview_unit *u = &g->unit[atomic_load(&g->count)];
    if (!(u->key = cnn_strdup(key)))
        return CNN_ESYSTEM;
    for (size_t i = 0; i < p->tiles; i++) {
        u->tile[i] = tile[i];
        tile[i] = (struct cnn_image){0};
    }
    atomic_fetch_add(&g->count, 1);
    return 0;
}

void cnn_preview_free(struct preview *p)
{
    for (size_t g = 0; g < p->groups && p->group; g++) {
        for (size_t i = 0; i < p->each && p->group[g].unit; i++) {
            free(p->group[g].unit[i].key);
            for (size_t k = 0; k < PREVIEW_TILES; k++)
                cnn_image_free(&p->group[g].unit[i].tile[k]);
        }
        free(p->group[g].unit);
    }
    free(p->group);
}
