/* Making and running a self-test; see selftest.h. */
#include "model/selftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/image/preprocess.h"
#include "net/net.h"

enum { LEVELS = 256, MOST_CHANNELS = 3 };

static struct cnn_shape batch_shape(size_t n, struct cnn_chw s)
{
    if (s.h == 1 && s.w == 1)
        return (struct cnn_shape){2, {n, s.c}};
    return (struct cnn_shape){4, {n, s.c, s.h, s.w}};
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

/* The n samples as pixels, *out (n, c, h, w); NULL where they are not. */
static int find_levels(const struct cnn_input *input, const float *x, size_t n, unsigned char **out)
{
    float table[MOST_CHANNELS * LEVELS];
    size_t plane = input->shape.h * input->shape.w, planes = n * input->shape.c;
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

/* The net's output for n samples, in batches that it can hold. */
static int run_samples(struct cnn_net *net, const float *x, size_t n, float *out)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    size_t batch = cnn_net_plan(net)->batch, in = cnn_chw_count(g->input->shape);
    size_t outputs = cnn_chw_count(g->node[g->output].layer.out);
    int rc = 0;
    for (size_t i = 0; !rc && i < n; i += batch) {
        struct cnn_batch_view b = {.n = n - i < batch ? n - i : batch, .x = x + i * in};
        rc = cnn_net_forward(net, &b, 0, 0, 0);
        if (!rc)
            rc = cnn_net_value(net, g->output, out + i * outputs);
    }
    return rc;
}

int cnn_selftest_make(struct cnn_net *net, const float *x, size_t n, struct cnn_selftest *out)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    size_t in = cnn_chw_count(g->input->shape);
    size_t outputs = cnn_chw_count(g->node[g->output].layer.out);
    *out = (struct cnn_selftest){0};
    int rc = n ? find_levels(g->input, x, n, &out->level) : 0;
    size_t bytes = in * (out->level ? 1 : sizeof *x) + outputs * sizeof *x;
    size_t most = CNN_SELFTEST_MAX / 4 * 3 / bytes;
    n = n < most ? n : most;
    out->in = batch_shape(n, g->input->shape);
    out->out = batch_shape(n, g->node[g->output].layer.out);
    if (!rc && n && !out->level && !(out->x = cnn_calloc(n * in, sizeof *x)))
        rc = CNN_ESYSTEM;
    if (!rc && n && !(out->y = cnn_calloc(n * outputs, sizeof *x)))
        rc = CNN_ESYSTEM;
    if (!rc && out->x)
        memcpy(out->x, x, n * in * sizeof *x);
    if (!rc && n)
        rc = run_samples(net, x, n, out->y);
    if (rc || !n)
        cnn_selftest_free(out);
    else
        out->samples = n;
    return rc;
}

int cnn_selftest_inputs(const struct cnn_selftest *s, const struct cnn_input *input, float *x)
{
    size_t count = cnn_shape_count(&s->in), plane = input->shape.h * input->shape.w;
    float table[MOST_CHANNELS * LEVELS];
    if (count % s->samples || count / s->samples != cnn_chw_count(input->shape) ||
        (s->level && !is_of_images(input)))
        return cnn_fail(CNN_EDATA, "the self-test does not have the net's shapes");
    if (!s->level) {
        memcpy(x, s->x, count * sizeof *x);
        return 0;
    }
    int rc = level_table(input, table);
    for (size_t i = 0; !rc && i < count; i++)
        x[i] = table[i / plane % input->shape.c * LEVELS + s->level[i]];
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

int cnn_selftest_run(const struct cnn_selftest *s, struct cnn_net *net, double *error)
{
    const struct cnn_graph *g = cnn_net_graph(net);
    size_t outputs = cnn_shape_count(&s->out);
    if (outputs % s->samples || outputs / s->samples != cnn_chw_count(g->node[g->output].layer.out))
        return cnn_fail(CNN_EDATA, "the self-test does not have the net's shapes");
    float *x = cnn_calloc(cnn_shape_count(&s->in), sizeof *x), *y = cnn_calloc(outputs, sizeof *y);
    int rc = x && y ? cnn_selftest_inputs(s, g->input, x) : CNN_ESYSTEM;
    if (!rc)
        rc = run_samples(net, x, s->samples, y);
    if (!rc)
        *error = difference(y, s->y, outputs);
    free(x);
    free(y);
    return rc;
}
