/* Passes of the net, forward and back; see private.h. */
#include <string.h>

#include "base/memory.h"
#include "task/see/private.h"

static int allocate(struct see *s)
{
    const struct cnn_graph *g = s->graph;
    size_t output = cnn_layer_elements(&g->node[g->output].layer), planes = 0;
    size_t results = s->method->needs & SEE_SEEDS ? s->batch : 1;
    if (s->layer)
        planes = cnn_chw_count(s->planes);
    s->x = cnn_calloc(s->batch, s->pixels * sizeof *s->x);
    s->dx = cnn_calloc(s->batch, s->pixels * sizeof *s->dx);
    s->score = cnn_calloc(s->batch, s->scores * sizeof *s->score);
    s->dy = cnn_calloc(s->batch, s->values * sizeof *s->dy);
    s->answer = cnn_calloc(s->batch, output * sizeof *s->answer);
    s->value = cnn_calloc(results, (planes + 1) * sizeof *s->value);
    s->slope = cnn_calloc(results, (planes + 1) * sizeof *s->slope);
    s->map = cnn_calloc(results, s->pixels * sizeof *s->map);
    s->sorted = cnn_calloc(s->pixels, sizeof *s->sorted);
    s->noise = cnn_calloc(s->pixels, sizeof *s->noise);
    int rc = s->x && s->dx && s->score && s->dy && s->answer && s->value && s->slope && s->map &&
                     s->sorted && s->noise
                 ? 0
                 : CNN_ESYSTEM;
    for (int i = 0; !rc && i < 2 && s->method->needs & SEE_FROM; i++)
        if (!(s->moment[i] = cnn_calloc(s->batch, s->pixels * sizeof **s->moment)))
            rc = CNN_ESYSTEM;
    return rc;
}

int cnn_see_net_open(struct see *s)
{
    const unsigned needs = s->method->needs;
    const int wanted[] = {needs & SEE_LAYER ? s->layer : 0}, keep[] = {s->layer};
    s->batch = needs & SEE_SEEDS ? (size_t)s->o->seeds : needs & SEE_MANY ? (size_t)s->o->batch : 1;
    s->from = needs & SEE_FROM ? s->layer : s->graph->logits;
    s->values = needs & SEE_FROM ? cnn_chw_count(s->planes) : s->scores;
    struct cnn_runner_config config = {.compute = &s->o->compute,
                                       .callbacks = s->cb,
                                       .batch = s->batch,
                                       .keep = keep,
                                       .keeps = s->layer != 0,
                                       .rectifier = s->method->rectifier};
    if (needs & (SEE_BACKWARD | SEE_FROM)) {
        config.from = s->from;
        config.gradient = wanted;
        config.gradients = 1;
    }
    int rc = allocate(s);
    return rc ? rc : cnn_runner_start(&s->runner, &config);
}

int cnn_see_forward(struct see *s, const float *x, size_t n)
{
    const struct cnn_batch_view view = {.n = n, .x = x};
    int rc = cnn_net_forward(s->runner.net, &view, 0, 0, 0);
    return rc ? rc : cnn_net_value(s->runner.net, s->graph->logits, s->score);
}

int cnn_see_answer(struct see *s, const float *x, int wanted)
{
    int rc = cnn_see_forward(s, x, 1);
    if (!rc)
        rc = cnn_net_value(s->runner.net, s->graph->output, s->answer);
    if (!rc)
        cnn_see_target_choose(s, wanted);
    return rc;
}

int cnn_see_back(struct see *s, float *dx)
{
    int rc = cnn_net_backward_from(s->runner.net, s->dy);
    return rc ? rc : cnn_net_gradient(s->runner.net, 0, dx);
}

static int run_back(struct see *s, const float *x, size_t n)
{
    int rc = cnn_see_forward(s, x, n);
    for (size_t i = 0; i < n; i++)
        cnn_see_target_gradient(s, s->dy + i * s->scores);
    return rc ? rc : cnn_net_backward_from(s->runner.net, s->dy);
}

int cnn_see_gradients(struct see *s, const float *x, size_t n, float *dx)
{
    int rc = run_back(s, x, n);
    return rc ? rc : cnn_net_gradient(s->runner.net, 0, dx);
}

int cnn_see_gradient_map(struct see *s, const float *x, float *map)
{
    return cnn_see_gradients(s, x, 1, map);
}

int cnn_see_planes(struct see *s, const float *x)
{
    int rc = run_back(s, x, 1);
    if (!rc)
        rc = cnn_net_value(s->runner.net, s->layer, s->value);
    return rc ? rc : cnn_net_gradient(s->runner.net, s->layer, s->slope);
}

int cnn_see_check_rectifiers(struct see *s)
{
    static const char *const words[] = {CNN_CHOICE_TEXTS(CNN_SEE_SALIENCIES)};
    for (int i = s->graph->inputs; i <= s->graph->logits; i++)
        if (cnn_net_is_rectifier(&s->graph->node[i].layer))
            return 0;
    return cnn_fail(CNN_EDATA,
                    "--saliency %s: %s: the net has no relu or relu6, whose gradients it changes",
                    words[s->o->saliency], s->o->model);
}
