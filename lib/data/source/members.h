/* A tar as samples: members that follow one another and share a key (the WebDataset convention),
 * with our header and end record checked where they are (cnn-formats(5)). */
#ifndef CNN_DATA_SOURCE_MEMBERS_H
#define CNN_DATA_SOURCE_MEMBERS_H

#include "data/source/source.h"

#define CNN_STREAM_HEADER "__cnn__/header.json"
#define CNN_STREAM_END    "__cnn__/end.json"
enum { CNN_STREAM_FORMAT = 1 };

/* What a member is, by what follows the key in its name. */
enum cnn_part_kind {
    CNN_PART_IMAGE,   /* png, jpg and the like: cnn_image_has_name */
    CNN_PART_NUMBERS, /* npy */
    CNN_PART_CLASS,   /* cls */
    CNN_PART_FIELD,   /* NAME.cls, target.npy, seg.png, txt and the like: cnn_field_ending */
    CNN_PART_JSON,    /* json */
    CNN_PART_FAULT,   /* no member: a text that says why the sample is bad */
    CNN_PART_OTHER,
    CNN_PART_KINDS
};

struct cnn_part {
    enum cnn_part_kind kind;
    /* FIELD, and images and numbers under a name of their own: */
    char name[CNN_FIELD_NAME_MAX + 1];
    enum cnn_field_kind field_kind;
    int own_name;                         /* images and numbers that are the input have it */
    const struct cnn_source_field *field; /* set by what reads the members */
    size_t offset, size;                  /* in raw->bytes, when they were read */
    int64_t in_file;                      /* where they are in the tar file; -1: unknown */
    int read;
};

struct cnn_raw {
    struct cnn_buf key;
    size_t number;         /* in the stream, from 0 */
    struct cnn_part *part; /* of different roles */
    size_t parts, part_capacity;
    struct cnn_buf fault; /* why the sample is bad, without a name; empty: it is not */
    unsigned char *bytes;
    size_t size, capacity;
    char class[256]; /* the text of .cls; empty: none */
    int32_t label;   /* set by cnn_dataset_next */
    float weight;
};

struct cnn_members {
    struct cnn_tar_reader *reader;
    const char *path;
    int ours;                   /* has our header */
    int in_place;               /* a plain file, which members can be read from later */
    int index;                  /* do not read what can be read from the file later */
    struct cnn_strings classes; /* the header's list */
    char *history;
    size_t samples; /* so far */
    /* the rest is private */
    size_t since_header;
    uint64_t checksum;
    int ended;           /* the end record was there */
    struct cnn_buf name; /* of the member that comes next */
    uint64_t size;
    int64_t offset;
    const char *link; /* as of struct cnn_tar_member */
    int symbolic;
    int pending;
};

/* Begin: the header, when it is there, is read. */
CNN_CHECKED int cnn_members_open(struct cnn_members *m, const char *path, int fd,
                                 const unsigned char *ahead, size_t ahead_size,
                                 const volatile int *stop);
/* 1: a sample; 0: the end; negative: CNN_EDATA, CNN_EIO, CNN_EINTERRUPTED. */
CNN_CHECKED int cnn_members_next(struct cnn_members *m, struct cnn_raw *raw);
void cnn_members_close(struct cnn_members *m);
/* cnn_open_tar where the archive is read once, behind its header: takes *m over, and leaves {0}. */
CNN_CHECKED int cnn_open_tar_once(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                                  const struct cnn_strings *own, struct cnn_members *m);

/* The sample's member of that kind; NULL: it has none. */
const struct cnn_part *cnn_raw_part(const struct cnn_raw *raw, enum cnn_part_kind kind);
/* Its class and its weight, from the members that say them. CNN_EDATA. */
CNN_CHECKED int cnn_raw_read_texts(const char *path, struct cnn_raw *raw);
/* Into the sample what a member of that kind holds; field: of FIELD. No name in the message. */
CNN_CHECKED int cnn_part_decode(enum cnn_part_kind kind, const struct cnn_source_field *field,
                                const unsigned char *bytes, size_t size, struct cnn_sample *out);
/* Images and arrays under names, none of which is the input: cnn_part_fail_inputs says so when all of
 * the key's fields are noted. CNN_EDATA. Start from {0}. */
struct cnn_part_inputs {
    const char *name[2][2]; /* borrowed; two of images, and two of numbers */
    int count[2];
};
void cnn_part_note_input(struct cnn_part_inputs *in, const struct cnn_source_field *field);
CNN_CHECKED int cnn_part_fail_inputs(const struct cnn_part_inputs *in, const char *key);
/* The sample's fields become the dataset's. */
CNN_CHECKED int cnn_raw_find_fields(struct cnn_dataset *ds, struct cnn_raw *raw);
/* The checksum goes over names and contents of the members between header and end record. */
uint64_t cnn_members_checksum(uint64_t before, const char *name, const void *data, size_t size);

#endif
