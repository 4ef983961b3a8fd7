/* Maps: what a net gives for each place of an image, and the best of it; see private.h. */
#include <stdlib.h>
#include <string.h>

#include "task/infer/private.h"

void cnn_infer_map_free(struct infer_map *m)
{
    free(m->value);
    free(m->best);
    free(m->place);
    free(m->one);
}

int cnn_infer_check_maps(const struct infer *in)
{
    const struct cnn_graph *g = in->runner.graph;
    const struct cnn_layer *l = &g->node[g->output].layer;
    return in->maps && l->rows > 1
               ? cnn_fail(CNN_EUSAGE, "--maps: the net's answer, %s, has rows and is no map",
                          l->name)
               : 0;
}

int cnn_infer_map_room(struct infer_map *m)
{
    size_t all;
    if (cnn_mul_overflows(m->classes, m->h * m->w, &all))
        return cnn_fail_memory(SIZE_MAX);
    return cnn_grow(&m->value, &m->room, all, sizeof *m->value) ||
                   cnn_grow(&m->best, &m->bests, m->classes, sizeof *m->best) ||
                   cnn_grow(&m->place, &m->places, m->classes, sizeof *m->place) ||
                   cnn_grow(&m->one, &m->ones, m->classes, sizeof *m->one)
               ? CNN_ESYSTEM
               : 0;
}

void cnn_infer_own_plane(const struct infer *in, const struct cnn_layer *l,
                         const struct cnn_batch *b, size_t i, size_t out[2])
{
    int whole = !in->runner.native || l->out.h != b->shape.h || l->out.w != b->shape.w;
    out[0] = whole ? l->out.h : b->size[i][0];
    out[1] = whole ? l->out.w : b->size[i][1];
}

/* The scores of one place, which is at `at` of (c, h, w) and gets to p, as probabilities where they are of
 * classes. */
static void fill_place(const struct infer *in, struct infer_map *m, const float *scores,
                       struct cnn_chw s, size_t at, size_t p)
{
    size_t plane = m->h * m->w;
    if (in->pair)
        cnn_scores_pair(in->kind, scores[at], m->one);
    for (size_t c = 0; !in->pair && c < s.c; c++)
        m->one[c] = scores[c * s.h * s.w + at];
    cnn_scores_convert(in->kind, m->one, m->classes, m->one);
    for (size_t c = 0; c < m->classes; c++)
        m->value[c * plane + p] = m->one[c];
}

/* Of equal ones the first; NaN is no answer. */
static void find_best(const struct infer *in, struct infer_map *m)
{
    size_t plane = m->h * m->w;
    for (size_t c = 0; c < m->classes; c++) {
        const float *x = m->value + c * plane;
        size_t best = 0;
        for (size_t p = 1; p < plane; p++)
            if (x[p] > x[best] || (x[best] != x[best] && x[p] == x[p]))
                best = p;
        m->best[c] = x[best];
        m->place[c][0] = best / m->w * in->runner.map.step[0];
        m->place[c][1] = best % m->w * in->runner.map.step[1];
    }
}

struct infer_map *cnn_infer_map_of(struct infer *in, const struct cnn_batch *b, size_t i)
{
    const struct cnn_graph *g = in->runner.graph;
    const struct cnn_layer *l = &g->node[g->output].layer;
    const float *scores = cnn_evaluator_scores(in->evaluator) + i * cnn_layer_elements(l);
    struct infer_map *m = &in->map;
    m->classes = in->pair ? 2 : l->out.c;
    size_t own[2];
    cnn_infer_own_plane(in, l, b, i, own);
    m->h = own[0];
    m->w = own[1];
    if (cnn_infer_map_room(m))
        return NULL;
    for (size_t p = 0; p < m->h * m->w; p++)
        fill_place(in, m, scores, l->out, p / m->w * l->out.w + p % m->w, p);
    find_best(in, m);
    return m;
}

/* What a single number of the map is above that is of the second class: a probability 1/2, a logit or
 * a margin 0. */
static float middle_of(const struct infer *in)
{
    enum cnn_scores kind = cnn_scores_of_places(in->runner.graph);
    int probability = kind == CNN_SCORES_AS_THEY_ARE || in->kind == CNN_SCORES_LOGISTIC ||
                      (in->o->tile && kind == CNN_SCORES_LOGISTIC);
    return probability ? 0.5f : 0;
}

size_t cnn_infer_class_at(const struct infer *in, const struct infer_map *m, size_t p)
{
    size_t plane = m->h * m->w, best = 0;
    const float *x = m->value + p;
    if (m->classes == 1)
        return *x > middle_of(in);
    for (size_t c = 1; c < m->classes; c++)
        if (x[c * plane] > x[best * plane])
            best = c;
    return best;
}

void cnn_infer_note_map(const struct infer *in)
{
    const struct cnn_runner_map *m = &in->runner.map;
    struct cnn_buf text = {0};
    if (!in->o->dense || !in->cb->note)
        return;
    cnn_buf_printf(&text,
                   "places of the map are parts of %zux%zu pixels, each %zux%zu from the next",
                   m->size[0], m->size[1], m->step[0], m->step[1]);
    if (m->pads)
        cnn_buf_printf(&text,
                       "; '%s' pads what it sees, so that answers are not exactly those to parts "
                       "that are cut out",
                       m->pads);
    if (!text.failed)
        in->cb->note(in->cb->context, text.text);
    cnn_buf_free(&text);
}
