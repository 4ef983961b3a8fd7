/* A run over the input's images; see see.h. */
#include "task/see/see.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "task/apart.h"
#include "task/records.h"
#include "task/see/private.h"

#define ROW(name, word, stem) [name] = &cnn_see_##stem,
static const struct see_technique *const techniques[] = {CNN_SEE_TECHNIQUES(ROW)};
static const struct see_technique *const foolers[] = {CNN_SEE_FOOLERS(ROW)};
#undef ROW

static const struct see_technique *technique_of(const struct cnn_see_options *o)
{
    return o->saliency      ? techniques[o->saliency]
           : o->fool        ? foolers[o->fool]
           : o->maximize[0] ? &cnn_see_maximize
                            : &cnn_see_invert;
}

/* "noise" or "noise:COUNT". */
static int count_noise(struct see *s)
{
    const char *what = s->o->fool && s->o->inputs == 1 ? s->o->input[0] : "";
    int64_t n = 1;
    if (strncmp(what, "noise", 5) || (what[5] && what[5] != ':'))
        return 0;
    if (what[5] && cnn_parse_int(what + 6, 1, 1 << 20, &n))
        return cnn_fail_within("%s", what);
    s->noises = (size_t)n;
    return 0;
}

/* One input, without rows, and one answer: what an image and a class are. */
static int check_net(const struct see *s)
{
    const struct cnn_graph *g = s->graph;
    if (g->inputs > 1)
        return cnn_fail(CNN_EDATA, "%s: the net has %d inputs, and not one that is the image",
                        s->o->model, g->inputs);
    if (g->outputs > 1 && !(s->method->needs & SEE_FROM))
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

/* x NULL: there is none. */
static int take_image(struct see *s, const float *x, const char *key)
{
    int wanted = s->o->fool ? -1 : s->target.wanted;
    s->stream = cnn_hash_string(key, 0);
    int rc = x ? cnn_see_answer(s, x, wanted) : 0;
    if (!rc)
        rc = s->method->run(s, x, s->map);
    if (!rc)
        rc = cnn_see_output_put(s, x, key);
    if (rc)
        return rc;
    if (s->method->line)
        s->method->line(s, s->lines);
    else
        add_line(s, key);
    return s->lines->failed ? CNN_ESYSTEM : 0;
}

static int take_batch(void *context, size_t input, const struct cnn_batch *b)
{
    (void)input;
    return take_image(context, b->x, b->key[0]);
}

static int take_noise(struct see *s)
{
    enum { DEVIATION = 40 }; /* levels of 255 */
    char key[40];
    int rc = 0;
    for (size_t i = 0; !rc && i < s->noises; i++) {
        snprintf(key, sizeof key, "noise/%06zu", i);
        cnn_see_noise(s, cnn_hash_string(key, 0), DEVIATION, s->noise);
        rc = take_image(s, s->noise, key);
        if (!rc && s->cb->stop && *s->cb->stop)
            rc = cnn_fail(CNN_EINTERRUPTED, "interrupted");
    }
    return rc;
}

static int run(struct see *s)
{
    const struct cnn_loader_options lo = {.input = &s->runner.input,
                                          .batch = 1,
                                          .threads = (int)s->o->compute.threads,
                                          .on_bad = CNN_BAD_FAIL};
    int rc;
    if (s->method->needs & SEE_SEEDS)
        rc = take_image(s, NULL, "noise");
    else if (s->noises)
        rc = take_noise(s);
    else
        rc = cnn_inputs_visit(&s->inputs, &lo, s->cb, take_batch, s);
    return rc ? rc : cnn_see_output_close(s);
}

static void see_free(struct see *s)
{
    float *const all[] = {s->x,     s->dx,  s->score,  s->dy,    s->answer,    s->value,
                          s->slope, s->map, s->sorted, s->noise, s->moment[0], s->moment[1]};
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
    struct see s = {.o = options, .cb = callbacks, .method = technique_of(options), .lines = out};
    int rc = count_noise(&s);
    if (!rc)
        rc = check_apart(&s, NULL);
    if (!rc)
        rc = cnn_see_output_open(&s);
    if (!rc)
        rc = open_net(&s);
    if (!rc && options->inputs && !s.noises)
        rc = open_inputs(&s);
    if (!rc)
        rc = cnn_see_net_open(&s);
    if (!rc)
        rc = run(&s);
    see_free(&s);
    return rc;
}
