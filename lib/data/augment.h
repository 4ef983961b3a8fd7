/* Augmentations: each is one file lib/data/augment_NAME.c and a line in
 * augmentations.def. Geometric ones give an affine map, and those that follow one another
 * are composed into a single resampling; the others change pixels in place.
 *
 * What is drawn depends on (seed, epoch, copy, sample key, augmentation) alone. */
#ifndef CNN_DATA_AUGMENT_H
#define CNN_DATA_AUGMENT_H

#include "base/option.h"
#include "base/random.h"
#include "data/sample.h"

/* Output pixel (x, y) takes its value from input point (a x + b y + c, d x + e y + f); pixel centres
 * are at whole numbers. */
struct cnn_affine {
    double a, b, c, d, e, f;
};
/* first then second, as one map of output to input points. */
struct cnn_affine cnn_affine_compose(const struct cnn_affine *first,
                                     const struct cnn_affine *second);

struct cnn_augment_type {
    const char *name;
    const char *summary;
    const struct cnn_option *options; /* in programs: --NAME VALUE, and --NAME-... for further ones */
    size_t options_size;
    /* Whether these options change anything. */
    int (*active)(const void *options);
    /* Geometric: multiply the map for an image of h x w. NULL: not geometric. */
    void (*affine)(const void *options, struct cnn_random *r, size_t h, size_t w,
                   struct cnn_affine *map);
    /* Otherwise: change the image (and may reshape it); label images follow where geometry is touched. */
    int (*apply)(const void *options, struct cnn_random *r, struct cnn_image *im,
                 struct cnn_image *labels);
};

const struct cnn_augment_type *cnn_augment_type_at(size_t i); /* NULL past the end */

/* The augmentations with their options, in the order of augmentations.def. */
struct cnn_augmenter;
struct cnn_augmenter *cnn_augmenter_new(void); /* nothing active; NULL with an error set */
void cnn_augmenter_free(struct cnn_augmenter *a);
/* Set one option by its name as a program spells it without the dashes ("rotate", "rotate-fill"). CNN_EUSAGE. */
int cnn_augmenter_set(struct cnn_augmenter *a, const char *name, const char *value);
/* Every option of every augmentation, for programs' tables of options and manuals; NULL past the end. */
const struct cnn_option *cnn_augment_option_at(size_t i);
int cnn_augmenter_active(const struct cnn_augmenter *a);
/* "--rotate 10 --translate 0.08": the options that differ from their defaults, for the history. */
void cnn_augmenter_print(const struct cnn_augmenter *a, struct cnn_buf *out);

/* Scratch memory of one thread. */
struct cnn_augment_scratch {
    struct cnn_image image, labels;
};
void cnn_augment_scratch_free(struct cnn_augment_scratch *s);

/* Augment one sample in place. Numbers that are no image are CNN_EDATA when anything is active. */
int cnn_augment(const struct cnn_augmenter *a, uint64_t seed, uint64_t epoch, uint64_t copy,
                struct cnn_augment_scratch *scratch, struct cnn_sample *s);

#endif
