/* What the forms of datasets share: the dataset itself, and how a form fills it.
 *
 * A form is one file NAME.c. Its open function adds records, then settles the class list;
 * its type loads the samples. The door (dataset.c) finds out which form it is. */
#ifndef CNN_DATA_SOURCE_SOURCE_H
#define CNN_DATA_SOURCE_SOURCE_H

#include <string.h>

#include "base/memory.h"
#include "data/image/codecs.h"
#include "data/image/palette.h"
#include "data/source/dataset.h"

struct cnn_source_type {
    const char *form;
    /* The image or numbers, and a target that is no class, of item i. The message names no file:
     * the door puts the record's source in front. Any thread. NULL for streams that are read once.
     */
    int (*load)(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out);
    void (*close)(void *state); /* NULL: nothing to free */
    /* For streams that are read once: cnn_dataset_next. NULL otherwise. */
    int (*next)(struct cnn_dataset *ds, struct cnn_raw *raw);
    int keyed; /* the data say the keys, so that one which is there again is worth a note */
};

/* Keys that were seen, as hashes. */
struct cnn_key_set {
    struct cnn_key_slot *slot;
    size_t size, used; /* size is a power of two */
    size_t again;      /* keys that were there already */
    char *first;       /* what the first of them became */
};

/* A field that samples may have. */
struct cnn_source_field {
    char name[CNN_FIELD_NAME_MAX + 1];
    enum cnn_field_kind kind;
    struct cnn_strings classes; /* CLASS and BOXES: classes.NAME.txt beside the dataset */
    struct cnn_palette palette; /* LABELS: palette.NAME.txt, likewise */
    struct cnn_source_field *next;
};

struct cnn_dataset {
    const struct cnn_source_type *type;
    void *state; /* the form's own */
    const char *form;
    char *path;
    struct cnn_arena *arena; /* strings of the records */
    struct cnn_record *record;
    size_t count, capacity;
    struct cnn_strings classes;
    int pinned;
    struct cnn_source_field *field; /* those that were met, the last one first */
    char *history;                  /* NULL: "[]" */
    char *made;                     /* of features in a file; NULL: they do not say */
    int strict;                     /* of struct cnn_decoding */
    size_t columns;                 /* of a manifest that are fields */
    size_t bytes;                   /* memory of the state */
    int fd;                         /* of a FIFO that the door opened; -1: none */
    /* As cnn_dataset_open, for what the rows of a manifest name: not another manifest. NULL: it is
     * opened for such rows itself. */
    int (*open)(const char *path, const struct cnn_dataset_options *options,
                struct cnn_dataset **out);
};

/* No class list is longer, nor a class number larger. */
enum { CNN_CLASSES_MAX = 1 << 20 };

/* Class texts in the order of their arrival, each once, with the place where it came first. */
struct cnn_found {
    struct cnn_strings text, where;
    size_t *slot; /* hash table of index + 1 */
    size_t size;  /* of it, a power of two */
    int numeric;  /* the texts are indices, not names */
};

/* The index of a class text; `where` ("train.tsv:3") is kept when it is new. CNN_ESYSTEM. */
CNN_CHECKED int cnn_found_add(struct cnn_found *f, const char *text, size_t n, const char *where,
                              int32_t *index);
CNN_CHECKED int cnn_found_add_number(struct cnn_found *f, long long number, const char *where,
                                     int32_t *index);
void cnn_found_free(struct cnn_found *f);

/* Class names (class_names.c). Blanks at both ends are no part of a name; names are UTF-8 without
 * control characters; and spellings that Unicode calls the same (NFC and NFD, characters without
 * width apart; where the program was built with utf8proc) are one name, in the spelling of the
 * list, or of those found the first in order of bytes. */
/* cnn_found_add of a name as it is written somewhere. */
CNN_CHECKED int cnn_class_add(struct cnn_found *f, const char *text, const char *where,
                              int32_t *index);
/* CNN_EDATA for what no class may be called. */
CNN_CHECKED int cnn_class_check(const char *where, const char *name);
/* Append to a list that is read; `seen` starts from {0} and goes with it. CNN_EDATA for an empty
 * name, for one that is there, and as cnn_class_check. */
CNN_CHECKED int cnn_class_list_add(const char *where, const char *text, struct cnn_found *seen,
                                   struct cnn_strings *out);
/* The list of names that were found: sorted, each once. */
CNN_CHECKED int cnn_class_list_of(const struct cnn_strings *found, struct cnn_strings *out);

/* The final class list, and the records' labels from indices of `found` to indices of that list.
 * `own` is the list that comes with the data (may be NULL or empty: none). Where the texts are
 * numbers, they are names when all names of the list are numbers, else places in it. */
CNN_CHECKED int cnn_source_settle(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                                  const struct cnn_found *found, const struct cnn_strings *own);
/* What settle does for one label that comes late; `own` as there. */
CNN_CHECKED int cnn_source_label(const struct cnn_dataset *ds, const struct cnn_strings *own,
                                 const char *text, int numeric, int32_t *label);

/* The list of FOLDER/classes.txt when there is one. */
CNN_CHECKED int cnn_source_beside(const char *folder, struct cnn_strings *out);
/* The same of a folder of class folders; where it has none and is a part (divided.h), that beside
 * the parts. */
CNN_CHECKED int cnn_divided_classes(const char *folder, struct cnn_strings *out);

/* Fields (fields.c). What the end of a name says that data are, ".seg.png" or ".npy", and how many
 * bytes stand before it; 0: it says nothing. */
int cnn_field_ending(const char *name, enum cnn_field_kind *kind, size_t *before);
/* The field of that name and kind, added where it is new, with its class list. For the thread that
 * opens the dataset or reads the stream. CNN_EDATA of the list, CNN_ESYSTEM. */
CNN_CHECKED int cnn_source_field(struct cnn_dataset *ds, const char *name, enum cnn_field_kind kind,
                                 const struct cnn_source_field **out);
/* Whether its numbers are places in the image as it is stored, so that the sample, which is to be
 * loaded, may not be decoded smaller: a label image without a name of its own, or points. */
int cnn_source_counts_pixels(const struct cnn_source_field *of, const struct cnn_sample *s);
/* Into the sample's field what its bytes hold. Any thread. No name but the field's in the
 * message. */
CNN_CHECKED int cnn_source_decode(const struct cnn_source_field *of, const unsigned char *bytes,
                                  size_t size, struct cnn_sample *out);
/* An npy array; its shape as cnn_source_numbers. */
CNN_CHECKED int cnn_numbers_decode(const unsigned char *bytes, size_t size, struct cnn_image *out);

/* Add a record; its strings are copied. */
CNN_CHECKED int cnn_source_add(struct cnn_dataset *ds, const struct cnn_record *record);
/* Add sample i of a container: numbered key, "PATH#i". `label` as in struct cnn_found. */
CNN_CHECKED int cnn_source_add_item(struct cnn_dataset *ds, size_t i, int32_t label, float weight);

/* 1: this is the first such key; 0: `key` was there already and is now "key~2" or the like;
 * CNN_ESYSTEM. */
CNN_CHECKED int cnn_key_set_add(struct cnn_key_set *set, struct cnn_buf *key);
/* Note that keys of `count` samples were there already, if any were. */
void cnn_key_set_note(const struct cnn_key_set *set, const char *path, size_t count,
                      void (*note)(void *context, const char *text), void *context);
void cnn_key_set_free(struct cnn_key_set *set);

/* "photos" for photos/a.png, "." for a.png; free(). */
char *cnn_path_folder(const char *path);
/* `path` as seen from `folder`: itself when absolute, else joined; free(). */
char *cnn_path_join(const char *folder, const char *path);
/* Nonzero when the name is that of a form which holds more than text: an image, a tar, an npy. */
int cnn_path_is_form(const char *path);
/* Nonzero when the name ends so, whatever the case. */
int cnn_path_ends(const char *path, const char *suffix);
/* Nonzero when the last component is what systems leave in folders: hidden names (.DS_Store,
 * ._photo), Thumbs.db, desktop.ini, __MACOSX and the like. It is no data. */
int cnn_path_is_litter(const char *name);
/* Whether a file that is called so holds many samples: an archive, IDX, CIFAR, npy. */
int cnn_path_is_container(const char *name);

/* A file's bytes into s->encoded. No file name in the message. */
int cnn_source_read_file(const char *path, struct cnn_sample *out, size_t *size);
/* Decode an image file into a sample, its bytes in s->encoded. No file name in the message. */
CNN_CHECKED int cnn_source_load_file(const char *path, struct cnn_sample *out);
/* `n` bytes for encoded data in the sample. */
CNN_CHECKED int cnn_source_room(struct cnn_sample *s, size_t n);

/* Nothing encoded is larger than this (bytes): the largest PPM and a little. */
#define CNN_ENCODED_MAX ((size_t)6 * CNN_IMAGE_MAX_PIXELS + 65536)

/* Nor is a text: some ten million rows of a manifest. */
#define CNN_TEXT_MAX ((size_t)1 << 30)

/* The shape of one sample of (n, ...) numbers, `rank` without the first: () is (1, 1, 1), (d) is
 * (d, 1, 1), (h, w) is (1, h, w), (c, h, w) itself, and rows of it, (rows, c, h, w), are
 * (rows c, h, w), out->first rows. CNN_EDATA for more, and for none. */
CNN_CHECKED int cnn_source_numbers(struct cnn_image *out, int rank, const size_t *dim);

/* The lines "#classes...", "#key<TAB>class..." and "key<TAB>class..." of features.h, from text that
 * is changed. Each row is a record; `row` (may be NULL) gets the fields behind the class. *heading:
 * fields of the heading behind the class. */
struct cnn_feature_rows {
    size_t heading;
    int paths; /* rows begin with paths, not keys: set from the heading */
    int (*row)(void *context, const char *where, char *fields);
    void *context;
};
CNN_CHECKED int cnn_features_parse(struct cnn_dataset *ds, const char *name, char *text,
                                   size_t size, struct cnn_feature_rows *rows,
                                   struct cnn_found *found, struct cnn_strings *own);
/* The beginning of an input, which forms know themselves by. */
enum { CNN_SNIFF_BYTES = 4096 };
struct cnn_form_head {
    const unsigned char *bytes;
    size_t size, total; /* total: of the whole input, SIZE_MAX where that is not known */
    const char *text;   /* from its first line on that is not blank; NULL: it is no text */
    int names;          /* it is like a text whose lines NUL bytes end */
};

/* A form of dataset. One of open, read and parse says how it is read. */
struct cnn_form {
    const char *name;           /* for messages */
    const char *const *endings; /* of its files' names, the last NULL; NULL: it has none */
    int (*is)(const struct cnn_form_head *head);
    /* From a file; a pipe is none. open_bytes (optional): from the bytes that came through one, which
     * stay the caller's. */
    int (*open)(struct cnn_dataset *ds, const struct cnn_dataset_options *options);
    int (*open_bytes)(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                      const unsigned char *bytes, size_t size);
    /* From either; fd -1: open the path. `ahead`: what was read from fd already. */
    int (*read)(struct cnn_dataset *ds, const struct cnn_dataset_options *options, int fd,
                const unsigned char *ahead, size_t ahead_size);
    /* From a text that was read to its end, decompressed, and NUL-terminated behind its size, which
     * may be changed. nuls: it may have NUL bytes within. */
    int (*parse)(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                 const char *folder, char *text, size_t size);
    int nuls;
};

#define CNN_FORM(name) extern const struct cnn_form cnn_form_##name;
#include "data/source/forms.def"

static inline int cnn_form_begins(const struct cnn_form_head *h, const char *magic, size_t n)
{
    return h->size >= n && !memcmp(h->bytes, magic, n);
}

/* Forms that are no single file's bytes. */
CNN_CHECKED int cnn_open_folder(struct cnn_dataset *ds, const struct cnn_dataset_options *options);
CNN_CHECKED int cnn_open_images(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                                const char *const *path, size_t count);
CNN_CHECKED int cnn_open_digits(struct cnn_dataset *ds, const struct cnn_dataset_options *options);
/* Of cnn_form_image. */
CNN_CHECKED int cnn_open_image_bytes(struct cnn_dataset *ds,
                                     const struct cnn_dataset_options *options,
                                     const unsigned char *bytes, size_t size);

/* Whether a file begins as one of tensors does: eight bytes of length, and JSON. */
int cnn_is_safetensors(const unsigned char *head, size_t size);
/* The form of what begins so; total: as in struct cnn_form_head. NULL: none that is known. */
const struct cnn_form *cnn_form_sniff(const unsigned char *head, size_t size, size_t total);

#endif
