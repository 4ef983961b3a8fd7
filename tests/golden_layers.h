/* Layers and optimizers against PyTorch (tests/layers.txt and golden/updates.txt, made by
 * scripts/make-golden-layers): norms and projections of outputs, gradients and statistics. */
#include "layer_rig.h"

#include "optim/optimizer.h"

#include <zlib.h>

enum { PROBES = 3 };

/* The i-th number in [-1, 1) of the tensor of that name. */
static double draw(const char *name, size_t i)
{
    uint32_t start = (uint32_t)crc32(0, (const unsigned char *)name, (unsigned)strlen(name));
    uint32_t x = (uint32_t)i * 2654435761u + start;
    x ^= x >> 16;
    x *= 0x45D9F3Bu;
    x ^= x >> 16;
    return (double)x / 2147483648.0 - 1.0;
}

struct golden {
    const char *at; /* the next line */
    double tolerance;
    char line[512];
};

static int golden_next(struct golden *g)
{
    snprintf(g->line, sizeof g->line, "%.*s", (int)strcspn(g->at, "\n"), g->at);
    g->at = line_after(g->at);
    return g->line[0] != '\0';
}

/* The next line must be of that name and agree with x. A projection of errors of relative size e is
 * at most about e times the norm times the root of the count. */
static void golden_expect(struct golden *g, const char *within, const char *name, const real *x,
                          size_t count)
{
    double want[1 + PROBES], got[1 + PROBES] = {0};
    char word[64] = "", probe[16];
    size_t counted = 0;
    if (!golden_next(g) ||
        sscanf(g->line, "%63s %zu %lf %lf %lf %lf", word, &counted, &want[0], &want[1], &want[2],
               &want[3]) != 6 ||
        strcmp(word, name))
        fail_msg("%s: %s: there is no result of it but '%s': run scripts/make-golden-layers tests",
                 within, name, g->line);
    assert_int_equal(counted, count);
    for (size_t i = 0; i < count; i++)
        got[0] += (double)x[i] * (double)x[i];
    got[0] = sqrt(got[0]);
    for (int p = 0; p < PROBES; p++) {
        snprintf(probe, sizeof probe, "probe%d", p);
        for (size_t i = 0; i < count; i++)
            got[p + 1] += (double)x[i] * draw(probe, i);
    }
    for (int p = 0; p <= PROBES; p++)
        if (!(fabs(got[p] - want[p]) <= g->tolerance * (want[0] + 1e-3)))
            fail_msg("%s: %s: %.17g instead of %.17g", within, name, got[p], want[p]);
}

static void expect_tensor(struct golden *g, const struct rig *r, const char *name,
                          const struct cnn_tensor *t)
{
    golden_expect(g, r->text, name, t->data, cnn_tensor_count(t));
}

/* "y", "y1", "y2" for the outputs of a layer. */
static const char *number_of(int output, const char *what, char name[16])
{
    snprintf(name, 16, output ? "%s%d" : "%s", what, output);
    return name;
}

static void fill_case(struct rig *r)
{
    char name[16];
    for (int i = 0; i < r->layer.inputs; i++) {
        real *x = r->x[i].data;
        snprintf(name, sizeof name, "x%d", i);
        for (size_t k = 0; k < cnn_tensor_count(&r->x[i]); k++)
            x[k] = (real)(r->scale * draw(name, k));
    }
    for (int i = 0; i < r->layer.params; i++) {
        const char *suffix = r->layer.param[i].suffix;
        real *w = r->w[i].data;
        for (size_t k = 0; k < cnn_tensor_count(&r->w[i]); k++)
            w[k] = (real)(draw(suffix, k) + (strcmp(suffix, "running_var") ? 0 : 1.5));
    }
    for (int o = 0; o < r->layer.outputs; o++) {
        real *dy = r->dy[o].data;
        number_of(o, "dy", name);
        for (size_t k = 0; k < cnn_tensor_count(&r->dy[o]); k++)
            dy[k] = (real)draw(name, k);
    }
}

static void expect_outputs(struct golden *g, const struct rig *r, const char *what)
{
    char name[16];
    for (int o = 0; o < r->layer.outputs; o++)
        expect_tensor(g, r, number_of(o, what, name), &r->y[o]);
}

static void check_results(struct golden *g, struct cnn_backend *b, const struct rig_case *c)
{
    struct rig r;
    char name[16];
    rig_open(&r, b, c, draw);
    fill_case(&r);
    if (!(r.layer.type->flags & CNN_LAYER_LOSS)) {
        r.pass.training = r.pass.saves = 0;
        rig_forward(&r);
        expect_outputs(g, &r, "infer");
        r.pass.training = r.pass.saves = 1;
    }
    rig_forward(&r);
    expect_outputs(g, &r, "y");
    rig_backward(&r);
    for (int i = 0; i < r.layer.inputs; i++) {
        snprintf(name, sizeof name, "dx%d", i);
        expect_tensor(g, &r, name, &r.dx[i]);
    }
    for (int i = 0; i < r.layer.params; i++)
        expect_tensor(g, &r, *r.layer.param[i].suffix ? r.layer.param[i].suffix : "itself",
                      r.layer.param[i].trained ? &r.dw[i] : &r.w[i]);
    rig_check_guards(&r);
    rig_close(&r);
}

static void check_layers(double tolerance)
{
    struct cnn_backend *b;
    struct rig_cases cases = read_layer_cases();
    assert_true(cases.count >= 180);
    assert_int_equal(cnn_backend_open("cpu", 2, &b), 0);
    for (size_t i = 0; i < cases.count; i++) {
        struct golden g = {.at = cases.at[i].results, .tolerance = tolerance};
        check_results(&g, b, &cases.at[i]);
        if (golden_next(&g) && strncmp(g.line, "case ", 5) && strncmp(g.line, "torch ", 6))
            fail_msg("%s: '%s' is more than it has", cases.at[i].text, g.line);
    }
    cnn_backend_close(b);
    free_layer_cases(&cases);
}

enum { WEIGHTS = 37, STEPS = 12 };

/* What a line "update NAME key=number ..." asks for. */
static void read_update(const char *line, char name[16], struct cnn_update *u)
{
    const struct {
        const char *key;
        double *value;
    } numbers[] = {{"rate", &u->rate},   {"momentum", &u->momentum},   {"rho", &u->rho},
                   {"beta1", &u->beta1}, {"beta2", &u->beta2},         {"eps", &u->eps},
                   {"l2", &u->l2},       {"decoupled", &u->decoupled}, {"trust", &u->trust}};
    enum { NUMBERS = sizeof numbers / sizeof *numbers };
    char key[16];
    double value;
    int length;
    *u = (struct cnn_update){.clip_scale = 1, .adapt = 1};
    assert_int_equal(sscanf(line, "update %15s%n", name, &length), 1);
    for (line += length; sscanf(line, " %15[^=]=%lf%n", key, &value, &length) == 2;
         line += length) {
        int i = 0;
        while (i < NUMBERS && strcmp(numbers[i].key, key))
            i++;
        if (i < NUMBERS)
            *numbers[i].value = value;
        else if (!strcmp(key, "nesterov"))
            u->nesterov = (int)value;
        else if (!strcmp(key, "adapt"))
            u->adapt = (int)value;
        else
            fail_msg("unknown number %s", key);
    }
}

static void run_update(const struct cnn_kernels *k, struct cnn_queue *q, const char *name,
                       const struct cnn_update *u, real *w, real *g, real *const *state)
{
    const struct cnn_optimizer_type *type = cnn_optimizer_type_find(name);
    if (!type)
        fail_msg("no optimizer %s", name);
    k->update(q, type->rule, u, WEIGHTS, w, g, state);
}

static void check_update(struct golden *golden, struct cnn_backend *b)
{
    real w[WEIGHTS], g[WEIGHTS], room[CNN_STATE_ARRAYS][WEIGHTS] = {{0}};
    real *state[CNN_STATE_ARRAYS];
    char name[16], stream[16], head[512];
    struct cnn_update u;
    snprintf(head, sizeof head, "%s", golden->line);
    read_update(head, name, &u);
    for (int k = 0; k < CNN_STATE_ARRAYS; k++)
        state[k] = room[k];
    for (size_t i = 0; i < WEIGHTS; i++)
        w[i] = (real)draw("w", i);
    for (int step = 0; step < STEPS; step++) {
        snprintf(stream, sizeof stream, "g%d", step);
        for (size_t i = 0; i < WEIGHTS; i++)
            g[i] = (real)draw(stream, i);
        u.step = (uint64_t)step + 1;
        run_update(b->kernels, &b->queue, name, &u, w, g, state);
        golden_expect(golden, head, "w", w, WEIGHTS);
    }
}

static void check_updates(double tolerance)
{
    char *file = read_test_file("golden/updates.txt");
    struct golden g = {.at = file, .tolerance = tolerance};
    struct cnn_backend *b;
    int updates = 0;
    assert_int_equal(cnn_backend_open("cpu", 2, &b), 0);
    for (; golden_next(&g); updates++)
        check_update(&g, b);
    assert_true(updates >= 20);
    free(file);
    cnn_backend_close(b);
}
