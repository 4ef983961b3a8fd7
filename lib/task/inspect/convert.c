/* A file's tensors in the forms of safetensors and of NumPy, and models as ONNX; see inspect.h. */
#include <stdlib.h>
#include <string.h>

#include "file/npy.h"
#include "file/outfile.h"
#include "file/safetensors.h"
#include "file/zip_write.h"
#include "model/export/onnx.h"
#include "task/apart.h"
#include "task/inspect/private.h"

static int is_param(const char *name, const struct cnn_layer *l, const struct cnn_param *p)
{
    size_t n = strlen(l->name);
    const char *rest = name + n;
    return !strncmp(name, l->name, n) && (*p->suffix ? *rest++ == '.' : 1) &&
           !strcmp(rest, p->suffix);
}

/* As it is, or as the net that slides has it. */
static const struct cnn_shape *shape_of(const struct cnn_inspect *in,
                                        const struct cnn_stored_tensor *t)
{
    for (int i = 0; in->slides && i < in->graph->nodes; i++) {
        const struct cnn_layer *l = &in->graph->node[i].layer;
        for (int k = 0; k < l->params; k++)
            if (is_param(t->name, l, &l->param[k]) &&
                cnn_shape_count(&l->param[k].shape) == t->count)
                return &l->param[k].shape;
    }
    return &t->shape;
}

/* The file's; of a net that slides, the model's own. */
static int put_texts(struct cnn_safetensors_writer *w, const struct cnn_inspect *in)
{
    const char *key;
    int rc = in->slides ? cnn_model_put_meta(w, in->model) : 0;
    for (size_t i = 0; !rc && (key = cnn_tensors_text_key(in->tensors, i)); i++)
        if (!in->slides || !cnn_model_is_meta(key))
            rc = cnn_safetensors_put_meta(w, key, cnn_tensors_text(in->tensors, key));
    return rc;
}

static int check_rank(const struct cnn_stored_tensor *t)
{
    return t->rank > CNN_MAX_RANK
               ? cnn_fail(CNN_EDATA, "tensor '%.200s' has %d dimensions, more than %d", t->name,
                          t->rank, CNN_MAX_RANK)
               : 0;
}

static int declare(struct cnn_safetensors_writer *w, const void *context)
{
    const struct cnn_inspect *in = context;
    const struct cnn_tensor_source *s = in->tensors;
    int rc = put_texts(w, in);
    for (size_t i = 0; !rc && i < cnn_tensors_count(s); i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(s, i);
        rc = check_rank(t);
        if (!rc)
            rc = cnn_safetensors_put(w, t->name, CNN_F32, shape_of(in, t));
    }
    return rc == CNN_EDATA ? cnn_fail_within("%s", s->path) : rc;
}

/* The elements, where they lie or in *held, which is to be freed. */
static int elements(const struct cnn_tensor_source *s, const struct cnn_stored_tensor *t,
                    float **held, const float **out)
{
    *out = cnn_tensor_mapped(t);
    *held = *out ? NULL : cnn_calloc(t->count, sizeof **held);
    if (*out)
        return 0;
    *out = *held;
    return *held ? cnn_tensor_floats(s, t, *held) : CNN_ESYSTEM;
}

static int write_tensor(struct cnn_safetensors_writer *w, const struct cnn_tensor_source *s,
                        const struct cnn_stored_tensor *t)
{
    const float *x;
    float *held;
    int rc = elements(s, t, &held, &x);
    if (!rc)
        rc = cnn_safetensors_data(w, x, t->count * sizeof(float));
    free(held);
    return rc;
}

static int write_data(struct cnn_safetensors_writer *w, const void *context)
{
    const struct cnn_tensor_source *s = ((const struct cnn_inspect *)context)->tensors;
    int rc = 0;
    for (size_t i = 0; !rc && i < cnn_tensors_count(s); i++)
        rc = write_tensor(w, s, cnn_tensors_at(s, i));
    return rc;
}

/* NumPy's archive: a member NAME.npy for each tensor. */
static int put_array(struct cnn_zip_writer *w, const struct cnn_inspect *in,
                     const struct cnn_stored_tensor *t)
{
    const struct cnn_shape *shape = shape_of(in, t);
    struct cnn_buf name = {0};
    unsigned char *header = NULL;
    const float *x;
    float *held = NULL;
    size_t size;
    int rc = check_rank(t);
    if (!rc)
        rc = cnn_npy_header(CNN_F32, shape->rank, shape->dim, &header, &size);
    if (!rc)
        rc = elements(in->tensors, t, &held, &x);
    cnn_buf_printf(&name, "%s.npy", t->name);
    if (!rc)
        rc = name.failed ? CNN_ESYSTEM
                         : cnn_zip_put(w, name.text, header, size, x, t->count * sizeof(float));
    cnn_buf_free(&name);
    free(header);
    free(held);
    return rc;
}

static int save_npz(const struct cnn_inspect *in, const char *path)
{
    const struct cnn_tensor_source *s = in->tensors;
    struct cnn_zip_writer *w = NULL;
    struct cnn_outfile *f;
    int rc = cnn_outfile_open(path, &f);
    if (rc)
        return rc;
    rc = cnn_zip_writer_new(f, &w);
    for (size_t i = 0; !rc && i < cnn_tensors_count(s); i++)
        rc = put_array(w, in, cnn_tensors_at(s, i));
    if (rc == CNN_EDATA)
        rc = cnn_fail_within("%s", s->path);
    if (!rc)
        rc = cnn_zip_end(w);
    cnn_zip_writer_free(w);
    if (!rc)
        return cnn_outfile_commit(f);
    cnn_outfile_abort(f);
    return rc;
}

static int ends(const char *path, const char *ending)
{
    size_t n = strlen(path), k = strlen(ending);
    return n > k && !strcmp(path + n - k, ending);
}

int cnn_inspect_convert(const struct cnn_inspect *in, const char *path)
{
    const struct cnn_path_use out[] = {{"--to", path}, {NULL, NULL}};
    const struct cnn_path_use from[] = {{"the input", in->name}, {NULL, NULL}};
    int onnx = ends(path, ".onnx"), npz = ends(path, ".npz");
    int rc = cnn_inspect_require(in, CNN_INSPECT_LIST);
    if (!rc && onnx && in->open)
        rc = cnn_inspect_require(in, CNN_INSPECT_LAYERS);
    if (!rc)
        rc = cnn_apart_check(out, from);
    if (!rc && onnx && !in->model)
        rc = cnn_fail(CNN_EDATA, "%s: weights without a net make no model", in->name);
    if (!rc && (onnx || npz || in->slides) && cnn_tensors_text(in->tensors, CNN_TENSORS_ORDER))
        rc = cnn_fail(CNN_EDATA,
                      "%s: weights in an order of their own (" CNN_TENSORS_ORDER
                      "): cnn-train --net NET --init IT --epochs 0 -o MODEL makes a model of them",
                      in->name);
    if (rc)
        return rc;
    if (onnx)
        return cnn_export_onnx(path, in->graph, in->tensors);
    return npz ? save_npz(in, path) : cnn_safetensors_save(path, declare, write_data, in);
}
