/* The samples of a batch mixed with one another, in pairs: their inputs, what is wished for of them,
 * and their weights. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/loader/private.h"

/* What a wish has in height and width, where parts of it can be pasted. */
static struct cnn_chw plane_of(const struct cnn_loader *l, const struct cnn_loader_wish *w)
{
    switch (w->w.kind) {
    case CNN_FIELD_NUMBERS:
    case CNN_FIELD_LABELS:
        return w->w.shape;
    case CNN_FIELD_IMAGE:
        return w->w.input->shape;
    case CNN_FIELD_INPUT:
        return l->options.input->shape;
    case CNN_FIELD_CLASS:
    case CNN_FIELD_BOXES:
    case CNN_FIELD_POINTS:
    case CNN_FIELD_TEXT:
    case CNN_FIELD_KIND_COUNT:
        break;
    }
    return (struct cnn_chw){w->w.shares, 1, 1};
}

static int can_mix(const struct cnn_loader_wish *w, int pastes)
{
    switch (w->w.kind) {
    case CNN_FIELD_CLASS:
        return w->rows == 1 && w->w.shares;
    case CNN_FIELD_NUMBERS:
        return w->rows == 1;
    case CNN_FIELD_LABELS:
        return w->rows == 1 && pastes;
    case CNN_FIELD_BOXES:
    case CNN_FIELD_POINTS:
        return w->counted && !pastes;
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
        if (l->rows > 1)
            return cnn_fail(CNN_EUSAGE, "--%s cannot mix samples of several rows", option);
        if (s->type->pastes && in.h * in.w == 1)
            return cnn_fail(CNN_EUSAGE, "--%s mixes images: the net takes vectors", option);
        for (size_t i = 0; i < l->wishes; i++)
            if (!can_mix(&l->wish[i], s->type->pastes))
                return cnn_fail(CNN_EUSAGE, "--%s cannot mix the field '%s' (%s)", option,
                                l->wish[i].name, cnn_field_kind_info[l->wish[i].w.kind].word);
    }
    return 0;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

int cnn_loader_mixing_new(struct cnn_loader *l)
{
    size_t width = l->options.input->shape.w;
    for (size_t i = 0; i < l->wishes; i++) {
        struct cnn_chw s = plane_of(l, &l->wish[i]);
        width = larger(width, s.h * s.w > 1 ? s.w : s.c);
    }
    l->row = cnn_calloc(width, sizeof *l->row);
    return l->row ? 0 : CNN_ESYSTEM;
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

/* Numbers without a place in the image, by the samples' shares. */
static void mix_flat(const struct cnn_loader *l, const struct cnn_mix mix[2], size_t n, float *a,
                     float *b)
{
    const struct cnn_mix flat[2] = {cnn_mix_whole(1, n, cnn_mix_share(&mix[0])),
                                    cnn_mix_whole(1, n, cnn_mix_share(&mix[1]))};
    cnn_mix_planes(flat, 1, a, b, l->row);
}

static int is_list(const struct cnn_loader_wish *w)
{
    return w->w.kind == CNN_FIELD_BOXES || w->w.kind == CNN_FIELD_POINTS;
}

/* Each sample's rows behind the other's. */
static int join(const struct cnn_loader *l, const struct cnn_loader_wish *w,
                struct cnn_loader_field *f, const size_t at[2])
{
    size_t each = w->rows * w->elements;
    float *to[2] = {f->numbers + at[0] * each, f->numbers + at[1] * each};
    size_t rows[2] = {(size_t)f->rows[at[0]], (size_t)f->rows[at[1]]};
    if (rows[0] + rows[1] > w->rows)
        return cnn_fail(CNN_EDATA, "%s: mixed samples have %zu of '%s' where %zu are the most",
                        cnn_dataset_path(l->ds), rows[0] + rows[1], w->name, w->rows);
    for (int k = 0; k < 2; k++) {
        memcpy(to[k] + rows[k] * w->elements, to[!k], rows[!k] * w->elements * sizeof **to);
        f->rows[at[k]] = (int32_t)(rows[0] + rows[1]);
    }
    return 0;
}

static int mix_field(const struct cnn_loader *l, struct cnn_loader_buffers *b, size_t i,
                     const struct cnn_mix mix[2], const size_t at[2])
{
    const struct cnn_loader_wish *w = &l->wish[i];
    struct cnn_chw s = plane_of(l, w);
    size_t each = cnn_chw_count(s);
    const struct cnn_mix own[2] = {cnn_mix_scaled(&mix[0], s.h, s.w),
                                   cnn_mix_scaled(&mix[1], s.h, s.w)};
    float *x = w->w.kind == CNN_FIELD_CLASS ? b->share[i] : b->field[i].numbers;
    if (is_list(w))
        return join(l, w, &b->field[i], at);
    if (w->w.kind == CNN_FIELD_LABELS)
        cnn_mix_labels(own, b->field[i].label + at[0] * each, b->field[i].label + at[1] * each);
    else if (!w->is_x && s.h * s.w > 1)
        cnn_mix_planes(own, s.c, x + at[0] * each, x + at[1] * each, l->row);
    else if (!w->is_x)
        mix_flat(l, mix, s.c, x + at[0] * each, x + at[1] * each);
    return 0;
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

static int mix_pair(const struct cnn_loader *l, struct cnn_loader_buffers *b,
                    const struct cnn_augment_step *s, const size_t at[2])
{
    const struct cnn_loader_options *o = &l->options;
    struct cnn_chw in = o->input->shape;
    struct cnn_mix mix[2];
    float *x[2], *weight[2];
    int rc = 0;
    for (int k = 0; k < 2; k++) {
        mix[k] = cnn_augment_mix(s, o->seed, l->epoch, b->key[at[k]], in.h, in.w);
        x[k] = b->x + at[k] * l->elements;
        weight[k] = b->weight + at[k];
    }
    cnn_mix_planes(mix, in.c, x[0], x[1], l->row);
    mix_flat(l, mix, 1, weight[0], weight[1]);
    for (size_t i = 0; !rc && i < l->wishes; i++)
        rc = mix_field(l, b, i, mix, at);
    return rc;
}

int cnn_loader_mix(const struct cnn_loader *l, struct cnn_loader_buffers *b, size_t n)
{
    const struct cnn_augment_step *s = NULL;
    int rc = 0;
    for (size_t i = 0; i < l->wishes; i++)
        if (b->share[i])
            spread(&l->wish[i].w, b->field[i].label, n, b->share[i]);
    while (!rc && (s = cnn_augmenter_next_mixing(l->options.augmenter, s)))
        for (size_t i = 0; !rc && i < n / 2; i++) {
            const size_t at[2] = {i, n - 1 - i};
            if (is_whole(l, b, at[0]) && is_whole(l, b, at[1]))
                rc = mix_pair(l, b, s, at);
        }
    for (size_t i = 0; i < l->wishes; i++)
        if (b->share[i])
            settle(&l->wish[i].w, b->share[i], n, b->field[i].label);
    return rc;
}
