/* The file of --cache: outputs of frozen layers, mapped, for this run and later ones with the same layers and samples. */
#ifndef CNN_TASK_TRAIN_CACHE_H
#define CNN_TASK_TRAIN_CACHE_H

#include "data/source/kept.h"

struct cnn_train_options;
struct train_data;
struct train_engine;

struct train_cache {
    char *path, *temporary; /* temporary: until all is in it; NULL: nothing is written */
    int fd;                 /* of that */
    unsigned char *map;     /* NULL: there is none */
    size_t bytes;
    int found;                      /* what is wanted was there */
    struct cnn_kept_place place[2]; /* of training and of validation */
};

/* Whether --cache names a file. */
int cnn_train_caches(const struct cnn_train_options *o);
/* What the file has where that is wanted now, else room for it. Start from {0}. CNN_EDATA where the file is something else;
 * CNN_ECREATE, CNN_EIO. */
CNN_CHECKED int cnn_train_cache_open(struct train_cache *c, const struct cnn_train_options *o,
                                     const struct train_data *d, const struct train_engine *e,
                                     int cut);
/* All outputs are in it: it gets its name. */
CNN_CHECKED int cnn_train_cache_commit(struct train_cache *c);
void cnn_train_cache_close(struct train_cache *c);

#endif
