/* Fields: what a sample has beside its input, each under a name, and what a reader wishes to get of
 * them. */
#ifndef CNN_DATA_FIELD_H
#define CNN_DATA_FIELD_H

#include <stdint.h>

#include "base/error.h"
#include "data/image/image.h"
#include "tensor/tensor.h"

struct cnn_input;

/* Kinds of fields: whether they lie in the plane of the sample's image, so that they go where
 * augmentations move it; whether batches have them as whole numbers; the name of the one that has
 * none of its own ("": all have); and what messages call one.
 *
 * CLASS    a class: its place in a list
 * NUMBERS  numbers: regression, a probability for each class
 * LABELS   an image of class numbers
 * BOXES    rows x, y, width, height, in pixels of the image from its upper left corner, and what
 *          follows these: a class, a score
 * TEXT     UTF-8
 * IMAGE    another image
 * INPUT    the sample's input itself (autoencoders): no sample has it, readers may wish for it
 * POINTS   rows x, y, measured as boxes are, and what follows these */
#define CNN_FIELD_KINDS(KIND)                                                                      \
    KIND(CLASS, 0, 1, "class", "class")                                                            \
    KIND(NUMBERS, 0, 0, "target", "numbers")                                                       \
    KIND(LABELS, 1, 1, "seg", "labels")                                                            \
    KIND(BOXES, 1, 0, "boxes", "boxes")                                                            \
    KIND(TEXT, 0, 1, "text", "text")                                                               \
    KIND(IMAGE, 1, 0, "", "image")                                                                 \
    KIND(INPUT, 0, 0, "", "input")                                                                 \
    KIND(POINTS, 1, 0, "points", "points")
#define CNN_FIELD_KIND_NAME(kind, in_plane, whole, name, word) CNN_FIELD_##kind,
enum cnn_field_kind { CNN_FIELD_KINDS(CNN_FIELD_KIND_NAME) CNN_FIELD_KIND_COUNT };

struct cnn_field_kind_info {
    int in_plane, whole;
    const char *name, *word;
};
extern const struct cnn_field_kind_info cnn_field_kind_info[CNN_FIELD_KIND_COUNT];

/* Names are letters, digits and '_', the first no digit, as those of the network language. */
enum { CNN_FIELD_NAME_MAX = 63 };

struct cnn_field {
    char name[CNN_FIELD_NAME_MAX + 1]; /* unique within its sample */
    enum cnn_field_kind kind;
    int32_t label; /* CLASS */
    /* NUMBERS: (c, h, w); LABELS: one plane; BOXES and POINTS: (rows, columns, 1), perhaps no rows;
     * these have a maxval of 0. IMAGE: as decoded. */
    struct cnn_image values;
    struct cnn_image moved; /* memory for augmentation */
    const char *file;       /* that it was read from, the dataset's; NULL: it has none of its own */
    char *text;             /* TEXT; a NUL byte follows */
    size_t text_size, text_capacity;
};

/* Whether the first n bytes of the text may be a field's name. */
int cnn_field_may_be_called(const char *text, size_t n);
/* The same but for the name. CNN_ESYSTEM. */
CNN_CHECKED int cnn_field_copy(struct cnn_field *dst, const struct cnn_field *src);
CNN_CHECKED int cnn_field_set_text(struct cnn_field *f, const char *text, size_t n);
/* Room for what the other holds. CNN_ESYSTEM. */
CNN_CHECKED int cnn_field_reserve_like(struct cnn_field *f, const struct cnn_field *other);
void cnn_field_free(struct cnn_field *f); /* leaves {0} */

/* What the number of a field's rows must be, where there may be several and it has any. */
enum cnn_wish_like {
    CNN_LIKE_NONE,  /* any */
    CNN_LIKE_ALL,   /* the most */
    CNN_LIKE_INPUT, /* that of the sample's input */
    CNN_LIKE_WISH,  /* that of the first wish; CNN_LIKE_WISH + k: that of wish k */
};

/* What a reader wants to have of each sample. A sample has at most `rows` rows of that shape: a
 * field of NUMBERS as many as its numbers make, BOXES and POINTS one each, TEXT one a byte, IMAGE as
 * cnn_preprocess_rows says, the others one. Of several rows NUMBERS may stand for LABELS, too, and
 * POINTS may be NUMBERS. Boxes and points are in pixels of the net's input. */
struct cnn_wish {
    const char *name; /* borrowed; "": the field that has no name of its own (INPUT: no name) */
    enum cnn_field_kind kind;
    /* NUMBERS, BOXES and POINTS: as many as it has numbers; LABELS: (1, h, w); others: not read */
    struct cnn_chw shape;
    size_t rows; /* the most; 0: 1; IMAGE and INPUT: the input's */
    int like;    /* enum cnn_wish_like */
    /* CLASS, LABELS: labels are below; 0: whatever they are. Of several rows -1 is none. */
    size_t classes;
    int ignores;     /* LABELS: one of the labels is none, */
    int32_t ignored; /* this one */
    /* CLASS, where samples are mixed: of how many classes shares are wanted; 1: of `single` alone */
    size_t shares;
    int32_t single;
    const struct cnn_input *input; /* IMAGE: what it is made into; borrowed */
    int required;                  /* a sample without it is bad, CNN_EDATA */
};

#endif
