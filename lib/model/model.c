/* Model files: metadata, the self-test; see model.h. */
#include "model/model.h"

#include "base/json_memory.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "file/safetensors.h"
#include "model/net_text.h"

static const char SELFTEST[] = "cnn.selftest", HISTORY[] = "cnn.history";

/* Reading */

/* Labels are indices, so a name that came twice would shift those behind it. */
static int check_unique(const struct cnn_strings *classes, const char *path)
{
    struct cnn_strings sorted = {0};
    int rc = cnn_strings_copy(&sorted, classes);
    if (!rc)
        cnn_strings_sort(&sorted);
    for (size_t i = 1; !rc && i < sorted.count; i++)
        if (!strcmp(sorted.item[i - 1], sorted.item[i]))
            rc = cnn_fail(CNN_EDATA, "%s: class '%s' is in the class list twice", path,
                          sorted.item[i]);
    cnn_strings_free(&sorted);
    return rc;
}

/* Two tensors are the self-test of models from before it was a text of its own. */
static int read_selftest_tensors(const struct cnn_tensor_source *from, struct cnn_selftest *out)
{
    const struct cnn_stored_tensor *in = cnn_tensors_find(from, "selftest.input");
    const struct cnn_stored_tensor *y = cnn_tensors_find(from, "selftest.output");
    if (!in || !y)
        return 0;
    if (in->rank < 1 || in->rank > CNN_MAX_RANK || y->rank < 1 || y->rank > CNN_MAX_RANK ||
        in->shape.dim[0] != y->shape.dim[0] || !in->count || !y->count)
        return cnn_fail(CNN_EDATA, "the self-test tensors are malformed");
    int rc = cnn_selftest_reserve(out, 1, 1);
    if (rc)
        return rc;
    out->input->x = cnn_calloc(in->count, sizeof(float));
    out->output->x = cnn_calloc(y->count, sizeof(float));
    if (!out->input->x || !out->output->x)
        return CNN_ESYSTEM;
    out->input->shape = in->shape;
    out->output->shape = y->shape;
    out->samples = in->shape.dim[0];
    rc = cnn_tensor_floats(from, in, out->input->x);
    return rc ? rc : cnn_tensor_floats(from, y, out->output->x);
}

/* Where there are tensors, the text only says what they are. */
static int read_selftest(struct cnn_model *m)
{
    const char *text = cnn_tensors_text(m->tensors, SELFTEST);
    int tensors = !text || !strncmp(text, "selftest.output is ", 19);
    int rc = tensors ? read_selftest_tensors(m->tensors, &m->selftest)
                     : cnn_selftest_read(text, &m->selftest);
    return rc == CNN_EDATA ? cnn_fail_within("%s", m->path) : rc;
}

/* What a model of ours knows beside its net, in the texts. */
static int read_texts(struct cnn_model *m)
{
    const char *history = cnn_tensors_text(m->tensors, HISTORY);
    if (!(m->history = cnn_strdup(history ? history : "[]")))
        return CNN_ESYSTEM;
    int rc = check_unique(&m->classes, m->path);
    return rc ? rc : read_selftest(m);
}

/* The classes of a net of others', where nobody has named them: of a single vector of several numbers
 * each is one, by its place. */
static int number_classes(struct cnn_model *m)
{
    struct cnn_graph *g;
    char name[24];
    int rc = 0;
    if (m->classes.count || cnn_tensors_text(m->tensors, "cnn.net"))
        return 0;
    int open = cnn_model_is_open(m);
    if (open < 0)
        return open;
    const struct cnn_pair any = {.h = CNN_MODEL_ANY_SIDE, .w = CNN_MODEL_ANY_SIDE};
    const struct cnn_graph_config how = {.size = open ? any : (struct cnn_pair){0}};
    rc = cnn_model_graph(m, &how, &g);
    if (rc == CNN_ESYSTEM)
        return rc;
    if (rc) {
        cnn_error_clear(); /* whoever builds it tells */
        return 0;
    }
    struct cnn_chw out = g->node[g->output].layer.out;
    int vector = g->outputs == 1 && out.h * out.w == 1 && g->node[g->output].layer.rows == 1;
    for (size_t i = 0; !rc && vector && out.c > 1 && i < out.c; i++) {
        snprintf(name, sizeof name, "%zu", i);
        rc = cnn_strings_add(&m->classes, name);
    }
    cnn_graph_free(g);
    return rc;
}

/* A model of what was imported, which is given up, on failure, too. */
static int make_model(const char *path, struct cnn_imported *found, struct cnn_model **out)
{
    struct cnn_model *m = cnn_calloc(1, sizeof *m);
    *out = NULL;
    if (!m) {
        cnn_imported_free(found);
        return CNN_ESYSTEM;
    }
    m->tensors = found->tensors;
    m->net_text = found->net_text;
    m->classes = found->classes;
    m->why = found->why;
    int rc = (m->path = cnn_strdup(path)) ? 0 : CNN_ESYSTEM;
    if (!rc && m->net_text)
        rc = number_classes(m);
    if (!rc && m->net_text)
        rc = read_texts(m);
    if (rc)
        cnn_model_free(m);
    else
        *out = m;
    return rc;
}

int cnn_model_open(const char *path, struct cnn_model **out)
{
    struct cnn_bytes bytes;
    struct cnn_imported found;
    *out = NULL;
    if (cnn_model_pair(path)) {
        int rc = cnn_model_open_pair(path, &found);
        return rc ? rc : make_model(path, &found, out);
    }
    int rc = cnn_bytes_map_form(path, cnn_import_extent, &bytes);
    if (rc == CNN_ENOINPUT && cnn_zoo_find(path))
        return cnn_fail(rc,
                        "%s: no such file; of the built-in net of that name there may be weights: "
                        "scripts/get-weights %s",
                        path, path);
    return rc ? rc : cnn_model_of(path, &bytes, out);
}

int cnn_model_of(const char *path, struct cnn_bytes *bytes, struct cnn_model **out)
{
    struct cnn_imported found;
    *out = NULL;
    int rc = cnn_import_open(path, bytes, &found);
    return rc ? rc : make_model(path, &found, out);
}

int cnn_model_open_net(const char *path, struct cnn_model **out)
{
    int rc = cnn_model_open(path, out);
    if (rc || (*out)->net_text)
        return rc;
    rc = (*out)->why ? cnn_fail(CNN_EDATA, "%s", (*out)->why)
                     : cnn_fail(CNN_EDATA, CNN_IMPORT_NETLESS, path);
    cnn_model_free(*out);
    *out = NULL;
    return rc;
}

void cnn_model_free(struct cnn_model *m)
{
    if (!m)
        return;
    cnn_tensors_close(m->tensors);
    cnn_strings_free(&m->classes);
    cnn_selftest_free(&m->selftest);
    free(m->net_text);
    free(m->why);
    free(m->history);
    free(m->path);
    free(m);
}

int cnn_model_graph(const struct cnn_model *m, const struct cnn_graph_config *how,
                    struct cnn_graph **out)
{
    struct cnn_graph_config config = *how;
    config.name = m->path;
    config.classes = m->classes.count;
    config.alone = 1;
    if (!config.input_option)
        config.input_option = "NET:WEIGHTS with a NET that has it";
    return cnn_graph_build(m->net_text, &config, out);
}

int cnn_model_is_open(const struct cnn_model *m)
{
    int has = cnn_net_has_input(m->path, m->net_text);
    return has < 0 ? has : !has;
}

void cnn_model_classes_hash(const struct cnn_strings *classes, char out[CNN_MODEL_HASH])
{
    uint64_t h = 0;
    for (size_t i = 0; i < classes->count; i++)
        h = cnn_hash_string(classes->item[i], h);
    snprintf(out, CNN_MODEL_HASH, "%016" PRIx64, h);
}

void cnn_model_meta_hash(const struct cnn_tensor_source *tensors, char out[CNN_MODEL_HASH])
{
    uint64_t h = 0;
    const char *key;
    for (size_t i = 0; (key = cnn_tensors_text_key(tensors, i)); i++)
        if (strcmp(key, HISTORY))
            h = cnn_hash_string(cnn_tensors_text(tensors, key), cnn_hash_string(key, h));
    snprintf(out, CNN_MODEL_HASH, "%016" PRIx64, h);
}

int cnn_model_hash(const struct cnn_model *m, char out[CNN_MODEL_HASH])
{
    char tensors[CNN_TENSORS_HASH];
    int rc = cnn_tensors_hash(m->tensors, tensors);
    if (!rc)
        snprintf(out, CNN_MODEL_HASH, "%016" PRIx64,
                 cnn_hash_string(m->net_text, cnn_hash_string(tensors, 0)));
    return rc;
}

/* Writing */

static char *classes_json(const struct cnn_strings *classes)
{
    json_t *list = json_array();
    int bad = 0;
    for (size_t i = 0; i < classes->count; i++)
        bad |= json_array_append_new(list, json_string(classes->item[i]));
    char *text = bad ? NULL : cnn_json_dump(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

int cnn_model_is_meta(const char *key)
{
    static const char *const own[] = {"cnn.format", "cnn.net", "cnn.classes", HISTORY};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!strcmp(key, own[i]))
            return 1;
    return 0;
}

int cnn_model_put_meta(struct cnn_safetensors_writer *w, const struct cnn_model *m)
{
    char *classes = classes_json(&m->classes);
    if (!classes)
        return cnn_fail_memory(0);
    int rc = cnn_safetensors_put_meta(w, "cnn.format", "1");
    if (!rc)
        rc = cnn_safetensors_put_meta(w, "cnn.net", m->net_text);
    if (!rc)
        rc = cnn_safetensors_put_meta(w, "cnn.classes", classes);
    if (!rc)
        rc = cnn_safetensors_put_meta(w, HISTORY, m->history ? m->history : "[]");
    free(classes);
    return rc;
}

static int put_selftest(struct cnn_safetensors_writer *w, struct cnn_net *net,
                        const struct cnn_batch_view *samples)
{
    struct cnn_selftest s;
    struct cnn_buf text = {0};
    int rc = cnn_selftest_make(net, samples, &s);
    if (!rc && s.samples) {
        cnn_selftest_print(&s, &text);
        rc = text.failed ? CNN_ESYSTEM : cnn_safetensors_put_meta(w, SELFTEST, text.text);
    }
    cnn_buf_free(&text);
    cnn_selftest_free(&s);
    return rc;
}

int cnn_model_put_params(struct cnn_safetensors_writer *w, struct cnn_net *net)
{
    size_t params;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    int rc = 0;
    for (size_t i = 0; !rc && i < params; i++)
        rc = cnn_safetensors_put(w, param[i].name, CNN_F32, &param[i].shape);
    return rc;
}

int cnn_model_write_params(struct cnn_safetensors_writer *w, struct cnn_net *net)
{
    size_t params;
    const struct cnn_net_param *param = cnn_net_params(net, &params);
    int rc = 0;
    for (size_t i = 0; !rc && i < params; i++) {
        size_t count = cnn_shape_count(&param[i].shape);
        float *values = cnn_calloc(count, sizeof *values);
        if (!values)
            return CNN_ESYSTEM;
        cnn_net_param_get(net, &param[i], values);
        struct cnn_backend *b = cnn_net_backend(net);
        rc = b->ops->check(b);
        if (!rc)
            rc = cnn_safetensors_data(w, values, count * sizeof *values);
        free(values);
    }
    return rc;
}

struct saved {
    const struct cnn_model *model;
    struct cnn_net *net;
    const struct cnn_batch_view *selftest;
};

static int declare(struct cnn_safetensors_writer *w, const void *context)
{
    const struct saved *s = context;
    int rc = cnn_model_put_meta(w, s->model);
    if (!rc)
        rc = cnn_model_put_params(w, s->net);
    return rc ? rc : put_selftest(w, s->net, s->selftest);
}

static int write_data(struct cnn_safetensors_writer *w, const void *context)
{
    return cnn_model_write_params(w, ((const struct saved *)context)->net);
}

int cnn_model_save(const char *path, const struct cnn_model *m, struct cnn_net *net,
                   const struct cnn_batch_view *selftest)
{
    const struct saved s = {m, net, selftest};
    return cnn_safetensors_save(path, declare, write_data, &s);
}

int cnn_model_selftest(const struct cnn_model *m, struct cnn_net *net, double *error)
{
    if (!m->selftest.samples)
        return cnn_fail(CNN_EDATA, "%s: the model holds no self-test", m->path);
    int rc = cnn_selftest_run(&m->selftest, net, error);
    return rc == CNN_EDATA ? cnn_fail_within("%s", m->path) : rc;
}
