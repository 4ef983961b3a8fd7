/* Maps of cnn_see for nets and inputs that tests make. */
#ifndef CNN_TESTS_SEE_RIG_H
#define CNN_TESTS_SEE_RIG_H

#include "scratch.h"

#include "golden_draws.h"

#include "backend/backend.h"
#include "file/npy.h"
#include "model/model.h"
#include "net/net_private.h"
#include "task/runner.h"
#include "task/see/see.h"

/* A net of that text with drawn parameters, as it runs and as a model's file. */
struct rig {
    struct cnn_backend *backend;
    struct cnn_graph *graph;
    struct cnn_net *net;
    char model[512];
    size_t in, out; /* elements of input and scores */
    float *x;       /* (in) drawn */
};

static inline void rig_open(struct rig *r, const char *text)
{
    const struct cnn_net_config nc = {.batch = 1};
    const struct cnn_graph_config gc = {.name = "net", .with_loss = 1};
    assert_int_equal(cnn_backend_open("cpu", 2, &r->backend), 0);
    if (cnn_graph_build(text, &gc, &r->graph))
        fail_msg("%s", cnn_error_message());
    assert_int_equal(cnn_net_new(r->graph, r->backend, &nc, &r->net), 0);
    set_params(r->net);
    r->in = cnn_chw_count(r->graph->node[0].layer.out);
    r->out = cnn_chw_count(r->graph->node[r->graph->logits].layer.out);
    r->x = draws("input", r->in);
    struct cnn_model m = {.net_text = (char *)r->graph->print, .history = "[]"};
    const struct cnn_batch_view one = {.n = 1, .x = r->x};
    snprintf(r->model, sizeof r->model, "%s", scratch_path("m.safetensors"));
    assert_int_equal(cnn_model_save(r->model, &m, r->net, &one), 0);
}

static inline void rig_close(struct rig *r)
{
    cnn_net_free(r->net);
    cnn_graph_free(r->graph);
    cnn_backend_close(r->backend);
    free(r->x);
}

/* In the precision of the net. */
static inline double rig_score(struct rig *r, const float *x, int class)
{
    const struct cnn_batch_view view = {.n = 1, .x = x};
    real scores[64];
    assert_true(r->out <= 64);
    assert_int_equal(cnn_net_forward(r->net, &view, 0, 0, 0), 0);
    const struct cnn_tensor *value = &r->net->node[r->graph->logits].value;
    struct cnn_tensor plain = cnn_tensor_plain(1, value->c, value->h, value->w, scores);
    r->backend->kernels->copy(&r->backend->queue, value, &plain);
    return (double)scores[class];
}

static inline struct cnn_see_options rig_options(enum cnn_see_saliency how)
{
    return (struct cnn_see_options){.saliency = how,
                                    .class = "2",
                                    .layer = "",
                                    .samples = 8,
                                    .noise = 0.15,
                                    .patch = {-1, -1, 0},
                                    .patch_stride = {-1, -1, 0},
                                    .size = {CNN_SIZE_AUTO, CNN_SIZE_AUTO, 0},
                                    .batch = 3,
                                    .compute = {.device = "cpu", .threads = 2}};
}

/* A .npy of floats; count of them is expected. free() it. */
static inline float *read_npy(const char *path, size_t count)
{
    struct cnn_npy h;
    size_t n;
    unsigned char *bytes = slurp(path, &n);
    assert_int_equal(cnn_npy_parse(bytes, n, &h), 0);
    assert_int_equal(h.count, count);
    float *out = malloc(count * sizeof *out);
    cnn_npy_read(&h, bytes + h.offset, 0, count, out);
    free(bytes);
    return out;
}

/* The map of an image x, `count` numbers. free() it. */
static inline float *rig_see(const struct rig *r, struct cnn_see_options o, const float *x,
                             size_t count)
{
    const struct cnn_chw s = r->graph->node[0].layer.out;
    const size_t dim[] = {1, s.c, s.h, s.w};
    const struct cnn_callbacks none = {0};
    struct cnn_buf bytes = {0}, lines = {0};
    unsigned char *head;
    size_t size;
    assert_int_equal(cnn_npy_header(CNN_F32, 4, dim, &head, &size), 0);
    cnn_buf_add(&bytes, head, size);
    cnn_buf_add(&bytes, x, r->in * sizeof *x);
    free(head);
    char *input[] = {(char *)scratch_write("x.npy", bytes.text, bytes.size)};
    o.model = r->model;
    o.input = input;
    o.inputs = 1;
    o.output = scratch_path("map.npy");
    if (cnn_see(&o, &none, &lines))
        fail_msg("%s", cnn_error_message());
    cnn_buf_free(&bytes);
    cnn_buf_free(&lines);
    return read_npy(o.output, count);
}

/* The numbers of a line of tests/golden/see.txt, "NET METHOD ..."; *n receives how many. free() them. */
static inline double *golden(const char *net, const char *method, size_t *n)
{
    const char *root = getenv("ROOT");
    char path[4096], want[64], *line = NULL;
    size_t capacity = 0;
    double *out = NULL;
    snprintf(path, sizeof path, "%s/tests/golden/see.txt", root ? root : ".");
    snprintf(want, sizeof want, "%s %s ", net, method);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (*n = 0; !out && getline(&line, &capacity, f) > 0;) {
        if (strncmp(line, want, strlen(want)))
            continue;
        out = malloc((strlen(line) / 2 + 1) * sizeof *out);
        char *at = line + strlen(want), *end;
        for (double v = strtod(at, &end); end != at; at = end, v = strtod(at, &end))
            out[(*n)++] = v;
    }
    free(line);
    fclose(f);
    if (!out)
        fail_msg("no line of %s %s", net, method);
    return out;
}

/* ||got - expected|| / ||expected|| */
static inline double distance(const float *got, const double *expected, size_t n)
{
    double off = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        off += ((double)got[i] - expected[i]) * ((double)got[i] - expected[i]);
        size += expected[i] * expected[i];
    }
    assert_true(size > 0);
    return sqrt(off / size);
}

#endif
