/* The installed interface, lib/cnn.h, over what the programs use. */
#include "cnn.h"

#include <stdlib.h>

#include "base/version.h"
#include "data/image/codecs.h"
#include "file/infile.h"
#include "task/runner.h"
#include "task/scores.h"

/* Larger files are refused before they are read. */
#define MAX_FILE ((size_t)1 << 30)

struct cnn_predictor {
    struct cnn_runner runner;
    struct cnn_image image;
    struct cnn_preprocess_scratch scratch;
    float *x;       /* (c, h, w) */
    size_t outputs; /* of the net */
    enum cnn_scores kind;
};

const char *cnn_version(void)
{
    return CNN_VERSION;
}

static int prepare(struct cnn_predictor *p, const char *model, int threads)
{
    struct cnn_compute compute = {.device = "cpu", .threads = threads};
    struct cnn_runner_config config = {.compute = &compute, .batch = 1};
    int rc = cnn_runner_open(&p->runner, model, 1);
    if (!rc)
        rc = cnn_runner_start(&p->runner, &config);
    if (rc)
        return rc;
    const struct cnn_graph *g = p->runner.graph;
    p->outputs = cnn_chw_count(g->node[g->output].layer.out);
    p->kind = cnn_scores_kind(g, p->runner.model->classes.count);
    p->x = cnn_calloc(cnn_chw_count(g->input.shape), sizeof *p->x);
    return p->x ? 0 : CNN_ESYSTEM;
}

int cnn_predictor_open(const char *model, int threads, struct cnn_predictor **out)
{
    struct cnn_predictor *p = *out = cnn_calloc(1, sizeof *p);
    int rc = p ? prepare(p, model, threads) : CNN_ESYSTEM;
    if (rc) {
        cnn_predictor_close(p);
        *out = NULL;
    }
    return rc;
}

void cnn_predictor_close(struct cnn_predictor *p)
{
    if (!p)
        return;
    cnn_runner_close(&p->runner);
    cnn_image_free(&p->image);
    cnn_preprocess_scratch_free(&p->scratch);
    free(p->x);
    free(p);
}

void cnn_predictor_input(const struct cnn_predictor *p, size_t *channels, size_t *height,
                         size_t *width)
{
    const struct cnn_chw *s = &p->runner.graph->input.shape;
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
    const struct cnn_strings *classes = &p->runner.model->classes;
    if (cnn_scores_are_pair(p->runner.graph, classes->count))
        return i ? NULL : classes->item[1];
    return cnn_scores_are_classes(p->runner.graph, classes->count) && i < classes->count
               ? classes->item[i]
               : NULL;
}

static int run(struct cnn_predictor *p, float *out)
{
    const struct cnn_graph *g = p->runner.graph;
    struct cnn_batch_view v = {.n = 1, .x = p->x};
    int rc = cnn_preprocess(&g->input, &p->image, &p->scratch, p->x);
    if (!rc)
        rc = cnn_net_forward(p->runner.net, &v, 0, 0, 0);
    if (!rc)
        rc = cnn_net_value(p->runner.net, g->output, out);
    if (!rc)
        cnn_scores_convert(p->kind, out, p->outputs, out);
    return rc;
}

int cnn_predictor_memory(struct cnn_predictor *p, const void *bytes, size_t size, float *out)
{
    const struct cnn_fit fit = cnn_input_fit(&p->runner.graph->input);
    const struct cnn_decoding how = {.fit = &fit};
    int rc = cnn_image_decode_as(bytes, size, &how, &p->image);
    return rc ? rc : run(p, out);
}

int cnn_predictor_file(struct cnn_predictor *p, const char *path, float *out)
{
    struct cnn_bytes file;
    int rc = cnn_bytes_map(path, MAX_FILE, &file);
    if (rc)
        return rc;
    rc = cnn_predictor_memory(p, file.data, file.size, out);
    cnn_bytes_free(&file);
    return rc ? cnn_fail_within("%s", path) : 0;
}

int cnn_predictor_pixels(struct cnn_predictor *p, const unsigned char *pixels, size_t height,
                         size_t width, size_t channels, float *out)
{
    if (channels != 1 && channels != 3)
        return cnn_fail(CNN_EUSAGE, "%zu channels: 1 or 3 are wanted", channels);
    int rc = cnn_image_reshape(&p->image, channels, height, width, 255);
    if (rc)
        return rc;
    size_t plane = height * width;
    for (size_t i = 0; i < plane; i++)
        for (size_t c = 0; c < channels; c++)
            p->image.px[c * plane + i] = (float)pixels[i * channels + c] / 255.0f;
    return run(p, out);
}

size_t cnn_predictor_best(const struct cnn_predictor *p, const float *out)
{
    size_t best;
    cnn_scores_top(out, p->outputs, 1, &best);
    return best;
}
