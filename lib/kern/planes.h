/* Tensors as planes of vectors on the CPU: what is done to each channel of each sample by itself,
 * in any layout. A plane is a channel or, in vectors, a block of channels or a channel of a group
 * of samples; an element of a tensor (n, c, 1, 1) of the same layout is at plane * lanes + lane. */
#ifndef CNN_KERN_PLANES_H
#define CNN_KERN_PLANES_H

#include "kern/isa/isa.h"
#include "kern/parallel.h"

struct cnn_planes {
    size_t n, c;        /* samples and channels */
    size_t count, each; /* planes, and of a sample or a group */
    size_t lanes, run;  /* numbers side by side, and of a plane */
    size_t chunk, jobs; /* planes of a job */
    int groups;         /* lanes are samples */
};

static inline struct cnn_planes cnn_planes_of(const struct cnn_tensor *t)
{
    struct cnn_tensor b = cnn_tensor_blocks(t);
    struct cnn_planes p = {.n = t->n,
                           .c = t->c,
                           .lanes = cnn_tensor_lanes(t),
                           .groups = t->layout.order == CNN_ORDER_GROUPS};
    p.each = cnn_ceil_div(b.c, p.lanes);
    p.count = b.n * p.each;
    p.run = t->h * t->w * p.lanes;
    p.chunk = cnn_chunk_of(p.run);
    p.jobs = cnn_ceil_div(p.count, p.chunk);
    return p;
}

/* The sample and the channel of a plane's lane; those that fill up the last ones are beyond n and
 * c. */
static inline size_t cnn_planes_sample(const struct cnn_planes *p, size_t plane, size_t lane)
{
    return p->groups ? plane / p->each * p->lanes + lane : plane / p->each;
}

static inline size_t cnn_planes_channel(const struct cnn_planes *p, size_t plane, size_t lane)
{
    return p->groups ? plane % p->each : plane % p->each * p->lanes + lane;
}

/* Where the number of channel c of sample n lies in an array with one for each. */
static inline size_t cnn_planes_place(const struct cnn_planes *p, size_t n, size_t c)
{
    if (p->groups)
        return (n / p->lanes * p->each + c) * p->lanes + n % p->lanes;
    return (n * p->each + c / p->lanes) * p->lanes + c % p->lanes;
}

/* A plane's numbers `from` (lanes), as vectors have them: one for all where there are no lanes. */
static inline void cnn_planes_spread(const struct cnn_planes *p, const real *from,
                                     real to[CNN_MOST_LANES])
{
    for (size_t k = 0; k < CNN_MOST_LANES; k++)
        to[k] = from[p->lanes > 1 ? k % p->lanes : 0];
}

/* Sums of lanes that are all one channel's, where there are none in memory, in the first. */
static inline void cnn_planes_join(const struct cnn_planes *p, double sum[CNN_MOST_LANES])
{
    for (size_t half = p->lanes > 1 ? 0 : CNN_MOST_LANES / 2; half; half /= 2)
        for (size_t k = 0; k < half; k++)
            sum[k] += sum[k + half];
}

#endif
