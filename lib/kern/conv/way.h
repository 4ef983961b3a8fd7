/* Which way a convolution goes: what was measured (choices.h), else what costs least. */
#ifndef CNN_KERN_CONV_WAY_H
#define CNN_KERN_CONV_WAY_H

#include "kern/conv/choices.h"

/* The list; NULL past its end. */
const struct cnn_conv_algorithm *cnn_conv_algorithm_at(size_t i);

/* How a pass is done. */
struct cnn_conv_way {
    const struct cnn_conv_algorithm *algorithm;
    struct cnn_conv g;
    struct cnn_conv_case c; /* c.g is &g */
    int mirrored;           /* the data gradient, as forward of the mirrored geometry */
    int rearranged;         /* through plain copies of what is blocked */
    double cost;
};

/* The cheapest way; its algorithm is NULL where none computes these types. */
void cnn_conv_find(const struct cnn_queue *q, const struct cnn_conv *g, enum cnn_conv_pass pass,
                   struct cnn_layout x_layout, struct cnn_layout y_layout,
                   struct cnn_conv_way *out);
/* Elements of the forward weights in the algorithm's own order; 0: as they are. */
size_t cnn_conv_way_packed(const struct cnn_conv_way *way);
/* Elements of scratch of a way: plain copies, mirrored weights, packed weights, the algorithm's
 * own. */
size_t cnn_conv_way_work(const struct cnn_queue *q, const struct cnn_conv *g,
                         const struct cnn_conv_way *way, struct cnn_layout x_layout,
                         struct cnn_layout y_layout);

/* Set the choice's algorithm to the one of that name that can go its way (algorithms for different
 * passes may share a name). 0: there is none. */
int cnn_conv_choice_name(struct cnn_conv_choice *choice, const char *name);
/* The choice as a way; its expected cost, negative where it cannot be gone. */
double cnn_conv_follow(const struct cnn_conv_choice *choice, struct cnn_conv_way *out);

#endif
