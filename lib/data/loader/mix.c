/* The samples of a batch mixed with one another, in groups: their inputs, what is wished for of them,
 * and their weights. Of all that a group has of a thing a copy is made, from which each of its samples
 * takes. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/loader/private.h"

/* What a wish has in height and width, where parts of it can be pasted. */
static struct cnn_chw plane_of(const struct cnn_loader_options *o, const struct cnn_loader_wish *w)
{
    switch (w->w.kind) {
    case CNN_FIELD_NUMBERS:
    case CNN_FIELD_LABELS:
        return w->w.shape;
    case CNN_FIELD_IMAGE:
        return w->w.input->shape;
    case CNN_FIELD_INPUT:
        return o->input->shape;
    case CNN_FIELD_CLASS:
    case CNN_FIELD_BOXES:
    case CNN_FIELD_POINTS:
    case CNN_FIELD_TEXT:
    case CNN_FIELD_KIND_COUNT:
        break;
    }
    return (struct cnn_chw){w->w.shares, 1, 1};
}

static int can_mix(const struct cnn_loader_wish *w, enum cnn_mix_way way)
{
    switch (w->w.kind) {
    case CNN_FIELD_CLASS:
        return w->rows == 1 && w->w.shares;
    case CNN_FIELD_NUMBERS:
        return w->rows == 1;
    case CNN_FIELD_LABELS:
        return w->rows == 1 && way != CNN_MIX_BLENDS;
    case CNN_FIELD_BOXES:
    case CNN_FIELD_POINTS:
        return w->counted && way != CNN_MIX_PASTES;
    case CNN_FIELD_IMAGE:
    case CNN_FIELD_INPUT:
        return w->rows == 1;
    case CNN_FIELD_TEXT:
    case CNN_FIELD_KIND_COUNT:
        break;
    }
    return 0;
}

int cnn_loader_mixing_check(const struct cnn_loader *l)
{
    const struct cnn_augment_step *s = NULL;
    struct cnn_chw in = l->options.input->shape;
    while ((s = cnn_augmenter_next_mixing(l->options.augmenter, s))) {
        const char *option = s->type->options->name;
        if (l->options.batch < s->type->group)
            return cnn_fail(CNN_EUSAGE,
                            "--%s has no effect: it mixes %zu samples of a batch of %zu", option,
                            s->type->group, l->options.batch);
        if (l->rows > 1)
            return cnn_fail(CNN_EUSAGE, "--%s cannot mix samples of several rows", option);
        if (s->type->way != CNN_MIX_BLENDS && in.h * in.w == 1)
            return cnn_fail(CNN_EUSAGE, "--%s mixes images: the net takes vectors", option);
        for (size_t i = 0; i < l->wishes; i++)
            if (!can_mix(&l->wish[i], s->type->way))
                return cnn_fail(CNN_EUSAGE, "--%s cannot mix the field '%s' (%s)", option,
                                l->wish[i].name, cnn_field_kind_info[l->wish[i].w.kind].word);
    }
    return 0;
}

int cnn_loader_mixing_takes(const struct cnn_loader *l, const struct cnn_loader_wish *w,
                            enum cnn_field_kind kind)
{
    const struct cnn_augment_step *s = NULL;
    while ((s = cnn_augmenter_next_mixing(l->options.augmenter, s)))
        if (s->type->way == CNN_MIX_TILES && kind == CNN_FIELD_POINTS &&
            w->w.kind == CNN_FIELD_NUMBERS)
            return cnn_fail(CNN_EDATA, "--%s cannot mix points as numbers: '%s'",
                            s->type->options->name, w->name);
    return 0;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static int is_list(const struct cnn_loader_wish *w)
{
    return w->w.kind == CNN_FIELD_BOXES || w->w.kind == CNN_FIELD_POINTS;
}

/* The most samples of a group; whether images are shown in another size. */
static size_t largest_group(const struct cnn_loader_options *o, int *resizes)
{
    const struct cnn_augment_step *s = NULL;
    size_t most = 0;
    *resizes = 0;
    while ((s = cnn_augmenter_next_mixing(o->augmenter, s))) {
        most = larger(most, s->type->group);
        *resizes |= s->type->way == CNN_MIX_TILES;
    }
    return most;
}

void cnn_loader_mixing_room(const struct cnn_loader_options *o, const struct cnn_loader_wish *w,
                            struct cnn_loader_room *room)
{
    struct cnn_chw s = w ? plane_of(o, w) : o->input->shape;
    int list = w && is_list(w), resizes;
    size_t group = largest_group(o, &resizes);
    room->kept = larger(room->kept, group * (list ? w->rows * w->elements : cnn_chw_count(s)));
    if (resizes && !list && s.h * s.w > 1)
        room->shown = larger(room->shown, cnn_image_resize_room(s.c, s.h, s.w));
}

int cnn_loader_mixing_new(struct cnn_loader *l)
{
    struct cnn_loader_room room = {0};
    cnn_loader_mixing_room(&l->options, NULL, &room);
    for (size_t i = 0; i < l->wishes; i++)
        cnn_loader_mixing_room(&l->options, &l->wish[i], &room);
    l->mixed.kept = cnn_calloc(room.kept, sizeof(float));
    return l->mixed.kept && !cnn_image_reserve(&l->mixed.shown, room.shown) ? 0 : CNN_ESYSTEM;
}

void cnn_loader_mixing_free(struct cnn_loader *l)
{
    free(l->mixed.kept);
    cnn_image_free(&l->mixed.shown);
}

int cnn_loader_shares_new(const struct cnn_loader *l, size_t n, float ***out)
{
    *out = cnn_calloc(l->wishes, sizeof **out);
    for (size_t i = 0; *out && i < l->wishes; i++) {
        size_t each = l->wish[i].w.kind == CNN_FIELD_CLASS ? l->wish[i].w.shares : 0;
        if (each && !((*out)[i] = cnn_calloc(n, each * sizeof ***out)))
            return CNN_ESYSTEM;
    }
    return *out ? 0 : CNN_ESYSTEM;
}

void cnn_loader_shares_free(const struct cnn_loader *l, float **share)
{
    for (size_t i = 0; share && i < l->wishes; i++)
        free(share[i]);
    free(share);
}

/* Labels to shares, and back. */
static void spread(const struct cnn_wish *w, const int32_t *label, size_t n, float *share)
{
    for (size_t i = 0; i < n * w->shares; i++) {
        int32_t class = w->shares == 1 ? w->single : (int32_t)(i % w->shares);
        share[i] = label[i / w->shares] == class;
    }
}

static int32_t largest(const struct cnn_wish *w, const float *share)
{
    size_t best = 0;
    if (w->shares == 1)
        return *share >= 0.5f ? w->single : !w->single;
    for (size_t c = 1; c < w->shares; c++)
        if (share[c] > share[best])
            best = c;
    return (int32_t)best;
}

static void settle(const struct cnn_wish *w, const float *share, size_t n, int32_t *label)
{
    for (size_t i = 0; i < n; i++)
        if (label[i] >= 0)
            label[i] = largest(w, share + i * w->shares);
}

/* Samples of a batch, and what becomes of each. */
struct group {
    size_t n;
    size_t at[CNN_MIX_MOST];
    struct cnn_mix mix[CNN_MIX_MOST];
};

/* The group's copies of what the batch has at `base`, so many bytes for each sample. */
static void *keep(const struct cnn_loader *l, const struct group *g, const void *base, size_t bytes)
{
    for (size_t k = 0; k < g->n; k++)
        memcpy((char *)l->mixed.kept + k * bytes, (const char *)base + g->at[k] * bytes, bytes);
    return l->mixed.kept;
}

static int mix_planes(struct cnn_loader *l, const struct group *g, struct cnn_chw s, float *x)
{
    size_t each = cnn_chw_count(s);
    float *was = keep(l, g, x, each * sizeof *x);
    int rc = 0;
    for (size_t k = 0; !rc && k < g->n; k++) {
        struct cnn_mix m = cnn_mix_scaled(&g->mix[k], s.h, s.w);
        rc = cnn_mix_planes(&m, s.c, was, x + g->at[k] * each, &l->mixed.shown);
    }
    return rc;
}

static void mix_labels(const struct cnn_loader *l, const struct group *g, struct cnn_chw s,
                       int32_t *label)
{
    size_t each = s.h * s.w;
    const int32_t *was = keep(l, g, label, each * sizeof *label);
    for (size_t k = 0; k < g->n; k++) {
        struct cnn_mix m = cnn_mix_scaled(&g->mix[k], s.h, s.w);
        cnn_mix_labels(&m, was, label + g->at[k] * each);
    }
}

static void mix_numbers(const struct cnn_loader *l, const struct group *g, size_t n, float *x)
{
    const float *was = keep(l, g, x, n * sizeof *x);
    for (size_t k = 0; k < g->n; k++)
        cnn_mix_numbers(&g->mix[k], n, was, x + g->at[k] * n);
}

static int mix_lists(const struct cnn_loader *l, const struct group *g,
                     const struct cnn_loader_wish *w, struct cnn_loader_field *f)
{
    size_t count[CNN_MIX_MOST], each = w->rows * w->elements;
    const float *was = keep(l, g, f->numbers, each * sizeof *was);
    for (size_t k = 0; k < g->n; k++)
        count[k] = (size_t)f->rows[g->at[k]];
    for (size_t k = 0; k < g->n; k++) {
        float *to = f->numbers + g->at[k] * each;
        size_t rows = w->w.kind == CNN_FIELD_BOXES
                          ? cnn_mix_boxes(&g->mix[k], w->rows, w->elements, count, was, to)
                          : cnn_mix_points(&g->mix[k], w->rows, w->elements, count, was, to);
        if (rows > w->rows)
            return cnn_fail(CNN_EDATA, "%s: mixed samples have %zu of '%s' where %zu are the most",
                            cnn_dataset_path(l->ds), rows, w->name, w->rows);
        f->rows[g->at[k]] = (int32_t)rows;
    }
    return 0;
}

static int mix_field(struct cnn_loader *l, struct cnn_loader_buffers *b, size_t i,
                     const struct group *g)
{
    const struct cnn_loader_wish *w = &l->wish[i];
    struct cnn_loader_field *f = &b->field[i];
    struct cnn_chw s = plane_of(&l->options, w);
    int rc = 0;
    if (is_list(w))
        rc = mix_lists(l, g, w, f);
    else if (w->w.kind == CNN_FIELD_LABELS)
        mix_labels(l, g, s, f->label);
    else if (w->w.kind == CNN_FIELD_CLASS)
        mix_numbers(l, g, s.c, b->share[i]);
    else if (!w->is_x && s.h * s.w > 1)
        rc = mix_planes(l, g, s, f->numbers);
    else if (!w->is_x)
        mix_numbers(l, g, s.c, f->numbers);
    return rc;
}

/* Whether sample i has all that is to be mixed. */
static int is_whole(const struct cnn_loader *l, const struct cnn_loader_buffers *b, size_t i)
{
    for (size_t k = 0; k < l->wishes; k++) {
        const struct cnn_loader_field *f = &b->field[k];
        if (l->wish[k].w.kind == CNN_FIELD_CLASS && f->label[i] < 0)
            return 0;
        if (!is_list(&l->wish[k]) && f->rows && !f->rows[i])
            return 0;
    }
    return 1;
}

/* The i-th group of a batch of n. Pairs are the first sample with the last and so on; larger groups
 * have a sample of each stretch of the batch, and few of them a pair, so that pairs of what they made are
 * of other samples. 0: it stays as it is. */
static int find_group(const struct cnn_loader *l, const struct cnn_loader_buffers *b,
                      const struct cnn_augment_step *s, size_t n, size_t i, struct group *g)
{
    struct cnn_chw in = l->options.input->shape;
    int mixed = 0;
    g->n = s->type->group;
    for (size_t k = 0; k < g->n; k++) {
        size_t at = g->at[k] = g->n == 2 && k ? n - 1 - i : k * (n / g->n) + i;
        if (!is_whole(l, b, at))
            return 0;
        g->mix[k] = cnn_augment_mix(s, l->options.seed, l->epoch, b->key[at], k, in.h, in.w);
        mixed |= cnn_mix_is_mixed(&g->mix[k]);
    }
    return mixed;
}

static int mix_group(struct cnn_loader *l, struct cnn_loader_buffers *b, const struct group *g)
{
    int rc = mix_planes(l, g, l->options.input->shape, b->x);
    mix_numbers(l, g, 1, b->weight);
    for (size_t i = 0; !rc && i < l->wishes; i++)
        rc = mix_field(l, b, i, g);
    return rc;
}

int cnn_loader_mix(struct cnn_loader *l, struct cnn_loader_buffers *b, size_t n)
{
    const struct cnn_augment_step *s = NULL;
    struct group g;
    int rc = 0;
    for (size_t i = 0; i < l->wishes; i++)
        if (b->share[i])
            spread(&l->wish[i].w, b->field[i].label, n, b->share[i]);
    while (!rc && (s = cnn_augmenter_next_mixing(l->options.augmenter, s)))
        for (size_t i = 0; !rc && i < n / s->type->group; i++)
            if (find_group(l, b, s, n, i, &g))
                rc = mix_group(l, b, &g);
    for (size_t i = 0; i < l->wishes; i++)
        if (b->share[i])
            settle(&l->wish[i].w, b->share[i], n, b->field[i].label);
    return rc;
}
