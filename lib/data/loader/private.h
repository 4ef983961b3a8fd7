/* What the files of the loader share: chunks and the work on them. */
#ifndef CNN_DATA_LOADER_PRIVATE_H
#define CNN_DATA_LOADER_PRIVATE_H

#include <pthread.h>

#include "data/loader/loader.h"
#include "data/source/source.h"

/* What became of one sample. */
struct cnn_loader_item {
    int code; /* 0, or why it is bad */
    char *message;
    const char *key;
    char *own_key; /* a stream's: records have theirs */
    size_t key_capacity;
    struct cnn_raw *raw; /* a stream's */
    size_t index;
    size_t rows;            /* of x */
    struct cnn_chw own;     /* of one of them, with options.native, */
    struct cnn_chw shape;   /* and filled up to multiples of options.multiple */
    struct cnn_sample kept; /* its fields, with options.fields */
    uint64_t hash;
    float weight;
    /* For a device: the chunk's x holds its bytes; 0: it stays there already. */
    struct cnn_stored_image image;
    size_t bytes;
    int stays; /* it will be the same again */
};

/* A wish, and what follows from it. */
struct cnn_loader_wish {
    struct cnn_wish w;
    const char *name;      /* of the field */
    int named;             /* the wish says it */
    size_t rows, elements; /* the most of a sample, and of a row */
    int whole;             /* labels */
    int counted;           /* a batch says how many rows are real */
    int in_plane;          /* it goes where augmentations move the image, whatever field it is */
    int is_x;              /* the net's input as it is */
};

/* Memory for several samples' fields, one for each wish. */
struct cnn_loader_field {
    int32_t *label; /* (samples, rows, elements) */
    float *numbers; /* likewise */
    int32_t *rows;  /* (samples) */
    size_t labels;  /* how many there is room for */
};

/* Consecutive positions of the epoch. */
struct cnn_loader_chunk {
    size_t start, n;
    struct cnn_loader_item *item;
    float *x;  /* (chunk, rows, c, h, w) */
    size_t xs; /* how many elements there is room for */
    struct cnn_loader_field *field;
};

/* What one thread needs while it works. */
struct cnn_loader_scratch {
    struct cnn_sample sample;
    struct cnn_augment_scratch augment;
    struct cnn_preprocess_scratch preprocess;
    struct cnn_loader_scratch *next;
};

struct cnn_loader_buffers {
    float *x;             /* (batch, rows, c, h, w) */
    size_t xs;            /* how many elements there is room for */
    struct cnn_chw shape; /* of a row, of native samples */
    int32_t *rows;        /* (batch) of x; NULL: there is one */
    struct cnn_loader_field *field;
    float **share;                 /* (wishes) of mixed samples' classes, (batch, shares); NULL */
    struct cnn_batch_field *shown; /* (wishes) */
    struct cnn_sample *kept;       /* (batch); NULL: not wanted */
    float *weight;
    const char **key;
    char **own_key;
    size_t *key_capacity;
    size_t *index;
    size_t (*size)[2]; /* of native samples */
    size_t sizes;
    uint64_t *hash;
};

struct cnn_loader {
    struct cnn_dataset *ds;
    struct cnn_loader_options options;
    int stream; /* read once, in its order */
    struct cnn_fit fit;
    int fits;                      /* images are decoded for that */
    struct cnn_image_store *store; /* NULL: inputs are made here */
    int augments, affine;          /* something is active; all of it affine */
    int mixes;                     /* samples with one another */
    struct {
        void *kept;             /* a group's copies of a thing */
        struct cnn_image shown; /* one of them in another size */
    } mixed;
    int threads;
    size_t rows;     /* the most that a sample's x has */
    size_t elements; /* of x, for one sample with all of them */
    size_t wishes;
    struct cnn_loader_wish *wish;
    const char **wanted;            /* (wishes) their names */
    size_t chunk_size, depth;       /* of native samples each chunk is one */
    struct cnn_loader_chunk *chunk; /* depth of them */
    size_t given;                   /* of them to slots */
    uint64_t epoch;
    const uint32_t *order; /* NULL: as it is */
    uint32_t *drawn;       /* of each epoch, where it is shuffled */
    size_t count, next;    /* the epoch's end, and where the producer is */
    int stream_code;       /* a stream's error, behind the samples that came before it */
    char *stream_message;
    struct cnn_pipeline *pipeline;
    struct cnn_loader_scratch *idle;
    pthread_mutex_t lock; /* of idle */
    struct cnn_loader_chunk *current;
    size_t at, position; /* in current, in the epoch */
    struct cnn_loader_buffers batch[2];
    int side;
};

/* The pipeline's functions; a slot is a struct cnn_loader_chunk *. */
int cnn_loader_produce(void *context, void *slot);
int cnn_loader_work(void *context, void *slot);

/* Let the scratch memory of every thread grow to what the first of several samples takes, so that a
 * thread whose turn comes late does not allocate in the midst of an epoch. */
int cnn_loader_warm(struct cnn_loader *l);

/* native.c: what follows from the sizes of samples. Room for one of the size that it was decoded to;
 * whether the next goes with the first of a batch that has n; room for as many as
 * may go with a batch's first, and the size of its n-th. */
int cnn_loader_fit_chunk(const struct cnn_loader *l, struct cnn_loader_chunk *c,
                         const struct cnn_image *im);
int cnn_loader_goes_with(const struct cnn_loader *l, const struct cnn_loader_item *item,
                         const struct cnn_chw *first, size_t n);
int cnn_loader_fit_batch(const struct cnn_loader *l, struct cnn_loader_buffers *b, size_t n,
                         const struct cnn_loader_item *item);
/* A sample, and labels, of their own shape, to the shape that they are filled up to; in place. */
void cnn_loader_fill_up(const struct cnn_loader_item *item, float *x);
void cnn_loader_fill_labels(const struct cnn_loader *l, const struct cnn_loader_item *item,
                            struct cnn_loader_field *fields);
/* The input line of samples of that shape. */
struct cnn_input cnn_loader_native_input(const struct cnn_input *input, struct cnn_chw shape);

/* fields.c */
/* The elements of a row of wish i, of samples of that shape where they are native. */
size_t cnn_loader_wish_elements(const struct cnn_loader *l, size_t i, struct cnn_chw shape);
struct cnn_loader_wish cnn_loader_wish_of(const struct cnn_loader_options *o, size_t i);
/* Bytes that a sample takes for it in a batch, and in the memory of what loads samples. */
size_t cnn_loader_wish_bytes(const struct cnn_loader_wish *w);
size_t cnn_loader_wish_scratch(const struct cnn_loader_wish *w);
/* Memory for n samples. CNN_ESYSTEM, with what is to be freed all the same. */
int cnn_loader_fields_new(const struct cnn_loader *l, size_t n, struct cnn_loader_field **out);
void cnn_loader_fields_free(const struct cnn_loader *l, struct cnn_loader_field *f);
/* Sample `at` of src, of that shape, to place n of dst. */
void cnn_loader_fields_copy(const struct cnn_loader *l, struct cnn_loader_field *dst, size_t n,
                            const struct cnn_loader_field *src, size_t at, struct cnn_chw shape);
/* Where a sample's part of a batch's or a chunk's field is. */
struct cnn_loader_place {
    int32_t *label, *rows;
    float *numbers;
};
/* labels.c: what a message calls the field. */
const char *cnn_loader_called(const struct cnn_loader_wish *w, char out[CNN_FIELD_NAME_MAX + 16]);
/* How many rows so many numbers are. CNN_EDATA where they are none, or too many. */
CNN_CHECKED int cnn_loader_count_rows(const struct cnn_loader_wish *w, size_t count, size_t *rows);
/* A field's numbers as labels, and a label image that is as large as the sample's, in the view that the net
 * has of that, or as large as the answers. CNN_EDATA. */
CNN_CHECKED int cnn_loader_gather_labels(const struct cnn_loader_wish *w, const struct cnn_field *f,
                                         const struct cnn_loader_place *to, size_t *rows);
CNN_CHECKED int cnn_loader_gather_label_image(const struct cnn_loader *l,
                                              struct cnn_loader_scratch *s,
                                              const struct cnn_loader_wish *w,
                                              const struct cnn_field *f,
                                              const struct cnn_loader_place *to, size_t *rows);
/* What is wished of the sample in s, to place `at`: what lies in the image's plane, or all else.
 * No name in the message. CNN_EDATA. */
int cnn_loader_gather(const struct cnn_loader *l, struct cnn_loader_scratch *s, int in_plane,
                      struct cnn_loader_field *fields, size_t at, struct cnn_chw shape);
/* Whether the sample at that place has as many rows of everything as it must; rows: those of its
 * input. CNN_EDATA. */
CNN_CHECKED int cnn_loader_check_rows(const struct cnn_loader *l,
                                      const struct cnn_loader_field *fields, size_t at,
                                      size_t rows);
/* Boxes and points of an image that became the input, in its pixels. */
void cnn_loader_place_fields(const struct cnn_loader *l, struct cnn_sample *s);
int cnn_loader_wishes_for(const struct cnn_loader *l, const char *name);

/* mix.c. Whether what is wished for can be mixed, CNN_EUSAGE, and whether a field of that kind can be
 * for that wish, CNN_EDATA without its path; the memory that mixing takes, and of shares for batches of
 * n, CNN_ESYSTEM; and the first n samples of a batch, mixed. CNN_EDATA: a list that gets too long. */
CNN_CHECKED int cnn_loader_mixing_check(const struct cnn_loader *l);
CNN_CHECKED int cnn_loader_mixing_takes(const struct cnn_loader *l, const struct cnn_loader_wish *w,
                                        enum cnn_field_kind kind);
/* Room grown to what mixing takes for a wish, or for the input (NULL); where nothing is mixed none. */
struct cnn_loader_room {
    size_t kept, shown; /* elements */
};
void cnn_loader_mixing_room(const struct cnn_loader_options *o, const struct cnn_loader_wish *w,
                            struct cnn_loader_room *room);
CNN_CHECKED int cnn_loader_mixing_new(struct cnn_loader *l);
void cnn_loader_mixing_free(struct cnn_loader *l);
CNN_CHECKED int cnn_loader_shares_new(const struct cnn_loader *l, size_t n, float ***out);
void cnn_loader_shares_free(const struct cnn_loader *l, float **share);
CNN_CHECKED int cnn_loader_mix(struct cnn_loader *l, struct cnn_loader_buffers *b, size_t n);

/* images.c, for loaders with a store: item from what stays on the device (item->key is set),
 * or from a decoded sample; in the latter, item->bytes 0: it has to be prepared here. CNN_EDATA. */
int cnn_loader_take_kept(const struct cnn_loader *l, const struct cnn_kept_image *kept,
                         struct cnn_loader_item *item);
int cnn_loader_take_decoded(const struct cnn_loader *l, const struct cnn_sample *s,
                            struct cnn_loader_item *item, void *bytes);

#endif
