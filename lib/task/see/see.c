/* A run over the input's images; see see.h. */
#include "task/see/see.h"

#include <math.h>
#include <stdlib.h>

#include "task/apart.h"
#include "task/records.h"
#include "task/see/private.h"

#define ROW(name, word, stem) [name] = &cnn_see_##stem,
static const struct see_saliency *const techniques[] = {CNN_SEE_TECHNIQUES(ROW)};
#undef ROW

/* One input, without rows, and one answer: what an image and a class are. */
static int check_net(const struct see *s)
{
    const struct cnn_graph *g = s->graph;
    if (g->inputs > 1)
        return cnn_fail(CNN_EDATA, "%s: the net has %d inputs, and not one that is the image",
                        s->o->model, g->inputs);
    if (g->outputs > 1)
        return cnn_fail(CNN_EDATA, "%s: the net has %d answers, and not one whose class is seen",
                        s->o->model, g->outputs);
    if (g->input->rows > 1 || g->node[g->logits].layer.rows > 1)
        return cnn_fail(CNN_EDATA, "%s: the net's %s has rows, and is not an image's", s->o->model,
                        g->input->rows > 1 ? "input" : "answer");
    if (!s->output.numbers && s->in.c != 1 && s->in.c != 3)
        return cnn_fail(
            CNN_EDATA, "%s: inputs of %zu channels are not seen in a picture: .npy has the numbers",
            s->o->model, s->in.c);
    return 0;
}

static int check_apart(const struct see *s, const struct cnn_inputs *in)
{
    const struct cnn_path_use out[] = {{"the picture", s->o->output}, {NULL, NULL}};
    const struct cnn_apart_run run = {s->o->model, NULL, s->o->input, s->o->inputs, in};
    return cnn_apart_run(out, &run);
}

static int open_net(struct see *s)
{
    const struct cnn_runner_net which = {.size = s->o->size};
    int rc = cnn_runner_open(&s->runner, s->o->model, &which);
    if (rc)
        return rc;
    s->graph = s->runner.graph;
    s->in = s->graph->node[0].layer.out;
    s->out = s->graph->node[s->graph->logits].layer.out;
    s->pixels = cnn_chw_count(s->in);
    s->scores = cnn_chw_count(s->out);
    rc = check_net(s);
    if (!rc)
        rc = cnn_see_target_open(s);
    if (!rc && s->method->needs & SEE_LAYER)
        rc = cnn_see_layer(s);
    return rc || !s->method->check ? rc : s->method->check(s);
}

static int open_inputs(struct see *s)
{
    const struct cnn_dataset_options d = {.stream = CNN_STREAM_ONCE,
                                          .unlabelled = 1,
                                          .stop = s->cb->stop,
                                          .note = s->cb->note,
                                          .context = s->cb->context};
    int rc = cnn_inputs_open(&s->inputs, s->o->input, s->o->inputs, &d);
    return rc ? rc : check_apart(s, &s->inputs);
}

static void add_line(struct see *s, const char *key)
{
    const struct see_target *t = &s->target;
    char number[32];
    cnn_tsv_field(key, s->lines);
    cnn_buf_printf(s->lines, "\t%d\t", t->class);
    cnn_tsv_field(t->name, s->lines);
    cnn_format_real(t->probability, 1, number);
    cnn_buf_printf(s->lines, "\t%s", isfinite(t->probability) ? number : "-");
    cnn_format_real(t->score, 1, number);
    cnn_buf_printf(s->lines, "\t%s\n", number);
}

static int take_image(void *context, size_t input, const struct cnn_batch *b)
{
    struct see *s = context;
    (void)input;
    s->stream = cnn_hash_string(b->key[0], 0);
    int rc = cnn_see_forward(s, b->x, 1);
    if (!rc)
        rc = cnn_net_value(s->runner.net, s->graph->output, s->answer);
    if (rc)
        return rc;
    cnn_see_target_choose(s);
    rc = s->method->run(s, b->x, s->map);
    if (!rc)
        rc = cnn_see_output_put(s, b->x, b->key[0]);
    if (!rc)
        add_line(s, b->key[0]);
    return rc;
}

static int run(struct see *s)
{
    const struct cnn_loader_options lo = {.input = &s->runner.input,
                                          .batch = 1,
                                          .threads = (int)s->o->compute.threads,
                                          .on_bad = CNN_BAD_FAIL};
    int rc = cnn_inputs_visit(&s->inputs, &lo, s->cb, take_image, s);
    return rc ? rc : cnn_see_output_close(s);
}

static void see_free(struct see *s)
{
    float *const all[] = {s->x,     s->dx,    s->score, s->dy,    s->answer,
                          s->value, s->slope, s->map,   s->sorted};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    cnn_image_free(&s->small);
    cnn_image_free(&s->large);
    cnn_see_output_free(s);
    cnn_inputs_close(&s->inputs);
    cnn_runner_close(&s->runner);
}

int cnn_see(const struct cnn_see_options *options, const struct cnn_callbacks *callbacks,
            struct cnn_buf *out)
{
    struct see s = {
        .o = options, .cb = callbacks, .method = techniques[options->saliency], .lines = out};
    int rc = check_apart(&s, NULL);
    if (!rc)
        rc = cnn_see_output_open(&s);
    if (!rc)
        rc = open_net(&s);
    if (!rc)
        rc = open_inputs(&s);
    if (!rc)
        rc = cnn_see_net_open(&s);
    if (!rc)
        rc = run(&s);
    see_free(&s);
    return rc;
}
