/* Models made ready to run; see runner.h. */
#include "task/runner.h"

#include <stdlib.h>

#include "task/scores.h"

/* Two classes may share an output. */
static int check_classes(const struct cnn_runner *r)
{
    const struct cnn_graph *g = r->graph;
    size_t classes = r->model->classes.count, outputs = cnn_chw_count(g->node[g->output].layer.out);
    if (!classes || g->embeds || cnn_scores_answer(g, classes) || (classes == 2 && outputs == 1))
        return 0;
    return cnn_fail(CNN_EDATA, "%s: %zu class%s for %zu output%s", r->model->path, classes,
                    classes == 1 ? "" : "es", outputs, outputs == 1 ? "" : "s");
}

/* A dense layer has a weight for each element of the plane before it, so that another size of the
 * input is another layer. */
static int check_params(const struct cnn_runner *r, const struct cnn_graph *g)
{
    const struct cnn_graph *own = r->own.graph;
    for (int i = 0; i < own->nodes; i++)
        for (int k = 0; k < own->node[i].layer.params; k++)
            if (!cnn_shape_equal(&own->node[i].layer.param[k].shape,
                                 &g->node[i].layer.param[k].shape))
                return cnn_fail(
                    CNN_EDATA,
                    "%s: --size: %s reads all of the plane before it, so that the net takes images "
                    "of %zux%zu alone%s",
                    r->model->path, own->node[i].layer.name, own->input->shape.h,
                    own->input->shape.w,
                    cnn_model_can_slide(r->model) ? "; --dense slides it over larger ones" : "");
    return 0;
}

/* The net for inputs of that size. */
static int build(const struct cnn_runner *r, struct cnn_pair size, struct cnn_graph **out)
{
    int rc =
        cnn_model_graph(r->model, &(struct cnn_graph_config){.with_loss = 1, .size = size}, out);
    if (rc == CNN_EDATA)
        rc = cnn_fail_within(r->native ? "--size native: an image of %dx%d" : "--size %dx%d",
                             size.h, size.w);
    return rc ? rc : check_params(r, *out);
}

static int open_at_size(struct cnn_runner *r, struct cnn_pair size)
{
    struct cnn_graph *g = NULL;
    int rc = build(r, size, &g);
    if (rc) {
        cnn_graph_free(g);
        return rc;
    }
    r->input = *g->input;
    if (r->fits) { /* the graph of the model's size says what a place of the map is */
        cnn_graph_free(g);
        return 0;
    }
    cnn_graph_free(r->own.graph);
    r->graph = r->own.graph = g;
    return 0;
}

static int measure_map(struct cnn_runner *r)
{
    const struct cnn_graph *g = r->graph;
    struct cnn_chw out = g->node[g->output].layer.out;
    char shape[72];
    cnn_chw_format(out, shape);
    if (out.h * out.w > 1)
        return cnn_fail(CNN_EDATA,
                        "--dense: %s: the net answers with a plane, %s, as it is (--size native: "
                        "for images of any size)",
                        r->model->path, shape);
    struct cnn_receptive_field *field = cnn_graph_fields(g);
    int pads = cnn_graph_padded(g);
    if (!field)
        return CNN_ESYSTEM;
    r->map = (struct cnn_runner_map){.size = {g->input->shape.h, g->input->shape.w},
                                     .step = {field[g->output].step[0], field[g->output].step[1]}};
    free(field);
    return pads < 0 || (r->map.pads = cnn_strdup(g->node[pads].layer.name)) ? 0 : CNN_ESYSTEM;
}

static int takes(const struct cnn_runner *r, size_t h, size_t w)
{
    struct cnn_graph *g = NULL;
    int rc = build(r, (struct cnn_pair){.h = (int)h, .w = (int)w}, &g);
    cnn_graph_free(g);
    cnn_error_clear();
    return !rc;
}

/* A net that goes down and up again, and joins what it had on the way, may want sides that are multiples
 * of its largest step. */
static int find_multiple(struct cnn_runner *r)
{
    struct cnn_chw own = r->own.graph->input->shape;
    if (takes(r, own.h + 1, own.w + 1))
        return 0;
    struct cnn_receptive_field *field = cnn_graph_fields(r->own.graph);
    size_t step = 1;
    if (!field)
        return CNN_ESYSTEM;
    for (int i = 0; i < r->own.graph->nodes; i++)
        for (int axis = 0; axis < 2; axis++)
            step = field[i].step[axis] > step ? field[i].step[axis] : step;
    free(field);
    if (takes(r, (own.h / step + 1) * step, (own.w / step + 1) * step))
        r->multiple = step;
    return 0;
}

/* Of several inputs, or of rows, sizes go together. */
static int check_native(const struct cnn_runner *r)
{
    const struct cnn_graph *g = r->graph;
    if (g->inputs == 1 && g->input->rows <= 1)
        return 0;
    return cnn_fail(CNN_EDATA, "%s: images of other sizes: the net has %s", r->model->path,
                    g->inputs > 1 ? "several inputs" : "an input with rows");
}

/* Of the model's own size, or where its text leaves that open of the one that was asked for; where that is
 * each image's any will do. */
static int open_own(struct cnn_runner *r, struct cnn_pair size)
{
    struct cnn_graph_config how = {.with_loss = 1};
    int open = cnn_model_is_open(r->model);
    if (open < 0)
        return open;
    if (open)
        how.size =
            size.h > 0 ? size : (struct cnn_pair){.h = CNN_MODEL_ANY_SIDE, .w = CNN_MODEL_ANY_SIDE};
    int rc = cnn_model_graph(r->model, &how, &r->own.graph);
    if (!rc && open && size.h <= 0 && size.h != CNN_SIZE_NATIVE)
        rc = cnn_fail(CNN_EDATA,
                      "%s: its net takes images of any size: --size HxW says which, --size native "
                      "that they stay as large as they are",
                      r->model->path);
    r->graph = r->own.graph;
    return rc;
}

int cnn_runner_open(struct cnn_runner *r, const char *model, const struct cnn_runner_net *which)
{
    struct cnn_pair size = which->size;
    int rc = cnn_model_open_net(model, &r->model);
    if (!rc && which->hash)
        rc = cnn_model_hash(r->model, r->hash);
    if (!rc && which->dense && (rc = cnn_model_slide(r->model)))
        rc = cnn_fail_within("--dense");
    if (!rc)
        rc = open_own(r, size);
    if (!rc)
        rc = check_classes(r);
    if (rc)
        return rc;
    r->input = *r->graph->input;
    r->native = size.h == CNN_SIZE_NATIVE || (which->dense && size.h == CNN_SIZE_AUTO);
    r->fits = r->native || which->dense;
    if (which->dense)
        rc = measure_map(r);
    if (!rc && size.h > 0)
        rc = open_at_size(r, size);
    if (!rc && size.h > 0 && !which->dense)
        rc = check_classes(r);
    if (!rc && r->native)
        rc = find_multiple(r);
    return rc || !r->fits ? rc : check_native(r);
}

/* What came of making a net is told. */
static void tell(const struct cnn_runner *r, struct cnn_buf *note)
{
    const struct cnn_callbacks *cb = r->config.callbacks;
    if (note->size && cb && cb->note)
        cb->note(cb->context, note->text);
    cnn_buf_free(note);
}

int cnn_runner_start(struct cnn_runner *r, const struct cnn_runner_config *config)
{
    const struct cnn_callbacks *cb = config->callbacks;
    /* Where others follow the samples, the one of the model's size only holds the weights. */
    struct cnn_net_config net = {.batch = r->fits ? 1 : config->batch,
                                 .once = config->once && !r->fits,
                                 .keep = config->keep,
                                 .keeps = config->keeps,
                                 .from = config->from,
                                 .gradient = config->gradient,
                                 .gradients = config->gradients,
                                 .rectifier = config->rectifier};
    struct cnn_buf note = {0};
    r->config = *config;
    int rc = cnn_compute_net(config->compute, r->graph, &net, &note, &r->backend, &r->own.net);
    r->net = r->own.net;
    if (r->multiple > 1)
        cnn_buf_printf(&note,
                       "%simages are filled up, by what is nearest, to multiples of %zu pixels",
                       note.size ? "; " : "", r->multiple);
    tell(r, &note);
    if (!rc && cb && cb->note && cnn_model_is_blank(r->model->tensors))
        cb->note(cb->context, "every weight of the model is zero: its answers say nothing");
    return rc ? rc : cnn_model_load_params(r->model->tensors, r->net, NULL, NULL);
}

static void drop(struct cnn_runner_sized *s)
{
    cnn_net_free(s->net);
    cnn_graph_free(s->graph);
    *s = (struct cnn_runner_sized){0};
}

static int make(struct cnn_runner *r, struct cnn_chw shape, struct cnn_runner_sized *out)
{
    const struct cnn_runner_config *c = &r->config;
    struct cnn_buf note = {0};
    int rc = build(r, (struct cnn_pair){.h = (int)shape.h, .w = (int)shape.w}, &out->graph);
    struct cnn_net_config net = {
        .batch =
            r->native ? cnn_loader_native_batch(r->own.graph->input, c->batch, shape) : c->batch,
        .keep = c->keep,
        .keeps = c->keeps,
        .from = c->from,
        .gradient = c->gradient,
        .gradients = c->gradients,
        .rectifier = c->rectifier,
        .weights = r->own.net};
    if (!rc)
        rc = cnn_compute_another(c->compute, r->backend, out->graph, &net, &note, &out->net);
    tell(r, &note);
    return rc;
}

/* The kept net of that shape, or the place that was not used for longest. */
static struct cnn_runner_sized *place_for(struct cnn_runner *r, struct cnn_chw shape)
{
    struct cnn_runner_sized *s = r->sized;
    for (struct cnn_runner_sized *at = r->sized; at < r->sized + CNN_RUNNER_SIZES; at++) {
        if (at->graph && cnn_chw_equal(at->graph->input->shape, shape))
            return at;
        s = at->used < s->used ? at : s;
    }
    return s;
}

static int drop_all(struct cnn_runner *r)
{
    int kept = 0;
    for (int i = 0; i < CNN_RUNNER_SIZES; i++) {
        kept += r->sized[i].net != NULL;
        drop(&r->sized[i]);
    }
    return kept;
}

int cnn_runner_fit(struct cnn_runner *r, struct cnn_chw shape)
{
    struct cnn_runner_sized *s = place_for(r, shape);
    int rc = 0;
    if (!s->net || !cnn_chw_equal(s->graph->input->shape, shape)) {
        drop(s);
        rc = make(r, shape, s);
        if (rc)
            drop(s);
        if (rc == CNN_ESYSTEM && drop_all(r) && (rc = make(r, shape, s)))
            drop(s);
        s->number = ++r->made;
    }
    if (!rc)
        s->used = ++r->turn;
    r->graph = rc ? r->own.graph : s->graph;
    r->net = rc ? r->own.net : s->net;
    r->number = rc ? 0 : s->number;
    return rc;
}

void cnn_runner_close(struct cnn_runner *r)
{
    drop_all(r);
    drop(&r->own);
    cnn_backend_close(r->backend);
    free(r->map.pads);
    cnn_model_free(r->model);
    *r = (struct cnn_runner){0};
}
