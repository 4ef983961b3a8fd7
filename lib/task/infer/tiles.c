/* Large images by tiles: squares that overlap, each run by itself, so that the net's memory is that of one tile. At each
 * place the probabilities of the tiles that have it are averaged by weights which fall along an overlap of o pixels:
 *
 *     w = 0 in the outer quarter of it, 1 in the inner one, a straight line between,
 *
 * so that what a layer saw beyond the edge of a tile is not seen where it reaches no further than o / 4. An image that
 * is no larger than a tile is one tile. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "task/infer/private.h"

/* Where tiles lie along an axis. */
struct axis {
    size_t size, tile, step, overlap, count;
};

static struct axis axis_of(const struct infer *in, size_t size)
{
    size_t tile = (size_t)in->o->tile, multiple = in->runner.multiple ? in->runner.multiple : 1;
    size_t overlap = in->o->overlap < 0 ? tile / 4 : (size_t)in->o->overlap;
    size_t step = (tile - overlap) / multiple * multiple;
    step = step ? step : multiple;
    if (size <= tile)
        return (struct axis){.size = size, .tile = size, .step = 1, .count = 1};
    return (struct axis){size, tile, step, overlap, 1 + (size - tile + step - 1) / step};
}

static size_t begin_of(const struct axis *a, size_t k)
{
    size_t at = k * a->step;
    return at + a->tile < a->size ? at : a->size - a->tile;
}

static double ramp(const struct axis *a, size_t from_edge)
{
    double quarter = (double)(a->overlap / 4), across = (double)a->overlap - 2 * quarter;
    double w = across > 0 ? ((double)from_edge + 0.5 - quarter) / across : 1;
    return w < 0 ? 0 : w > 1 ? 1 : w;
}

/* What the tile that begins there says of its place t. */
static double weight_at(const struct axis *a, size_t begin, size_t t)
{
    double w = begin ? ramp(a, t) : 1;
    return begin + a->tile < a->size ? fmin(w, ramp(a, a->tile - 1 - t)) : w;
}

int cnn_infer_check_tiles(const struct infer *in)
{
    const struct cnn_infer_options *o = in->o;
    const struct cnn_graph *g = in->runner.graph;
    const struct cnn_layer *l = &g->node[g->output].layer;
    size_t multiple = in->runner.multiple ? in->runner.multiple : 1;
    if (!o->tile)
        return 0;
    if (o->overlap >= o->tile)
        return cnn_fail(CNN_EUSAGE, "--overlap %lld: it is not less than --tile %lld", o->overlap,
                        o->tile);
    if ((size_t)o->tile % multiple)
        return cnn_fail(CNN_EUSAGE,
                        "--tile %lld: the net takes images whose sides are multiples of "
                        "%zu",
                        o->tile, multiple);
    if (l->rows > 1 || l->out.h * l->out.w == 1 || in->runner.model->classes.count)
        return cnn_fail(CNN_EUSAGE, "--tile: the net's answer, %s, is not one for each pixel",
                        l->name);
    if (in->eval && (in->feed.targets != 1 || in->feed.wish->kind != CNN_FIELD_LABELS))
        return cnn_fail(CNN_EUSAGE, "--tile: its answers can only be compared with label images");
    return 0;
}

/* Part (y, x) of an image (c, h, w), which becomes the tile. */
static int cut(struct infer_tiles *t, const float *image, struct cnn_chw s, struct cnn_chw tile,
               size_t y, size_t x)
{
    if (cnn_grow(&t->x, &t->xs, cnn_chw_count(tile), sizeof *t->x))
        return CNN_ESYSTEM;
    for (size_t r = 0; r < tile.c * tile.h; r++)
        memcpy(t->x + r * tile.w, image + ((r / tile.h * s.h + y + r % tile.h) * s.w + x),
               tile.w * sizeof *t->x);
    return 0;
}

/* The net's answer to it, as probabilities where its loss makes such of it. */
static int answer(struct infer *in, struct cnn_chw tile)
{
    struct infer_tiles *t = &in->tiles;
    const struct cnn_graph *g = in->runner.graph;
    const struct cnn_layer *l = &g->node[g->output].layer;
    enum cnn_scores kind = cnn_scores_of_places(g);
    size_t plane = tile.h * tile.w;
    const struct cnn_batch_view v = {.n = 1, .x = t->x};
    if (l->out.h != tile.h || l->out.w != tile.w)
        return cnn_fail(CNN_EDATA, "--tile: the answer to %zux%zu pixels is of %zux%zu", tile.h,
                        tile.w, l->out.h, l->out.w);
    if (cnn_grow(&t->scores, &t->scores_room, l->out.c * plane, sizeof *t->scores))
        return CNN_ESYSTEM;
    int rc = cnn_net_forward(in->runner.net, &v, 0, 0, 0);
    if (!rc)
        rc = cnn_net_value(in->runner.net, g->output, t->scores);
    for (size_t p = 0; !rc && p < plane; p++) {
        for (size_t c = 0; c < l->out.c; c++)
            in->map.one[c] = t->scores[c * plane + p];
        cnn_scores_convert(kind, in->map.one, l->out.c, in->map.one);
        for (size_t c = 0; c < l->out.c; c++)
            t->scores[c * plane + p] = in->map.one[c];
    }
    return rc;
}

/* Into the map, which is no larger than the image, and the sum of the weights. */
static void add(struct infer *in, const struct axis *rows, const struct axis *columns, size_t y,
                size_t x)
{
    struct infer_map *m = &in->map;
    size_t plane = rows->tile * columns->tile;
    for (size_t p = 0; p < plane; p++) {
        size_t i = p / columns->tile, j = p % columns->tile, at = (y + i) * m->w + x + j;
        float w = (float)(weight_at(rows, y, i) * weight_at(columns, x, j));
        if (y + i >= m->h || x + j >= m->w)
            continue;
        in->tiles.weight[at] += w;
        for (size_t c = 0; c < m->classes; c++)
            m->value[c * m->h * m->w + at] += w * in->tiles.scores[c * plane + p];
    }
}

static int begin_map(struct infer *in, const struct cnn_batch *b, size_t i)
{
    const struct cnn_graph *g = in->runner.own.graph;
    struct infer_map *m = &in->map;
    m->classes = g->node[g->output].layer.out.c;
    m->h = b->size[i][0];
    m->w = b->size[i][1];
    size_t plane = m->h * m->w;
    int rc = cnn_infer_map_room(m);
    if (!rc && cnn_grow(&in->tiles.weight, &in->tiles.weights, plane, sizeof *in->tiles.weight))
        rc = CNN_ESYSTEM;
    if (rc)
        return rc;
    memset(m->value, 0, m->classes * plane * sizeof *m->value);
    memset(in->tiles.weight, 0, plane * sizeof *in->tiles.weight);
    return 0;
}

/* The map of sample i. */
static int make_map(struct infer *in, const struct cnn_batch *b, size_t i)
{
    struct infer_map *m = &in->map;
    struct cnn_chw s = b->shape;
    const struct axis rows = axis_of(in, s.h), columns = axis_of(in, s.w);
    struct cnn_chw tile = {s.c, rows.tile, columns.tile};
    const float *image = b->x + i * cnn_chw_count(s);
    int rc = begin_map(in, b, i);
    if (!rc)
        rc = cnn_runner_fit(&in->runner, tile);
    for (size_t k = 0; !rc && k < rows.count * columns.count; k++) {
        size_t y = begin_of(&rows, k / columns.count), x = begin_of(&columns, k % columns.count);
        rc = cut(&in->tiles, image, s, tile, y, x);
        if (!rc)
            rc = answer(in, tile);
        if (!rc)
            add(in, &rows, &columns, y, x);
    }
    for (size_t p = 0; !rc && p < m->classes * m->h * m->w; p++)
        m->value[p] /= in->tiles.weight[p % (m->h * m->w)];
    return rc;
}

int cnn_infer_tiled(struct infer *in, const struct cnn_batch *b)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < b->n; i++) {
        rc = make_map(in, b, i);
        if (!rc && in->eval)
            rc = cnn_evaluator_add_map(in->evaluator, b, i, in->map.value);
        if (!rc && in->maps)
            rc = cnn_infer_map_put(in, &in->map, b, i);
    }
    return rc;
}

void cnn_infer_tiles_free(struct infer_tiles *t)
{
    free(t->x);
    free(t->scores);
    free(t->weight);
}
