/* Samples through the chain of augmentations; see augment.h. */
#include "data/augment/augment.h"

int cnn_augmenter_active(const struct cnn_augmenter *a)
{
    return cnn_augmenter_next(a, NULL) != NULL;
}

/* Of those that mix samples, or of the others. */
static const struct cnn_augment_step *next_of(const struct cnn_augmenter *a,
                                              const struct cnn_augment_step *s, int mixing)
{
    while ((s = cnn_augmenter_next(a, s)) && (s->type->mix != NULL) != mixing)
        continue;
    return s;
}

const struct cnn_augment_step *cnn_augmenter_next_mixing(const struct cnn_augmenter *a,
                                                         const struct cnn_augment_step *before)
{
    return next_of(a, before, 1);
}

const struct cnn_augment_step *cnn_augmenter_next_alone(const struct cnn_augmenter *a,
                                                        const struct cnn_augment_step *before)
{
    return next_of(a, before, 0);
}

int cnn_augmenter_counts_pixels(const struct cnn_augmenter *a)
{
    const struct cnn_augment_step *s = NULL;
    while ((s = cnn_augmenter_next(a, s)))
        if (s->type->by_pixels)
            return 1;
    return 0;
}

int cnn_augmenter_is_geometric(const struct cnn_augmenter *a)
{
    const struct cnn_augment_step *s = NULL;
    while ((s = cnn_augmenter_next_alone(a, s)))
        if (!s->type->view && !s->type->field)
            return 0;
    return 1;
}

int cnn_augmenter_is_affine(const struct cnn_augmenter *a)
{
    const struct cnn_augment_step *s = NULL;
    while ((s = cnn_augmenter_next_alone(a, s)))
        if (!s->type->view)
            return 0;
    return 1;
}

void cnn_augment_scratch_free(struct cnn_augment_scratch *s)
{
    cnn_image_free(&s->image);
    cnn_image_free(&s->moved);
    cnn_displacements_free(&s->field);
}

static void swap_images(struct cnn_image *a, struct cnn_image *b)
{
    struct cnn_image swap = *a;
    *a = *b;
    *b = swap;
}

/* What is to be resampled: a view, and displacements before it (bent: those of the scratch). */
struct pending {
    struct cnn_view view;
    int bent;
};

/* A field that lies in the image's plane. */
static int move_field(struct cnn_field *f, const struct cnn_view *view,
                      const struct cnn_displacements *field, enum cnn_fill fill)
{
    int rc = 0;
    switch (f->kind) {
    case CNN_FIELD_LABELS:
        rc = cnn_labels_bend(&f->moved, &f->values, view, field, fill);
        break;
    case CNN_FIELD_IMAGE:
        rc = cnn_image_bend(&f->moved, &f->values, view, field, fill);
        break;
    case CNN_FIELD_BOXES:
        if (field)
            return cnn_fail(CNN_EDATA, "'%s': boxes follow no displacements of pixels", f->name);
        cnn_boxes_move(&f->values, view);
        return 0;
    case CNN_FIELD_POINTS:
        cnn_points_move(&f->values, view, field);
        return 0;
    case CNN_FIELD_CLASS:
    case CNN_FIELD_NUMBERS:
    case CNN_FIELD_TEXT:
    case CNN_FIELD_INPUT:
    case CNN_FIELD_KIND_COUNT:
        return 0;
    }
    if (!rc)
        swap_images(&f->values, &f->moved);
    return rc;
}

/* Do the resampling that has gathered, and begin a new one. */
static int resample(const struct cnn_augment_work *work, struct pending *p)
{
    struct cnn_image *im = work->image;
    struct cnn_augment_scratch *s = work->scratch;
    const struct cnn_displacements *field = p->bent ? &s->field : NULL;
    if (field || !cnn_view_is_whole(&p->view, im->h, im->w)) {
        int rc = cnn_image_bend(&s->image, im, &p->view, field, work->fill);
        for (size_t i = 0; !rc && i < work->fields; i++)
            rc = move_field(&work->field[i], &p->view, field, work->fill);
        if (rc)
            return rc;
        swap_images(im, &s->image);
    }
    *p = (struct pending){.view = cnn_view_whole(im->h, im->w)};
    return 0;
}

/* Another step of an affine augmentation behind those before. */
static int look(const struct cnn_augment_step *s, struct cnn_random *r, struct cnn_view *view)
{
    struct cnn_view next = cnn_view_whole(view->h, view->w);
    int rc = s->type->view(s->options, r, &next);
    if (!rc)
        cnn_view_then(view, &next);
    return rc;
}

/* Nothing is composed behind displacements. */
static int augment_with(const struct cnn_augment_step *s, const struct cnn_augment_work *work,
                        struct pending *p)
{
    struct cnn_displacements *field = &work->scratch->field;
    int moves = s->type->view || s->type->field;
    int rc = moves && !p->bent ? 0 : resample(work, p);
    if (rc || s->type->view)
        return rc ? rc : look(s, work->random, &p->view);
    if (!s->type->field)
        return s->type->apply(s->options, work);
    p->bent = 1;
    rc = cnn_displacements_reshape(field, p->view.h, p->view.w);
    return rc ? rc : s->type->field(s->options, work->random, field);
}

static int check_sample(const struct cnn_sample *s)
{
    const struct cnn_image *im = &s->image;
    if (!im->maxval)
        return cnn_fail(CNN_EDATA, "numbers that are no image cannot be augmented");
    for (size_t i = 0; i < s->fields; i++) {
        const struct cnn_field *f = &s->field[i];
        int pixels = f->kind == CNN_FIELD_LABELS || f->kind == CNN_FIELD_IMAGE;
        if (pixels && (f->values.h != im->h || f->values.w != im->w))
            return cnn_fail(CNN_EDATA, "an image of %zux%zu with '%s' of %zux%zu", im->h, im->w,
                            f->name, f->values.h, f->values.w);
    }
    return 0;
}

/* The random numbers of a step for a sample. */
static struct cnn_random draws_of(const struct cnn_augment_step *s, uint64_t seed, uint64_t epoch,
                                  uint64_t copy, const char *key)
{
    struct cnn_random r;
    uint64_t stream = cnn_hash_string(key, cnn_hash_u64(copy, cnn_hash_u64(epoch, 0)));
    stream = cnn_hash_string(s->type->name, stream);
    cnn_random_start(&r, seed, s->nth ? cnn_hash_u64(s->nth, stream) : stream);
    return r;
}

int cnn_augment_view(const struct cnn_augmenter *a, uint64_t seed, uint64_t epoch, uint64_t copy,
                     const char *key, struct cnn_view *view)
{
    const struct cnn_augment_step *s = NULL;
    int rc = 0;
    while (!rc && (s = cnn_augmenter_next_alone(a, s))) {
        if (!s->type->view)
            continue;
        struct cnn_random r = draws_of(s, seed, epoch, copy, key);
        rc = look(s, &r, view);
    }
    return rc;
}

struct cnn_mix cnn_augment_mix(const struct cnn_augment_step *s, uint64_t seed, uint64_t epoch,
                               const char *key, size_t own, size_t h, size_t w)
{
    struct cnn_mix mix = cnn_mix_whole(s->type->group, own, h, w);
    struct cnn_random r = draws_of(s, seed, epoch, 0, key);
    s->type->mix(s->options, &r, &mix);
    return mix;
}

/* All steps that mix nothing, or those that are geometric, over what work has. */
static int run(const struct cnn_augmenter *a, int geometric, uint64_t seed, uint64_t epoch,
               uint64_t copy, const char *key, struct cnn_augment_work work)
{
    const struct cnn_augment_step *s = NULL;
    struct pending p = {.view = cnn_view_whole(work.image->h, work.image->w)};
    int rc = 0;
    while (!rc && (s = cnn_augmenter_next_alone(a, s))) {
        struct cnn_random r = draws_of(s, seed, epoch, copy, key);
        if (geometric && s->type->apply)
            continue;
        work.random = &r;
        rc = augment_with(s, &work, &p);
        if (s->type->apply)
            p.view = cnn_view_whole(work.image->h, work.image->w);
    }
    return rc ? rc : resample(&work, &p);
}

int cnn_augment_geometry(const struct cnn_augmenter *a, uint64_t seed, uint64_t epoch,
                         uint64_t copy, const char *key, const struct cnn_image *src,
                         struct cnn_augment_scratch *scratch)
{
    struct cnn_augment_work work = {
        .image = &scratch->moved, .scratch = scratch, .fill = cnn_augmenter_fill(a)};
    int rc = cnn_image_copy(&scratch->moved, src);
    return rc ? rc : run(a, 1, seed, epoch, copy, key, work);
}

int cnn_augment(const struct cnn_augmenter *a, uint64_t seed, uint64_t epoch, uint64_t copy,
                struct cnn_augment_scratch *scratch, struct cnn_sample *s)
{
    if (!cnn_augmenter_next_alone(a, NULL))
        return 0;
    struct cnn_augment_work work = {.image = &s->image,
                                    .fields = s->fields,
                                    .field = s->field,
                                    .scratch = scratch,
                                    .fill = cnn_augmenter_fill(a)};
    int rc = check_sample(s);
    return rc ? rc : run(a, 0, seed, epoch, copy, s->key, work);
}
