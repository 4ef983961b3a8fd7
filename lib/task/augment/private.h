/* What the files of augment share. */
#ifndef CNN_TASK_AUGMENT_PRIVATE_H
#define CNN_TASK_AUGMENT_PRIVATE_H

#include <stdatomic.h>

#include "data/augment/augment.h"
#include "data/source/dataset.h"
#include "task/augment/augment.h"

/* Where samples go. Packing is done by many threads at once, writing by one and in order. */
struct sink;
struct sink_type {
    /* Make of the sample what will be written, into *packed (NULL at first, then reused). `group`:
     * samples that belong together; NULL: none. CNN_EDATA when the sink cannot hold such a sample.
     */
    int (*pack)(struct sink *sink, const struct cnn_sample *s, const char *group, void **packed);
    void (*drop)(void *packed);
    int (*write)(struct sink *sink, const void *packed);
    int (*finish)(struct sink *sink); /* everything was written: it is on the disk then */
    int (*commit)(struct sink *sink); /* the output is in place then */
    void (*free)(struct sink *sink);  /* without commit: nothing is left of a file or folder */
};
struct sink {
    const struct sink_type *type;
};

/* A tar stream: on standard output (path ""), or to a file. */
CNN_CHECKED int cnn_sink_open_stream(const char *path, const struct cnn_strings *classes,
                                     const char *history, const volatile int *stop,
                                     struct sink **out);
CNN_CHECKED int cnn_sink_open_folder(const char *path, const struct cnn_strings *classes,
                                     struct sink **out);

/* A sample like another, and the key of copy `number` of it, from 1. CNN_ESYSTEM. */
CNN_CHECKED int cnn_augment_copy(struct cnn_sample *dst, const struct cnn_sample *src);
CNN_CHECKED int cnn_augment_name_copy(struct cnn_sample *s, const char *key, size_t number);

/* That which options->output names, for the dataset's samples. CNN_EUSAGE for compressed ones. */
CNN_CHECKED int cnn_sink_open(const struct cnn_augment_options *options,
                              const struct cnn_augmenter *augmenter, const struct cnn_dataset *ds,
                              const volatile int *stop, struct sink **out);

/* "-n 2 --keep --rotate 10 --seed 0": the options that change what comes out; "" for none. free();
 * NULL with an error set. */
char *cnn_augment_command(const struct cnn_augment_options *options,
                          const struct cnn_augmenter *augmenter);

/* The history (JSON array) of the data, whose classes these are, with an entry for these options;
 * as it was when samples pass unchanged. free(); NULL with an error set. */
char *cnn_augment_history(const struct cnn_augment_options *options,
                          const struct cnn_augmenter *augmenter, const struct cnn_strings *classes,
                          const char *before);

/* Where a sample goes below a folder: "CLASS/KEY.png", or "KEY.png" in a folder without classes;
 * and its line of the manifest, with '\n'. `class_name`: NULL where it has none. */
void cnn_augment_path(const char *key, const char *class_name, int classes, struct cnn_buf *out);
void cnn_augment_row(const char *path, const char *class_name, const char *group, float weight,
                     struct cnn_buf *out);

/* A picture of the first samples of each class: the original as a small image, then its copies.
 * One thread adds, in the order of the samples; any may ask what is wanted. */
enum {
    PREVIEW_TILES = 8,  /* of one sample, at most */
    PREVIEW_CELL = 112, /* the longer side of a tile, in pixels */
    PREVIEW_WIDTH = 10, /* tiles in a row */
    PREVIEW_ROWS = 20,  /* more classes than that have no rows of their own */
};
struct preview_unit {
    char *key;
    struct cnn_image tile[PREVIEW_TILES];
};
struct preview_group {
    struct preview_unit *unit; /* (each) */
    atomic_size_t count;
    size_t total; /* samples of the dataset, or seen of it */
};
struct preview {
    size_t classes, copies;
    size_t tiles, row, each;     /* of a sample, samples of a row, of a class at most */
    struct preview_group *group; /* (groups) the last: without class; NULL: no picture */
    size_t groups;
    int counted; /* totals are the whole dataset's */
};
/* CNN_ESYSTEM. */
CNN_CHECKED int cnn_preview_plan(struct preview *p, const struct cnn_dataset *ds,
                                 const struct cnn_augment_options *options,
                                 const struct cnn_augmenter *augmenter);
/* Label -1: no class. What is not wanted once will not be later. */
int cnn_preview_wants(const struct preview *p, int32_t label);
int cnn_preview_full(const struct preview *p);
CNN_CHECKED int cnn_preview_tile(struct cnn_image *tile, const struct cnn_image *im);
/* A sample has passed. */
void cnn_preview_seen(struct preview *p, int32_t label);
/* Takes the tiles (p->tiles of them) where the sample is wanted. CNN_ESYSTEM. */
CNN_CHECKED int cnn_preview_add(struct preview *p, int32_t label, const char *key,
                                struct cnn_image *tile);
/* To options->preview. CNN_EDATA without an image; as cnn_picture_write. */
CNN_CHECKED int cnn_preview_write(const struct preview *p, const struct cnn_dataset *ds,
                                  const struct cnn_augment_options *options,
                                  const struct cnn_augmenter *augmenter);
void cnn_preview_free(struct preview *p);

#endif
