/* The installed interface, lib/cnn.h, over what the programs use: predictors; running them is
 * embed_run.c. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "task/features/embed_private.h"
#include "task/features/private.h"

const char *cnn_version(void)
{
    return CNN_VERSION;
}

/* What the caller's program knew of, the rest at its defaults. */
static int read_config(const struct cnn_predictor_config *from, struct cnn_predictor_config *out)
{
    *out = (struct cnn_predictor_config){.size = sizeof *out};
    if (from && (from->size < sizeof from->size || from->size > sizeof *out))
        return cnn_fail(CNN_EUSAGE, "the config's size is %zu, not %zu or less", from->size,
                        sizeof *out);
    if (from)
        memcpy(out, from, from->size);
    if (!out->device)
        out->device = "cpu";
    if (!out->precision)
        out->precision = "fp32";
    if (!out->batch)
        out->batch = 1;
    if (out->threads < 0 || out->batch > INT32_MAX)
        return cnn_fail(CNN_EUSAGE, "%d threads and batches of %zu are not to be had", out->threads,
                        out->batch);
    return 0;
}

static int find_precision(const char *word, enum cnn_precision *out)
{
    static const char *const words[] = {CNN_CHOICE_TEXTS(CNN_PRECISIONS)};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(word, words[i])) {
            *out = (enum cnn_precision)i;
            return 0;
        }
    return cnn_fail(CNN_EUSAGE, "precision '%s' is none of %s", word,
                    CNN_CHOICE_WORDS(CNN_PRECISIONS));
}

/* One label, one layer. */
static int find_layer(const struct cnn_predictor *p, const char *label, int *node)
{
    struct cnn_strings wanted = {0};
    int *found = NULL;
    size_t count = 0;
    int rc = cnn_strings_add(&wanted, label);
    if (!rc)
        rc = cnn_features_layers(&wanted, p->runner.model->path, p->runner.graph, &found, &count);
    if (rc == CNN_EUSAGE) /* without the dashes of the option */
        rc = cnn_fail(rc, "%s", cnn_error_message() + 2);
    else if (!rc && count != 1)
        rc = cnn_fail(CNN_EUSAGE, "layer '%s': that is the name of %zu layers", label, count);
    if (!rc)
        *node = *found;
    free(found);
    cnn_strings_free(&wanted);
    return rc;
}

static int take_config(struct cnn_predictor *p, const struct cnn_predictor_config *c)
{
    int rc = find_precision(c->precision, &p->compute.precision);
    if (!rc)
        rc = cnn_strings_add(&p->device, c->device);
    if (rc)
        return rc;
    p->compute.device = p->device.item[0];
    p->compute.threads = c->threads;
    p->batch = c->batch;
    p->layers = c->layers;
    p->layer = cnn_calloc(c->layers + 1, sizeof *p->layer);
    if (!p->layer)
        return CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < c->layers; i++)
        rc = find_layer(p, c->layer[i], &p->layer[i]);
    return rc;
}

/* Memory for images and answers; the device rests from now on, but while it computes. */
static int make_room(struct cnn_predictor *p)
{
    const struct cnn_graph *g = p->first->runner.graph;
    size_t n, in = cnn_chw_count(g->input->shape);
    p->outputs = cnn_chw_count(g->node[g->output].layer.out);
    p->kind = cnn_scores_kind(g, p->first->runner.model->classes.count);
    if (cnn_mul_overflows(p->batch, in, &n))
        return cnn_fail_memory(SIZE_MAX);
    p->x = cnn_calloc(n, sizeof *p->x);
    if (!p->x)
        return CNN_ESYSTEM;
    cnn_backend_rest(p->runner.backend);
    p->resting = 1;
    return 0;
}

/* A predictor is given one image, or one vector. */
static int check_input(const struct cnn_graph *g, const char *model)
{
    if (g->inputs > 1)
        return cnn_fail(CNN_EDATA, "%s: the net has %d inputs (%s, %s%s), a predictor one", model,
                        g->inputs, g->node[0].layer.name, g->node[1].layer.name,
                        g->inputs > 2 ? ", ..." : "");
    return g->input->rows > 1
               ? cnn_fail(CNN_EDATA, "%s: the net takes %zu rows in each sample, a predictor one",
                          model, g->input->rows)
               : 0;
}

static int prepare(struct cnn_predictor *p, const char *model,
                   const struct cnn_predictor_config *config)
{
    struct cnn_predictor_config c;
    int rc = read_config(config, &c);
    if (!rc)
        rc = cnn_runner_open(&p->runner, model, &(struct cnn_runner_net){0});
    if (!rc)
        rc = check_input(p->runner.graph, model);
    if (!rc)
        rc = take_config(p, &c);
    if (rc)
        return rc;
    struct cnn_runner_config rconfig = {
        .compute = &p->compute, .batch = p->batch, .keep = p->layer, .keeps = p->layers};
    rc = cnn_runner_start(&p->runner, &rconfig);
    return rc ? rc : make_room(p);
}

static struct cnn_predictor *new_predictor(struct cnn_predictor *first)
{
    struct cnn_predictor *p = cnn_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->first = first ? first : p;
    atomic_init(&p->users, 0);
    atomic_fetch_add(&p->first->users, 1);
    return p;
}

int cnn_predictor_open_with(const char *model, const struct cnn_predictor_config *config,
                            struct cnn_predictor **out)
{
    struct cnn_predictor *p = *out = new_predictor(NULL);
    int rc = p ? prepare(p, model, config) : CNN_ESYSTEM;
    if (rc) {
        cnn_predictor_close(p);
        *out = NULL;
    }
    return rc;
}

int cnn_predictor_open(const char *model, int threads, struct cnn_predictor **out)
{
    struct cnn_predictor_config config = {.size = sizeof config, .threads = threads};
    return cnn_predictor_open_with(model, &config, out);
}

static int share(struct cnn_predictor *p)
{
    struct cnn_predictor *first = p->first;
    struct cnn_net_config config = {.batch = first->batch,
                                    .keep = first->layer,
                                    .keeps = first->layers,
                                    .like = first->runner.net};
    struct cnn_buf note = {0};
    p->batch = first->batch;
    p->layers = first->layers;
    int rc = cnn_compute_net(&first->compute, first->runner.graph, &config, &note,
                             &p->runner.backend, &p->runner.own.net);
    p->runner.net = p->runner.own.net;
    cnn_buf_free(&note);
    return rc ? rc : make_room(p);
}

int cnn_predictor_share(struct cnn_predictor *p, struct cnn_predictor **out)
{
    struct cnn_predictor *other = *out = new_predictor(p->first);
    int rc = other ? share(other) : CNN_ESYSTEM;
    if (rc) {
        cnn_predictor_close(other);
        *out = NULL;
    }
    return rc;
}

/* The model and the weights of the first stay as long as somebody uses them. */
static void release(struct cnn_predictor *p)
{
    if (p->resting)
        cnn_backend_wake(p->runner.backend);
    cnn_runner_close(&p->runner);
    cnn_image_free(&p->image);
    cnn_preprocess_scratch_free(&p->scratch);
    cnn_strings_free(&p->device);
    free(p->layer);
    free(p->x);
    free(p);
}

void cnn_predictor_close(struct cnn_predictor *p)
{
    if (!p)
        return;
    struct cnn_predictor *first = p->first;
    if (p != first)
        release(p);
    if (atomic_fetch_sub(&first->users, 1) == 1)
        release(first);
}

void cnn_predictor_input(const struct cnn_predictor *p, size_t *channels, size_t *height,
                         size_t *width)
{
    const struct cnn_chw *s = &p->first->runner.graph->input->shape;
    *channels = s->c;
    *height = s->h;
    *width = s->w;
}

size_t cnn_predictor_outputs(const struct cnn_predictor *p)
{
    return p->outputs;
}

const char *cnn_predictor_class(const struct cnn_predictor *p, size_t i)
{
    const struct cnn_strings *classes = &p->first->runner.model->classes;
    if (cnn_scores_are_pair(p->first->runner.graph, classes->count))
        return i ? NULL : classes->item[1];
    return cnn_scores_are_classes(p->first->runner.graph, classes->count) && i < classes->count
               ? classes->item[i]
               : NULL;
}

void cnn_predictor_layer_shape(const struct cnn_predictor *p, size_t i, size_t *channels,
                               size_t *height, size_t *width)
{
    const struct cnn_predictor *first = p->first;
    struct cnn_chw s = {0};
    if (i < p->layers)
        s = first->runner.graph->node[first->layer[i]].layer.out;
    *channels = s.c;
    *height = s.h;
    *width = s.w;
}

size_t cnn_predictor_best(const struct cnn_predictor *p, const float *out)
{
    size_t best;
    cnn_scores_top(out, p->outputs, 1, &best);
    return best;
}
