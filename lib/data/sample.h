/* A sample: what a dataset holds many of. */
#ifndef CNN_DATA_SAMPLE_H
#define CNN_DATA_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "data/field.h"
#include "data/image/image.h"

struct cnn_sample {
    char *key; /* owned; unique within its dataset, no '.' in its last path component */
    struct cnn_image image;    /* or numbers: maxval 0 */
    const struct cnn_fit *fit; /* set before loading: of struct cnn_decoding, borrowed; NULL */
    int strict;                /* likewise; set by what loads */
    /* Set before loading: the field that is its input, where it has that; borrowed; NULL: none */
    const char *input;
    /* Set before loading: names of fields that are wanted beside those that have none of their own;
     * borrowed; NULL: all. */
    const char *const *wanted;
    size_t wanted_count;
    size_t fields;
    struct cnn_field *field; /* (field_capacity), whose memory loading reuses; the first `fields`
                                are the sample's */
    size_t field_capacity;
    uint64_t hash;          /* what it is told from others by; 0: its contents */
    float weight;           /* 1 unless the dataset says otherwise */
    size_t key_capacity;    /* bytes that key can hold */
    unsigned char *encoded; /* memory that loading reuses for a sample's file bytes */
    size_t encoded_capacity;
};

/* Copy a key into the sample, reusing its memory. CNN_ESYSTEM. */
int cnn_sample_set_key(struct cnn_sample *s, const char *key);
/* Into s->image, as s->fit and s->strict say. As cnn_image_decode_as. */
int cnn_sample_decode(struct cnn_sample *s, const unsigned char *bytes, size_t size);

/* The field of that name, of this kind from now on, whose contents are open; name NULL: that of its
 * kind. Pointers to others are no longer good. NULL with an error set. */
struct cnn_field *cnn_sample_add_field(struct cnn_sample *s, const char *name,
                                       enum cnn_field_kind kind);
/* CNN_ESYSTEM. */
CNN_CHECKED int cnn_sample_add_class(struct cnn_sample *s, int32_t label);
/* NULL: it has none of that name. */
const struct cnn_field *cnn_sample_field(const struct cnn_sample *s, const char *name);
/* Its class, -1: none. */
int32_t cnn_sample_label(const struct cnn_sample *s);
/* Whether whoever loads it asks for a field of that name, or for all. */
int cnn_sample_wishes(const struct cnn_sample *s, const char *name);
/* Whether loading is to give it a field of that name: that, or one that every sample gets. */
int cnn_sample_wants(const struct cnn_sample *s, const char *name);
/* When all is loaded: what s->input names becomes the image. CNN_EDATA: there is neither. */
CNN_CHECKED int cnn_sample_take_input(struct cnn_sample *s);
/* All fields of the other, and none else. CNN_ESYSTEM. */
CNN_CHECKED int cnn_sample_copy_fields(struct cnn_sample *dst, const struct cnn_sample *src);
/* Room for as many fields, and in each for as much, as the other has. CNN_ESYSTEM. */
CNN_CHECKED int cnn_sample_reserve_fields(struct cnn_sample *s, const struct cnn_sample *other);

void cnn_sample_free(struct cnn_sample *s); /* leaves {0} */

#endif
