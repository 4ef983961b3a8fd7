/* What the net gives for a batch, all its outputs, on its way to predictions; see private.h. */
#include <stdlib.h>
#include <string.h>

#include "task/infer/private.h"

/* One for two classes, several rows, or what else is no list of classes: numbers. */
int cnn_infer_is_of_classes(const struct infer *in)
{
    const struct cnn_graph *g = in->runner.graph;
    return g->node[g->output].layer.rows == 1 &&
           cnn_scores_are_classes(g, in->runner.model->classes.count);
}

static int make_room(struct infer *in)
{
    const struct cnn_graph *g = in->runner.graph;
    struct infer_answers *a = &in->answers;
    size_t batch = cnn_net_plan(in->runner.net)->batch, more = a->more;
    for (size_t k = 0; k <= more; k++) {
        const struct cnn_layer *l = &g->node[k ? g->each_output[k] : g->output].layer;
        free(a->rows[k]);
        if (!(a->rows[k] = cnn_calloc(batch, sizeof **a->rows)))
            return CNN_ESYSTEM;
        if (!k)
            continue;
        a->output[k - 1] = (struct cnn_predictions_output){l->name, cnn_chw_count(l->out), l->rows};
        free(a->value[k - 1]);
        if (!(a->value[k - 1] = cnn_calloc(batch * cnn_layer_elements(l), sizeof **a->value)))
            return CNN_ESYSTEM;
    }
    return 0;
}

static int allocate(struct infer_answers *a)
{
    size_t more = a->more;
    a->output = cnn_calloc(more, sizeof *a->output);
    a->value = cnn_calloc(more, sizeof *a->value);
    a->rows = cnn_calloc(more + 1, sizeof *a->rows);
    a->at = cnn_calloc(more, sizeof *a->at);
    a->at_rows = cnn_calloc(more, sizeof *a->at_rows);
    return a->output && a->value && a->rows && a->at && a->at_rows ? 0 : CNN_ESYSTEM;
}

int cnn_infer_fit_answers(struct infer *in)
{
    const struct cnn_graph *g = in->runner.graph;
    int rc = make_room(in);
    return rc || in->classed ? rc
                             : cnn_predictions_resize(in->predictions,
                                                      cnn_chw_count(g->node[g->output].layer.out));
}

int cnn_infer_check_plane(const struct infer *in)
{
    const struct cnn_graph *g = in->runner.graph;
    struct cnn_chw own = in->runner.own.graph->node[g->output].layer.out;
    struct cnn_chw y = g->node[g->output].layer.out;
    if (!in->classed || in->o->dense || own.h * own.w > 1 || y.h * y.w == 1)
        return 0;
    return cnn_fail(CNN_EDATA,
                    "answers to an image of %zux%zu are a map of %zux%zu, which --dense tells",
                    g->input->shape.h, g->input->shape.w, y.h, y.w);
}

/* As large as images, of which each has a size of its own. */
static int check_columns(const struct infer *in)
{
    const struct cnn_graph *g = in->runner.graph;
    int columns =
        in->o->dense && in->classed ? 0 : in->o->header || in->o->format == CNN_RECORDS_CSV;
    for (int k = 0; in->runner.fits && columns && k < g->outputs; k++) {
        const struct cnn_layer *l = &g->node[g->each_output[k]].layer;
        if (l->out.h * l->out.w > 1)
            return cnn_fail(
                CNN_EUSAGE,
                "%s: there are as many columns as %s has elements, which with images as "
                "large as they are is not one number; --format json tells them",
                in->o->header ? "--header" : "--format csv", l->name);
    }
    return 0;
}

int cnn_infer_open_answers(struct infer *in)
{
    const struct infer_sink *s = in->eval ? &in->beside : &in->main;
    const struct cnn_graph *g = in->runner.graph;
    static const struct cnn_strings none = {0};
    if (!s->stream || in->o->tile)
        return 0;
    in->answers.more = g->outputs > 1 ? (size_t)g->outputs - 1 : 0;
    int rc = check_columns(in);
    if (!rc)
        rc = allocate(&in->answers);
    if (!rc)
        rc = make_room(in);
    struct cnn_predictions_options po = {
        .format = in->o->format,
        .header = in->o->header,
        .top = (size_t)in->o->top,
        .all = in->o->probabilities,
        .paths = cnn_inputs_have_paths(&in->inputs),
        .raw = in->o->nul,
        .truth = in->classes > 0,
        .places = in->o->dense && in->classed,
        .classes = in->classed ? &in->runner.model->classes : &none,
        .outputs = in->pair ? 2 : cnn_chw_count(g->node[g->output].layer.out),
        .rows = g->node[g->output].layer.rows,
        .kind = in->o->dense ? CNN_SCORES_AS_THEY_ARE : in->kind,
        .more = in->answers.more,
        .output = in->answers.output,
    };
    return rc ? rc : cnn_predictions_new(s->stream, s->name, &po, &in->predictions);
}

void cnn_infer_free_answers(struct infer *in)
{
    struct infer_answers *a = &in->answers;
    for (size_t k = 0; a->rows && k <= a->more; k++)
        free(a->rows[k]);
    for (size_t k = 0; a->value && k < a->more; k++)
        free(a->value[k]);
    free(a->output);
    free(a->value);
    free(a->rows);
    free(a->at);
    free(a->at_rows);
    cnn_predictions_free(in->predictions);
}

static int take_outputs(struct infer *in)
{
    const struct cnn_graph *g = in->runner.graph;
    struct infer_answers *a = &in->answers;
    int rc = cnn_net_rows(in->runner.net, g->output, a->rows[0]);
    for (size_t k = 1; !rc && k <= a->more; k++) {
        rc = cnn_net_value(in->runner.net, g->each_output[k], a->value[k - 1]);
        if (!rc)
            rc = cnn_net_rows(in->runner.net, g->each_output[k], a->rows[k]);
    }
    return rc;
}

/* Of a further output of sample i: its values, without those of what it was filled up with. */
static void take_more(struct infer *in, const struct cnn_batch *b, size_t i, size_t k)
{
    struct infer_answers *a = &in->answers;
    const struct cnn_graph *g = in->runner.graph;
    const struct cnn_layer *l = &g->node[g->each_output[k + 1]].layer;
    float *at = a->value[k] + i * cnn_layer_elements(l), *to = at;
    size_t own[2];
    cnn_infer_own_plane(in, l, b, i, own);
    for (size_t r = 0; l->rows == 1 && r < l->out.c * own[0]; r++, to += own[1])
        memmove(to, at + (r / own[0] * l->out.h + r % own[0]) * l->out.w, own[1] * sizeof *to);
    if (l->rows == 1)
        a->output[k].count = l->out.c * own[0] * own[1];
    a->at[k] = at;
    a->at_rows[k] = (size_t)a->rows[k + 1][i];
}

/* Places have answers: of classes the best of each is told, else all. */
static int take_map(struct infer *in, const struct cnn_batch *b, size_t i,
                    const struct infer_map **out)
{
    *out = NULL;
    const struct cnn_graph *g = in->runner.graph;
    if ((in->classed ? !in->o->dense : !in->runner.native) || g->node[g->output].layer.rows > 1)
        return 0;
    if (!(*out = cnn_infer_map_of(in, b, i)))
        return cnn_error_code();
    const struct infer_map *m = *out;
    return in->classed ? 0 : cnn_predictions_resize(in->predictions, m->classes * m->h * m->w);
}

/* Sample i of the batch. */
static int answer(struct infer *in, size_t input, const struct cnn_batch *b, size_t i)
{
    struct infer_answers *a = &in->answers;
    const struct cnn_graph *g = in->runner.graph;
    const float *scores =
        cnn_evaluator_scores(in->evaluator) + i * cnn_layer_elements(&g->node[g->output].layer);
    const struct infer_map *map;
    float pair[2];
    int rc = take_map(in, b, i, &map);
    if (rc)
        return rc;
    if (in->pair)
        cnn_scores_pair(in->kind, *scores, pair);
    for (size_t k = 0; k < a->more; k++)
        take_more(in, b, i, k);
    const struct cnn_prediction p = {.path = cnn_inputs_path(&in->inputs, input, b->index[i]),
                                     .key = b->key[i],
                                     .label = in->classes ? b->field->label[i] : -1,
                                     .scores = map        ? in->classed ? map->best : map->value
                                               : in->pair ? pair
                                                          : scores,
                                     .place = map ? (const size_t(*)[2])map->place : NULL,
                                     .map = {map ? map->h : 0, map ? map->w : 0},
                                     .rows = (size_t)a->rows[0][i],
                                     .more = a->at,
                                     .more_rows = a->at_rows};
    return cnn_predictions_add(in->predictions, &p);
}

int cnn_infer_answer(struct infer *in, size_t input, const struct cnn_batch *b)
{
    const struct infer_sink *s = in->eval ? &in->beside : &in->main;
    int rc = take_outputs(in);
    for (size_t i = 0; !rc && i < b->n; i++)
        rc = answer(in, input, b, i);
    /* Whoever waits at the other end of a stream gets what is known so far. */
    if (!rc && cnn_dataset_count(in->inputs.ds[input]) == SIZE_MAX && fflush(s->stream))
        rc = cnn_fail_errno(CNN_EIO, "%s", s->name);
    return rc;
}
