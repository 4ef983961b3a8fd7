/* The inside of a run of cnn_infer, shared by infer.c (the pass), options.c (what is wanted),
 * tiles.c (images in parts), answers.c (what the net gives), output.c (where it goes) and knn.c (neighbours in a net's place). */
#ifndef CNN_TASK_INFER_PRIVATE_H
#define CNN_TASK_INFER_PRIVATE_H

#include "data/image/palette.h"
#include "file/outfile.h"
#include "file/outfolder.h"
#include "task/apart.h"
#include "task/infer/infer.h"
#include "task/predictions.h"
#include "task/report.h"
#include "task/runner.h"
#include "task/scores.h"

/* More cells would take more than 128 MiB. */
enum { INFER_MATRIX_CLASSES = 4096 };

/* A file, or a stream of the caller's. */
struct infer_sink {
    struct cnn_outfile *file;
    FILE *stream;
    const char *name;
};

/* The values of a batch: rows of all outputs, values of those behind the first, and where those of the
 * sample that is told are. */
struct infer_answers {
    size_t more; /* outputs behind the first */
    struct cnn_predictions_output *output;
    int32_t **rows; /* (1 + more) (batch) how many are real */
    float **value;  /* (more) (batch, rows, count) */
    const float **at;
    size_t *at_rows;
};

/* What the net gives for each place of a sample. */
struct infer_map {
    size_t classes, h, w;
    float *value; /* (classes, h, w) probabilities, or numbers as they are */
    size_t room;
    float *best;        /* (classes) the largest of each */
    size_t (*place)[2]; /* (classes) row and column of the input where that is */
    size_t bests, places;
    float *one; /* (classes) */
    size_t ones;
};

/* Memory of tiles. */
struct infer_tiles {
    float *x;      /* (c, tile, tile) */
    float *scores; /* (classes, tile, tile) */
    float *weight; /* (h, w) of the image: the sum of those of the tiles at each place */
    size_t xs, scores_room, weights;
};

struct infer {
    const struct cnn_infer_options *o;
    const struct cnn_callbacks *cb;
    int eval;
    struct cnn_gate *gate; /* (o->gate.count) */
    struct cnn_runner runner;
    int classed;                /* the output is of the model's classes */
    struct cnn_outfolder *maps; /* NULL: not wanted */
    struct infer_map map;       /* of the sample that is told */
    struct infer_tiles tiles;
    struct cnn_palette palette; /* of no colours: not given */
    uint64_t fitted; /* of native samples: the runner's net for which the rest is ready; 0: none */
    struct cnn_inputs inputs;
    struct cnn_feed feed; /* its targets, if any, are what answers are compared with */
    size_t classes;       /* that the first target is; 0: it is none of the model's */
    int pair;             /* the net's single output stands for two classes */
    enum cnn_scores kind;
    struct cnn_evaluator *evaluator;     /* NULL: of no net */
    const struct cnn_metrics *metrics;   /* what is measured */
    const struct cnn_strings *names;     /* of the classes */
    struct cnn_data_hash *data;          /* (inputs.count) */
    struct cnn_predictions *predictions; /* NULL: not wanted */
    struct infer_answers answers;
    struct infer_sink main, beside, picture; /* beside: --predictions */
};

/* Before the model is read: what contradicts itself. */
CNN_CHECKED int cnn_infer_check_options(struct infer *in);
/* Of what answers with a model and without. */
CNN_CHECKED int cnn_infer_check_common(struct infer *in);
/* CNN_EUSAGE for a gate on what will not be measured. */
CNN_CHECKED int cnn_infer_check_gates(const struct infer *in, const struct cnn_metrics *will);
/* Outputs apart from what is read. */
CNN_CHECKED int cnn_infer_check_apart(const struct infer *in, const struct cnn_apart_run *run);
/* With the model at hand: what the targets are, and whether that fits the rest. */
CNN_CHECKED int cnn_infer_choose_target(struct infer *in);
/* With the inputs at hand: whether they have what is to be compared with. */
CNN_CHECKED int cnn_infer_check_labels(const struct infer *in);

/* Every file is opened before anything is computed: a wrong name shows at once. */
CNN_CHECKED int cnn_infer_open_sinks(struct infer *in, FILE *out, const char *name);
CNN_CHECKED int cnn_infer_text(const struct infer_sink *s, struct cnn_buf *text);
CNN_CHECKED int cnn_infer_commit(struct infer_sink *s);
/* answers.c: room for the outputs, and the predictions where they are wanted. */
CNN_CHECKED int cnn_infer_open_answers(struct infer *in);
void cnn_infer_free_answers(struct infer *in);
/* The runner's net is one for inputs of another size. */
CNN_CHECKED int cnn_infer_fit_answers(struct infer *in);
/* Whether its answers can be told: of classes one for each. CNN_EDATA. */
CNN_CHECKED int cnn_infer_check_plane(const struct infer *in);
/* A line for each sample of the batch that the evaluator ran last. */
CNN_CHECKED int cnn_infer_answer(struct infer *in, size_t input, const struct cnn_batch *b);

/* maps.c: the map of sample i of the batch; NULL with an error set. */
struct infer_map *cnn_infer_map_of(struct infer *in, const struct cnn_batch *b, size_t i);
/* Rows and columns of the layer's plane that are sample i's own, and not of what it was filled up with. */
void cnn_infer_own_plane(const struct infer *in, const struct cnn_layer *l,
                         const struct cnn_batch *b, size_t i, size_t out[2]);
/* CNN_EUSAGE where maps are wanted of what is none. */
CNN_CHECKED int cnn_infer_check_maps(const struct infer *in);
void cnn_infer_map_free(struct infer_map *m);
/* map_files.c: files of the batch's maps, or of the map that sample i has. */
CNN_CHECKED int cnn_infer_maps_add(struct infer *in, const struct cnn_batch *b);
CNN_CHECKED int cnn_infer_map_put(struct infer *in, struct infer_map *m, const struct cnn_batch *b,
                                  size_t i);
/* Room for a map of m->classes, m->h and m->w. */
CNN_CHECKED int cnn_infer_map_room(struct infer_map *m);
/* The class of a place: that of the largest number, of a single one the second where it is above the middle. */
size_t cnn_infer_class_at(const struct infer *in, const struct infer_map *m, size_t p);

/* overlay.c: the palette, which has as many classes as the net. CNN_EDATA. */
CNN_CHECKED int cnn_infer_open_palette(struct infer *in);
/* The image of sample i, mixed with the colours of its map's classes, (3, h, w). CNN_EDATA. */
CNN_CHECKED int cnn_infer_overlay(const struct infer *in, const struct infer_map *m,
                                  const struct cnn_batch *b, size_t i, struct cnn_image *out);

/* tiles.c: whether the model's net can be given tiles. CNN_EUSAGE, CNN_EDATA. */
CNN_CHECKED int cnn_infer_check_tiles(const struct infer *in);
/* All of a batch by tiles: what is measured, and files of maps. */
CNN_CHECKED int cnn_infer_tiled(struct infer *in, const struct cnn_batch *b);
void cnn_infer_tiles_free(struct infer_tiles *t);
/* Note what a place of the map is, where the net slides. */
void cnn_infer_note_map(const struct infer *in);
int cnn_infer_is_of_classes(const struct infer *in);

/* The report, the picture, the files in place; then the gates' answer. */
CNN_CHECKED int cnn_infer_finish(struct infer *in);

/* knn.c: all of a run without a model. */
CNN_CHECKED int cnn_infer_knn(struct infer *in, FILE *out, const char *name);

#endif
