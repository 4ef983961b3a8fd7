/* Checkpoint files; see checkpoint.h. */
#include "model/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/outfile.h"
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

static int declare(struct cnn_safetensors_writer *w, struct cnn_net *net, int slabs, int best)
{
    size_t params;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    int rc = 0;
    for (size_t i = 0; !rc && i < params; i++)
        rc = cnn_safetensors_put(w, param[i].name, CNN_F32, &param[i].shape);
    for (int s = 0; s < slabs; s++)
        for (size_t i = 0; !rc && i < params; i++) {
            char *name = param[i].trained ? prefixed(s, param[i].name) : NULL;
            if (param[i].trained)
                rc = name ? cnn_safetensors_put(w, name, CNN_F32, &param[i].shape) : CNN_ESYSTEM;
            free(name);
        }
    if (!rc && cnn_net_has_average(net))
        rc = declare_all(w, net, "average");
    if (!rc && best)
        rc = declare_all(w, net, "best");
    return rc;
}

static int write_tensors(struct cnn_safetensors_writer *w, struct cnn_net *net, int slabs,
                         const float *best)
{
    size_t params;
    struct cnn_backend *b = cnn_net_backend(net);
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    float *values = cnn_calloc(largest(net), sizeof *values);
    int rc = values ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < params; i++) {
        cnn_net_param_get(net, &param[i], values);
        rc = cnn_safetensors_data(w, values, cnn_shape_count(&param[i].shape) * sizeof *values);
    }
    for (int s = 0; s < slabs; s++)
        for (size_t i = 0; !rc && i < params; i++) {
            if (!param[i].trained)
                continue;
            struct cnn_tensor t = state_view(net, &param[i], s);
            b->ops->download(b, values, &t);
            rc = cnn_safetensors_data(w, values, cnn_tensor_count(&t) * sizeof *values);
        }
    for (size_t i = 0; cnn_net_has_average(net) && !rc && i < params; i++) {
        struct cnn_tensor t = cnn_net_average_of(net, &param[i]);
        b->ops->download(b, values, &t);
        rc = cnn_safetensors_data(w, values, cnn_tensor_count(&t) * sizeof *values);
    }
    for (size_t i = 0; best && !rc && i < params; i++) {
        size_t count = cnn_shape_count(&param[i].shape);
        rc = cnn_safetensors_data(w, best, count * sizeof *best);
        best += count;
    }
    free(values);
    return rc ? rc : b->ops->sync(b);
}

int cnn_checkpoint_save(const char *path, const struct cnn_model *m, struct cnn_net *net, int slabs,
                        const float *best, const char *state)
{
    struct cnn_safetensors_writer *w = NULL;
    struct cnn_outfile *f = NULL;
    int rc = cnn_safetensors_writer_new(&w);
    if (!rc)
        rc = cnn_model_put_meta(w, m);
    if (!rc)
        rc = cnn_safetensors_put_meta(w, STATE, state);
    if (!rc)
        rc = declare(w, net, slabs, best != NULL);
    if (!rc)
        rc = cnn_outfile_open(path, &f);
    if (!rc)
        rc = cnn_safetensors_begin(w, f);
    if (!rc)
        rc = write_tensors(w, net, slabs, best);
    if (!rc)
        rc = cnn_safetensors_end(w);
    if (!rc)
        rc = cnn_outfile_commit(f);
    else
        cnn_outfile_abort(f);
    cnn_safetensors_writer_free(w);
    return rc;
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
