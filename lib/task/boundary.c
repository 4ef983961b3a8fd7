/* F1 of boundaries, for each class of each image that has any (Csurka, Larlus, Perronnin 2013):
 *
 *     P = met pixels of the answer's boundary / all of them, R likewise of the truth's,
 *     F1 = 2 P R / (P + R), 0 where one of the two has no boundary of the class.
 *
 * Pixels are near by their distance; see boundary.h. */
#include "task/boundary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { TRUE_ALL, TRUE_MET, SAID_ALL, SAID_MET, COUNTS };

/* Whether the neighbour at q is of another class. */
static int differs(const int32_t *truth, const int32_t *label, size_t p, size_t q)
{
    return truth[q] >= 0 && label[q] != label[p];
}

/* Into out (h, w) the class of each pixel of a boundary. */
static void mark(const struct cnn_boundary *b, const int32_t *truth, const int32_t *label,
                 int32_t *out)
{
    for (size_t y = 0; y < b->h; y++)
        for (size_t x = 0; x < b->w; x++) {
            size_t p = y * b->w + x;
            int edge = truth[p] >= 0 && ((y && differs(truth, label, p, p - b->w)) ||
                                         (y + 1 < b->h && differs(truth, label, p, p + b->w)) ||
                                         (x && differs(truth, label, p, p - 1)) ||
                                         (x + 1 < b->w && differs(truth, label, p, p + 1)));
            out[p] = edge ? label[p] : -1;
        }
}

/* Whether there is a boundary of that class within a distance of (y, x). */
static int is_near(const struct cnn_boundary *b, const int32_t *other, int32_t class, size_t y,
                   size_t x, double distance)
{
    size_t reach = (size_t)distance;
    size_t top = y > reach ? y - reach : 0, left = x > reach ? x - reach : 0;
    for (size_t i = top; i < b->h && i <= y + reach; i++)
        for (size_t j = left; j < b->w && j <= x + reach; j++) {
            double dy = (double)i - (double)y, dx = (double)j - (double)x;
            if (other[i * b->w + j] == class && dy * dy + dx * dx <= distance * distance)
                return 1;
        }
    return 0;
}

/* Pixels of the boundaries in `own`, and how many of them the other has: count[all], count[all + 1]. */
static void count(struct cnn_boundary *b, const int32_t *own, const int32_t *other, double distance,
                  int all)
{
    for (size_t p = 0; p < b->h * b->w; p++) {
        if (own[p] < 0)
            continue;
        uint64_t *c = b->count + (size_t)own[p] * COUNTS + all;
        c[0]++;
        c[1] += (uint64_t)is_near(b, other, own[p], p / b->w, p % b->w, distance);
    }
}

static double f1_of(const uint64_t c[COUNTS])
{
    double recall = c[TRUE_ALL] ? (double)c[TRUE_MET] / (double)c[TRUE_ALL] : 0;
    double precision = c[SAID_ALL] ? (double)c[SAID_MET] / (double)c[SAID_ALL] : 0;
    return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

int cnn_boundary_count(struct cnn_boundary *b, size_t h, size_t w, const int32_t *truth,
                       const int32_t *answer, struct cnn_metrics *m)
{
    double distance =
        fmax(CNN_BOUNDARY_TOLERANCE * sqrt((double)h * (double)h + (double)w * (double)w), 1);
    if (cnn_grow(&b->truth, &b->truths, h * w, sizeof *b->truth) ||
        cnn_grow(&b->answer, &b->answers, h * w, sizeof *b->answer) ||
        cnn_grow(&b->count, &b->counts, m->classes * COUNTS, sizeof *b->count))
        return CNN_ESYSTEM;
    b->h = h;
    b->w = w;
    memset(b->count, 0, m->classes * COUNTS * sizeof *b->count);
    mark(b, truth, truth, b->truth);
    mark(b, truth, answer, b->answer);
    count(b, b->truth, b->answer, distance, TRUE_ALL);
    count(b, b->answer, b->truth, distance, SAID_ALL);
    for (size_t c = 0; c < m->classes; c++) {
        const uint64_t *own = b->count + c * COUNTS;
        if (!own[TRUE_ALL] && !own[SAID_ALL])
            continue;
        m->boundary[c] += f1_of(own);
        m->boundaries[c]++;
    }
    return 0;
}

void cnn_boundary_free(struct cnn_boundary *b)
{
    free(b->truth);
    free(b->answer);
    free(b->count);
    *b = (struct cnn_boundary){0};
}
