/* --append: a net, and what was trained on its features, as one model that answers as both did. */
#include "task/train/append.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/version.h"
#include "task/apart.h"
#include "task/made.h"

/* Nothing is trained: options of training would say nothing. */
static int check_options(const struct cnn_train_options *o, size_t models)
{
    static const char *const used[] = {"append",     "output", "quiet",     "threads",
                                       "exact-conv", "device", "precision", "tune"};
    if (models < 2)
        return cnn_fail(CNN_EUSAGE, "--append joins two models or more: TRUNK HEAD");
    if (!o->output[0])
        return cnn_fail(CNN_EUSAGE, "no output: -o MODEL says where the model goes");
    for (const struct cnn_option *p = cnn_train_option_table; p->name; p++) {
        size_t i = 0, n = sizeof used / sizeof *used;
        while (i < n && strcmp(used[i], p->name))
            i++;
        int given = p->name[0] && i == n ? cnn_option_given(p, &o->given, o) : 0;
        if (given)
            return given < 0 ? given
                             : cnn_fail(CNN_EUSAGE, "--%s has no effect with --append", p->name);
    }
    return 0;
}

static int check_apart(const struct cnn_train_options *o, char *const *model, size_t models)
{
    const struct cnn_path_use out[] = {{"--output", o->output}, {NULL, NULL}};
    int rc = 0;
    for (size_t i = 0; !rc && i < models; i++) {
        const struct cnn_path_use in[] = {{"the model", model[i]}, {NULL, NULL}};
        rc = cnn_apart_check(out, in);
    }
    return rc;
}

/* What cnn-features did that no layer does. */
static int check_made(const char *path, const json_t *made)
{
    static const char *const options[] = {"--l2", "--gem-power", "--dense", "--size native"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (cnn_append_option(made, options[i]))
            return cnn_fail(CNN_EDATA, "%s: trained on features with %s, which no layer does", path,
                            options[i]);
    return 0;
}

/* From the last one on: what a model was trained on says the size of the one before. */
static int open_part(struct append *a, size_t i, const char *path)
{
    struct append_part *p = &a->part[i];
    const json_t *made = i + 1 < a->count ? p[1].made : NULL;
    const char *size = cnn_append_option(made, "--size");
    struct cnn_runner_net which = {.size = {CNN_SIZE_MODEL, CNN_SIZE_MODEL}, .hash = 1};
    if (size && sscanf(size, "%dx%d", &which.size.h, &which.size.w) != 2)
        return cnn_fail(CNN_EDATA, "%s: malformed history", p[1].runner.model->path);
    int rc = cnn_runner_open(&p->runner, path, &which);
    if (!rc && i)
        rc = cnn_made_training(p->runner.model, &p->made);
    if (!rc && i && !p->made)
        rc = cnn_fail(CNN_EDATA, "%s: it does not say that it was trained on features", path);
    if (!rc && i && p->runner.graph->inputs > 1)
        rc = cnn_fail(CNN_EDATA, "%s: the net has several inputs", path);
    if (!rc && i)
        rc = check_made(path, p->made);
    p->use = rc ? NULL : cnn_arena_alloc(a->arena, (size_t)p->runner.graph->nodes);
    return rc || p->use ? rc : CNN_ESYSTEM;
}

/* Whether a part was trained on features of the one before. */
static int check_pair(const struct append_part *p)
{
    const char *name = p[1].runner.model->path, *trunk = p->runner.model->path;
    const json_t *layers = json_object_get(p[1].made, "layers");
    if (strcmp(cnn_made_hash(p[1].made), p->runner.hash) != 0)
        return cnn_fail(CNN_EDATA, "%s: trained on features of another model than %s (%s, not %s)",
                        name, trunk, cnn_made_hash(p[1].made), p->runner.hash);
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const char *layer = json_string_value(json_array_get(layers, i));
        if (!layer || cnn_graph_find(p->runner.graph, layer) < 0)
            return cnn_fail(CNN_EDATA, "%s: trained on '%s', a layer that %s does not have", name,
                            layer ? layer : "?", trunk);
    }
    return layers ? 0 : cnn_fail(CNN_EDATA, "%s: malformed history", name);
}

static int start_part(struct append_part *p, const struct cnn_compute *compute)
{
    const struct cnn_runner_config config = {.compute = compute, .batch = 1};
    return cnn_runner_start(&p->runner, &config);
}

/* Parameter k of the node that the part's node i has become. */
static int copy_param(const struct append_part *p, const struct cnn_layer *l, int k,
                      struct cnn_net *net)
{
    struct cnn_buf name = {0};
    size_t own_count, count, i = 0, to = 0;
    const char *suffix = l->param[k].suffix;
    const struct cnn_net_param *own = cnn_net_params(p->runner.net, &own_count);
    const struct cnn_net_param *param = cnn_net_params(net, &count);
    cnn_buf_printf(&name, "%s%s%s%s", p->prefix, l->name, *suffix ? "." : "", suffix);
    float *values = cnn_calloc(cnn_shape_count(&l->param[k].shape), sizeof *values);
    int rc = values && !name.failed ? 0 : CNN_ESYSTEM;
    while (!rc && i < own_count && strcmp(own[i].name, name.text + strlen(p->prefix)))
        i++;
    while (!rc && to < count && strcmp(param[to].name, name.text))
        to++;
    if (!rc && i < own_count && (to == count || !cnn_shape_equal(&own[i].shape, &param[to].shape)))
        rc = cnn_fail(CNN_EDATA, "%s: '%s' has another shape behind what it was trained on",
                      p->runner.model->path, own[i].name);
    if (!rc && i < own_count) {
        cnn_net_param_get(p->runner.net, &own[i], values);
        cnn_net_param_set(net, &param[to], values);
    }
    free(values);
    cnn_buf_free(&name);
    return rc;
}

static int copy_params(const struct append_part *p, struct cnn_net *net)
{
    const struct cnn_graph *g = p->runner.graph;
    int rc = 0;
    for (int i = g->inputs; !rc && i < g->nodes; i++)
        for (int k = 0; !rc && p->use[i] && !g->node[i].share && k < g->node[i].layer.params; k++)
            rc = copy_param(p, &g->node[i].layer, k, net);
    return rc;
}

static char *history_of(const struct append *a)
{
    json_t *all = json_array();
    json_t *run = json_pack("{s:s, s:s, s:I}", "program", "cnn-train", "version", CNN_VERSION,
                            "append", (json_int_t)a->count);
    int bad = 0;
    for (size_t i = 0; i < a->count; i++) {
        json_t *theirs = cnn_json_text(a->part[i].runner.model->history, 0);
        bad |= json_array_extend(all, theirs);
        json_decref(theirs);
    }
    bad |= json_array_append_new(all, run);
    char *text = bad ? NULL : cnn_json_dump(all, JSON_COMPACT);
    json_decref(all);
    return text;
}

/* With the samples of the first model's self-test, where it has some and one input. */
static int save(struct append *a, const struct cnn_graph *g, struct cnn_net *net)
{
    const struct cnn_model *first = a->part->runner.model;
    struct cnn_model m = {.net_text = (char *)g->print,
                          .classes = a->part[a->count - 1].runner.model->classes,
                          .history = history_of(a)};
    size_t n = g->inputs == 1 && g->input->rows <= 1 ? first->selftest.samples : 0;
    float *x = cnn_calloc(n * cnn_input_count(g->input) + 1, sizeof *x);
    int rc = x && m.history ? 0 : cnn_fail_memory(0);
    if (!rc && n && cnn_selftest_input(&first->selftest, 0, g->input, x)) {
        cnn_error_clear(); /* it is of another size */
        n = 0;
    }
    const struct cnn_batch_view samples = {.n = n, .x = x};
    if (!rc)
        rc = cnn_model_save(a->o->output, &m, net, &samples);
    free(x);
    free(m.history);
    return rc;
}

static int join(struct append *a)
{
    const struct cnn_model *first = a->part->runner.model,
                           *last = a->part[a->count - 1].runner.model;
    const struct cnn_graph_config gc = {
        .name = a->o->output, .classes = last->classes.count, .with_loss = 1, .alone = 1};
    struct cnn_net_config config = {.batch = first->selftest.samples + 1};
    struct cnn_backend *backend = NULL;
    struct cnn_graph *g = NULL;
    struct cnn_net *net = NULL;
    struct cnn_buf note = {0};
    int rc = cnn_graph_build(a->text.text, &gc, &g);
    if (!rc)
        rc = cnn_compute_net(&a->o->compute, g, &config, &note, &backend, &net);
    for (size_t i = 0; !rc && i < a->count; i++)
        rc = copy_params(&a->part[i], net);
    if (!rc)
        rc = save(a, g, net);
    cnn_buf_free(&note);
    cnn_net_free(net);
    cnn_graph_free(g);
    cnn_backend_close(backend);
    return rc;
}

static int append(struct append *a, char *const *model)
{
    int rc = a->part && a->taken ? 0 : CNN_ESYSTEM;
    for (size_t i = a->count; !rc && i > 0; i--)
        rc = open_part(a, i - 1, model[i - 1]);
    for (size_t i = 0; !rc && i + 1 < a->count; i++)
        rc = check_pair(&a->part[i]);
    for (size_t i = 0; !rc && i < a->count; i++)
        rc = start_part(&a->part[i], &a->o->compute);
    if (!rc)
        rc = cnn_append_text(a);
    return rc ? rc : join(a);
}

int cnn_train_append(const struct cnn_train_options *options, char *const *model, size_t models)
{
    struct append a = {.o = options, .count = models, .arena = cnn_arena_new()};
    int rc = a.arena ? check_options(options, models) : CNN_ESYSTEM;
    if (!rc)
        rc = check_apart(options, model, models);
    if (!rc) {
        a.part = cnn_calloc(models, sizeof *a.part);
        a.taken = cnn_names_new(a.arena);
        rc = append(&a, model);
    }
    for (size_t i = 0; a.part && i < models; i++) {
        cnn_runner_close(&a.part[i].runner);
        json_decref(a.part[i].made);
    }
    free(a.part);
    cnn_buf_free(&a.text);
    cnn_arena_free(a.arena);
    return rc;
}
