/* What the machine can do at this moment, beside which every other figure is to be read. */
#ifndef CNN_KERN_LIMITS_H
#define CNN_KERN_LIMITS_H

#include "kern/kernels.h"

/* A second, of all threads of the queue together. */
struct cnn_limits {
    double multiply_adds; /* from registers, with the vectors of the instruction set in use */
    double bytes;         /* read plus written, by copies that no cache holds */
};

/* Measure both, for about so many seconds each; the medians of many short slices. Two virtual cores
 * that share a physical one show half the rate. CNN_ESYSTEM when there is no memory to copy. */
int cnn_limits_measure(struct cnn_queue *q, double seconds, struct cnn_limits *out);

#endif
