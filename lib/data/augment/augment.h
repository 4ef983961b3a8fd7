/* Augmentations: each is one file lib/data/augment/NAME.c and a line in augmentations.def.
 * Geometric ones give an affine view of their input or a field of displacements, and those that
 * follow one another, up to a field, are composed into a single resampling; others change pixels in
 * place; and some mix samples of a batch with one another, in pairs or larger groups, when all else
 * is done and they have the net's size.
 *
 * What is drawn depends on (seed, epoch, copy, sample key, augmentation) alone: one augmentation
 * does the same to a sample whatever the others are and whoever its neighbours are. One that comes
 * again draws anew. */
#ifndef CNN_DATA_AUGMENT_AUGMENT_H
#define CNN_DATA_AUGMENT_AUGMENT_H

#include "base/error.h"
#include "base/option.h"
#include "base/random.h"
#include "data/sample.h"
#include "data/image/warp.h"

/* Memory that augmentation reuses from one sample to the next; one for each thread. Start from {0}.
 */
struct cnn_augment_scratch {
    struct cnn_image image, moved;
    struct cnn_displacements field;
};
void cnn_augment_scratch_free(struct cnn_augment_scratch *s);

/* What an augmentation of pixels works on. */
struct cnn_augment_work {
    struct cnn_random *random;
    struct cnn_image *image; /* values in 0..1, changed in place (and swapped with the scratch) */
    size_t fields;
    struct cnn_field *field; /* of which those in the image's plane follow the geometry */
    struct cnn_augment_scratch *scratch;
    enum cnn_fill fill;
};

/* Samples are mixed in groups; at most so many, of which one is shown in as many parts at most. */
enum { CNN_MIX_MOST = 4 };

/* Pixels from (top, left) to before (bottom, right), in which a sample of the group is seen: its
 * image as large as h x w, with its corner at (y, x), so that it covers them. */
struct cnn_mix_part {
    size_t of; /* which sample of the group */
    size_t top, bottom, left, right;
    ptrdiff_t y, x;
    size_t h, w;
    double keep; /* 0..1: pixels become keep * what is there + (1 - keep) * what this one has */
};

/* What sample `own` of a group becomes, an image of h x w: its parts, put down one after the other.
 * Those behind the first do not overlap; where the first is not, they leave nothing open. */
struct cnn_mix {
    size_t group, own;
    size_t h, w;
    size_t parts;
    struct cnn_mix_part part[CNN_MIX_MOST];
};

/* How an augmentation mixes, which says what can be mixed so.
 * BLENDS  whole images: lists of boxes and points are joined, labels of pixels cannot be blended
 * PASTES  parts cover what was there (keep is 0): label images, but no lists
 * TILES   parts lie side by side (keep is 0): label images, and of lists what each part has */
enum cnn_mix_way { CNN_MIX_BLENDS, CNN_MIX_PASTES, CNN_MIX_TILES };

struct cnn_augment_type {
    const char *name; /* names its random numbers, too: never change it */
    const char *summary;
    /* of programs and recipes; the first is the one without which the others have no effect */
    const struct cnn_option *options;
    size_t options_size;
    /* Whether these options can change anything. */
    int (*active)(const void *options);
    /* What a range cannot say; called after each option that is set. CNN_EUSAGE. NULL: nothing. */
    int (*check)(const void *options);
    /* Whether it counts in the image's pixels, not in parts of its sides. */
    int by_pixels;
    /* Geometric: what to show of an image of view->h x view->w, to be set as view->map and a new
     * size; comes as the whole image. CNN_EDATA. */
    int (*view)(const void *options, struct cnn_random *r, struct cnn_view *view);
    /* Geometric, too: how far pixels of an image of field->h x field->w move. */
    int (*field)(const void *options, struct cnn_random *r, struct cnn_displacements *field);
    /* Mixing groups of so many: the parts of a sample's image, which comes as its own whole one. */
    void (*mix)(const void *options, struct cnn_random *r, struct cnn_mix *mix);
    size_t group;
    enum cnn_mix_way way;
    /* Otherwise: change the pixels. */
    int (*apply)(const void *options, const struct cnn_augment_work *work);
};

const struct cnn_augment_type *cnn_augment_type_at(size_t i); /* NULL past the end */

/* An augmentation with its options in a chain. */
struct cnn_augment_step {
    const struct cnn_augment_type *type;
    const void *options;
    size_t nth; /* how many of its type come before it: each has random numbers of its own */
};

/* augmenter.c: a chain of augmentations, in the order in which their options were set. */
struct cnn_augmenter;
struct cnn_augmenter *cnn_augmenter_new(void); /* nothing active; NULL with an error set */
void cnn_augmenter_free(struct cnn_augmenter *a);
/* Another with the same options, or without any where a is NULL; NULL with an error set. */
struct cnn_augmenter *cnn_augmenter_copy(const struct cnn_augmenter *a);
/* Whether the option of that name was set, be it to its default. */
int cnn_augmenter_given(const struct cnn_augmenter *a, const char *name);
/* Set one option by its name as a program spells it without the dashes ("rotate", "crop-pad"). It
 * is that of the last step of its type; where there is none, or that has been given this option
 * already, the chain gets another one at its end. CNN_EUSAGE with "NAME: what is wrong". */
CNN_CHECKED int cnn_augmenter_set(struct cnn_augmenter *a, const char *name, const char *value);
/* The same for settings that have no order of their own: another step comes before all whose types
 * stand later in augmentations.def. */
CNN_CHECKED int cnn_augmenter_set_listed(struct cnn_augmenter *a, const char *name,
                                         const char *value);
/* Whether all options that were set have an effect. CNN_EUSAGE: --fill without an augmentation that
 * shows what is outside of an image, --elastic-grid without --elastic. */
CNN_CHECKED int cnn_augmenter_check(const struct cnn_augmenter *a);
/* Every option of every augmentation, or of those that mix no samples, for programs' tables of
 * options and manuals; NULL past the end. */
const struct cnn_option *cnn_augment_option_at(size_t i, int mixing);
/* The next step of the chain that is active, the first behind NULL; NULL: there is none. */
const struct cnn_augment_step *cnn_augmenter_next(const struct cnn_augmenter *a,
                                                  const struct cnn_augment_step *before);
/* The same of those that mix samples, and of all others. */
const struct cnn_augment_step *cnn_augmenter_next_mixing(const struct cnn_augmenter *a,
                                                         const struct cnn_augment_step *before);
const struct cnn_augment_step *cnn_augmenter_next_alone(const struct cnn_augmenter *a,
                                                        const struct cnn_augment_step *before);
int cnn_augmenter_active(const struct cnn_augmenter *a);
/* Whether an image of another size would come out as another picture: something that is active
 * counts pixels. */
int cnn_augmenter_counts_pixels(const struct cnn_augmenter *a);
/* "--rotate 10 --translate 0.08": the options that differ from their defaults, for the history;
 * nothing when nothing is active. */
void cnn_augmenter_print(const struct cnn_augmenter *a, struct cnn_buf *out);

/* Whether all that is active and mixes no samples is geometric, and whether it is a view, too:
 * cnn_augment is then a warp through cnn_augment_view. */
int cnn_augmenter_is_geometric(const struct cnn_augmenter *a);
int cnn_augmenter_is_affine(const struct cnn_augmenter *a);
/* What is outside of images. */
enum cnn_fill cnn_augmenter_fill(const struct cnn_augmenter *a);

/* augment.c */
/* What a sample with that key shows of its image, which *view has as a whole, by what is a view.
 * CNN_EDATA. */
CNN_CHECKED int cnn_augment_view(const struct cnn_augmenter *a, uint64_t seed, uint64_t epoch,
                                 uint64_t copy, const char *key, struct cnn_view *view);
/* What cnn_augment would do without all that is not geometric: of an image, into scratch->moved.
 * CNN_EDATA. */
CNN_CHECKED int cnn_augment_geometry(const struct cnn_augmenter *a, uint64_t seed, uint64_t epoch,
                                     uint64_t copy, const char *key, const struct cnn_image *src,
                                     struct cnn_augment_scratch *scratch);

/* Augment one sample in place, by all that mixes no samples. Numbers that are no image are CNN_EDATA
 * when any of that is active. Fields and weight stay, but images, of labels or not, follow the
 * geometry: they must have the image's size. Points do, too; boxes follow what is affine, and are
 * CNN_EDATA where pixels are displaced. */
CNN_CHECKED int cnn_augment(const struct cnn_augmenter *a, uint64_t seed, uint64_t epoch,
                            uint64_t copy, struct cnn_augment_scratch *scratch,
                            struct cnn_sample *s);

/* What sample `own` of a group, which has that key and h x w, becomes of all of them. */
struct cnn_mix cnn_augment_mix(const struct cnn_augment_step *s, uint64_t seed, uint64_t epoch,
                               const char *key, size_t own, size_t h, size_t w);

/* mix.c */
/* A number from Beta(alpha, alpha). */
double cnn_mix_beta(struct cnn_random *r, double alpha);
/* The sample's own whole image. */
struct cnn_mix cnn_mix_whole(size_t group, size_t own, size_t h, size_t w);
/* Another part, the whole of the sample that is so many places behind it in the group, round and round;
 * CNN_MIX_MOST are the most. */
struct cnn_mix_part *cnn_mix_add(struct cnn_mix *m, size_t behind);
/* Whether it is more than the sample itself. */
int cnn_mix_is_mixed(const struct cnn_mix *m);
/* The share of the image that each part has, (parts); they sum to 1. */
void cnn_mix_shares(const struct cnn_mix *m, double *share);
/* The same in an image of another size. */
struct cnn_mix cnn_mix_scaled(const struct cnn_mix *m, size_t h, size_t w);

/* mix_values.c: values of a sample from those that its group had, which lie one behind another; `out`
 * has its own. */
/* group (group, planes, h, w), out (planes, h, w); what is shown smaller is resized by cnn_image_resize,
 * in `scratch`. CNN_ESYSTEM. */
CNN_CHECKED int cnn_mix_planes(const struct cnn_mix *m, size_t planes, float *group, float *out,
                               struct cnn_image *scratch);
/* Labels by the nearest pixel, of what does not blend: group (group, h, w), out (h, w). */
void cnn_mix_labels(const struct cnn_mix *m, const int32_t *group, int32_t *out);
/* Numbers without a place in the image, by shares: group (group, n), out (n). */
void cnn_mix_numbers(const struct cnn_mix *m, size_t n, const float *group, float *out);
/* Boxes or points of images of h x w, of which sample i has count[i]: group (group, most, columns), out
 * (most, columns), zeros behind the last. They go where the parts are. A box is cut to its part, and
 * goes where less than a tenth of it, or of a side less than two pixels, are left; points stay,
 * seen or not. The number of all, of which `most` are there. */
size_t cnn_mix_boxes(const struct cnn_mix *m, size_t most, size_t columns, const size_t *count,
                     const float *group, float *out);
size_t cnn_mix_points(const struct cnn_mix *m, size_t most, size_t columns, const size_t *count,
                      const float *group, float *out);

/* boxes.c: the boxes, as of struct cnn_field, in what a view shows of the image that they are in;
 * what is not seen goes. */
void cnn_boxes_move(struct cnn_image *boxes, const struct cnn_view *view);

/* points.c: the points likewise; field: as of cnn_image_bend. Those that are not seen stay, where
 * they would be. */
void cnn_points_move(struct cnn_image *points, const struct cnn_view *view,
                     const struct cnn_displacements *field);

#endif
