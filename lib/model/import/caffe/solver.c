/* A solver of Caffe as options of training: the whole, the run and the net; see solver.h. */
#include <string.h>
#include <sys/stat.h>

#include "model/import/caffe/caffe.h"
#include "model/import/caffe/open.h"
#include "model/import/caffe/solver_private.h"

enum { MOST_BYTES = 1 << 24 };

static void take_run(struct solver *s)
{
    const Cnn__Caffe__SolverParameter *p = s->p;
    if (cnn_caffe_solver_has(s, "max_iter") && p->max_iter < 1)
        cnn_caffe_solver_refuse(s, "max_iter", "%d", p->max_iter);
    cnn_caffe_solver_put_text(s, "steps", "%d", p->max_iter);
    if (p->random_seed >= 0)
        cnn_caffe_solver_put_text(s, "seed", "%lld", (long long)p->random_seed);
    if (p->display > 0)
        cnn_caffe_solver_put_text(s, "log-every", "%d", p->display);
    if (p->snapshot > 0)
        cnn_caffe_solver_put_text(s, "checkpoint-every", "%d", p->snapshot);
    if (p->n_weights > 1)
        cnn_caffe_solver_refuse(s, "weights", "several files");
    else if (p->n_weights)
        cnn_caffe_solver_put(s, "init", cnn_caffe_find_file(s->arena, s->path, p->weights[0]));
}

/* Samples at a time; 0: the layer does not say. */
static long long batch_of(const Cnn__Caffe__LayerParameter *p)
{
    if (p->data_param)
        return p->data_param->batch_size;
    if (p->image_data_param)
        return p->image_data_param->batch_size;
    if (p->hdf5_data_param)
        return p->hdf5_data_param->batch_size;
    if (p->memory_data_param)
        return p->memory_data_param->batch_size;
    if (p->input_param && p->input_param->n_shape && p->input_param->shape[0]->n_dim)
        return p->input_param->shape[0]->dim[0];
    return 0;
}

static int is_mirrored(const Cnn__Caffe__LayerParameter *p)
{
    return (p->transform_param && p->transform_param->mirror) ||
           (p->data_param && p->data_param->mirror) ||
           (p->image_data_param && p->image_data_param->mirror);
}

/* What the first layer that gives samples in training says of them. */
static int read_samples(struct solver *s, const char *path, const struct cnn_bytes *text)
{
    struct caffe_net net = {.path = path, .arena = s->arena};
    size_t i = 0;
    cnn_wire_memory(&net.memory, s->arena);
    int rc = cnn_caffe_read_text(&net, (const char *)text->data, text->size);
    if (!rc)
        rc = cnn_caffe_connect(&net, CNN__CAFFE__PHASE__TRAIN);
    if (rc)
        return rc;
    while (i < net.layers && !(net.layer[i].kind && net.layer[i].kind->role == CAFFE_SOURCE))
        i++;
    if (i == net.layers)
        return 0;
    if (batch_of(net.layer[i].p) > 0)
        cnn_caffe_solver_put_text(s, "batch", "%lld", batch_of(net.layer[i].p));
    if (is_mirrored(net.layer[i].p))
        cnn_caffe_solver_put(s, "flip", "h");
    return 0;
}

static int take_net(struct solver *s, int has_net)
{
    const Cnn__Caffe__SolverParameter *p = s->p;
    const char *name = p->train_net ? p->train_net : p->net;
    struct cnn_bytes text;
    if (p->net_param || p->train_net_param)
        cnn_caffe_solver_refuse(s, p->net_param ? "net_param" : "train_net_param",
                                "a net within the solver");
    if (p->train_state && (p->train_state->n_stage || p->train_state->level))
        cnn_caffe_solver_refuse(s, "train_state", "stages and levels of the net");
    if (p->net && p->train_net)
        cnn_caffe_solver_refuse(s, "train_net", "and net");
    if (!name || s->refusals)
        return 0;
    const char *path = cnn_caffe_find_file(s->arena, s->path, name);
    struct stat st;
    if (!path)
        return CNN_ESYSTEM;
    int missing = stat(path, &st);
    if (missing && has_net)
        return 0;
    if (missing)
        return cnn_fail(CNN_ENOINPUT, "%s:%d: its net '%.200s' is not there, nor is %.200s",
                        s->path, cnn_caffe_solver_line(s, p->train_net ? "train_net" : "net"), name,
                        path);
    int rc = cnn_bytes_map(path, MOST_BYTES, &text);
    if (rc)
        return rc;
    cnn_caffe_solver_put(s, "net", cnn_arena_strdup(s->arena, path));
    rc = read_samples(s, path, &text);
    cnn_bytes_free(&text);
    return rc;
}

/* Fields that are there and say nothing of the result. */
static void add_unused(const struct solver *s, struct cnn_buf *list)
{
    static const char *const aside[] = {
        "test_net",        "test_net_param",    "test_state",          "test_iter",
        "test_interval",   "test_compute_loss", "test_initialization", "average_loss",
        "snapshot_prefix", "snapshot_diff",     "snapshot_format",     "snapshot_after_train",
        "solver_mode",     "device_id",         "debug_info",          "layer_wise_reduce"};
    for (size_t i = 0; i < sizeof aside / sizeof *aside; i++)
        if (cnn_caffe_solver_line(s, aside[i]))
            cnn_buf_printf(list, list->size ? ", %s" : "%s", aside[i]);
}

static int take_all(struct solver *s, int has_net, struct cnn_buf *unused)
{
    cnn_caffe_solver_rate(s);
    cnn_caffe_solver_optimizer(s);
    take_run(s);
    int rc = take_net(s, has_net);
    if (rc)
        return rc;
    add_unused(s, unused);
    if (s->failed || s->refused.failed || unused->failed)
        return CNN_ESYSTEM;
    return s->refusals ? cnn_fail(CNN_EDATA, "%s: %zu setting%s cannot be used: %s", s->path,
                                  s->refusals, s->refusals == 1 ? "" : "s", s->refused.text)
                       : 0;
}

int cnn_caffe_solver(struct cnn_arena *arena, const char *path, int has_net, struct cnn_recipe *out,
                     struct cnn_buf *unused)
{
    struct solver s = {.arena = arena, .path = path, .out = out};
    struct cnn_bytes text;
    ProtobufCMessage *m = NULL;
    *out = (struct cnn_recipe){
        .setting = cnn_arena_alloc(arena, SOLVER_MOST_SETTINGS * sizeof *out->setting)};
    int rc = out->setting ? cnn_bytes_map(path, MOST_BYTES, &text) : CNN_ESYSTEM;
    if (rc)
        return rc;
    if (cnn_caffe_is_net(text.data, text.size))
        rc = cnn_fail(CNN_EDATA, "%s: a net of Caffe, not a solver (--net takes it)", path);
    else
        rc = cnn_prototext_parse(path, (const char *)text.data, text.size,
                                 &cnn__caffe__solver_parameter__descriptor, NULL, arena, &s.lines,
                                 &m);
    s.p = (const Cnn__Caffe__SolverParameter *)m;
    if (!rc)
        rc = take_all(&s, has_net, unused);
    cnn_bytes_free(&text);
    cnn_prototext_lines_free(&s.lines);
    cnn_buf_free(&s.refused);
    return rc;
}
