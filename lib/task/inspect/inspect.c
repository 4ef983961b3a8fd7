/* Opening and measuring what is inspected; see inspect.h. */
#include "task/inspect/inspect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file/infile.h"
#include "lang/syntax.h"
#include "model/net_text.h"
#include "task/inspect/private.h"

/* A file of weights, or at least one that says so in its name. Negative: reading failed. */
static int is_weights(const char *path)
{
    unsigned char head[CNN_IMPORT_HEAD];
    size_t got;
    if (cnn_import_named(path))
        return 1;
    int rc = cnn_bytes_head(path, head, sizeof head, &got);
    if (rc == CNN_EDATA || rc == CNN_ENOINPUT) {
        cnn_error_clear();
        return 0;
    }
    return rc ? rc : cnn_import_of(head, got) != NULL;
}

/* What is open has a net, or has none. */
static int take_file(struct cnn_inspect *in, const struct cnn_inspect_options *o)
{
    int rc;
    in->tensors = in->opened->tensors;
    in->form = in->opened->net_text ? CNN_INSPECT_MODEL : CNN_INSPECT_TENSORS;
    if (in->form == CNN_INSPECT_TENSORS)
        return 0;
    in->model = in->opened;
    in->slides = o->slides;
    if (o->slides && (rc = cnn_model_slide(in->opened)))
        return rc;
    int open = cnn_model_is_open(in->model);
    if (open < 0)
        return open;
    in->open = open;
    if (in->open && !o->input.c) { /* the tensors can be told */
        in->form = CNN_INSPECT_TENSORS;
        in->model = NULL;
        return 0;
    }
    const struct cnn_graph_config how = {
        .with_loss = o->with_loss, .input = o->input, .input_option = "--input CxHxW"};
    return cnn_model_graph(in->model, &how, &in->graph);
}

static int take_net(struct cnn_inspect *in, const struct cnn_inspect_options *o, char *text,
                    char *name)
{
    struct cnn_graph_config config = {.name = name,
                                      .classes = o->classes,
                                      .input = o->input,
                                      .with_loss = o->with_loss,
                                      .input_option = "--input CxHxW",
                                      .classes_option = "--outputs N"};
    in->form = CNN_INSPECT_NET;
    int rc = (o->slides ? cnn_graph_slide : cnn_graph_build)(text, &config, &in->graph);
    if (!rc && !strcmp(name, "net")) { /* the text itself is too long for a name */
        free(in->name);
        in->name = name;
        name = NULL;
    }
    free(text);
    free(name);
    return rc;
}

static size_t pipe_extent(const unsigned char *bytes, size_t n, size_t *known)
{
    return n < 9 || cnn_import_of(bytes, n) ? cnn_import_extent(bytes, n, known) : CNN_NET_TEXT_MAX;
}

/* What can be read once: by its first bytes a file of tensors or a text. */
static int open_pipe(struct cnn_inspect *in, const struct cnn_inspect_options *o)
{
    struct cnn_bytes bytes;
    char *text, *name;
    int rc = cnn_bytes_map_form(in->name, pipe_extent, &bytes);
    if (rc)
        return rc;
    if (cnn_import_of(bytes.data, bytes.size)) {
        rc = cnn_model_of(in->name, &bytes, &in->opened);
        return rc ? rc : take_file(in, o);
    }
    rc = cnn_model_net_text_of(in->name, &bytes, CNN_NET_TO_LOOK_AT, &text, &name);
    cnn_bytes_free(&bytes);
    return rc ? rc : take_net(in, o, text, name);
}

static int open_what(struct cnn_inspect *in, const struct cnn_inspect_options *o)
{
    struct stat st;
    char *text, *name;
    int there = !stat(in->name, &st) && !S_ISDIR(st.st_mode);
    if (there && !S_ISREG(st.st_mode))
        return open_pipe(in, o);
    int rc = there ? is_weights(in->name) : cnn_model_pair(in->name) > 0;
    if (rc < 0)
        return rc;
    if (rc) {
        rc = cnn_model_open(in->name, &in->opened);
        return rc ? rc : take_file(in, o);
    }
    rc = cnn_model_net_text(in->name, CNN_NET_TO_LOOK_AT, &text, &name);
    return rc ? rc : take_net(in, o, text, name);
}

int cnn_inspect_open(const char *what, const struct cnn_inspect_options *options,
                     struct cnn_inspect **out)
{
    *out = NULL;
    struct cnn_inspect *in = cnn_calloc(1, sizeof *in);
    if (!in)
        return CNN_ESYSTEM;
    int rc = (in->name = cnn_strdup(what)) ? 0 : CNN_ESYSTEM;
    if (!rc)
        rc = open_what(in, options);
    if (rc) {
        cnn_inspect_close(in);
        return rc;
    }
    *out = in;
    return 0;
}

void cnn_inspect_close(struct cnn_inspect *in)
{
    if (!in)
        return;
    cnn_graph_free(in->graph);
    cnn_model_free(in->opened);
    free(in->statistics);
    free(in->name);
    free(in);
}

/* Mean and deviation in one pass (Welford 1962). */
static struct cnn_tensor_statistics statistics_of(const float *x, size_t n)
{
    struct cnn_tensor_statistics s = {.min = NAN, .max = NAN, .mean = 0};
    double squares = 0;
    size_t finite = 0;
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i], before = v - s.mean;
        s.zeros += v == 0;
        s.nans += isnan(v) != 0;
        s.infinities += isinf(v) != 0;
        if (!isfinite(v))
            continue;
        finite++;
        s.mean += before / (double)finite;
        squares += before * (v - s.mean);
        s.min = v >= s.min ? s.min : v;
        s.max = v <= s.max ? s.max : v;
    }
    s.mean = finite ? s.mean : (double)NAN;
    s.std = finite ? sqrt(squares / (double)finite) : (double)NAN;
    return s;
}

int cnn_inspect_measure(struct cnn_inspect *in)
{
    size_t n = in->tensors ? cnn_tensors_count(in->tensors) : 0;
    if (in->statistics || !in->tensors)
        return 0;
    in->statistics = cnn_calloc(n, sizeof *in->statistics);
    if (!in->statistics)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < n; i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(in->tensors, i);
        float *x = cnn_calloc(t->count, sizeof *x);
        if (!x)
            return CNN_ESYSTEM;
        int rc = cnn_tensor_floats(in->tensors, t, x);
        if (!rc)
            in->statistics[i] = statistics_of(x, t->count);
        free(x);
        if (rc)
            return rc;
    }
    return 0;
}

int cnn_inspect_check(const struct cnn_inspect *in)
{
    enum { NAMED = 5 };
    struct cnn_buf names = {0};
    size_t n = in->tensors ? cnn_tensors_count(in->tensors) : 0, bad = 0;
    for (size_t i = 0; i < n && in->statistics; i++) {
        const struct cnn_tensor_statistics *s = &in->statistics[i];
        if (!s->nans && !s->infinities)
            continue;
        if (bad++ < NAMED)
            cnn_buf_printf(&names, "%s%s", bad > 1 ? ", " : "",
                           cnn_tensors_at(in->tensors, i)->name);
    }
    int rc = bad ? cnn_fail(CNN_ENEGATIVE, "%s: NaN or infinity in %zu tensor%s: %s%s", in->name,
                            bad, bad == 1 ? "" : "s", names.text ? names.text : "",
                            bad > NAMED ? ", ..." : "")
                 : 0;
    cnn_buf_free(&names);
    return rc;
}

struct cnn_inspect_totals cnn_inspect_totals(const struct cnn_graph *g)
{
    struct cnn_inspect_totals t = {.parameters = cnn_graph_parameters(g),
                                   .multiply_adds = cnn_graph_multiply_adds(g)};
    for (int i = g->inputs; i < g->nodes; i++) {
        t.layers += !g->node[i].port;
        t.statistics += cnn_node_parameters(&g->node[i], 0);
        t.activations += cnn_layer_elements(&g->node[i].layer);
    }
    return t;
}

void cnn_inspect_shape(const struct cnn_stored_tensor *t, char out[96])
{
    if (t->rank > CNN_MAX_RANK)
        snprintf(out, 96, "rank %d", t->rank);
    else if (!t->rank)
        snprintf(out, 96, "scalar");
    else
        cnn_shape_format(&t->shape, out);
}

int cnn_inspect_require(const struct cnn_inspect *in, unsigned parts)
{
    if ((parts & (CNN_INSPECT_LAYERS | CNN_INSPECT_CLASSES)) && !in->graph && in->open)
        return cnn_fail(CNN_EDATA, "%s: " CNN_INSPECT_OPEN, in->name);
    if ((parts & CNN_INSPECT_LAYERS) && !in->graph)
        return cnn_fail(CNN_EDATA, "%s: a file of tensors only, without a net", in->name);
    if ((parts & (CNN_INSPECT_LIST | CNN_INSPECT_META)) && !in->tensors)
        return cnn_fail(CNN_EDATA, "%s: a net only, without tensors", in->name);
    if ((parts & CNN_INSPECT_CLASSES) && !in->model)
        return cnn_fail(CNN_EDATA, "%s: not a model of this toolkit", in->name);
    return 0;
}
