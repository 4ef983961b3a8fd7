/* What tells one dataset's contents from another's: of each sample its place, key, fields, weight
 * and pixels as they are decoded for the net's input, before augmentation. */
#ifndef CNN_DATA_LOADER_DATA_HASH_H
#define CNN_DATA_LOADER_DATA_HASH_H

#include "data/loader/loader.h"

/* Sums over the samples, so that they may come in any order. Start from {0}. */
struct cnn_data_hash {
    uint64_t sum[2], samples;
};

void cnn_data_hash_add(struct cnn_data_hash *h, const struct cnn_batch *b);
int cnn_data_hash_same(const struct cnn_data_hash *a, const struct cnn_data_hash *b);
/* 32 hexadecimal digits. */
void cnn_data_hash_print(const struct cnn_data_hash *h, char out[33]);

#endif
