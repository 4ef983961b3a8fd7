/* Making and running a self-test; see selftest.h. */
#include "model/selftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/image/preprocess.h"
#include "net/net.h"

enum { LEVELS = 256, MOST_CHANNELS = 3 };

static struct cnn_shape batch_shape(size_t n, size_t rows, struct cnn_chw s)
{
    if (s.h == 1 && s.w == 1 && rows > 1)
        return (struct cnn_shape){3, {n, rows, s.c}};
    if (s.h == 1 && s.w == 1)
        return (struct cnn_shape){2, {n, s.c}};
    return (struct cnn_shape){4, {n, rows * s.c, s.h, s.w}};
}

/* What the input line makes of each pixel, table (c, LEVELS). */
static int level_table(const struct cnn_input *input, float *table)
{
    float px[MOST_CHANNELS * LEVELS];
    struct cnn_input line = *input;
    struct cnn_image im = {.c = input->shape.c, .h = 1, .w = LEVELS, .maxval = 255, .px = px};
    struct cnn_preprocess_scratch scratch = {0};
    for (size_t i = 0; i < im.c * LEVELS; i++)
        px[i] = (float)(i % LEVELS) / 255.0f;
    line.shape = (struct cnn_chw){im.c, 1, LEVELS};
    line.resize = 0;
    int rc = cnn_preprocess(&line, &im, &scratch, table);
    cnn_preprocess_scratch_free(&scratch);
    return rc;
}

static int is_of_images(const struct cnn_input *input)
{
    return input->shape.c == 1 || input->shape.c == MOST_CHANNELS;
}

/* The pixel that becomes exactly x; -1: none does. The table is a straight line. */
static int level_of(const float *table, float x)
{
    float place = (x - table[0]) / (table[LEVELS - 1] - table[0]) * (LEVELS - 1);
    if (!(place > -0.5f && place < LEVELS - 0.5f))
        return -1;
    int level = (int)lrintf(place);
    uint32_t want, have; /* to the last bit: 0 is not -0 */
    memcpy(&want, &x, sizeof want);
    memcpy(&have, &table[level], sizeof have);
    return want == have ? level : -1;
}

/* The n samples as pixels, *out (n, rows, c, h, w); NULL where they are not. */
static int find_levels(const struct cnn_input *input, const float *x, size_t n, unsigned char **out)
{
    float table[MOST_CHANNELS * LEVELS];
    size_t plane = input->shape.h * input->shape.w;
    size_t planes = n * cnn_input_count(input) / plane;
    *out = NULL;
    if (!is_of_images(input))
        return 0;
    unsigned char *level = cnn_calloc(planes * plane, 1);
    int rc = level ? level_table(input, table) : CNN_ESYSTEM, found = 0;
    for (size_t i = 0; !rc && found >= 0 && i < planes * plane; i++) {
        found = level_of(table + i / plane % input->shape.c * LEVELS, x[i]);
        level[i] = (unsigned char)found;
    }
    if (!rc && found >= 0)
        *out = level;
    else
        free(level);
    return rc;
}

/* The net's outputs: one, or several of which that is the first. */
static size_t outputs_of(const struct cnn_graph *g)
{
    return g->outputs > 1 ? (size_t)g->outputs : 1;
}

static const struct cnn_layer *output_layer(const struct cnn_graph *g, size_t k)
{
    return &g->node[k ? g->each_output[k] : g->output].layer;
}

/* Samples from i on, at most n: pointers into all of them, in arrays of (inputs). */
struct portion {
    const float **x;
    const int32_t **rows;
};

static struct cnn_batch_view samples_from(const struct cnn_graph *g,
                                          const struct cnn_batch_view *all, size_t i, size_t n,
                                          struct portion *p)
{
    for (int k = 0; k < g->inputs; k++) {
        const float *x = k ? all->others[k - 1] : all->x;
        const int32_t *rows = k ? (all->other_rows ? all->other_rows[k - 1] : NULL) : all->rows;
        p->x[k] = x + i * cnn_input_count(&g->input[k]);
        p->rows[k] = rows ? rows + i : NULL;
    }
    return (struct cnn_batch_view){.n = all->n - i < n ? all->n - i : n,
                                   .x = p->x[0],
                                   .others = p->x + 1,
                                   .rows = p->rows[0],
                                   .other_rows = p->rows + 1};
}

/* Output k of the batch that ran, y (n, rows, c, h, w): zeros in rows that are not real. */
static int take_output(struct cnn_net *net, size_t k, size_t n, int32_t *rows, float *y)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    const struct cnn_layer *l = output_layer(g, k);
    int node = k ? g->each_output[k] : g->output;
    size_t all = cnn_layer_elements(l), each = all / l->rows;
    int rc = cnn_net_value(net, node, y);
    if (!rc)
        rc = cnn_net_rows(net, node, rows);
    for (size_t i = 0; !rc && i < n; i++)
        memset(y + i * all + (size_t)rows[i] * each, 0, (all - (size_t)rows[i] * each) * sizeof *y);
    return rc;
}

/* The net's outputs for the samples, in batches that it can hold: y[k] is the k-th. */
static int run_portions(struct cnn_net *net, const struct cnn_batch_view *all, struct portion *p,
                        int32_t *rows, float *const *y)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    size_t batch = cnn_net_plan(net)->batch;
    int rc = 0;
    for (size_t i = 0; !rc && i < all->n; i += batch) {
        struct cnn_batch_view b = samples_from(g, all, i, batch, p);
        rc = cnn_net_forward(net, &b, 0, 0, 0);
        for (size_t k = 0; !rc && k < outputs_of(g); k++)
            rc = take_output(net, k, b.n, rows, y[k] + i * cnn_layer_elements(output_layer(g, k)));
    }
    return rc;
}

static int run_samples(struct cnn_net *net, const struct cnn_batch_view *all, float *const *y)
{
    size_t inputs = (size_t)cnn_net_graph(net)->inputs;
    struct portion p = {cnn_calloc(inputs, sizeof *p.x), cnn_calloc(inputs, sizeof *p.rows)};
    int32_t *rows = cnn_calloc(cnn_net_plan(net)->batch, sizeof *rows);
    int rc = p.x && p.rows && rows ? run_portions(net, all, &p, rows, y) : CNN_ESYSTEM;
    free(p.x);
    free(p.rows);
    free(rows);
    return rc;
}

/* Making */

static int name_it(struct cnn_selftest_values *v, const char *name, size_t of)
{
    if (of > 1)
        v->name = cnn_strdup(name);
    return of > 1 && !v->name ? CNN_ESYSTEM : 0;
}

/* The samples' k-th input: pixels where it is. Its numbers come later, when it is known how many. */
static int look_at_input(const struct cnn_graph *g, const struct cnn_batch_view *from, int k,
                         struct cnn_selftest *out, size_t *bytes)
{
    const struct cnn_input *input = &g->input[k];
    struct cnn_selftest_values *v = &out->input[k];
    const float *x = k ? from->others[k - 1] : from->x;
    int rc = name_it(v, g->node[k].layer.name, out->inputs);
    if (!rc)
        rc = find_levels(input, x, from->n, &v->level);
    *bytes += cnn_input_count(input) * (v->level ? 1 : sizeof *x);
    return rc;
}

static int keep_input(const struct cnn_graph *g, const struct cnn_batch_view *from, int k, size_t n,
                      struct cnn_selftest_values *v)
{
    const struct cnn_input *input = &g->input[k];
    size_t count = n * cnn_input_count(input), rows = cnn_input_rows(input);
    const float *x = k ? from->others[k - 1] : from->x;
    const int32_t *given = k ? (from->other_rows ? from->other_rows[k - 1] : NULL) : from->rows;
    v->shape = batch_shape(n, rows, input->shape);
    if (!v->level && !(v->x = cnn_calloc(count, sizeof *x)))
        return CNN_ESYSTEM;
    if (v->x)
        memcpy(v->x, x, count * sizeof *x);
    if (rows == 1 || !given)
        return 0;
    if (!(v->rows = cnn_calloc(n, sizeof *v->rows)))
        return CNN_ESYSTEM;
    memcpy(v->rows, given, n * sizeof *given);
    return 0;
}

static int keep_outputs(struct cnn_net *net, const struct cnn_batch_view *samples,
                        struct cnn_selftest *out)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    float **y = cnn_calloc(out->outputs, sizeof *y);
    int rc = y ? 0 : CNN_ESYSTEM;
    for (size_t k = 0; !rc && k < out->outputs; k++) {
        const struct cnn_layer *l = output_layer(g, k);
        struct cnn_selftest_values *v = &out->output[k];
        v->shape = batch_shape(samples->n, l->rows, l->out);
        v->x = y[k] = cnn_calloc(samples->n * cnn_layer_elements(l), sizeof **y);
        rc = v->x ? name_it(v, l->name, out->outputs) : CNN_ESYSTEM;
    }
    if (!rc)
        rc = run_samples(net, samples, y);
    free(y);
    return rc;
}

int cnn_selftest_make(struct cnn_net *net, const struct cnn_batch_view *samples,
                      struct cnn_selftest *out)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    struct cnn_batch_view some = *samples;
    size_t bytes = 0;
    *out = (struct cnn_selftest){0};
    int rc = samples->n ? cnn_selftest_reserve(out, (size_t)g->inputs, outputs_of(g)) : 0;
    for (size_t k = 0; k < outputs_of(g); k++)
        bytes += cnn_layer_elements(output_layer(g, k)) * sizeof(float);
    for (int k = 0; !rc && samples->n && k < g->inputs; k++)
        rc = look_at_input(g, samples, k, out, &bytes);
    size_t most = CNN_SELFTEST_MAX / 4 * 3 / bytes;
    some.n = samples->n < most ? samples->n : most;
    for (int k = 0; !rc && some.n && k < g->inputs; k++)
        rc = keep_input(g, samples, k, some.n, &out->input[k]);
    if (!rc && some.n)
        rc = keep_outputs(net, &some, out);
    if (rc || !some.n)
        cnn_selftest_free(out);
    else
        out->samples = some.n;
    return rc;
}

/* Running */

static int misshapen(void)
{
    return cnn_fail(CNN_EDATA, "the self-test does not have the net's shapes");
}

int cnn_selftest_input(const struct cnn_selftest *s, size_t k, const struct cnn_input *input,
                       float *x)
{
    const struct cnn_selftest_values *v = &s->input[k];
    size_t count = cnn_shape_count(&v->shape), plane = input->shape.h * input->shape.w;
    float table[MOST_CHANNELS * LEVELS];
    if (count % s->samples || count / s->samples != cnn_input_count(input) ||
        (v->level && !is_of_images(input)))
        return misshapen();
    if (!v->level) {
        memcpy(x, v->x, count * sizeof *x);
        return 0;
    }
    int rc = level_table(input, table);
    for (size_t i = 0; !rc && i < count; i++)
        x[i] = table[i / plane % input->shape.c * LEVELS + v->level[i]];
    return rc;
}

/* max |y - want| / max |want|; NaN travels. */
static double difference(const float *y, const float *want, size_t n)
{
    double worst = 0, scale = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)y[i] - (double)want[i]), s = fabs((double)want[i]);
        worst = isnan(worst) || d <= worst ? worst : d;
        scale = s > scale ? s : scale;
    }
    return scale > 0 ? worst / scale : worst;
}

/* Numbers of the inputs, and room for those of the outputs. */
struct run {
    float **x, **y;
    const int32_t **rows;
};

static int prepare_run(const struct cnn_selftest *s, const struct cnn_graph *g, struct run *r)
{
    r->x = cnn_calloc(s->inputs, sizeof *r->x);
    r->y = cnn_calloc(s->outputs, sizeof *r->y);
    r->rows = cnn_calloc(s->inputs, sizeof *r->rows);
    int rc = r->x && r->y && r->rows ? 0 : CNN_ESYSTEM;
    for (size_t k = 0; !rc && k < s->outputs; k++) {
        size_t count = cnn_shape_count(&s->output[k].shape);
        if (count % s->samples || count / s->samples != cnn_layer_elements(output_layer(g, k)))
            return misshapen();
        if (!(r->y[k] = cnn_calloc(count, sizeof **r->y)))
            return CNN_ESYSTEM;
    }
    for (size_t k = 0; !rc && k < s->inputs; k++) {
        r->rows[k] = s->input[k].rows;
        r->x[k] = cnn_calloc(cnn_shape_count(&s->input[k].shape), sizeof **r->x);
        rc = r->x[k] ? cnn_selftest_input(s, k, &g->input[k], r->x[k]) : CNN_ESYSTEM;
    }
    return rc;
}

int cnn_selftest_run(const struct cnn_selftest *s, struct cnn_net *net, double *error)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    struct run r = {0};
    if (s->inputs != (size_t)g->inputs || s->outputs != outputs_of(g))
        return misshapen();
    int rc = prepare_run(s, g, &r);
    if (!rc) {
        const struct cnn_batch_view all = {.n = s->samples,
                                           .x = r.x[0],
                                           .others = (const float *const *)r.x + 1,
                                           .rows = r.rows[0],
                                           .other_rows = r.rows + 1};
        rc = run_samples(net, &all, r.y);
    }
    *error = 0;
    for (size_t k = 0; !rc && k < s->outputs; k++) {
        double d = difference(r.y[k], s->output[k].x, cnn_shape_count(&s->output[k].shape));
        *error = isnan(*error) || d <= *error ? *error : d;
    }
    for (size_t k = 0; r.x && k < s->inputs; k++)
        free(r.x[k]);
    for (size_t k = 0; r.y && k < s->outputs; k++)
        free(r.y[k]);
    free(r.x);
    free(r.y);
    free(r.rows);
    return rc;
}
