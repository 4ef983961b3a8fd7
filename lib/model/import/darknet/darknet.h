/* What the files of the darknet import share. A net is a list of sections, of which the first says
 * the input and each other one is a layer, which reads the one before it or those whose numbers it
 * names. Its weights are numbers without names or shapes, in the order of the layers. */
#ifndef CNN_MODEL_IMPORT_DARKNET_DARKNET_H
#define CNN_MODEL_IMPORT_DARKNET_DARKNET_H

#include "base/memory.h"
#include "base/text.h"
#include "file/infile.h"
#include "file/tensors.h"
#include "tensor/tensor.h"

struct darknet_option {
    const char *key, *value;
    int line, asked;
};

struct darknet_section {
    const char *type;
    int line;
    struct darknet_option *option; /* (options) */
    size_t options, room;
    /* As a layer of the net: the line whose value it is, and the shape of that. */
    const char *label;
    struct cnn_chw shape;
    int head; /* a detector's, or the like: what it reads is an answer */
};

/* Numbers of the weights' file. */
struct darknet_param {
    const char *name;
    int rank;
    size_t dim[4];
    size_t first, count; /* in the file's numbers */
    int transposed;      /* it lies (in, out) in the file */
};

struct darknet_net {
    const char *path;
    struct cnn_arena *arena;
    struct darknet_section *section; /* (sections); 0: the input */
    size_t sections, room;
    struct darknet_section input; /* as what layer 0 reads */
    struct cnn_buf text, refused;
    size_t refusals;
    int line;         /* of the text, from 1 */
    const char *last; /* label of the line before */
    struct darknet_param *param;
    size_t params, param_room, numbers; /* the latter: in all */
    int old;                            /* dense weights lie the other way round */
};

struct darknet_kind {
    const char *names; /* of sections, with spaces between */
    int (*write)(struct darknet_net *n, size_t i);
    const char *becomes, *limits; /* for the manual */
};
const struct darknet_kind *cnn_darknet_kind_at(size_t i); /* NULL: past the end */
const struct darknet_kind *cnn_darknet_kind(const char *type);

/* cfg.c */
CNN_CHECKED int cnn_darknet_read(struct darknet_net *n, const char *text, size_t size);
/* What a section says, or the fallback. CNN_EDATA with its line where it is no number within the
 * bounds. */
const char *cnn_darknet_word(struct darknet_section *s, const char *key, const char *fallback);
CNN_CHECKED int cnn_darknet_number(const struct darknet_net *n, struct darknet_section *s,
                                   const char *key, long long fallback, long long min,
                                   long long max, size_t *out);
CNN_CHECKED int cnn_darknet_real(const struct darknet_net *n, struct darknet_section *s,
                                 const char *key, double fallback, double *out);
/* "a,b,c" as the layers that are meant, seen from section i: *count of them. */
CNN_CHECKED int cnn_darknet_layers(struct darknet_net *n, size_t i, const char *key, size_t most,
                                   struct darknet_section **out, size_t *count);

/* line.c */
/* As many layers are named that cannot be imported; of the others only how many there are. */
enum { DARKNET_MOST_NAMED = 12 };
/* To the line where a section begins. */
void cnn_darknet_go_to(struct darknet_net *n, int line);
/* A line of layer i that reads those, none: the line before; it is layer i's value from then on,
 * called I.WORD. */
CNN_CHECKED int cnn_darknet_line(struct darknet_net *n, size_t i, const char *word,
                                 struct darknet_section *const *from, size_t count,
                                 const char *format, ...) CNN_PRINTF(6, 7);
/* That the layer cannot be imported; 0, since others may be so, too. */
CNN_CHECKED int cnn_darknet_refuse(struct darknet_net *n, size_t i, const char *format, ...)
    CNN_PRINTF(3, 4);
/* The next numbers of the weights are a tensor. */
CNN_CHECKED int cnn_darknet_param(struct darknet_net *n, const char *label, const char *suffix,
                                  int rank, const size_t *dim);
/* What layer i reads: the layer before it. */
struct darknet_section *cnn_darknet_before(struct darknet_net *n, size_t i);

/* write.c, the whole. */
CNN_CHECKED int cnn_darknet_write(struct darknet_net *n);

/* layers.c: the section's activation, behind the line before. */
CNN_CHECKED int cnn_darknet_activate(struct darknet_net *n, size_t i, const char *fallback);

/* The functions that write layers, by their numbers. */
#define CNN_DARKNET_LAYER(names, write, becomes, limits)                                           \
    int cnn_darknet_##write(struct darknet_net *n, size_t i);
#include "model/import/darknet/layers.def"
#undef CNN_DARKNET_LAYER

#endif
