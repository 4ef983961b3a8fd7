/* Ways of convolution that were measured to be the fastest here (measure.c): a table that
 * way.c asks before it goes by cost. A queue owns none by itself. */
#ifndef CNN_KERN_CONV_CHOICES_H
#define CNN_KERN_CONV_CHOICES_H

#include "kern/conv/algorithm.h"

/* A case. */
struct cnn_conv_key {
    struct cnn_conv g;
    enum cnn_conv_pass pass;
    struct cnn_layout x_layout, y_layout;
};

struct cnn_conv_choice {
    struct cnn_conv_key key;
    const struct cnn_conv_algorithm *algorithm;
    int mirrored, rearranged;
    double cost; /* cycles of one core, as in cnn_conv_algorithm.cost */
};

struct cnn_conv_choices {
    struct cnn_conv_choice *item; /* (count), in the keys' order */
    size_t count, capacity;
    int measures;    /* what is asked for and is not here is measured, once */
    int packs;       /* forward's time includes the packing of weights, as in training */
    double rate;     /* cycles that all threads do in a second; 0: not measured yet */
    size_t measured; /* how many choices were measured, not added from elsewhere */
};

struct cnn_conv_choices *cnn_conv_choices_new(void);      /* NULL with an error set */
void cnn_conv_choices_free(struct cnn_conv_choices *all); /* NULL is fine */
/* NULL: not there. */
const struct cnn_conv_choice *cnn_conv_choices_find(const struct cnn_conv_choices *all,
                                                    const struct cnn_conv_key *key);
/* Add, or put in place of one with that key. CNN_ESYSTEM. */
int cnn_conv_choices_add(struct cnn_conv_choices *all, const struct cnn_conv_choice *choice);

#endif
