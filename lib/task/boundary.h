/* How well the boundaries of classes in a label image are met. */
#ifndef CNN_TASK_BOUNDARY_H
#define CNN_TASK_BOUNDARY_H

#include <stddef.h>
#include <stdint.h>

#include "task/metrics.h"

/* Memory that images share; start from {0}. */
struct cnn_boundary {
    size_t h, w;
    int32_t *truth, *answer; /* (h, w) the class whose boundary a pixel is of; -1: of none */
    size_t truths, answers;
    uint64_t *
        count; /* (classes, 4) pixels of the truth's boundary, of the answer's, and those of each that are met */
    size_t counts;
};

/* Of an image with the classes truth and answer (h, w), of which -1 is none: what it adds to m->boundary and
 * m->boundaries. A pixel is of its class's boundary where one of its four neighbours is of another class; pixels
 * without a true class are left out of both, and are no neighbours. It is met where the other's boundary of that class
 * is at most CNN_BOUNDARY_TOLERANCE of the image's diagonal away, a pixel at least. CNN_ESYSTEM. */
#define CNN_BOUNDARY_TOLERANCE 0.0075
CNN_CHECKED int cnn_boundary_count(struct cnn_boundary *b, size_t h, size_t w, const int32_t *truth,
                                   const int32_t *answer, struct cnn_metrics *m);
void cnn_boundary_free(struct cnn_boundary *b); /* leaves {0} */

#endif
