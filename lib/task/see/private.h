/* The inside of a run of cnn_see, shared by see.c (the run), net.c (passes), target.c (which class), layer.c (whose
 * planes), heat.c, panels.c and page.c (the picture), output.c (where it
 * goes), and the techniques, a file each. */
#ifndef CNN_TASK_SEE_PRIVATE_H
#define CNN_TASK_SEE_PRIVATE_H

#include "data/plot/draw.h"
#include "file/outfile.h"
#include "file/outfolder.h"
#include "task/runner.h"
#include "task/scores.h"
#include "task/see/see.h"

struct see;

/* How the numbers of a map become colours. */
enum see_look {
    SEE_AMOUNT, /* how large they are, whatever their sign */
    SEE_PART,   /* those above 0 */
    SEE_BOTH,   /* for and against, in two colours */
    SEE_IMAGE,  /* an image around grey; over the photograph as SEE_AMOUNT */
};

enum see_needs {
    SEE_BACKWARD = 1, /* gradients of the scores */
    SEE_LAYER = 2,    /* planes of a layer; with BACKWARD their gradients, not the input's */
    SEE_MANY = 4,     /* many passes for an image: so many as --batch says run together */
    SEE_SEEDS = 8,    /* as many images at once as there are seeds, and no inputs */
    SEE_FROM = 16,    /* the layer's values, whatever they are, and gradients of these */
};

/* A technique. */
struct see_technique {
    const char *title; /* in the picture: "Grad-CAM" */
    enum see_look look;
    unsigned needs;
    enum cnn_rectifier rectifier;
    int plane;  /* the map is (1, h, w) of the input; else (c, h, w) */
    int images; /* it is made of images, (n, c, h, w), as a dataset has them */
    /* Optional: whether the net is one for it. CNN_EDATA, CNN_EUSAGE. */
    int (*check)(struct see *s);
    /* The map of an image x (c, h, w), whose scores are known. */
    int (*run)(struct see *s, const float *x, float *map);
    /* The picture of it, as cnn_see_page, which NULL stands for; and its line, NULL: that of the class. */
    int (*page)(struct see *s, const float *x, const char *key, struct cnn_buf *out);
    void (*line)(const struct see *s, struct cnn_buf *out);
};

#define SEE_DECLARE(name, word, stem) extern const struct see_technique cnn_see_##stem;
CNN_SEE_TECHNIQUES(SEE_DECLARE)
CNN_SEE_FOOLERS(SEE_DECLARE)
#undef SEE_DECLARE
extern const struct see_technique cnn_see_maximize, cnn_see_invert;

/* The class that is asked about, of the image that runs. */
struct see_target {
    int wanted; /* as the user says; -1: the best answer */
    int class;
    int pair;             /* the net's single number stands for two classes */
    size_t classes;       /* how many there are to choose from */
    enum cnn_scores kind; /* what makes probabilities of the answer */
    int probable;         /* it has them */
    const char *name;     /* "": it has none */
    double score, probability;
};

struct see_output {
    int numbers; /* .npy */
    enum cnn_picture picture;
    struct cnn_outfile *file; /* one image's */
    struct cnn_outfolder *folder;
    size_t written;
    struct cnn_buf name, bytes;
};

struct see {
    const struct cnn_see_options *o;
    const struct cnn_callbacks *cb;
    const struct see_technique *method;
    struct cnn_runner runner;
    const struct cnn_graph *graph;
    struct cnn_inputs inputs;
    struct cnn_chw in, out;           /* of the input and of the scores */
    size_t pixels, scores;            /* elements of these */
    struct see_target target, before; /* before: the best answer to the image as it was */
    int layer;                        /* node; 0: none */
    struct cnn_chw planes;            /* of it */
    int from;                         /* the node whose value's gradients are asked for */
    size_t values;                    /* elements of that */
    size_t unit;                      /* of the layer, that is to be excited */
    double reached;                   /* what that came to, or how far the layer's value is off */
    size_t batch;                     /* that the net runs */
    float *x, *dx;                    /* (batch, in) a technique's inputs, and their gradients */
    float *score;                     /* (batch, out) */
    float *dy;                        /* (batch, values) */
    float *answer;                    /* (batch, elements of the output) */
    float *value, *slope; /* (planes) of the layer, and the gradients; with SEEDS (batch, planes) */
    float *map;           /* (in), or its first plane; with SEEDS (batch, in) */
    float *noise;         /* (in) an image of noise */
    float *moment[2];     /* (batch, in) of steps towards something */
    float *sorted;        /* (in) scratch of scaling */
    struct cnn_image small, large; /* scratch of cnn_see_weighted */
    size_t noises;                 /* images of noise that are the input; 0: it is others */
    uint64_t stream;               /* of random numbers, the image's own */
    struct see_output output;
    struct cnn_buf *lines; /* a line for each image */
};

/* layer.c: s->layer and s->planes, by name or the last planes before the scores. CNN_EUSAGE, CNN_EDATA. */
CNN_CHECKED int cnn_see_layer(struct see *s);
/* The same of any layer, which an option names. CNN_EUSAGE. */
CNN_CHECKED int cnn_see_layer_values(struct see *s, const char *option, const char *what);
/* The sum of the layer's planes for an image x, each times its weight, brought linearly to the input's height and width;
 * positive: of what is above 0 alone. */
CNN_CHECKED int cnn_see_weighted(struct see *s, const float *x,
                                 double (*weight)(const struct see *s, size_t k), int positive,
                                 float *map);

/* The sum of the gradients over the layer's plane k. */
double cnn_see_slope_sum(const struct see *s, size_t k);

/* target.c: what classes there are, and the one that is wanted. CNN_EUSAGE. */
CNN_CHECKED int cnn_see_target_open(struct see *s);
/* The class of an image, the one that is wanted or (-1) the best, from its scores and its answer. */
void cnn_see_target_choose(struct see *s, int wanted);
/* The class with the best of s->score. */
int cnn_see_target_best(const struct see *s);
/* The score of the class in scores (out): of planes the mean. */
double cnn_see_target_score(const struct see *s, const float *scores);
/* What the score's gradient by the scores is, dy (out). */
void cnn_see_target_gradient(const struct see *s, float *dy);

/* net.c: memory, once. */
CNN_CHECKED int cnn_see_net_open(struct see *s);
/* Run n images x (n, in): s->score. */
CNN_CHECKED int cnn_see_forward(struct see *s, const float *x, size_t n);
/* The same of one, and s->target: the best answer, or what is wanted. */
CNN_CHECKED int cnn_see_answer(struct see *s, const float *x, int wanted);
/* Of the last forward the gradients of the images, by those in s->dy. */
CNN_CHECKED int cnn_see_back(struct see *s, float *dx);
/* And gradients of the class's score of each, dx (n, in); or of the layer's planes of one image, s->value and
 * s->slope. */
CNN_CHECKED int cnn_see_gradients(struct see *s, const float *x, size_t n, float *dx);
CNN_CHECKED int cnn_see_planes(struct see *s, const float *x);
/* A technique's run: the gradients of one image as they are. */
CNN_CHECKED int cnn_see_gradient_map(struct see *s, const float *x, float *map);
/* CNN_EDATA where the net has no rectified units before its scores. */
CNN_CHECKED int cnn_see_check_rectifiers(struct see *s);

/* levels.c: an image's numbers as levels of 255: channel c of level v, and back; what is between levels to the
 * nearest; noise around grey, of that deviation. */
double cnn_see_level_to(const struct see *s, size_t c, double v);
double cnn_see_level_of(const struct see *s, size_t c, double x);
void cnn_see_round(const struct see *s, float *x);
void cnn_see_noise(const struct see *s, uint64_t stream, double deviation, float *x);
/* What numbers of channel c can be at least and at most. */
void cnn_see_bounds(const struct see *s, size_t c, float *low, float *high);

/* fool.c: what both ways do: `steps` steps of `size` levels along the gradient's signs, not further than `limit` levels
 * (0: as far as it goes), until the class is believed by 99 %. */
CNN_CHECKED int cnn_see_fool(struct see *s, const float *x, size_t steps, double size, double limit,
                             float *out);
CNN_CHECKED int cnn_see_fool_page(struct see *s, const float *x, const char *key,
                                  struct cnn_buf *out);

/* descent.c: a step of Adam (Kingma and Ba 2014) of n numbers x down their gradients, the k-th from 1 on; moments as
 * s->moment, 0 before the first. */
void cnn_see_descend(float *x, const float *dx, size_t n, double rate, size_t k,
                     float *const moment[2]);
/* n images of x moved by rows and columns, around their edges, into out. */
void cnn_see_roll(const struct see *s, const float *x, size_t n, ptrdiff_t rows, ptrdiff_t columns,
                  float *out);

/* heat.c: what the net saw of x, in RGB or grey; and the map's numbers, one a pixel, brought into 0..1, or of SEE_BOTH
 * -1..1. */
CNN_CHECKED int cnn_see_photograph(const struct see *s, const float *x, struct cnn_image *out);
CNN_CHECKED int cnn_see_heat(struct see *s, struct cnn_image *out);
/* The size that so large a share of a plane's numbers (in.h, in.w) do not exceed; above 0. */
float cnn_see_largest(struct see *s, const float *v, double share);
/* The map as an image around grey, of SEE_IMAGE. */
CNN_CHECKED int cnn_see_relief(struct see *s, struct cnn_image *out);
cnn_colour cnn_see_colour(enum see_look look, double v);

/* panels.c: images of one size side by side, each with its name and a note, or a bar that says what its colours are. */
struct see_panel {
    const struct cnn_image *image;
    const char *name, *note; /* note NULL: none */
    int bar;
    enum see_look look; /* of the bar */
};
struct see_page {
    const char *title, *subtitle;
    const struct see_panel *panel; /* (panels) */
    size_t panels;
};
CNN_CHECKED int cnn_see_panels(const struct see_page *page, enum cnn_picture format,
                               struct cnn_buf *out);

/* page.c: photograph, map, and one over the other, with the answer as caption. */
CNN_CHECKED int cnn_see_page(struct see *s, const float *x, const char *key, struct cnn_buf *out);
/* "bee (309): 93.1 %" */
void cnn_see_class_text(const struct see_target *t, struct cnn_buf *out);
/* Which image and which model, without folders. */
void cnn_see_origin_text(const struct see *s, const char *key, struct cnn_buf *out);

/* output.c: a picture's form by the name, and the file or folder; an image's; the end. */
CNN_CHECKED int cnn_see_output_open(struct see *s);
CNN_CHECKED int cnn_see_output_put(struct see *s, const float *x, const char *key);
CNN_CHECKED int cnn_see_output_close(struct see *s);
void cnn_see_output_free(struct see *s);

#endif
