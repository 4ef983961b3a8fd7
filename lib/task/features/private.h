/* The inside of cnn_features: which layers (layers.c), where their values go (a sink for
 * each form: npy.c, text.c, tar.c), and the pass (features.c). */
#ifndef CNN_TASK_FEATURES_PRIVATE_H
#define CNN_TASK_FEATURES_PRIVATE_H

#include <stdint.h>

#include "file/outfile.h"
#include "task/apart.h"
#include "task/features/features.h"
#include "task/feed.h"
#include "task/runner.h"

/* The nodes that the options' layers name, each once, in the order in which they are named;
 * *nodes is the caller's to free(). CNN_EUSAGE with what there is instead. */
CNN_CHECKED int cnn_features_layers(const struct cnn_strings *wanted, const char *model,
                                    const struct cnn_graph *g, int **nodes, size_t *count);

/* One class list for all inputs, and for each input where its classes are in it:
 * (*map)[input][class]. The caller frees `all`, each map and the array. */
CNN_CHECKED int cnn_features_classes(const struct cnn_inputs *in, struct cnn_strings *all,
                                     int32_t ***map);

/* What a sink is told when it opens. */
struct features_to {
    const char *path;                  /* "": to stream */
    const char *columns;               /* names of more columns of keys, each with a tab before */
    const struct cnn_apart_run *apart; /* what must not be written over */
    const char *bad_list;              /* another output; NULL: none */
    FILE *stream;
    const char *name;                  /* of the stream, for messages */
    const struct cnn_strings *classes; /* names of the labels */
    const char *history;               /* JSON array */
    const char *made;                  /* JSON object: its last entry without the model's own */
    struct cnn_chw shape;              /* of a row of a sample's values */
    size_t rows;                       /* the most; 1 but for sequences */
    const struct cnn_graph *graph;     /* whose further inputs are no fields that are kept */
    const struct cnn_strings *layer;   /* names of the layers in it */
    const size_t *width;               /* (layers) how many of the values are each's */
    const volatile int *stop;          /* of the callbacks */
    int half;                          /* npy: float16 */
    int paths;                         /* samples have paths, not keys */
};

struct features_row {
    const char *path; /* NULL: it has none */
    const char *key;
    const char *more; /* of the columns; NULL: there are none */
    int32_t label;    /* -1: none */
    float weight;
    size_t rows;
    struct cnn_chw shape;            /* of a row of values */
    const float *values;             /* (rows, c, h, w) */
    const struct cnn_sample *fields; /* what else the sample has; NULL: not known */
};

struct features_sink_type {
    int (*open)(void *sink, const struct features_to *to);
    int (*add)(void *sink, const struct features_row *row);
    int (*finish)(void *sink); /* all is on the disk then, */
    int (*commit)(void *sink); /* and in place */
    void (*close)(void *sink); /* gives up what is not in place */
    size_t size;               /* of the sink; zeroed before open */
    int keeps;                 /* rows, and the fields of samples */
};
extern const struct features_sink_type cnn_features_npy, cnn_features_tsv, cnn_features_svmlight,
    cnn_features_tar;

/* A file that appears whole or not at all, or the caller's stream; for sinks. */
struct features_file {
    struct cnn_outfile *file;
    FILE *stream;
    char *name; /* for messages */
};
/* CNN_EUSAGE when the path is that of what is read. */
CNN_CHECKED int cnn_features_file_open(struct features_file *f, const struct features_to *to,
                                       const char *path);
/* CNN_EIO as soon as a write failed. */
CNN_CHECKED int cnn_features_file_check(const struct features_file *f);
/* All is on the disk; in place. */
CNN_CHECKED int cnn_features_file_finish(struct features_file *f);
CNN_CHECKED int cnn_features_file_commit(struct features_file *f);
void cnn_features_file_close(struct features_file *f);

/* "#classes", in a file "#made", and the beginning of the heading, without the end of the line. */
void cnn_features_heading(const struct features_to *to, struct cnn_buf *out);
/* KEY<TAB>CLASS, or with `paths` PATH<TAB>CLASS */
void cnn_features_key(const struct cnn_strings *classes, int paths, const struct features_row *row,
                      struct cnn_buf *out);

/* A layer's values of a batch. */
struct features_tap {
    int node;
    struct cnn_chw out,
        kept;            /* as the net gives them, and as they are written, but for what belongs
                                 to no image (cnn_features_shape) */
    struct cnn_chw told; /* kept, for images of the model's size */
    size_t rows;
    int32_t *real; /* (batch) rows that are */
    size_t room;   /* of values, elements */
    size_t reals;  /* of real */
    float *values; /* (batch, rows, out), then (batch, rows, kept) */
};

/* Where some of the taps go. */
struct features_target {
    size_t first_tap, taps;
    void *sink;
    struct cnn_chw shape; /* of a row of a sample's values, for images of the model's size */
    size_t count;         /* values of a sample, likewise */
    float *row;           /* (count); NULL: the only tap's values are the row */
};

struct features {
    const struct cnn_features_options *o;
    const struct cnn_callbacks *cb;
    const struct features_sink_type *type;
    struct cnn_runner runner;
    struct cnn_inputs inputs;
    struct cnn_feed feed;
    struct cnn_strings classes;
    int32_t **map;        /* (inputs) */
    char *history, *made; /* of the target that is opened */
    int paths;            /* all samples have paths */
    int noted;            /* that fields are left out */
    int *node;            /* (taps) */
    size_t taps, targets;
    struct features_tap *tap;
    struct features_target *target;
};

/* The taps and targets of f->node; nothing is written yet. */
CNN_CHECKED int cnn_features_make_taps(struct features *f, size_t batch);
/* The runner's net is one for inputs of another size, of up to that many at once. */
CNN_CHECKED int cnn_features_fit_taps(struct features *f, size_t batch);
/* Open the sink of one, which goes to that path, or to the stream where it is "". */
CNN_CHECKED int cnn_features_open_target(struct features *f, struct features_target *t,
                                         const char *path, const char *columns, FILE *out,
                                         const char *name);
/* CNN_EUSAGE when there is one stream for several layers. */
CNN_CHECKED int cnn_features_open_targets(struct features *f, FILE *out, const char *name);
/* pass.c: what the loader of any input is asked for; a batch of it, to the sinks. */
struct cnn_loader_options cnn_features_loading(const struct features *f);
CNN_CHECKED int cnn_features_take_batch(void *context, size_t input, const struct cnn_batch *b);
/* update.c: rows of files that are in no store yet, to that of --incremental. */
CNN_CHECKED int cnn_features_update(struct features *f);
/* history.c: f->history and f->made, for a target whose layers are added to a list. */
CNN_CHECKED int cnn_features_tell(struct features *f, const struct features_target *t,
                                  struct cnn_strings *layer);
/* What is written of a tap's values for sample i: of planes of a sample that was filled up, the places
 * that begin within it. */
struct cnn_chw cnn_features_shape(const struct features_tap *t, const struct cnn_batch *b,
                                  size_t i);
/* A tap's values of a batch, as the net gave them, to what is written of them. */
void cnn_features_take(const struct features *f, struct features_tap *t, const struct cnn_batch *b);
/* CNN_EUSAGE where a form of features has no place for values of several sizes. */
CNN_CHECKED int cnn_features_check_shapes(const struct features *f, const struct features_target *t,
                                          const struct cnn_batch *b, size_t i);
/* fields.c: whether the field of that name is written where samples keep them: not its class, which has a place of
 * its own, nor the net's inputs. */
int cnn_features_keeps(const struct cnn_graph *g, const char *name);
/* Note once what fields of samples are left out: before, of datasets whose samples can be looked at, and of streams when
 * they have been read. */
void cnn_features_look_at_fields(struct features *f);
void cnn_features_note_streams(struct features *f);
/* pool.c: each plane to one value, as the options say; dst may begin where src does or before. */
void cnn_features_pool(const struct cnn_features_options *o, float *dst, const float *src,
                       size_t planes, size_t positions);
/* To a Euclidean length of 1; what is all zeros stays so. */
void cnn_features_normalise(float *row, size_t n);
/* What goes to a target for sample i. */
const float *cnn_features_row_of(const struct features *f, const struct features_target *t,
                                 size_t i);

#endif
