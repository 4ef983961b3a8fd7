/* Batches for training and evaluation: the order of an epoch, decoding, augmentation and
 * preprocessing on threads of their own, ahead of compute.
 *
 * The order of epoch e is a pure function of (seed, e), so a loader can start at any position. */
#ifndef CNN_DATA_LOADER_LOADER_H
#define CNN_DATA_LOADER_LOADER_H

#include "base/error.h"
#include "data/augment/augment.h"
#include "data/source/dataset.h"
#include "data/loader/image_store.h"
#include "data/image/preprocess.h"

enum cnn_on_bad { CNN_BAD_FAIL, CNN_BAD_SKIP };

struct cnn_loader_options {
    const struct cnn_input *input;
    const char *input_name; /* the field that is it, where samples have that; NULL: their own */
    /* NULL: none. What mixes samples takes those of a batch in groups when they are made: pairs are
     * the first with the last and so on, four are one of each quarter; what is left over, in the middle
     * and at the end, stays as it is. Groups of which one lacks what is wished for are not mixed. */
    const struct cnn_augmenter *augmenter;
    /* What to gather of each sample beside its input; copied, but for what they point at. INPUT is
     * x, but of augmentations the geometric ones only. */
    size_t wishes;
    const struct cnn_wish *wish;
    const uint32_t *order; /* (count) the samples that there are, in this order; NULL: all */
    size_t count;
    size_t batch;
    /* Images, and numbers, are as large as they are: the input's height and width, and what it resizes,
     * do not count. A batch is of samples of one size, fewer where they are larger than the input: it
     * has no more elements than one of the input's size would have, or one sample. LABELS are images
     * as large as the sample's. For inputs of one row, without augmentation or store. */
    int native;
    /* Of native samples: the sides of x are multiples of it; what that adds below and to the right is as
     * the nearest element, and -1 in LABELS. 0: 1. */
    size_t multiple;
    int shuffle;
    /* Why samples with fewer rows than an input has are bad, as "'bn1' takes them all"; NULL: they are
     * not. Borrowed. */
    const char *whole;
    uint64_t seed;
    int threads; /* 0: one for each core */
    enum cnn_on_bad on_bad;
    /* Where a device makes batches' inputs: its store, in which the dataset's samples are numbered
     * from store_first on; for datasets that are not streams, and where nothing or one class is
     * wished for. NULL: inputs are made on the host. */
    struct cnn_image_store *store;
    size_t store_first;
    int fields; /* batches have all fields of samples, beside what is wished for */
    /* Called for each bad sample (CNN_EDATA, CNN_ENOINPUT) that is skipped, in order, from the
     * consumer's thread; may be NULL. */
    void (*bad)(void *context, const char *source, const char *message);
    void *context;
};

/* What a batch has of a wish: rows of labels or of numbers, as its kind says; classes of samples that
 * are mixed are both: each class' share, and the class that has the largest. */
struct cnn_batch_field {
    const int32_t *label; /* (n, rows), LABELS (n, rows, h, w); -1: none */
    /* (n, rows, of the wish's shape), IMAGE and INPUT (n, rows, c, h, w), CLASS (n, shares) or NULL */
    const float *numbers;
    const int32_t *rows; /* (n) how many are real, the first ones, behind which labels are -1 and
                              numbers 0; NULL: all */
};

/* A batch, until the next call but one: two take turns; in a store, until the next call. */
struct cnn_batch {
    size_t n;
    struct cnn_chw shape;           /* of a row of x */
    const float *x;                 /* (n, rows, c, h, w); NULL where a device makes it */
    const size_t (*size)[2];        /* (n) of native samples: rows and columns that are their own */
    const int32_t *rows;            /* (n) of x that are real, the first ones; NULL: all */
    struct cnn_image_store *images; /* which then has the batch */
    size_t fields;                  /* as many as there are wishes */
    const struct cnn_batch_field *field;
    const struct cnn_sample
        *kept;              /* (n) with options.fields: nothing but fields, as they were loaded */
    const float *weight;    /* (n) */
    const char *const *key; /* (n) */
    const size_t *index;    /* (n) position in the dataset (in a stream: in arrival order) */
    /* (n) of key, weight, the pixels as decoded, before augmentation, the class, else numbers or
     * labels without a name of their own, and what else is wished for */
    const uint64_t *hash;
};

struct cnn_loader;

/* Begin epoch `epoch` at sample position `start` (0: its beginning). A stream that was not spooled
 * has one epoch, in its own order. CNN_EUSAGE: the augmenter mixes samples, and what is wished for
 * cannot be mixed so, or batches are too small. */
CNN_CHECKED int cnn_loader_open(struct cnn_dataset *ds, const struct cnn_loader_options *options,
                                uint64_t epoch, size_t start, struct cnn_loader **out);
/* 1: a batch of up to options.batch samples (fewer at the end, where bad samples were skipped, and of
 * native ones; never 0); 0: the end of the epoch; negative: failed. */
CNN_CHECKED int cnn_loader_next(struct cnn_loader *l, struct cnn_batch *batch);
/* Position behind the last batch, for `start`. */
size_t cnn_loader_position(const struct cnn_loader *l);
/* The next epoch with the same buffers and threads (the dataset is spooled). */
CNN_CHECKED int cnn_loader_rewind(struct cnn_loader *l, uint64_t epoch, size_t start);
void cnn_loader_close(struct cnn_loader *l);

/* How many native samples of that shape a batch has at most. */
size_t cnn_loader_native_batch(const struct cnn_input *input, size_t batch, struct cnn_chw shape);

/* Bytes of memory that a loader with these options will take for buffers and the threads' scratch,
 * where samples decode to about the input's shape (for memory plans); not of native ones, which take
 * what their sizes do. */
size_t cnn_loader_bytes(const struct cnn_loader_options *options);

#endif
