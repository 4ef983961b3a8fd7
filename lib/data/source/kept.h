/* A dataset of what a net makes of another's samples: they have its keys, classes and weights. */
#ifndef CNN_DATA_SOURCE_KEPT_H
#define CNN_DATA_SOURCE_KEPT_H

#include "data/source/dataset.h"
#include "tensor/tensor.h"

/* Where the outputs of (count) samples are: all zeros at first, or put before. */
struct cnn_kept_place {
    float *values;  /* (count, c, h, w) */
    uint64_t *hash; /* (count) */
    char *put;      /* (count) */
};

/* As many samples as `of` has, no stream, which outlives it; each is a bad one until it is put. Fields
 * beside the class are none. place: borrowed; NULL: memory of its own. */
CNN_CHECKED int cnn_kept_new(const struct cnn_dataset *of, struct cnn_chw shape,
                             const struct cnn_kept_place *place, struct cnn_dataset **out);
/* Sample i is values (c, h, w), and is told from others by the hash (struct cnn_batch). */
void cnn_kept_put(struct cnn_dataset *ds, size_t i, uint64_t hash, const float *values);
/* The memory that it takes; SIZE_MAX: more than can be. */
size_t cnn_kept_bytes(size_t count, struct cnn_chw shape);

#endif
