/* What the files of loading parameters share. */
#ifndef CNN_MODEL_LOAD_PRIVATE_H
#define CNN_MODEL_LOAD_PRIVATE_H

#include "base/error.h"
#include "model/model.h"

struct load_param {
    const char *name;
    const struct cnn_net_param *of;
    const struct cnn_stored_tensor *tensor; /* NULL: the file has none */
    /* Where the file has another order: whose it is, and what that reads; else NULL. */
    const struct cnn_layer *layer;
    const struct load_value *reads;
};

struct load_tensor {
    const struct cnn_stored_tensor *of;
    const char *name; /* as the net would call it */
    char *owned;      /* where that is not the file's */
    int aside;        /* no parameter of any net */
    int used, renamed;
};

struct load {
    const struct cnn_tensor_source *from;
    const struct cnn_load_options *options;
    struct load_param *param;   /* (params) */
    struct load_param **sorted; /* (params) by name */
    size_t params;
    struct load_tensor *tensor; /* (tensors) in file order */
    size_t tensors;
    size_t matched;          /* parameters that the file has, in their shape */
    struct cnn_arena *arena; /* of orders; NULL: the file has ours */
    struct cnn_buf note;
};

/* load_names.c */
struct load_param *cnn_load_find(const struct load *l, const char *name);
/* Whether the tensor is of the parameter's shape, but for dimensions of 1 behind it; or the weight of a
 * dense layer where the parameter is that of the convolution of all that the layer reads, (units, c h w)
 * and (units, c, h, w): the same numbers in the same order. */
int cnn_load_fits(const struct load_param *p, const struct cnn_stored_tensor *t);
/* Whether it may start afresh, or be left out: --allow-new names it, or its layer is a new one. */
int cnn_load_allowed(const struct load *l, const char *name);
/* Every parameter its tensor, where there is one. */
CNN_CHECKED int cnn_load_match(struct load *l);

/* load_order.c: what the order of vectors that were planes is in the file, of each parameter. */
CNN_CHECKED int cnn_load_follow(struct load *l, const struct cnn_graph *g);
/* Element i of each `count` of a parameter's numbers is number from[i] of its tensor's; NULL: i. CNN_EDATA
 * where that is not known. */
CNN_CHECKED int cnn_load_order(const struct load *l, const struct load_param *p,
                               const size_t **from, size_t *count);

/* load_values.c: the parameter from its tensor. CNN_EDATA, too, where numbers are not finite. */
CNN_CHECKED int cnn_load_values(const struct load *l, struct cnn_net *net,
                                const struct load_param *p);

#endif
