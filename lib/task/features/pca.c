/* Principal components of rows, as a model that applies them; see features.h.
 *
 * With the mean m of n rows and the eigenvectors v_k of their covariance sum (x - m)(x - m)^T / (n - 1), largest
 * eigenvalue e_k first, the model is a dense layer of weights v_k and biases -<v_k, m>, when whitening divided by the
 * root of e_k. All in double precision; of each v_k the element of the largest size is positive. */
#include <cblas.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/json_memory.h"
#include "base/threads.h"
#include "base/version.h"
#include "file/safetensors.h"
#include "model/model.h"
#include "task/features/private.h"
#include "task/made.h"

/* LAPACK, which OpenBLAS has within it: all eigenvalues, ascending, and vectors of a symmetric matrix (n, n). */
extern void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda,
                    double *w, double *work, const int *lwork, int *iwork, const int *liwork,
                    int *info);

enum {
    BATCH = 512, /* rows whose products are added at once */
    TILE = 256,  /* sides of what is added by one job */
    MOST = 32766 /* numbers of a row: LAPACK counts its memory, 2 d^2 + 6 d + 1, in ints */
};

struct pca {
    const struct cnn_features_options *o;
    struct cnn_inputs inputs;
    struct cnn_input input;
    struct cnn_backend *backend; /* has the threads */
    size_t d, n;
    double *origin; /* (d) the mean of the first batch, from which rows are measured */
    double *sum;    /* (d) */
    double *x;      /* (BATCH, d) less the origin */
    size_t rows;    /* of x */
    double
        *gram; /* (d, d) sums of products, on and below the diagonal; then eigenvectors as rows */
    double *value; /* (d) eigenvalues */
    double explained;
    float *weight, *bias; /* (components, d), (components) */
};

static int choose_shape(struct pca *p)
{
    struct cnn_sample first = {0};
    int rc = cnn_dataset_load(p->inputs.ds[0], 0, &first);
    const struct cnn_image *im = &first.image;
    if (!rc && im->maxval)
        rc = cnn_fail(CNN_EDATA, "%s: images; components are of features",
                      cnn_dataset_path(p->inputs.ds[0]));
    p->input =
        (struct cnn_input){.shape = {im->c, im->h, im->w}, .rows = 1, .scale = 1, .declared = 1};
    p->d = cnn_chw_count(p->input.shape);
    cnn_sample_free(&first);
    return rc;
}

static int allocate(struct pca *p)
{
    size_t cells;
    if (cnn_mul_overflows(p->d, p->d, &cells))
        return cnn_fail_memory(SIZE_MAX);
    p->origin = cnn_calloc(p->d, sizeof *p->origin);
    p->sum = cnn_calloc(p->d, sizeof *p->sum);
    p->x = cnn_calloc(p->d, BATCH * sizeof *p->x);
    p->gram = cnn_calloc(cells, sizeof *p->gram);
    p->value = cnn_calloc(p->d, sizeof *p->value);
    p->weight = cnn_calloc((size_t)p->o->components, p->d * sizeof *p->weight);
    p->bias = cnn_calloc((size_t)p->o->components, sizeof *p->bias);
    return p->origin && p->sum && p->x && p->gram && p->value && p->weight && p->bias ? 0
                                                                                      : CNN_ESYSTEM;
}

/* A tile of the lower triangle, counted row by row. */
static void add_tile(void *context, size_t job, int thread)
{
    struct pca *p = context;
    size_t i = 0;
    (void)thread;
    while ((i + 1) * (i + 2) / 2 <= job)
        i++;
    size_t row = i * TILE, column = (job - i * (i + 1) / 2) * TILE;
    size_t m = p->d - row < TILE ? p->d - row : TILE;
    size_t n = p->d - column < TILE ? p->d - column : TILE;
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (blasint)m, (blasint)n, (blasint)p->rows,
                1, p->x + row, (blasint)p->d, p->x + column, (blasint)p->d, 1,
                p->gram + row * p->d + column, (blasint)p->d);
}

static int take_batch(void *context, size_t input, const struct cnn_batch *b)
{
    struct pca *p = context;
    size_t tiles = (p->d + TILE - 1) / TILE;
    (void)input;
    for (size_t i = 0; !p->n && i < b->n * p->d; i++)
        p->origin[i % p->d] += (double)b->x[i] / (double)b->n;
    for (size_t i = 0; i < b->n * p->d; i++) {
        p->x[i] = (double)b->x[i] - p->origin[i % p->d];
        p->sum[i % p->d] += p->x[i];
    }
    p->rows = b->n;
    p->n += b->n;
    cnn_pool_run(p->backend->queue.pool, tiles * (tiles + 1) / 2, add_tile, p);
    return 0;
}

/* Sums to the covariance; then its eigenvalues and vectors in their places. */
static int decompose(struct pca *p)
{
    size_t d = p->d;
    int n = (int)d, lwork = -1, liwork = -1, info = 0, few;
    double much;
    for (size_t i = 0; i < d; i++)
        for (size_t k = 0; k <= i; k++)
            p->gram[i * d + k] =
                (p->gram[i * d + k] - p->sum[i] * p->sum[k] / (double)p->n) / (double)(p->n - 1);
    /* below the diagonal by rows is above it by columns */
    dsyevd_("V", "U", &n, p->gram, &n, p->value, &much, &lwork, &few, &liwork, &info);
    lwork = (int)much;
    liwork = few;
    double *work = cnn_calloc((size_t)lwork, sizeof *work);
    int *whole = cnn_calloc((size_t)liwork, sizeof *whole);
    if (work && whole)
        dsyevd_("V", "U", &n, p->gram, &n, p->value, work, &lwork, whole, &liwork, &info);
    int rc = !work || !whole ? CNN_ESYSTEM
             : info          ? cnn_fail(CNN_EINTERNAL, "the covariance has no eigenvectors")
                             : 0;
    free(work);
    free(whole);
    return rc;
}

static double sign_of(const double *v, size_t d)
{
    size_t largest = 0;
    for (size_t i = 1; i < d; i++)
        if (fabs(v[i]) > fabs(v[largest]))
            largest = i;
    return v[largest] < 0 ? -1 : 1;
}

static int make_layer(struct pca *p)
{
    size_t d = p->d;
    double all = 0, kept = 0, none = fabs(p->value[d - 1]) * (double)d * 1e-14;
    for (size_t i = 0; i < d; i++)
        all += p->value[i];
    for (size_t k = 0; k < (size_t)p->o->components; k++) {
        const double *v = p->gram + (d - 1 - k) * d;
        double value = p->value[d - 1 - k], scale = sign_of(v, d), bias = 0;
        if (p->o->whiten && !(value > none))
            return cnn_fail(CNN_EDATA,
                            "whitening divides by the deviation, of which component %zu has none",
                            k + 1);
        scale /= p->o->whiten ? sqrt(value) : 1;
        for (size_t i = 0; i < d; i++) {
            p->weight[k * d + i] = (float)(scale * v[i]);
            bias -= scale * v[i] * (p->origin[i] + p->sum[i] / (double)p->n);
        }
        p->bias[k] = (float)bias;
        kept += value;
    }
    p->explained = all > 0 ? kept / all : 1;
    return 0;
}

static char *history_of(const struct pca *p)
{
    json_t *made;
    if (cnn_made_data(p->inputs.ds[0], &made))
        return NULL;
    json_t *run =
        json_pack("[{s:s, s:s, s:I, s:b, s:I, s:f, s:o*}]", "program", "cnn-features", "version",
                  CNN_VERSION, "components", (json_int_t)p->o->components, "whiten", p->o->whiten,
                  "rows", (json_int_t)p->n, "explained", p->explained, "made", made);
    char *text = run ? cnn_json_dump(run, JSON_COMPACT) : NULL;
    json_decref(run);
    return text;
}

struct saved {
    const struct pca *p;
    struct cnn_model model;
};

static int declare(struct cnn_safetensors_writer *w, const void *context)
{
    const struct saved *s = context;
    size_t k = (size_t)s->p->o->components;
    const struct cnn_shape weight = {.rank = 2, .dim = {k, s->p->d}};
    const struct cnn_shape bias = {.rank = 1, .dim = {k}};
    int rc = cnn_model_put_meta(w, &s->model);
    if (!rc)
        rc = cnn_safetensors_put(w, "pca.weight", CNN_F32, &weight);
    return rc ? rc : cnn_safetensors_put(w, "pca.bias", CNN_F32, &bias);
}

static int write_data(struct cnn_safetensors_writer *w, const void *context)
{
    const struct pca *p = ((const struct saved *)context)->p;
    size_t k = (size_t)p->o->components;
    int rc = cnn_safetensors_data(w, p->weight, k * p->d * sizeof *p->weight);
    return rc ? rc : cnn_safetensors_data(w, p->bias, k * sizeof *p->bias);
}

/* The net as the language prints it. */
static int write_model(const struct pca *p)
{
    struct saved s = {.p = p, .model = {.history = history_of(p)}};
    const struct cnn_graph_config gc = {.name = "pca"};
    struct cnn_graph *graph = NULL;
    struct cnn_buf text = {0};
    struct cnn_chw shape = p->input.shape;
    cnn_buf_printf(&text, "input %zux%zux%zu scale=1; %spca: dense %lld", shape.c, shape.h, shape.w,
                   shape.h * shape.w > 1 ? "flatten; " : "", p->o->components);
    int rc = text.failed || !s.model.history ? cnn_fail_memory(0)
                                             : cnn_graph_build(text.text, &gc, &graph);
    if (!rc && !(s.model.net_text = cnn_strdup(graph->print)))
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = cnn_safetensors_save(p->o->output, declare, write_data, &s);
    cnn_graph_free(graph);
    cnn_buf_free(&text);
    free(s.model.net_text);
    free(s.model.history);
    return rc;
}

static int check(const struct pca *p)
{
    const struct cnn_features_options *o = p->o;
    const struct cnn_path_use out[] = {
        {"--output", o->output}, {"--on-bad list", o->bad_list}, {NULL, NULL}};
    const struct cnn_apart_run run = {
        .labels = o->labels, .input = o->input, .inputs = o->inputs, .in = &p->inputs};
    if (p->d > MOST)
        return cnn_fail(CNN_EDATA, "%s: rows of %zu numbers: components are found of up to %d",
                        o->input[0], p->d, (int)MOST);
    if ((size_t)o->components > p->d)
        return cnn_fail(CNN_EDATA, "%s: rows of %zu numbers have no %lld components", o->input[0],
                        p->d, o->components);
    return cnn_apart_run(out, &run);
}

static int fit(struct pca *p, const struct cnn_callbacks *cb)
{
    const struct cnn_features_options *o = p->o;
    struct cnn_loader_options lo = {.input = &p->input,
                                    .batch = BATCH,
                                    .threads = (int)o->compute.threads,
                                    .on_bad = o->skip_bad ? CNN_BAD_SKIP : CNN_BAD_FAIL};
    char text[128];
    int rc = cnn_inputs_visit(&p->inputs, &lo, cb, take_batch, p);
    if (!rc && p->n <= (size_t)o->components)
        rc = cnn_fail(CNN_EDATA, "%s: %zu rows do not tell %lld components", o->input[0], p->n,
                      o->components);
    if (!rc)
        rc = decompose(p);
    if (!rc)
        rc = make_layer(p);
    if (rc)
        return rc;
    snprintf(text, sizeof text, "%lld of %zu components have %.4f of the variance of %zu rows",
             o->components, p->d, p->explained, p->n);
    if (cb->note)
        cb->note(cb->context, text);
    rc = cnn_callbacks_ready(cb);
    return rc ? rc : write_model(p);
}

static void pca_free(struct pca *p)
{
    cnn_inputs_close(&p->inputs);
    cnn_backend_close(p->backend);
    free(p->origin);
    free(p->sum);
    free(p->x);
    free(p->gram);
    free(p->value);
    free(p->weight);
    free(p->bias);
}

int cnn_features_fit_pca(const struct cnn_features_options *options,
                         const struct cnn_callbacks *callbacks)
{
    struct pca p = {.o = options};
    struct cnn_dataset_options d = {.unlabelled = 1,
                                    .strict = options->strict,
                                    .stop = callbacks->stop,
                                    .note = callbacks->note,
                                    .context = callbacks->context};
    if (!options->inputs)
        return cnn_fail(CNN_EUSAGE, "no INPUT ('-' is standard input)");
    if (!options->output[0])
        return cnn_fail(CNN_EUSAGE, "--fit-pca needs --output, the model that it makes");
    int rc = cnn_inputs_open(&p.inputs, options->input, options->inputs, &d);
    for (size_t i = 1; !rc && i < p.inputs.count; i++)
        rc = cnn_made_check_data(p.inputs.ds[0], p.inputs.ds[i], 1);
    if (!rc)
        rc = choose_shape(&p);
    if (!rc)
        rc = check(&p);
    if (!rc)
        rc = cnn_backend_open("cpu", (int)options->compute.threads, &p.backend);
    if (!rc)
        rc = allocate(&p);
    if (!rc)
        rc = fit(&p, callbacks);
    pca_free(&p);
    return rc;
}
