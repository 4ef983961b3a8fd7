/* Counting how well a net does; see evaluate.h. Sums run in the samples' order, in double
 * precision, so that they do not depend on the number of threads. */
#include "task/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "task/pixels.h"
#include "task/scores.h"

/* What is compared with one target. */
struct head {
    int node;             /* whose value it is */
    struct cnn_chw shape; /* of a row of that */
    size_t rows;          /* the most */
    float *scores;        /* (batch, rows, c, h, w) */
    size_t room;          /* of scores, elements */
    int32_t *real;        /* (batch) rows of the answers that are real; NULL: the targets say it */
    struct cnn_metrics m;
    double loss_sum;          /* the part of the sum of all losses */
    struct cnn_pixels pixels; /* of label images */
};

struct cnn_evaluator {
    struct cnn_net *net;
    struct cnn_feed *feed;
    struct head *head;            /* (heads) */
    int heads;                    /* the feed's targets, at least one */
    int pair;                     /* one for two classes */
    enum cnn_scores kind, places; /* of a sample, of each place of a plane */
    float *scores; /* (batch, rows, c, h, w) of the output: those of the first head, or apart */
    size_t room;   /* of those apart */
    int apart;
    float *weight; /* (batch) 0 where there is no target */
    size_t weights;
};

static int allocate_head(struct head *h, size_t batch, int confusion)
{
    h->room = batch * h->rows * cnn_chw_count(h->shape);
    if (!(h->scores = cnn_calloc(h->room, sizeof *h->scores)))
        return CNN_ESYSTEM;
    if (h->rows > 1 && !(h->real = cnn_calloc(batch, sizeof *h->real)))
        return CNN_ESYSTEM;
    return cnn_metrics_open(&h->m, h->m.classes, confusion);
}

/* The answer itself where that is what losses see, or what is made of it. */
static int first_node(const struct cnn_graph *g)
{
    size_t out = cnn_layer_elements(&g->node[g->output].layer);
    return out == cnn_layer_elements(&g->node[g->logits].layer) ? g->output : g->logits;
}

static size_t classes_of(const struct cnn_evaluator *e, int k, size_t classes)
{
    const struct cnn_graph *g = e->feed->graph;
    struct cnn_chw out = e->head[k].shape;
    if (!k && classes)
        return cnn_scores_answer(g, classes) ? classes : 0;
    enum cnn_field_kind kind = e->feed->targets ? e->feed->wish[k].kind : CNN_FIELD_NUMBERS;
    if (kind == CNN_FIELD_LABELS && out.h * out.w > 1 && out.c == 1)
        return e->feed->wish[k].classes; /* a number for both of two */
    return (kind == CNN_FIELD_CLASS && *e->feed->wish[k].name) || kind == CNN_FIELD_LABELS ? out.c
                                                                                           : 0;
}

/* A class for each place. */
static int is_of_pixels(const struct cnn_evaluator *e, int k)
{
    const struct head *h = &e->head[k];
    return e->feed->targets && e->feed->wish[k].kind == CNN_FIELD_LABELS && h->m.classes &&
           h->m.classes <= CNN_PIXELS_CLASSES && h->shape.h * h->shape.w > 1;
}

static int open_heads(struct cnn_evaluator *e, size_t classes, int confusion)
{
    const struct cnn_graph *g = e->feed->graph;
    size_t batch = cnn_net_plan(e->net)->batch;
    e->heads = e->feed->targets ? e->feed->targets : 1;
    e->head = cnn_calloc((size_t)e->heads, sizeof *e->head);
    e->weight = cnn_calloc(e->weights = batch, sizeof *e->weight);
    int rc = e->head && e->weight ? 0 : CNN_ESYSTEM;
    for (int k = 0; !rc && k < e->heads; k++) {
        struct head *h = &e->head[k];
        h->node = k ? e->feed->node[k] : first_node(g);
        h->shape = g->node[h->node].layer.out;
        h->rows = g->node[h->node].layer.rows;
        h->m.classes = classes_of(e, k, classes);
        rc = allocate_head(h, batch, confusion && !k);
        h->m.pixels = is_of_pixels(e, k);
    }
    if (rc)
        return rc;
    e->apart = e->head->node != g->output;
    e->scores = e->head->scores;
    e->room = batch * cnn_layer_elements(&g->node[g->output].layer);
    if (e->apart)
        e->scores = cnn_calloc(e->room, sizeof *e->scores);
    return e->scores ? 0 : CNN_ESYSTEM;
}

int cnn_evaluator_look_at_boundaries(struct cnn_evaluator *e)
{
    int rc = 0;
    for (int k = 0; !rc && k < e->heads; k++) {
        struct head *h = &e->head[k];
        rc = h->m.pixels ? cnn_metrics_open_boundaries(&h->m) : 0;
    }
    return rc;
}

int cnn_evaluator_move(struct cnn_evaluator *e, struct cnn_net *net)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    size_t batch = cnn_net_plan(net)->batch;
    int rc = cnn_feed_move(e->feed, g);
    e->net = net;
    if (!rc && cnn_grow(&e->weight, &e->weights, batch, sizeof *e->weight))
        rc = CNN_ESYSTEM;
    for (int k = 0; !rc && k < e->heads; k++) {
        struct head *h = &e->head[k];
        h->shape = g->node[h->node].layer.out;
        rc = cnn_grow(&h->scores, &h->room, batch * h->rows * cnn_chw_count(h->shape),
                      sizeof *h->scores);
    }
    if (!rc && e->apart)
        rc = cnn_grow(&e->scores, &e->room, batch * cnn_layer_elements(&g->node[g->output].layer),
                      sizeof *e->scores);
    if (!e->apart)
        e->scores = e->head->scores;
    return rc;
}

int cnn_evaluator_new(struct cnn_net *net, struct cnn_feed *feed, size_t classes, int confusion,
                      struct cnn_evaluator **out)
{
    struct cnn_evaluator *e = *out = cnn_calloc(1, sizeof *e);
    if (!e)
        return CNN_ESYSTEM;
    e->net = net;
    e->feed = feed;
    e->pair = cnn_scores_are_pair(feed->graph, classes);
    e->kind = cnn_scores_kind(feed->graph, classes);
    e->places = cnn_scores_of_places(feed->graph);
    int rc = open_heads(e, classes, confusion);
    if (rc) {
        cnn_evaluator_free(e);
        *out = NULL;
    }
    return rc;
}

void cnn_evaluator_free(struct cnn_evaluator *e)
{
    if (!e)
        return;
    if (e->apart)
        free(e->scores);
    for (int k = 0; e->head && k < e->heads; k++) {
        free(e->head[k].scores);
        free(e->head[k].real);
        cnn_pixels_free(&e->head[k].pixels);
        cnn_metrics_close(&e->head[k].m);
    }
    free(e->head);
    free(e->weight);
    free(e);
}

size_t cnn_evaluator_bytes(const struct cnn_evaluator *e)
{
    size_t batch = cnn_net_plan(e->net)->batch, bytes = batch * sizeof *e->weight;
    for (int k = 0; k < e->heads; k++) {
        const struct cnn_metrics *m = &e->head[k].m;
        bytes += batch * e->head[k].rows * cnn_chw_count(e->head[k].shape) * sizeof(float) +
                 3 * m->classes * sizeof(uint64_t) +
                 (m->confusion ? m->classes * m->classes * sizeof *m->confusion : 0);
    }
    return bytes;
}

static void reset_head(struct head *h)
{
    h->loss_sum = 0;
    cnn_metrics_reset(&h->m);
}

void cnn_evaluator_reset(struct cnn_evaluator *e)
{
    for (int k = 0; k < e->heads; k++)
        reset_head(&e->head[k]);
}

static void count_pair(struct cnn_metrics *m, enum cnn_scores kind, float score, int32_t label)
{
    float pair[2];
    cnn_scores_pair(kind, score, pair);
    cnn_metrics_count(m, pair, label);
}

static void count_values(struct cnn_metrics *m, const float *scores, const float *target, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double d = (double)scores[i] - (double)target[i];
        m->squared_sum += d * d;
        m->absolute_sum += fabs(d);
    }
    m->values += n;
}

static int add_losses(struct cnn_evaluator *e)
{
    double sum, weight;
    int rc = cnn_net_loss(e->net, &sum, &weight);
    if (rc)
        return rc;
    e->head->m.loss_sum += sum;
    for (int k = 0; k < e->heads; k++) {
        e->head[k].m.weight_sum += weight;
        e->head[k].loss_sum += cnn_net_target_loss(e->net, 0, k);
    }
    return 0;
}

/* A row: row `at` of the batch. */
static int count_row(struct cnn_evaluator *e, int k, const struct cnn_batch_field *f, size_t at)
{
    struct head *h = &e->head[k];
    size_t outputs = cnn_chw_count(h->shape), plane = h->shape.h * h->shape.w;
    const float *scores = h->scores + at * outputs;
    if (f->numbers)
        count_values(&h->m, scores, f->numbers + at * outputs, outputs);
    else if (h->m.classes && !k && e->pair)
        count_pair(&h->m, e->kind, *scores, f->label[at]);
    else if (h->m.classes && plane > 1)
        return cnn_pixels_count(&h->pixels, &h->m, h->shape, k ? CNN_SCORES_LOGISTIC : e->places,
                                scores, f->label + at * plane);
    else if (h->m.classes)
        cnn_metrics_count(&h->m, scores, f->label[at]);
    return 0;
}

/* Rows of sample i that are both answered and compared. */
static size_t rows_of(const struct cnn_evaluator *e, int k, const struct cnn_batch *b, size_t i)
{
    const struct head *h = &e->head[k];
    size_t rows = h->rows > 1 ? cnn_feed_rows(e->feed, b, k, i) : 1;
    return h->real && (size_t)h->real[i] < rows ? (size_t)h->real[i] : rows;
}

static int count_head(struct cnn_evaluator *e, int k, const struct cnn_batch *b)
{
    struct head *h = &e->head[k];
    int rc = 0;
    for (size_t i = 0; !rc && i < b->n; i++) {
        if (!cnn_feed_has(e->feed, b, k, i)) {
            h->m.samples += !k;
            continue;
        }
        h->m.samples++;
        size_t rows = rows_of(e, k, b, i);
        for (size_t r = 0; !rc && r < rows; r++)
            rc = count_row(e, k, &b->field[k], i * h->rows + r);
    }
    return rc;
}

static int has_all(const struct cnn_feed *f, const struct cnn_batch *b, size_t i)
{
    int has = f->targets > 0;
    for (int k = 0; has && k < f->targets; k++)
        has = cnn_feed_has(f, b, k, i);
    return has;
}

static int take_head(struct cnn_net *net, struct head *h)
{
    int rc = cnn_net_value(net, h->node, h->scores);
    return !rc && h->real ? cnn_net_rows(net, h->node, h->real) : rc;
}

static int take_values(struct cnn_evaluator *e)
{
    int rc = e->apart ? cnn_net_value(e->net, e->feed->graph->output, e->scores) : 0;
    for (int k = 0; !rc && k < e->heads; k++)
        rc = take_head(e->net, &e->head[k]);
    return rc;
}

int cnn_evaluator_add(struct cnn_evaluator *e, const struct cnn_batch *b)
{
    struct cnn_batch_view v = cnn_feed_view(e->feed, b, e->weight);
    for (size_t i = 0; i < b->n; i++)
        e->weight[i] = has_all(e->feed, b, i) ? b->weight[i] : 0;
    int rc = cnn_net_forward(e->net, &v, 0, 0, 0);
    if (!rc)
        rc = take_values(e);
    if (!rc && e->feed->graph->losses && e->feed->targets)
        rc = add_losses(e);
    if (rc)
        return rc;
    for (int k = 0; !rc && k < e->feed->targets; k++)
        rc = count_head(e, k, b);
    if (!e->feed->targets)
        e->head->m.samples += b->n;
    return rc;
}

int cnn_evaluator_add_map(struct cnn_evaluator *e, const struct cnn_batch *b, size_t i,
                          const float *value)
{
    struct head *h = e->head;
    const int32_t *label;
    /* the logistic function of a single number was taken, if any */
    enum cnn_scores kind = e->places == CNN_SCORES_MARGINS ? e->places : CNN_SCORES_AS_THEY_ARE;
    h->m.without_loss = 1;
    h->m.samples++;
    h->shape.h = b->size[i][0];
    h->shape.w = b->size[i][1];
    int rc = cnn_pixels_own(&h->pixels, b, i, &label);
    return rc ? rc : cnn_pixels_count(&h->pixels, &h->m, h->shape, kind, value, label);
}

const float *cnn_evaluator_scores(const struct cnn_evaluator *e)
{
    return e->scores;
}

const struct cnn_metrics *cnn_evaluator_metrics(const struct cnn_evaluator *e)
{
    return &e->head->m;
}

struct cnn_metrics cnn_evaluator_target(const struct cnn_evaluator *e, int k)
{
    struct cnn_metrics m = e->head[k].m;
    m.loss_sum = e->head[k].loss_sum;
    return m;
}

int cnn_evaluate(struct cnn_evaluator *e, struct cnn_loader *l, struct cnn_data_hash *data,
                 const volatile int *stop, void (*progress)(void *context, size_t done),
                 void *context)
{
    struct cnn_batch b;
    int rc;
    cnn_evaluator_reset(e);
    *data = (struct cnn_data_hash){0};
    while ((rc = cnn_loader_next(l, &b)) > 0) {
        if (stop && *stop)
            return cnn_fail(CNN_EINTERRUPTED, "interrupted");
        if ((rc = cnn_evaluator_add(e, &b)))
            return rc;
        cnn_data_hash_add(data, &b);
        if (progress)
            progress(context, e->head->m.samples);
    }
    return rc;
}
