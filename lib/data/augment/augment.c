/* Samples through the chain of augmentations; see augment.h. */
#include "data/augment/augment.h"

void cnn_augment_scratch_free(struct cnn_augment_scratch *s)
{
    cnn_image_free(&s->image);
    cnn_image_free(&s->labels);
}

static void swap_images(struct cnn_image *a, struct cnn_image *b)
{
    struct cnn_image swap = *a;
    *a = *b;
    *b = swap;
}

/* Do the resampling that has gathered in *view, and begin a new one. */
static int resample(const struct cnn_augment_work *work, struct cnn_view *view)
{
    struct cnn_image *im = work->image;
    if (!cnn_view_is_whole(view, im->h, im->w)) {
        int rc = cnn_image_warp(&work->scratch->image, im, view, work->fill);
        if (!rc && work->labels)
            rc = cnn_labels_warp(&work->scratch->labels, work->labels, view, work->fill);
        if (rc)
            return rc;
        swap_images(im, &work->scratch->image);
        if (work->labels)
            swap_images(work->labels, &work->scratch->labels);
    }
    *view = cnn_view_whole(im->h, im->w);
    return 0;
}

/* Another step of a geometric augmentation behind those before. */
static int look(const struct cnn_augment_step *s, struct cnn_random *r, struct cnn_view *view)
{
    struct cnn_view next = cnn_view_whole(view->h, view->w);
    int rc = s->type->view(s->options, r, &next);
    if (!rc)
        cnn_view_then(view, &next);
    return rc;
}

static int augment_with(const struct cnn_augment_step *s, const struct cnn_augment_work *work,
                        struct cnn_view *view)
{
    if (s->type->view)
        return look(s, work->random, view);
    int rc = resample(work, view);
    if (rc || (rc = s->type->apply(s->options, work)))
        return rc;
    *view = cnn_view_whole(work->image->h, work->image->w);
    return 0;
}

static int check_sample(const struct cnn_image *im, const struct cnn_image *labels)
{
    if (!im->maxval)
        return cnn_fail(CNN_EDATA, "numbers that are no image cannot be augmented");
    if (labels && (labels->h != im->h || labels->w != im->w))
        return cnn_fail(CNN_EDATA, "an image of %zux%zu with labels of %zux%zu", im->h, im->w,
                        labels->h, labels->w);
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
    while (!rc && (s = cnn_augmenter_next(a, s))) {
        if (!s->type->view)
            continue;
        struct cnn_random r = draws_of(s, seed, epoch, copy, key);
        rc = look(s, &r, view);
    }
    return rc;
}

int cnn_augment_geometry(const struct cnn_augmenter *a, uint64_t seed, uint64_t epoch,
                         uint64_t copy, const char *key, const struct cnn_image *src,
                         struct cnn_image *dst)
{
    struct cnn_view view = cnn_view_whole(src->h, src->w);
    int rc = cnn_augment_view(a, seed, epoch, copy, key, &view);
    if (rc || cnn_view_is_whole(&view, src->h, src->w))
        return rc ? rc : cnn_image_copy(dst, src);
    return cnn_image_warp(dst, src, &view, cnn_augmenter_fill(a));
}

int cnn_augment(const struct cnn_augmenter *a, uint64_t seed, uint64_t epoch, uint64_t copy,
                struct cnn_augment_scratch *scratch, struct cnn_sample *s)
{
    if (!cnn_augmenter_active(a))
        return 0;
    struct cnn_image *labels = s->target.kind == CNN_TARGET_LABELS ? &s->target.values : NULL;
    int rc = check_sample(&s->image, labels);
    if (rc)
        return rc;
    struct cnn_random r;
    struct cnn_augment_work work = {&r, &s->image, labels, scratch, cnn_augmenter_fill(a)};
    const struct cnn_augment_step *step = NULL;
    struct cnn_view view = cnn_view_whole(s->image.h, s->image.w);
    while (!rc && (step = cnn_augmenter_next(a, step))) {
        r = draws_of(step, seed, epoch, copy, s->key);
        rc = augment_with(step, &work, &view);
    }
    return rc ? rc : resample(&work, &view);
}
