/* How batch normalisation is cut into jobs. A unit is what shares one set of coefficients: a block
 * of channels, or in plain layout a channel. Jobs take whole units that fit a cache, or parts of
 * a unit where units are few or large. */
#ifndef CNN_KERN_NORM_BATCHNORM_CUT_H
#define CNN_KERN_NORM_BATCHNORM_CUT_H

#include "kern/isa/isa.h"
#include "kern/parallel.h"

enum {
    CNN_NORM_JOBS = 64, /* that keep all cores busy */
    CNN_NORM_MOST_PARTS =
        2 * CNN_NORM_JOBS /* of all units together, where there is more than one */
};

struct cnn_norm_cut {
    size_t n, c, hw, block;
    size_t units, parts; /* parts of a unit */
    size_t positions;    /* of a part; all samples' positions are counted through */
    size_t units_each, jobs;
};

/* What a job does: units first .. end - 1, positions begin .. end - 1 of each. */
struct cnn_norm_piece {
    struct cnn_range units, positions;
};

/* Numbers that lie side by side, from the at-th of a tensor. */
struct cnn_norm_run {
    size_t at, count;
};

struct cnn_norm_cut cnn_norm_cut(const struct cnn_tensor *x);
struct cnn_norm_piece cnn_norm_piece(const struct cnn_norm_cut *t, size_t job);

/* The next run of a unit's positions; 0 when none are left. */
static inline int cnn_norm_next(const struct cnn_norm_cut *t, size_t unit, struct cnn_range *left,
                                struct cnn_norm_run *out)
{
    if (left->begin == left->end)
        return 0;
    size_t n = left->begin / t->hw, i = left->begin % t->hw;
    size_t count = cnn_min(t->hw - i, left->end - left->begin);
    out->at = ((n * t->units + unit) * t->hw + i) * t->block;
    out->count = count * t->block;
    left->begin += count;
    return 1;
}

/* Channels of a unit: the last block may have fewer. */
static inline size_t cnn_norm_channels(const struct cnn_norm_cut *t, size_t unit)
{
    return cnn_min(t->block, t->c - unit * t->block);
}

/* Numbers of the channels of a unit; NULL: gamma and inv are 1, beta and mean 0. */
struct cnn_norm_numbers {
    const real *gamma, *beta, *mean;
    const real *inv; /* 1 / sqrt(variance + eps); from var where that is there */
    const real *var;
    double eps;
};

double cnn_norm_inverse(const struct cnn_norm_numbers *p, size_t c);

/* a's mean, scale and shift; zero where the unit has no channel, so that padding stays zero. */
void cnn_norm_coefficients(const struct cnn_norm_cut *t, const struct cnn_norm_numbers *p,
                           size_t unit, struct cnn_norm *a);

/* The rule, slope and high of what follows a forward pass in passing, e NULL: nothing; and what is
 * left to do of it then, y = f(y). */
struct cnn_norm cnn_norm_follow(const struct cnn_epilogue *e);
void cnn_norm_rest(struct cnn_queue *q, const struct cnn_epilogue *e, struct cnn_tensor *y);

#endif
