/* Datasets: every form that the programs read, behind one door (dataset_open.h).
 *
 * A dataset is a list of records, known at once, whose contents are loaded on demand
 * from any thread. A stream (standard input, a FIFO, a compressed tar) becomes one by
 * being spooled: its encoded bytes are kept in memory up to a limit, then in an unlinked
 * temporary file. Or it is read once, in order, with cnn_dataset_next. */
#ifndef CNN_DATA_SOURCE_DATASET_H
#define CNN_DATA_SOURCE_DATASET_H

#include "base/error.h"
#include "base/text.h"
#include "data/sample.h"

struct cnn_dataset;

/* What is known of a sample without loading it. */
struct cnn_record {
    const char *key;
    const char *source; /* for messages and manifests: "photos/a.png", "train.tar#17" */
    const char *path;   /* of the image's file, as it can be opened, or of that which features were
                           made of; NULL: it has none of its own */
    uint32_t line;      /* of the list that names it, from 1; 0: none does */
    const char *group;  /* samples that must stay together in a split; NULL: none */
    int32_t label;      /* class index, -1: none */
    float weight;
};

enum cnn_dataset_stream {
    CNN_STREAM_SPOOL,
    CNN_STREAM_ONCE,        /* do not spool: leave it to cnn_dataset_next */
    CNN_STREAM_ONCE_LISTED, /* as ONCE where the class list is known beforehand, else spool */
};

struct cnn_dataset_options {
    /* pinned list; a class that is not in it is CNN_EDATA. NULL: the header's list of a stream,
     * classes.txt beside the file, else the sorted names found */
    const struct cnn_strings *classes;
    const char *labels; /* IDX: the label file, when it is not where it usually is; NULL */
    int stream;         /* enum cnn_dataset_stream; has no effect on other forms */
    int empty;          /* no samples are an answer; else CNN_EDATA */
    int strict;         /* of struct cnn_decoding, for all images */
    int unlabelled; /* classes do not matter: a stream read once may name ones that no list has */
    size_t memory;  /* bytes that a spooled stream may take in memory; 0: 1 GiB */
    const char *temporary;    /* folder for the rest; NULL: $TMPDIR, else /tmp */
    const volatile int *stop; /* set by a signal handler: spooling, and waiting for a pipe, now or
                                 later, give up with CNN_EINTERRUPTED; may be NULL */
    void (*note)(void *context, const char *text); /* what is left out of a folder; may be NULL */
    void *context;
};

/* Put "SOURCE: ", and the list's "PATH:LINE: " where there is one, before the message that is set.
 */
int cnn_dataset_fail_within(const struct cnn_dataset *ds, size_t i);
/* The name of the i-th field that samples were found to have so far, and its kind; NULL: there are not so many. */
const char *cnn_dataset_field(const struct cnn_dataset *ds, size_t i, enum cnn_field_kind *kind);
/* How many columns of a manifest are fields of its samples. */
size_t cnn_dataset_columns(const struct cnn_dataset *ds);
/* Whether samples have paths: those of the first one has, or there are none. */
int cnn_dataset_has_paths(const struct cnn_dataset *ds);

/* Whether the path is a file that is an image, or is called one: such a file may be damaged. */
int cnn_dataset_is_image(const char *path);
/* Labels from a file are for IDX data: CNN_EUSAGE where `labels` is not NULL and no dataset is. */
CNN_CHECKED int cnn_dataset_check_labels(struct cnn_dataset *const *ds, size_t count,
                                         const char *labels);
void cnn_dataset_close(struct cnn_dataset *ds);
/* What was opened, for messages: of several images the first. */
const char *cnn_dataset_path(const struct cnn_dataset *ds);

/* "folder", "manifest", "IDX", "CIFAR-10", "tar", "npy", ...: for messages. */
const char *cnn_dataset_form(const struct cnn_dataset *ds);
/* How many samples; SIZE_MAX for a stream that was not spooled. */
size_t cnn_dataset_count(const struct cnn_dataset *ds);
const struct cnn_record *cnn_dataset_record(const struct cnn_dataset *ds, size_t i);
/* The class list (empty: no classes). Labels index it. */
const struct cnn_strings *cnn_dataset_classes(const struct cnn_dataset *ds);
/* Whether the list was pinned (given, classes.txt, or a stream's header) rather than collected. */
int cnn_dataset_classes_pinned(const struct cnn_dataset *ds);
/* Bytes of memory that the dataset takes now: records, keys, mapped or spooled data (for memory
 * plans). */
size_t cnn_dataset_bytes(const struct cnn_dataset *ds);
/* JSON array: what a stream's header says made it; "[]" otherwise. */
const char *cnn_dataset_history(const struct cnn_dataset *ds);
/* JSON object: what features in a file say of the run that made them (features.h); NULL: nothing, as streams, which have
 * it in their history. */
const char *cnn_dataset_made(const struct cnn_dataset *ds);

/* Load sample i into *out (reusing its memory; {0} at first). Any thread. CNN_EDATA, CNN_EIO,
 * CNN_ENOINPUT with a message that names the record's source. */
CNN_CHECKED int cnn_dataset_load(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out);

/* A stream that was not spooled, sample by sample. Raw bytes are read by one thread in order, and
 * decoded by any. */
struct cnn_raw; /* one sample's members, undecoded */
struct cnn_raw *cnn_raw_new(void);
void cnn_raw_free(struct cnn_raw *raw);
/* 1: read; 0: the end, and for a stream of ours the end record was there and right; negative:
 * CNN_EDATA ("cut before its end record"), CNN_EIO. */
CNN_CHECKED int cnn_dataset_next(struct cnn_dataset *ds, struct cnn_raw *raw);
CNN_CHECKED int cnn_raw_decode(const struct cnn_dataset *ds, const struct cnn_raw *raw,
                               struct cnn_sample *out);

/* Keys. The same picture has the same key in every form, wherever it is read from:
 * - a file (in a folder, in a manifest, or alone): its last two path components without extension,
 * "ants/001" for photos/ants/001.jpg; '.' becomes '_' in the last, control characters in both;
 * - sample i of an IDX, CIFAR, npy, feature TSV or svmlight file without keys of its own: the
 * file's name without folder and extensions, '/', and i in at least six digits,
 * "train-images-idx3-ubyte/000017";
 * - sample i of digits:COUNT:SEED: "digits-SEED/00000i", whatever COUNT is;
 * - a sample of a tar, or of features with keys: as it is written there (a tar's key ends at the
 * first '.' of the last component). A manifest's row FILE#i has the key of sample i of FILE. A key
 * that was there before in the same dataset gets "~2", the next "~3", and so on. */
void cnn_key_from_path(const char *path, struct cnn_buf *out);
void cnn_key_from_number(const char *path, size_t i, struct cnn_buf *out);

/* classes.txt: one name a line, order is index; cnn_lines has the rule for lines, source.h that for
 * names. CNN_EDATA on duplicates. */
CNN_CHECKED int cnn_classes_read(const char *path, struct cnn_strings *out);

/* Names for classes that have none: "0", "1" and so on, added to the list. CNN_ESYSTEM. */
CNN_CHECKED int cnn_classes_number(size_t count, struct cnn_strings *out);

/* *index: the place of a class in the list, however it is spelled (source.h), or -1. CNN_ESYSTEM.
 */
CNN_CHECKED int cnn_class_find(const struct cnn_strings *list, const char *name, ptrdiff_t *index);

#endif
