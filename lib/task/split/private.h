/* What the files of split share. */
#ifndef CNN_TASK_SPLIT_PRIVATE_H
#define CNN_TASK_SPLIT_PRIVATE_H

#include "data/source/dataset.h"
#include "task/split/split.h"

enum { CNN_SPLIT_UNUSED = CNN_SPLITS };

struct split_sample {
    const struct cnn_record *record;
    int32_t class;    /* of the common list; the list's length: none */
    uint32_t unit;    /* samples of one unit stay together */
    uint8_t split;    /* or CNN_SPLIT_UNUSED */
    uint64_t content; /* the same for files of the same contents; 0: nothing is known */
};

struct split {
    const struct cnn_split_options *options;
    struct cnn_dataset **ds; /* (inputs) */
    struct cnn_strings classes;
    struct split_sample *sample;
    uint32_t *order; /* (count) shuffled */
    size_t count, units;
    size_t wanted[CNN_SPLITS]; /* samples in all */
    int active[CNN_SPLITS];    /* a split that should have samples */
};

/* The class of sample i, for messages. */
static inline const char *split_class_name(const struct split *s, size_t i)
{
    size_t c = (size_t)s->sample[i].class;
    return c < s->classes.count ? s->classes.item[c] : "none";
}

/* CNN_EINTERRUPTED when somebody wants it to end, before anything is written. */
static inline int split_check_stop(const struct split *s)
{
    return s->options->stop && *s->options->stop
               ? cnn_fail(CNN_EINTERRUPTED, "interrupted; nothing was written")
               : 0;
}

/* The shares as numbers of samples. CNN_EUSAGE. */
CNN_CHECKED int cnn_split_shares(struct split *s);
/* Give every sample its split. */
CNN_CHECKED int cnn_split_assign(struct split *s, size_t (*count)[CNN_SPLITS]);
/* Leave out what is no image (or CNN_EDATA, CNN_ENOINPUT, as the options say) and files that come
 * again; one under two classes is CNN_EDATA. */
CNN_CHECKED int cnn_split_sift(struct split *s);
/* Of the samples' contents, so far known by sizes and first bytes, leave those that several files
 * share. Under two classes: CNN_EDATA, or they are left out. CNN_EINTERRUPTED. */
CNN_CHECKED int cnn_split_find_copies(struct split *s);
/* Each sample's unit. CNN_ESYSTEM. */
CNN_CHECKED int cnn_split_number_units(struct split *s);
/* CNN_EUSAGE when a file to be written is one that was read. */
CNN_CHECKED int cnn_split_check_apart(const struct split *s);
/* Write the files. */
CNN_CHECKED int cnn_split_write(const struct split *s);

#endif
