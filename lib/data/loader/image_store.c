/* Images in a device's memory; see image_store.h. One piece of memory: the images that stay, then
 * two halves of what passes, then the two batches' lists of images. The host has what is on its way
 * in a piece as large as a half: what will stay from the front, what passes from the back. */
#include "data/loader/image_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { UNIT = 16 }; /* images begin at its multiples */

struct cnn_image_store {
    struct cnn_backend *backend;
    struct cnn_image_rule rule;
    size_t samples, batch;
    struct cnn_kept_image *kept; /* (samples) */
    char *memory;                /* on the device */
    size_t room, used;           /* bytes for images that stay, and how many they take */
    size_t half;
    /* The batch. */
    char *bytes;                    /* (half) */
    struct cnn_stored_image *image; /* (batch) */
    size_t n, began, passing;       /* images, `used` before it, bytes of those that pass */
    int turn;                       /* its half and its list */
};

static size_t rounded(size_t bytes)
{
    return (bytes + UNIT - 1) / UNIT * UNIT;
}

static size_t list_bytes(size_t batch)
{
    return rounded(batch * sizeof(struct cnn_stored_image));
}

size_t cnn_image_store_bytes(size_t batch, size_t each)
{
    return 2 * (batch * rounded(each) + list_bytes(batch));
}

/* Where the half and the list of a side begin. */
static size_t half_at(const struct cnn_image_store *s, int side)
{
    return s->room + (size_t)side * s->half;
}

static size_t list_at(const struct cnn_image_store *s, int side)
{
    return half_at(s, 2) + (size_t)side * list_bytes(s->batch);
}

/* Bytes for images that stay, where `wanted` would do. */
static size_t room_for(struct cnn_backend *b, size_t wanted, size_t taken)
{
    if (!b->ops->available)
        return wanted;
    size_t left = b->ops->available(b), most = left > taken ? (left - taken) / 2 : 0;
    return (wanted < most ? wanted : most) / UNIT * UNIT;
}

static int allocate(struct cnn_image_store *s)
{
    s->kept = cnn_calloc(s->samples, sizeof *s->kept);
    s->bytes = cnn_calloc(s->half, 1);
    s->image = cnn_calloc(s->batch, sizeof *s->image);
    if (!s->kept || !s->bytes || !s->image)
        return CNN_ESYSTEM;
    s->memory = s->backend->ops->alloc(s->backend, list_at(s, 2));
    return s->memory ? 0 : CNN_ESYSTEM;
}

int cnn_image_store_open(struct cnn_backend *b, const struct cnn_image_rule *rule, size_t samples,
                         size_t batch, size_t each, size_t stay, struct cnn_image_store **out)
{
    size_t bytes;
    *out = NULL;
    struct cnn_image_store *s = cnn_calloc(1, sizeof *s);
    if (!s)
        return CNN_ESYSTEM;
    s->backend = b;
    s->rule = *rule;
    s->samples = samples;
    s->batch = batch;
    s->half = batch * rounded(each);
    if (cnn_mul_overflows(rounded(each), stay, &bytes))
        bytes = SIZE_MAX / 2;
    s->room = room_for(b, bytes, cnn_image_store_bytes(batch, each));
    int rc = allocate(s);
    if (rc)
        cnn_image_store_close(s);
    else
        *out = s;
    return rc;
}

void cnn_image_store_close(struct cnn_image_store *s)
{
    if (!s)
        return;
    if (s->memory)
        s->backend->ops->free(s->backend, s->memory);
    free(s->bytes);
    free(s->image);
    free(s->kept);
    free(s);
}

const struct cnn_kept_image *cnn_image_store_find(const struct cnn_image_store *s, size_t i)
{
    return i < s->samples && s->kept[i].stays ? &s->kept[i] : NULL;
}

void cnn_image_store_begin(struct cnn_image_store *s)
{
    s->turn = !s->turn;
    s->began = s->used;
    s->n = s->passing = 0;
}

void cnn_image_store_repeat(struct cnn_image_store *s, const struct cnn_stored_image *im)
{
    s->image[s->n++] = *im;
}

void cnn_image_store_add(struct cnn_image_store *s, size_t i, const struct cnn_stored_image *im,
                         const void *bytes, size_t size, const struct cnn_kept_image *keep)
{
    struct cnn_stored_image placed = *im;
    size_t in_half; /* where the bytes lie in the host's piece */
    if (keep && rounded(size) <= s->room - s->used) {
        placed.at = s->used;
        in_half = s->used - s->began;
        s->used += rounded(size);
        s->kept[i] = *keep;
        s->kept[i].image.at = placed.at;
        s->kept[i].stays = 1;
    } else {
        s->passing += rounded(size);
        in_half = s->half - s->passing;
        placed.at = half_at(s, s->turn) + in_half;
    }
    memcpy(s->bytes + in_half, bytes, size);
    cnn_image_store_repeat(s, &placed);
}

/* Memory that the batch before the last looked at is free behind its mark. */
void cnn_image_store_input(struct cnn_image_store *s, struct cnn_tensor *x)
{
    struct cnn_backend *b = s->backend;
    char *list = s->memory + list_at(s, s->turn);
    size_t passing_at = s->half - s->passing;
    b->ops->wait(b, CNN_MARK_IMAGES + s->turn);
    b->ops->upload_ahead(b, s->memory + s->began, s->bytes, s->used - s->began);
    b->ops->upload_ahead(b, s->memory + half_at(s, s->turn) + passing_at, s->bytes + passing_at,
                         s->passing);
    b->ops->upload_ahead(b, list, s->image, s->n * sizeof *s->image);
    b->kernels->prepare_images(&b->queue, s->memory, (const struct cnn_stored_image *)list,
                               &s->rule, x);
    b->ops->mark(b, CNN_MARK_IMAGES + s->turn);
}
