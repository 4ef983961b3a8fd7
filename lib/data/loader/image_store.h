/* Images of a dataset in a device's memory: each is decoded on the host once and stays, as far as
 * there is room, and the device makes a net's input of it each time anew. What does not stay passes
 * through memory of which two batches have a half each. Several datasets may share a store.
 *
 * One thread puts batches together, one batch at a time; any may ask for images of epochs before.
 */
#ifndef CNN_DATA_LOADER_IMAGE_STORE_H
#define CNN_DATA_LOADER_IMAGE_STORE_H

#include "base/error.h"
#include "backend/backend.h"
#include "data/image/preprocess.h"

struct cnn_image_store;

/* What is known of a sample without decoding it again. */
struct cnn_kept_image {
    struct cnn_stored_image image; /* without map, view and place */
    uint64_t hash;
    int32_t label;
    float weight;
    int stays; /* set by the store */
};

/* For batches of at most `batch` of `samples` images, which take at most `each` bytes and become
 * the input by that rule. `stay`: how many of them may stay; half of the device's free memory is
 * the most that they get. CNN_ESYSTEM. */
CNN_CHECKED int cnn_image_store_open(struct cnn_backend *b, const struct cnn_image_rule *rule,
                                     size_t samples, size_t batch, size_t each, size_t stay,
                                     struct cnn_image_store **out);
void cnn_image_store_close(struct cnn_image_store *s); /* NULL is fine */
/* Bytes of device memory that a store takes at least. */
size_t cnn_image_store_bytes(size_t batch, size_t each);

/* Sample i, where it stays, else NULL. */
const struct cnn_kept_image *cnn_image_store_find(const struct cnn_image_store *s, size_t i);

/* A new batch. The one before has been queued; where it was not, the store can only be closed. */
void cnn_image_store_begin(struct cnn_image_store *s);
/* Its next image: sample i, new, with its bytes, which are copied (im->at does not matter). keep:
 * it will be the same again and may stay, as that; NULL: it passes. */
void cnn_image_store_add(struct cnn_image_store *s, size_t i, const struct cnn_stored_image *im,
                         const void *bytes, size_t size, const struct cnn_kept_image *keep);
/* Its next image: one that stays. */
void cnn_image_store_repeat(struct cnn_image_store *s, const struct cnn_stored_image *im);
/* Queue the making of x, (n, c, h, w) with n images in the batch. Failures stick in the backend's
 * queue. */
void cnn_image_store_input(struct cnn_image_store *s, struct cnn_tensor *x);

#endif
