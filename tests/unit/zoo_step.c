/* A step of training of every net of the zoo: the loss begins near that of a guess among equals,
 * ln(classes), all gradients are finite, no parameter is without one, and between a small step with
 * them and one against them the loss falls by as much as they say.
 *
 *     build/tests/zoo_step              all that are not too large, with small images
 *     build/tests/zoo_step NET...       these, as large as they are (scripts/check-zoo) */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "net/optimize.h"

enum { BATCH = 4, CLASSES = 10, MOST_NETS = 1000 };

#ifdef __SANITIZE_ADDRESS__
static const double MOST_PARAMETERS = 6e6, MOST_WORK = 1e8;
#else
static const double MOST_PARAMETERS = 1e8, MOST_WORK = 1.3e9;
#endif

/* How much the loss is to fall in a step, as a part of it: far above rounding, far below what bends
 * the loss. */
static const double FALL = 2e-4;

struct step {
    struct cnn_backend *backend;
    struct cnn_graph *graph;
    struct cnn_net *net;
    struct cnn_batch_view batch;
    struct cnn_target_view target;
    float *x;       /* (n, c, h, w) */
    int32_t *label; /* (n, h, w) of the logits */
};

static int whole; /* nets are as large as they are */

/* The graph with images of that side; 0: those of the text. NULL: they are too small for the net. */
static struct cnn_graph *build(const struct cnn_zoo_entry *e, int side)
{
    struct cnn_graph_config config = {.input = {1, 28, 28}, .classes = CLASSES, .with_loss = 1};
    struct cnn_graph *g = NULL;
    const char *line = strstr(e->text, "\ninput ");
    if (!side || !line)
        return cnn_graph_build(e->text, &config, &g) ? NULL : g;
    size_t head = (size_t)(line - e->text), size = strlen(e->text) + 64;
    char *text = malloc(size);
    assert_non_null(text);
    const char *rest = strchr(line + 1, '\n');
    snprintf(text, size, "%.*s\ninput %cx%dx%d%s", (int)head, e->text, line[7], side, side, rest);
    if (cnn_graph_build(text, &config, &g))
        g = NULL;
    free(text);
    return g;
}

static size_t side_of(const struct cnn_graph *g)
{
    return g->input->shape.h < g->input->shape.w ? g->input->shape.h : g->input->shape.w;
}

/* Statistics of less than four places of a sample say little of a channel: the loss bends early. */
static int too_small(const struct cnn_graph *g)
{
    for (int i = g->inputs; i < g->nodes; i++) {
        const struct cnn_layer *l = &g->node[i].layer;
        if (!strcmp(l->type->name, "bn") && l->out.h * l->out.w < 4)
            return 1;
    }
    return 0;
}

/* With small images, but not larger than its own and not so small that little is left of them. */
static struct cnn_graph *build_small(const struct cnn_zoo_entry *e)
{
    static const int sides[] = {64, 96, 128, 160};
    struct cnn_graph *own = build(e, 0);
    assert_non_null(own);
    for (size_t i = 0; !whole && i < sizeof sides / sizeof *sides; i++) {
        struct cnn_graph *g = side_of(own) > (size_t)sides[i] ? build(e, sides[i]) : NULL;
        if (g && !too_small(g)) {
            cnn_graph_free(own);
            return g;
        }
        cnn_graph_free(g);
    }
    return own;
}

static void draw_batch(struct step *s, size_t n)
{
    const struct cnn_graph *g = s->graph;
    struct cnn_chw answers = g->node[g->logits].layer.out;
    size_t count = n * cnn_chw_count(g->input->shape), labels = n * answers.h * answers.w;
    struct cnn_random r;
    cnn_random_start(&r, 1, 0);
    s->x = malloc(count * sizeof *s->x);
    s->label = malloc(labels * sizeof *s->label);
    assert_true(s->x && s->label);
    for (size_t i = 0; i < count; i++)
        s->x[i] = (float)cnn_random_normal(&r);
    for (size_t i = 0; i < labels; i++)
        s->label[i] = (int32_t)cnn_random_below(&r, answers.c);
    s->target.label = s->label;
    s->batch = (struct cnn_batch_view){.n = n, .x = s->x, .target = &s->target};
}

/* Side classifiers keep next to no weight: the loss that is told is without theirs. */
static void leave_aux_out(struct cnn_graph *g)
{
    for (int i = g->first_loss; i < g->nodes; i++)
        if (g->node[i].training_only)
            g->node[i].loss_weight = 1e-6;
}

static void open_step(struct step *s, const struct cnn_zoo_entry *e)
{
    s->graph = build_small(e);
    leave_aux_out(s->graph);
    struct cnn_chw answers = s->graph->node[s->graph->logits].layer.out;
    size_t n = answers.h * answers.w > 1 ? 1 : whole ? 2 : BATCH;
    struct cnn_net_config config = {.batch = n, .training = 1};
    assert_int_equal(cnn_backend_open("cpu", whole ? 0 : 2, &s->backend), 0);
    if (cnn_net_new(s->graph, s->backend, &config, &s->net) ||
        cnn_net_init(s->net, 1, CNN_INIT_DEFAULT))
        fail_msg("%s", cnn_error_message());
    draw_batch(s, n);
}

static void close_step(struct step *s)
{
    cnn_net_free(s->net);
    cnn_graph_free(s->graph);
    cnn_backend_close(s->backend);
    free(s->x);
    free(s->label);
}

static double forward(struct step *s)
{
    double loss, weight;
    assert_int_equal(cnn_net_forward(s->net, &s->batch, 1, 1, 0), 0);
    assert_int_equal(cnn_net_loss(s->net, &loss, &weight), 0);
    assert_true(weight > 0);
    return loss / weight;
}

/* Branches are dropped, of all samples now and then, so that nothing learns there. */
static int drops_branches(const struct cnn_graph *g)
{
    for (int i = g->inputs; i < g->nodes; i++)
        if (!strcmp(g->node[i].layer.type->name, "droppath"))
            return 1;
    return 0;
}

/* The sum of squares of all gradients. */
static double square(const struct step *s)
{
    size_t count;
    const struct cnn_net_param *param = cnn_net_params(s->net, &count);
    int may_be_none = drops_branches(s->graph);
    double all = 0;
    for (size_t i = 0; i < count; i++) {
        const real *g = param[i].gradient.data;
        double sum = 0;
        for (size_t k = 0; g && k < cnn_shape_count(&param[i].shape); k++)
            sum += (double)g[k] * (double)g[k];
        if (!isfinite(sum) || (g && !(sum > 0) && !may_be_none))
            fail_msg("the gradient of %s: the sum of squares is %g", param[i].name, sum);
        all += sum;
    }
    return all;
}

static int too_large(const struct cnn_graph *g)
{
    return !whole && ((double)cnn_graph_parameters(g) > MOST_PARAMETERS ||
                      (double)cnn_graph_multiply_adds(g) > MOST_WORK);
}

static void step(void **state)
{
    struct step s = {0};
    struct cnn_optimizer_options sgd = cnn_optimizer_defaults(cnn_optimizer_type_find("sgd"));
    sgd.momentum = 0;
    open_step(&s, *state);
    double before = forward(&s), guess = log(CLASSES);
    assert_int_equal(cnn_net_backward(s.net, 1), 0);
    double steepness = square(&s), rate = FALL * before / steepness;
    assert_int_equal(cnn_optimizer_step(&sgd, s.net, -rate, 1, 1, NULL), 0);
    double high = forward(&s);
    assert_int_equal(cnn_optimizer_step(&sgd, s.net, 2 * rate, 1, 1, NULL), 0);
    double fall = (high - forward(&s)) / (2 * FALL * before);
    print_message("loss %.4f, gradient %.3g, falls by %.3f of what it says\n", before,
                  sqrt(steepness), fall);
    close_step(&s);
    if (fabs(before / guess - 1) > 0.1)
        fail_msg("begins with a loss of %g, not ln(%d)", before, CLASSES);
    if (fabs(fall - 1) > (whole ? 0.5 : 0.1)) /* batches of one or two bend the loss early */
        fail_msg("the loss falls by %g of what the gradient says", fall);
}

/* Whether a net is among those asked for; without any: whether it is not too large. */
static int wanted(const struct cnn_zoo_entry *e, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], e->name))
            return 1;
    if (whole)
        return 0;
    struct cnn_graph *g = build_small(e);
    int large = too_large(g);
    cnn_graph_free(g);
    return !large;
}

int main(int argc, char **argv)
{
    static struct CMUnitTest test[MOST_NETS];
    size_t tests = 0;
    const struct cnn_zoo_entry *e;
    whole = argc > 1;
    for (size_t i = 0; (e = cnn_zoo_at(i)) && tests < MOST_NETS; i++)
        if (wanted(e, argc, argv))
            test[tests++] =
                (struct CMUnitTest){.name = e->name, .test_func = step, .initial_state = (void *)e};
    return _cmocka_run_group_tests("zoo_step", test, tests, NULL, NULL);
}
