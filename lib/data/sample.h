/* A sample: what a dataset holds many of. */
#ifndef CNN_DATA_SAMPLE_H
#define CNN_DATA_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "data/image/image.h"

/* What a sample should give. */
enum cnn_target_kind {
    CNN_TARGET_NONE,   /* unknown (inference) */
    CNN_TARGET_CLASS,  /* an index into the dataset's class list */
    CNN_TARGET_VECTOR, /* numbers (regression) or a probability vector (soft labels): KEY.target.npy
                        */
    CNN_TARGET_LABELS, /* an image of class numbers: KEY.seg.png */
    CNN_TARGET_INPUT,  /* the input itself (autoencoders); chosen by the trainer, never stored */
};

struct cnn_target {
    enum cnn_target_kind kind;
    int32_t label; /* CLASS */
    /* VECTOR: (c, h, w) numbers; LABELS: one plane of class numbers (maxval 0) */
    struct cnn_image values;
};

struct cnn_sample {
    char *key; /* owned; unique within its dataset, no '.' in its last path component */
    struct cnn_image image;    /* or numbers: maxval 0 */
    const struct cnn_fit *fit; /* set before loading: of struct cnn_decoding, borrowed; NULL */
    int strict;                /* likewise; set by what loads */
    struct cnn_target target;
    float weight;           /* 1 unless the dataset says otherwise */
    size_t key_capacity;    /* bytes that key can hold */
    unsigned char *encoded; /* memory that loading reuses for a sample's file bytes */
    size_t encoded_capacity;
};

/* Copy a key into the sample, reusing its memory. CNN_ESYSTEM. */
int cnn_sample_set_key(struct cnn_sample *s, const char *key);
/* Into s->image, as s->fit and s->strict say. As cnn_image_decode_as. */
int cnn_sample_decode(struct cnn_sample *s, const unsigned char *bytes, size_t size);
void cnn_sample_free(struct cnn_sample *s); /* leaves {0} */

#endif
