/* Counting label images: each pixel that has a class is a sample. */
#ifndef CNN_TASK_PIXELS_H
#define CNN_TASK_PIXELS_H

#include "data/loader/loader.h"
#include "task/boundary.h"
#include "task/scores.h"

enum { CNN_PIXELS_CLASSES = 4096 }; /* of more they are not told apart */

/* Memory that images share; start from {0}. */
struct cnn_pixels {
    int32_t *said, *truth; /* (h, w) */
    size_t saids, truths;
    struct cnn_boundary boundary;
};

/* Of an image with scores (c, h, w) and the classes label (h, w), -1 for none: what it adds to the metrics, F1 of
 * boundaries included where that is measured. Of a single score for two classes `kind` says what it is. CNN_ESYSTEM. */
CNN_CHECKED int cnn_pixels_count(struct cnn_pixels *p, struct cnn_metrics *m, struct cnn_chw shape,
                                 enum cnn_scores kind, const float *scores, const int32_t *label);
/* The labels of the first target that are native sample i's own, without those that it was filled up with; good until
 * the next call. CNN_ESYSTEM. */
CNN_CHECKED int cnn_pixels_own(struct cnn_pixels *p, const struct cnn_batch *b, size_t i,
                               const int32_t **label);
void cnn_pixels_free(struct cnn_pixels *p); /* leaves {0} */

#endif
