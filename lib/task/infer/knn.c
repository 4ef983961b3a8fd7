/* --knn: the samples' nearest neighbours among the rows of a dataset answer in the place of a net. Queries are further
 * samples, or the rows themselves, each of which is then no neighbour of its own. */
#include "task/infer/knn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "task/apart.h"
#include "task/made.h"

struct knn {
    struct infer *in;
    struct cnn_backend *backend; /* has the threads */
    struct knn_store store;
    struct knn_search search;
    struct knn_ranks ranks;
    struct cnn_records list;
    int listing;
    real *x;       /* (KNN_QUERIES, d) */
    double *votes; /* (classes) */
    float *scores; /* (classes) their shares */
    size_t own[KNN_QUERIES];
    int32_t label[KNN_QUERIES];
    struct knn_vector vector[KNN_QUERIES];
    struct cnn_metrics metrics;
};

static int check_options(struct infer *in)
{
    const struct cnn_infer_options *o = in->o;
    in->eval = o->eval || o->retrieval || o->gate.count;
    if (o->list && in->eval)
        return cnn_fail(CNN_EUSAGE, "--list prints neighbours, and --%s an evaluation",
                        o->eval        ? "eval"
                        : o->retrieval ? "retrieval"
                                       : "gate");
    for (size_t i = 0, used = !strcmp(o->knn, "-"); used && i < o->inputs; i++)
        if (!strcmp(o->input[i], "-"))
            return cnn_fail(CNN_EUSAGE, "'-' stands more than once");
    return cnn_infer_check_common(in);
}

/* With the store at hand. */
static int check_store(const struct knn *k)
{
    const struct infer *in = k->in;
    const struct cnn_infer_options *o = in->o;
    size_t others = k->store.n - (k->store.n && !o->inputs);
    struct cnn_metrics will = {
        .classes = k->store.classes->count, .ranks = o->retrieval, .without_loss = 1};
    if ((size_t)o->neighbours > others)
        return cnn_fail(CNN_EDATA, "%s: %zu rows%s%s are no %lld neighbours", o->knn, k->store.n,
                        k->store.unlabelled ? " with a class" : "",
                        o->inputs ? "" : ", the query among them,", o->neighbours);
    return cnn_infer_check_gates(in, &will);
}

/* Votes are equal, or worth 1 / distance; of rows at no distance at all these alone count. */
static void vote(const struct knn *k, const struct knn_neighbour *best)
{
    size_t classes = k->store.classes->count;
    int by_distance = k->in->o->votes == CNN_INFER_BY_DISTANCE, exact = best->distance <= 0;
    double sum = 0;
    memset(k->votes, 0, classes * sizeof *k->votes);
    for (size_t i = 0; i < k->search.k; i++) {
        double distance = cnn_knn_distance(&k->store, &best[i]);
        double weight = !by_distance ? 1 : exact ? distance <= 0 : 1 / distance;
        k->votes[k->store.label[best[i].row]] += weight;
        sum += weight;
    }
    for (size_t c = 0; c < classes; c++)
        k->scores[c] = (float)(k->votes[c] / sum);
}

static void count(struct knn *k, int32_t label, const struct knn_neighbour *best, double ap)
{
    struct cnn_metrics *m = &k->metrics;
    size_t same = 0;
    m->samples++;
    cnn_metrics_count(m, k->scores, label);
    if (label < 0 || !m->ranks)
        return;
    for (size_t i = 0; i < k->search.k; i++)
        same += k->store.label[best[i].row] == label;
    m->precision_sum += (double)same / (double)k->search.k;
    if (isnan(ap))
        return;
    m->ranked++;
    m->ap_sum += ap;
}

/* Query i of the block. */
static int answer(struct knn *k, size_t i, const char *path, const char *key)
{
    const struct knn_neighbour *best = k->search.best + i * k->search.k;
    const struct knn_answer a = {path, key, best, k->search.k};
    const struct cnn_prediction p = {
        .path = path, .key = key, .label = k->label[i], .scores = k->scores, .rows = 1};
    if (k->listing)
        return cnn_knn_list(&k->list, &k->store, &a);
    vote(k, best);
    if (k->in->eval)
        count(k, k->label[i], best, k->metrics.ranks ? k->ranks.ap[i] : NAN);
    return k->in->predictions ? cnn_predictions_add(k->in->predictions, &p) : 0;
}

static void look(struct knn *k, size_t n, const real *x)
{
    const struct knn_block b = {n, x, k->vector, k->own};
    for (size_t i = 0; i < n; i++)
        k->vector[i] = cnn_knn_vector(&k->store, x + i * k->store.d, 1);
    cnn_knn_search(&k->search, &b);
    if (k->metrics.ranks)
        cnn_knn_average_precision(&k->ranks, &b, k->label);
}

static int take_batch(void *context, size_t input, const struct cnn_batch *b)
{
    struct knn *k = context;
    struct infer *in = k->in;
    int rc = 0;
    for (size_t i = 0; i < b->n * k->store.d; i++)
        k->x[i] = (real)b->x[i];
    for (size_t i = 0; i < b->n; i++) {
        k->own[i] = SIZE_MAX;
        k->label[i] = b->field->label[i];
    }
    look(k, b->n, k->x);
    for (size_t i = 0; !rc && i < b->n; i++)
        rc = answer(k, i, cnn_inputs_path(&in->inputs, input, b->index[i]), b->key[i]);
    const struct infer_sink *s = in->eval ? &in->beside : &in->main;
    if (!rc && s->stream && cnn_dataset_count(in->inputs.ds[input]) == SIZE_MAX &&
        fflush(s->stream))
        rc = cnn_fail_errno(CNN_EIO, "%s", s->name);
    return rc;
}

/* Each row among the others. */
static int run_rows(struct knn *k)
{
    const struct knn_store *s = &k->store;
    const struct cnn_callbacks *cb = k->in->cb;
    int rc = 0;
    for (size_t first = 0, n; !rc && first < s->n; first += n) {
        n = s->n - first < KNN_QUERIES ? s->n - first : KNN_QUERIES;
        for (size_t i = 0; i < n; i++) {
            k->own[i] = first + i;
            k->label[i] = s->label[first + i];
        }
        look(k, n, s->row + first * s->d);
        for (size_t i = 0; !rc && i < n; i++) {
            const struct cnn_record *r = cnn_dataset_record(s->inputs.ds[0], s->index[first + i]);
            rc = answer(k, i, r->path, r->key);
        }
        if (!rc && cb->progress)
            cb->progress(cb->context, first + n, s->n);
        if (!rc && cb->stop && *cb->stop)
            rc = cnn_fail(CNN_EINTERRUPTED, "interrupted");
    }
    return rc;
}

static int run(struct knn *k)
{
    struct infer *in = k->in;
    if (!in->o->inputs)
        return run_rows(k);
    struct cnn_wish wish = {.name = "", .kind = CNN_FIELD_CLASS};
    struct cnn_loader_options lo = cnn_knn_loading(&k->store, in->o, &wish);
    return cnn_inputs_visit(&in->inputs, &lo, in->cb, take_batch, k);
}

/* From the rows and from the queries. */
static int check_apart(const struct knn *k)
{
    const struct cnn_infer_options *o = k->in->o;
    char *const path[] = {(char *)o->knn};
    const struct cnn_apart_run rows = {.input = path, .inputs = 1, .in = &k->store.inputs};
    const struct cnn_apart_run queries = {
        .input = o->input, .inputs = o->inputs, .in = &k->in->inputs};
    int rc = cnn_infer_check_apart(k->in, &rows);
    return rc ? rc : cnn_infer_check_apart(k->in, &queries);
}

static int open_queries(struct knn *k)
{
    struct infer *in = k->in;
    const struct cnn_infer_options *o = in->o;
    struct cnn_dataset_options d = {.classes = in->eval ? k->store.classes : NULL,
                                    .stream = CNN_STREAM_ONCE,
                                    .unlabelled = !in->eval,
                                    .empty = !in->eval,
                                    .strict = o->strict,
                                    .stop = in->cb->stop,
                                    .note = in->cb->note,
                                    .context = in->cb->context};
    int rc = o->inputs ? cnn_inputs_open(&in->inputs, o->input, o->inputs, &d) : 0;
    for (size_t i = 0; !rc && i < in->inputs.count; i++)
        rc = cnn_made_check_data(k->store.inputs.ds[0], in->inputs.ds[i],
                                 o->distance == CNN_INFER_EUCLID);
    return rc;
}

static int open_answers(struct knn *k)
{
    struct infer *in = k->in;
    const struct cnn_infer_options *o = in->o;
    const struct infer_sink *s = in->eval ? &in->beside : &in->main;
    int paths = cnn_inputs_have_paths(o->inputs ? &in->inputs : &k->store.inputs);
    const struct cnn_predictions_options po = {.format = o->format,
                                               .header = o->header,
                                               .top = (size_t)o->top,
                                               .all = o->probabilities,
                                               .paths = paths,
                                               .raw = o->nul,
                                               .truth = in->eval,
                                               .classes = k->store.classes,
                                               .outputs = k->store.classes->count,
                                               .rows = 1,
                                               .kind = CNN_SCORES_AS_THEY_ARE};
    if (!s->stream)
        return 0;
    if (!o->list)
        return cnn_predictions_new(s->stream, s->name, &po, &in->predictions);
    int rc = cnn_records_open(&k->list, s->stream, s->name, o->format, o->nul);
    k->listing = !rc;
    if (rc || !(o->header || o->format == CNN_RECORDS_CSV))
        return rc;
    return cnn_knn_list_header(&k->list, paths);
}

static int start(struct knn *k)
{
    struct infer *in = k->in;
    const struct cnn_infer_options *o = in->o;
    size_t classes = k->store.classes->count;
    int rc = cnn_backend_open("cpu", (int)o->compute.threads, &k->backend);
    if (!rc)
        rc = cnn_knn_search_open(&k->search, &k->store, k->backend->queue.pool,
                                 (size_t)o->neighbours);
    if (!rc && o->retrieval)
        rc = cnn_knn_ranks_open(&k->ranks, &k->store, k->backend->queue.pool);
    if (!rc)
        rc = cnn_metrics_open(&k->metrics, classes, in->eval && classes <= INFER_MATRIX_CLASSES);
    k->metrics.ranks = o->retrieval;
    k->metrics.without_loss = 1;
    k->x = cnn_aligned_calloc(KNN_QUERIES * k->store.d * sizeof *k->x);
    k->votes = cnn_calloc(classes, sizeof *k->votes);
    k->scores = cnn_calloc(classes, sizeof *k->scores);
    return rc ? rc : k->x && k->votes && k->scores ? 0 : CNN_ESYSTEM;
}

static void note_unlabelled(const struct knn *k)
{
    char text[128];
    snprintf(text, sizeof text, "rows without a class, which cannot vote, are left out: %zu",
             k->store.unlabelled);
    if (k->store.unlabelled && k->in->cb->note)
        k->in->cb->note(k->in->cb->context, text);
}

static void knn_free(struct knn *k)
{
    if (k->ranks.store)
        cnn_knn_ranks_close(&k->ranks);
    cnn_knn_search_close(&k->search);
    cnn_backend_close(k->backend);
    cnn_records_close(&k->list);
    free(k->x);
    free(k->votes);
    free(k->scores);
}

static int open_all(struct knn *k, FILE *out, const char *name)
{
    struct infer *in = k->in;
    const struct cnn_infer_options *o = in->o;
    int rc = cnn_knn_store_open(&k->store, o, !o->list, in->cb);
    if (!rc)
        rc = check_store(k);
    if (!rc)
        note_unlabelled(k);
    if (!rc)
        rc = open_queries(k);
    if (!rc)
        rc = check_apart(k);
    if (!rc)
        rc = cnn_infer_open_sinks(in, out, name);
    if (!rc)
        rc = open_answers(k);
    return rc ? rc : start(k);
}

int cnn_infer_knn(struct infer *in, FILE *out, const char *name)
{
    struct knn *k = cnn_calloc(1, sizeof *k);
    if (!k)
        return CNN_ESYSTEM;
    k->in = in;
    k->store.distance = in->o->distance;
    int rc = check_options(in);
    if (!rc)
        rc = open_all(k, out, name);
    if (!rc)
        rc = run(k);
    in->metrics = &k->metrics;
    in->names = k->store.classes;
    if (!rc)
        rc = cnn_infer_finish(in);
    knn_free(k);
    cnn_metrics_close(&k->metrics);
    cnn_knn_store_close(&k->store);
    free(k);
    return rc;
}
