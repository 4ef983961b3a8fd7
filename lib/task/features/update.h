/* The inside of cnn-features --incremental: update.c (the whole, and the pass),
 * update_known.c (what is known already), update_file.c (files' contents), update_store.c (rows of earlier runs), update_part.c (rows as they are computed, until
 * the store has them), update_rows.c (the store that comes of it).
 *
 * A store FILE.npy is a dump, whose FILE.tsv has more columns: a hash of each file's contents, its size and the time of its
 * last change. Rows go to FILE.npy.part as soon as they are computed, under the hash. When all are there the next store is
 * written as FILE.next.npy and FILE.next.tsv, which then take the names of the old one. A run that was killed leaves
 * FILE.npy.part, which the next one goes on from, or files that need only their names. */
#ifndef CNN_TASK_FEATURES_UPDATE_H
#define CNN_TASK_FEATURES_UPDATE_H

#include "base/names.h"
#include "data/source/dataset.h"
#include "file/contents.h"
#include "task/features/private.h"

/* By which a file that was not changed is known. */
struct update_stat {
    long long size, time; /* bytes; nanoseconds since 1970, 0: it may have changed since */
};

/* A row of a store. */
struct update_row {
    struct cnn_contents hash;
    struct update_stat stat;
};

/* A sample. */
struct update_file {
    const char *path;
    int32_t label;
    int is_there;            /* else nothing of what follows is known, and it is a bad sample */
    struct update_stat seen; /* when its contents were hashed */
    struct update_row row;
};

struct update_store {
    struct cnn_dataset *ds; /* NULL: there is none yet */
    size_t count;
    struct update_row *row; /* (count) */
};

#define UPDATE_COLUMNS "\thash\tsize\tmtime_ns"

/* Whether samples are files and nothing else. CNN_EUSAGE, CNN_EDATA. */
CNN_CHECKED int cnn_update_check_files(const struct features *f);
/* What there is to know of a file; its contents are read where size and time are not those that `old` (NULL: none) has. */
CNN_CHECKED int cnn_update_look(struct update_file *f, const struct update_row *old);
int cnn_update_is_as_seen(const struct update_file *f);

/* "feats.next.npy" for feats.npy and ".next.npy", and so on; free(). NULL: no memory. */
char *cnn_update_beside(const char *output, const char *end);
/* Files that a run which was killed left without their names get them, or are removed. Under the lock of a part. */
CNN_CHECKED int cnn_update_settle(const char *output);
/* The columns of a row. */
void cnn_update_columns(const struct update_row *row, struct cnn_buf *out);
/* The rows of an earlier run, if there was one. CNN_EDATA: what is there is not whole, or no store. */
CNN_CHECKED int cnn_update_store_open(struct update_store *s, const char *output,
                                      const struct cnn_callbacks *cb);
void cnn_update_store_close(struct update_store *s);

/* Rows on their way: a head of text, then records of a row each, batch by batch. A batch that is not whole is computed
 * again, so that each sample has the same company as in a run that nobody killed: last bits may depend on it. */
struct update_part {
    char *path;
    int fd, locked, known;          /* known: its rows are those of this run */
    size_t head, count, rows, done; /* head: bytes; count: values of a row; done: rows of before */
    unsigned char *record; /* of one: its hash, whether it ends a batch, values, a hash of all */
    int waits;             /* the record is not written yet */
};

/* Start from {0}. The identity says what rows are; CNN_EDATA where a run that was killed left others, CNN_ECREATE where
 * another process has it. */
CNN_CHECKED int cnn_update_part_open(struct update_part *p, const char *output,
                                     const char *identity, size_t count);
CNN_CHECKED int cnn_update_part_add(struct update_part *p, const struct cnn_contents *hash,
                                    const float *values);
/* The rows that were added are a batch, and on the disk. */
CNN_CHECKED int cnn_update_part_sync(struct update_part *p);
/* Values (count) or NULL; of a row that is on the disk. */
CNN_CHECKED int cnn_update_part_read(struct update_part *p, size_t row, struct cnn_contents *hash,
                                     float *values);
/* The file is removed where it has no rows, or nobody needs them any more. */
void cnn_update_part_close(struct update_part *p, int done);

/* Where the values of some contents are. */
struct update_value {
    enum { IN_STORE, IN_PART, IN_WORK } where;
    size_t row;
};

struct update {
    struct features *f;
    struct cnn_arena *arena;
    struct cnn_names *old;   /* by path, struct update_row of the store */
    struct cnn_names *now;   /* by path, struct update_file */
    struct cnn_names *value; /* by hash, struct update_value */
    struct update_store store;
    struct update_part part;
    struct update_file *file;  /* (files) of all inputs, in order */
    size_t files, gone, input; /* input: whose turn it is */
    float *row;                /* (part.count) */
};

/* update_known.c: the values of contents, if they are known. */
struct update_value *cnn_update_value(const struct update *u, const struct cnn_contents *h);
CNN_CHECKED int cnn_update_put(struct update *u, const struct cnn_contents *h,
                               struct update_value v);
/* Rows of the part from that one on, those of the store, and the files of all inputs. */
CNN_CHECKED int cnn_update_know_part(struct update *u, size_t first);
CNN_CHECKED int cnn_update_know_store(struct update *u);
CNN_CHECKED int cnn_update_know_files(struct update *u);
/* update_rows.c: what is known becomes the store, unless it is that already. */
CNN_CHECKED int cnn_update_finish(struct update *u);
void cnn_update_note(const struct update *u, const char *path, const char *what);

#endif
