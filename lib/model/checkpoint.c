/* Checkpoint files; see checkpoint.h. */
#include "model/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/safetensors.h"

static const char STATE[] = "cnn.checkpoint";

size_t cnn_net_snapshot_count(struct cnn_net *net)
{
    size_t params, total = 0;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    for (size_t i = 0; i < params; i++)
        total += cnn_shape_count(&param[i].shape);
    return total;
}

int cnn_net_snapshot_get(struct cnn_net *net, float *values)
{
    size_t params;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    for (size_t i = 0; i < params; i++) {
        cnn_net_param_get(net, &param[i], values);
        values += cnn_shape_count(&param[i].shape);
    }
    struct cnn_backend *b = cnn_net_backend(net);
    return b->ops->check(b);
}

void cnn_net_snapshot_set(struct cnn_net *net, const float *values)
{
    size_t params;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    for (size_t i = 0; i < params; i++) {
        cnn_net_param_set(net, &param[i], values);
        values += cnn_shape_count(&param[i].shape);
    }
}

static size_t largest(struct cnn_net *net)
{
    size_t params, most = 1;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    for (size_t i = 0; i < params; i++)
        if (cnn_shape_count(&param[i].shape) > most)
            most = cnn_shape_count(&param[i].shape);
    return most;
}

/* The view of a parameter's state in array `slab`. */
static struct cnn_tensor state_view(struct cnn_net *net, const struct cnn_net_param *p, int slab)
{
    return cnn_shape_tensor(&p->shape, cnn_net_slab_state(net, slab) + p->offset);
}

static char *prefixed(int slab, const char *name)
{
    struct cnn_buf b = {0};
    cnn_buf_printf(&b, "optimizer.%d.%s", slab, name);
    return cnn_buf_take(&b);
}

/* "best.conv1.weight" */
static char *joined(const char *what, const char *name)
{
    struct cnn_buf b = {0};
    cnn_buf_printf(&b, "%s.%s", what, name);
    return cnn_buf_take(&b);
}

/* Writing */

/* Of every parameter and statistic one tensor more. */
static int declare_all(struct cnn_safetensors_writer *w, struct cnn_net *net, const char *what)
{
    size_t params;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    int rc = 0;
    for (size_t i = 0; !rc && i < params; i++) {
        char *name = joined(what, param[i].name);
        rc = name ? cnn_safetensors_put(w, name, CNN_F32, &param[i].shape) : CNN_ESYSTEM;
        free(name);
    }
    return rc;
}

struct saved {
    const struct cnn_model *model;
    struct cnn_net *net;
    int slabs;
    const float *best; /* NULL: none */
    const char *state;
};

static int declare_slab(struct cnn_safetensors_writer *w, struct cnn_net *net, int slab)
{
    size_t params;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    int rc = 0;
    for (size_t i = 0; !rc && i < params; i++) {
        char *name = param[i].trained ? prefixed(slab, param[i].name) : NULL;
        if (param[i].trained)
            rc = name ? cnn_safetensors_put(w, name, CNN_F32, &param[i].shape) : CNN_ESYSTEM;
        free(name);
    }
    return rc;
}

static int declare(struct cnn_safetensors_writer *w, const void *context)
{
    const struct saved *s = context;
    int rc = cnn_model_put_meta(w, s->model);
    if (!rc)
        rc = cnn_safetensors_put_meta(w, STATE, s->state);
    if (!rc)
        rc = cnn_model_put_params(w, s->net);
    for (int i = 0; !rc && i < s->slabs; i++)
        rc = declare_slab(w, s->net, i);
    if (!rc && cnn_net_has_average(s->net))
        rc = declare_all(w, s->net, "average");
    if (!rc && s->best)
        rc = declare_all(w, s->net, "best");
    return rc;
}

static int write_view(struct cnn_safetensors_writer *w, struct cnn_backend *b,
                      const struct cnn_tensor *t, float *values)
{
    b->ops->download(b, values, t);
    return cnn_safetensors_data(w, values, cnn_tensor_count(t) * sizeof *values);
}

/* What stands beside the parameters: the optimizer's state, averages, the best epoch's net. */
static int write_more(struct cnn_safetensors_writer *w, const struct saved *s, float *values)
{
    size_t params;
    struct cnn_net *net = s->net;
    struct cnn_backend *b = cnn_net_backend(net);
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    const float *best = s->best;
    int rc = 0;
    for (size_t k = 0; !rc && k < (size_t)s->slabs * params; k++) {
        const struct cnn_net_param *p = &param[k % params];
        if (!p->trained)
            continue;
        struct cnn_tensor t = state_view(net, p, (int)(k / params));
        rc = write_view(w, b, &t, values);
    }
    for (size_t i = 0; cnn_net_has_average(net) && !rc && i < params; i++) {
        struct cnn_tensor t = cnn_net_average_of(net, &param[i]);
        rc = write_view(w, b, &t, values);
    }
    for (size_t i = 0; best && !rc && i < params; i++) {
        size_t count = cnn_shape_count(&param[i].shape);
        rc = cnn_safetensors_data(w, best, count * sizeof *best);
        best += count;
    }
    return rc;
}

static int write_data(struct cnn_safetensors_writer *w, const void *context)
{
    const struct saved *s = context;
    struct cnn_backend *b = cnn_net_backend(s->net);
    float *values = cnn_calloc(largest(s->net), sizeof *values);
    int rc = values ? cnn_model_write_params(w, s->net) : CNN_ESYSTEM;
    if (!rc)
        rc = write_more(w, s, values);
    free(values);
    return rc ? rc : b->ops->sync(b);
}

int cnn_checkpoint_save(const char *path, const struct cnn_model *m, struct cnn_net *net, int slabs,
                        const float *best, const char *state)
{
    const struct saved s = {m, net, slabs, best, state};
    return cnn_safetensors_save(path, declare, write_data, &s);
}

/* Reading */

int cnn_checkpoint_open(const char *path, struct cnn_model **out, const char **state)
{
    int rc = cnn_model_open_net(path, out);
    if (rc)
        return rc;
    *state = cnn_tensors_text((*out)->tensors, STATE);
    if (*state)
        return 0;
    cnn_model_free(*out);
    *out = NULL;
    return cnn_fail(CNN_EDATA,
                    "%s: a model, not a checkpoint: nothing to resume "
                    "(--init starts from a model's weights)",
                    path);
}

static int read_tensor(const struct cnn_model *m, const char *name, const struct cnn_shape *shape,
                       float *values)
{
    const struct cnn_stored_tensor *t = name ? cnn_tensors_find(m->tensors, name) : NULL;
    if (!name)
        return CNN_ESYSTEM;
    if (!t)
        return cnn_fail(CNN_EDATA, "%s: tensor '%s' is missing", m->path, name);
    if (t->rank > CNN_MAX_RANK || !cnn_shape_equal(&t->shape, shape))
        return cnn_fail(CNN_EDATA, "%s: tensor '%s' has another shape than the net's", m->path,
                        name);
    return cnn_tensor_floats(m->tensors, t, values);
}

static int load_state(const struct cnn_model *m, struct cnn_net *net, int slab, float *values)
{
    size_t params;
    struct cnn_backend *b = cnn_net_backend(net);
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    int rc = 0;
    for (size_t i = 0; !rc && i < params; i++) {
        if (!param[i].trained)
            continue;
        char *name = prefixed(slab, param[i].name);
        struct cnn_tensor t = state_view(net, &param[i], slab);
        rc = read_tensor(m, name, &param[i].shape, values);
        free(name);
        if (!rc)
            b->ops->upload(b, &t, values);
    }
    return rc;
}

static int load_average(const struct cnn_model *m, struct cnn_net *net, float *values)
{
    size_t params;
    struct cnn_backend *b = cnn_net_backend(net);
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    int rc = 0;
    for (size_t i = 0; !rc && i < params; i++) {
        char *name = joined("average", param[i].name);
        struct cnn_tensor t = cnn_net_average_of(net, &param[i]);
        rc = read_tensor(m, name, &param[i].shape, values);
        free(name);
        if (!rc)
            b->ops->upload(b, &t, values);
    }
    return rc;
}

static int load_best(const struct cnn_model *m, struct cnn_net *net, float *best, int *has_best)
{
    size_t params;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    int rc = 0, found = 0;
    for (size_t i = 0; !rc && i < params; i++) {
        char *name = joined("best", param[i].name);
        if (name && !i && !cnn_tensors_find(m->tensors, name)) {
            free(name);
            break;
        }
        found = 1;
        rc = read_tensor(m, name, &param[i].shape, best);
        best += cnn_shape_count(&param[i].shape);
        free(name);
    }
    *has_best = found;
    return rc;
}

int cnn_checkpoint_load(const struct cnn_model *m, struct cnn_net *net, int slabs, float *best,
                        int *has_best)
{
    struct cnn_backend *b = cnn_net_backend(net);
    size_t params;
    struct cnn_net_param *param = cnn_net_params(net, &params);
    float *values = cnn_calloc(largest(net), sizeof *values);
    int rc = values ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < params; i++) {
        rc = read_tensor(m, param[i].name, &param[i].shape, values);
        if (!rc)
            cnn_net_param_set(net, &param[i], values);
    }
    for (int s = 0; !rc && s < slabs; s++)
        rc = load_state(m, net, s, values);
    if (!rc && cnn_net_has_average(net))
        rc = load_average(m, net, values);
    *has_best = 0;
    if (!rc && best)
        rc = load_best(m, net, best, has_best);
    free(values);
    return rc ? rc : b->ops->sync(b);
}
