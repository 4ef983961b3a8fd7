/* Pixels of label images; see pixels.h. */
#include "task/pixels.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int cnn_pixels_count(struct cnn_pixels *p, struct cnn_metrics *m, struct cnn_chw shape,
                     enum cnn_scores kind, const float *scores, const int32_t *label)
{
    float one[CNN_PIXELS_CLASSES];
    size_t plane = shape.h * shape.w;
    if (m->boundary && cnn_grow(&p->said, &p->saids, plane, sizeof *p->said))
        return CNN_ESYSTEM;
    for (size_t i = 0; i < plane && m->pixels; i++) {
        for (size_t c = 0; c < shape.c; c++)
            one[c] = scores[c * plane + i];
        if (shape.c < m->classes)
            cnn_scores_pair(kind, scores[i], one);
        cnn_metrics_count(m, one, label[i]);
        if (m->boundary)
            p->said[i] = (int32_t)cnn_answer(one, m->classes);
    }
    return m->boundary ? cnn_boundary_count(&p->boundary, shape.h, shape.w, label, p->said, m) : 0;
}

int cnn_pixels_own(struct cnn_pixels *p, const struct cnn_batch *b, size_t i, const int32_t **label)
{
    size_t rows = b->size[i][0], columns = b->size[i][1], w = b->shape.w;
    const int32_t *from = b->field->label + i * b->shape.h * w;
    if (cnn_grow(&p->truth, &p->truths, rows * columns, sizeof *p->truth))
        return CNN_ESYSTEM;
    for (size_t y = 0; y < rows; y++)
        memcpy(p->truth + y * columns, from + y * w, columns * sizeof *from);
    *label = p->truth;
    return 0;
}

void cnn_pixels_free(struct cnn_pixels *p)
{
    free(p->said);
    free(p->truth);
    cnn_boundary_free(&p->boundary);
    *p = (struct cnn_pixels){0};
}
