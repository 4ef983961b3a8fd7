/* Samples' fields on their way to a net's inputs and targets; see feed.h. */
#include "task/feed.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The value that target k is compared with: that of its first loss. */
static int compared(const struct cnn_graph *g, int k)
{
    for (int i = g->first_loss; i < g->nodes; i++)
        if (g->node[i].target == k && !g->node[i].training_only)
            return g->node[i].in[0];
    return g->logits;
}

/* A target is what its name says, or what its losses take. */
static enum cnn_field_kind kind_of(const struct cnn_graph *g, int k)
{
    static const enum cnn_field_kind called[] = {CNN_FIELD_CLASS, CNN_FIELD_NUMBERS,
                                                 CNN_FIELD_LABELS};
    struct cnn_chw shape = g->target[k].shape;
    for (size_t i = 0; i < sizeof called / sizeof *called; i++)
        if (!strcmp(g->target[k].name, cnn_field_kind_info[called[i]].name))
            return called[i];
    for (int i = g->first_loss; i < g->nodes; i++) {
        enum cnn_loss_target takes = g->node[i].layer.type->target;
        if (g->node[i].target == k && takes != CNN_LOSS_TAKES_NUMBERS)
            return shape.h * shape.w > 1 ? CNN_FIELD_LABELS : CNN_FIELD_CLASS;
    }
    return CNN_FIELD_NUMBERS;
}

/* How many classes a target's labels are of; 0: whatever they are. A single output stands for two. */
static size_t classes_of(const struct cnn_graph *g, int k)
{
    size_t classes = g->target[k].shape.c;
    for (int i = g->first_loss; i < g->nodes; i++) {
        const struct cnn_layer_type *loss = g->node[i].layer.type;
        if (g->node[i].target != k)
            continue;
        if (loss->target == CNN_LOSS_TAKES_LABELS)
            return 0;
        if (loss->binary && classes == 1)
            classes = 2;
    }
    return classes;
}

/* Targets have as many rows as what they are compared with, which inputs or layers say; of what a
 * layer counts they have some. */
static int like_of(const struct cnn_feed *f, int counter)
{
    int inputs = f->graph->inputs;
    size_t first = (size_t)f->targets;
    if (counter < 0)
        return CNN_LIKE_ALL;
    if (counter >= inputs)
        return CNN_LIKE_NONE;
    return counter ? (int)(CNN_LIKE_WISH + first + (size_t)counter - 1) : CNN_LIKE_INPUT;
}

/* Whether a loss takes a class of which its outputs are no scores, so that there are no shares of it. */
static int takes_labels(const struct cnn_graph *g, int k)
{
    for (int i = g->first_loss; i < g->nodes; i++)
        if (g->node[i].target == k && g->node[i].layer.type->target == CNN_LOSS_TAKES_LABELS)
            return 1;
    return 0;
}

/* The class that a single number for target k stands for. */
static int32_t single_of(const struct cnn_graph *g, int k)
{
    for (int i = g->first_loss; i < g->nodes; i++)
        if (g->node[i].target == k)
            return g->node[i].layer.type->binary;
    return 0;
}

static struct cnn_wish target_wish(const struct cnn_feed *f, int k,
                                   const struct cnn_feed_config *config)
{
    const struct cnn_graph *g = f->graph;
    const struct cnn_graph_target *t = &g->target[k];
    struct cnn_wish w = {.name = t->name,
                         .shape = t->shape,
                         .rows = t->rows,
                         .like = like_of(f, t->counter),
                         .required = config->required,
                         .shares =
                             t->shape.h * t->shape.w > 1 || takes_labels(g, k) ? 0 : t->shape.c,
                         .single = single_of(g, k)};
    if (!k && (!*t->name || !strcmp(t->name, cnn_field_kind_info[config->main].name))) {
        w.name = "";
        w.kind = config->main;
        return w;
    }
    w.kind = kind_of(g, k);
    if (w.kind == CNN_FIELD_CLASS || w.kind == CNN_FIELD_LABELS)
        w.classes = classes_of(g, k);
    if (w.kind == CNN_FIELD_LABELS) {
        w.shape.c = 1;
        w.ignores = t->ignore >= 0;
        w.ignored = t->ignore;
    }
    return w;
}

static struct cnn_wish input_wish(const struct cnn_graph *g, int k)
{
    return (struct cnn_wish){.name = g->node[k].layer.name,
                             .kind = CNN_FIELD_IMAGE,
                             .shape = g->input[k].shape,
                             .input = &g->input[k],
                             .required = 1};
}

/* A class without a name is one for the whole sample. */
static int check_rows(const struct cnn_feed *f)
{
    const struct cnn_wish *w = f->wish;
    return f->targets && w->kind == CNN_FIELD_CLASS && !*w->name && w->rows > 1
               ? cnn_fail(CNN_EDATA,
                          "the net gives %zu rows for each sample, which has one class: rowpool "
                          "makes one of them, or a loss with target=NAME has a class for each",
                          w->rows)
               : 0;
}

int cnn_feed_open(struct cnn_feed *f, const struct cnn_graph *g,
                  const struct cnn_feed_config *config)
{
    size_t others = (size_t)g->inputs - 1, targets = config->targets ? (size_t)g->targets : 0;
    *f = (struct cnn_feed){.graph = g, .targets = (int)targets};
    f->wish = cnn_calloc(targets + 1 + others, sizeof *f->wish);
    f->node = cnn_calloc(targets + 1, sizeof *f->node);
    f->target = cnn_calloc(targets + 1, sizeof *f->target);
    f->others = cnn_calloc(others + 1, sizeof *f->others);
    f->other_rows = cnn_calloc(others + 1, sizeof *f->other_rows);
    if (!f->wish || !f->node || !f->target || !f->others || !f->other_rows)
        return CNN_ESYSTEM;
    for (; f->wishes < targets; f->wishes++) {
        f->wish[f->wishes] = target_wish(f, (int)f->wishes, config);
        f->node[f->wishes] = compared(g, (int)f->wishes);
    }
    if (config->class)
        f->wish[f->wishes++] = (struct cnn_wish){.name = "", .kind = CNN_FIELD_CLASS};
    for (int i = 1; i < g->inputs; i++)
        f->wish[f->wishes++] = input_wish(g, i);
    return check_rows(f);
}

/* What target k of the wish has for answers of that shape to inputs of that one. */
static int has_for(const struct cnn_wish *w, struct cnn_chw answers, struct cnn_chw input)
{
    if (w->kind == CNN_FIELD_LABELS)
        return answers.h == input.h && answers.w == input.w;
    if (w->kind == CNN_FIELD_INPUT)
        return cnn_chw_count(answers) == cnn_chw_count(input);
    return answers.h == w->shape.h && answers.w == w->shape.w;
}

int cnn_feed_move(struct cnn_feed *f, const struct cnn_graph *g)
{
    struct cnn_chw in = g->input->shape;
    f->graph = g;
    for (int k = 0; k < f->targets; k++) {
        struct cnn_chw y = g->target[k].shape;
        if (!has_for(&f->wish[k], y, in))
            return cnn_fail(
                CNN_EDATA,
                "answers to images of %zux%zu are of %zux%zu, with which no %s of theirs "
                "can be compared",
                in.h, in.w, y.h, y.w, cnn_field_kind_info[f->wish[k].kind].word);
    }
    return 0;
}

void cnn_feed_close(struct cnn_feed *f)
{
    free(f->wish);
    free(f->node);
    free(f->target);
    free(f->others);
    free(f->other_rows);
    *f = (struct cnn_feed){0};
}

/* Of several inputs the first has a field of its name, too, unless it is called as the only one. */
static const char *input_name(const struct cnn_graph *g)
{
    const char *name = g->node[0].layer.name;
    return g->inputs > 1 && strcmp(name, "input") ? name : NULL;
}

void cnn_feed_ask(const struct cnn_feed *f, struct cnn_loader_options *o)
{
    o->input = f->graph->input;
    o->input_name = input_name(f->graph);
    o->wishes = f->wishes;
    o->wish = f->wish;
}

struct cnn_batch_view cnn_feed_view(struct cnn_feed *f, const struct cnn_batch *b,
                                    const float *weight)
{
    size_t others = (size_t)f->graph->inputs - 1, first = f->wishes - others;
    for (int k = 0; k < f->targets; k++)
        f->target[k] =
            (struct cnn_target_view){b->field[k].label, b->field[k].numbers, b->field[k].rows};
    for (size_t k = 0; k < others; k++) {
        f->others[k] = b->field[first + k].numbers;
        f->other_rows[k] = b->field[first + k].rows;
    }
    return (struct cnn_batch_view){.n = b->n,
                                   .x = b->x,
                                   .from_cut = f->from_cut,
                                   .others = f->others,
                                   .rows = b->rows,
                                   .other_rows = f->other_rows,
                                   .images = b->images,
                                   .target = f->targets ? f->target : NULL,
                                   .weight = weight};
}

size_t cnn_feed_rows(const struct cnn_feed *f, const struct cnn_batch *b, int k, size_t i)
{
    const struct cnn_batch_field *field = &b->field[k];
    return field->rows ? (size_t)field->rows[i] : f->graph->target[k].rows;
}

int cnn_feed_has(const struct cnn_feed *f, const struct cnn_batch *b, int k, size_t i)
{
    const struct cnn_batch_field *field = &b->field[k];
    struct cnn_chw s = f->graph->target[k].shape;
    size_t labels =
        f->graph->target[k].rows * (f->wish[k].kind == CNN_FIELD_LABELS ? s.h * s.w : 1);
    if (!field->label && field->numbers)
        return cnn_feed_rows(f, b, k, i) > 0;
    for (size_t p = 0; field->label && p < labels; p++)
        if (field->label[i * labels + p] >= 0)
            return 1;
    return 0;
}

double cnn_feed_share(const struct cnn_feed *f, const struct cnn_batch *b, int k, size_t i,
                      size_t class)
{
    const struct cnn_wish *w = &f->wish[k];
    const struct cnn_batch_field *field = &b->field[k];
    if (!field->numbers)
        return field->label[i] == (int32_t) class;
    if (w->shares > 1)
        return (double)field->numbers[i * w->shares + class];
    return class == (size_t)w->single ? (double)field->numbers[i] : 1 - (double)field->numbers[i];
}

int cnn_feed_is_class(const struct cnn_feed *f)
{
    return f->targets && f->wish->kind == CNN_FIELD_CLASS &&
           !strcmp(cnn_feed_name(f, 0), cnn_field_kind_info[CNN_FIELD_CLASS].name);
}

const char *cnn_feed_name(const struct cnn_feed *f, int k)
{
    const struct cnn_wish *w = &f->wish[k];
    return *w->name                     ? w->name
           : w->kind == CNN_FIELD_INPUT ? "input"
                                        : cnn_field_kind_info[w->kind].name;
}

/* Checking */

static int has_it(const struct cnn_wish *w, const struct cnn_field *have)
{
    int numbers = have && have->kind == CNN_FIELD_NUMBERS;
    int points = have && have->kind == CNN_FIELD_POINTS && w->kind == CNN_FIELD_NUMBERS;
    return have && (have->kind == w->kind || points ||
                    (numbers && (w->kind != CNN_FIELD_LABELS || w->rows > 1)));
}

static int fail_without(const struct cnn_wish *w, const struct cnn_dataset *ds, size_t i,
                        const struct cnn_sample *s)
{
    struct cnn_buf have = {0};
    for (size_t k = 0; k < s->fields; k++)
        cnn_buf_printf(&have, "%s%s (%s)", k ? ", " : "", s->field[k].name,
                       cnn_field_kind_info[s->field[k].kind].word);
    int rc = have.failed
                 ? CNN_ESYSTEM
                 : cnn_fail(CNN_EDATA, "%s: no field '%s' (%s), which the net takes: %s has %s%s",
                            cnn_dataset_path(ds), w->name, cnn_field_kind_info[w->kind].word,
                            cnn_dataset_record(ds, i)->source, have.size ? "" : "none",
                            have.size ? have.text : "");
    cnn_buf_free(&have);
    return rc;
}

int cnn_feed_check(const struct cnn_feed *f, const struct cnn_dataset *ds)
{
    enum { LOOKS = 16 };
    struct cnn_sample s = {.input = input_name(f->graph)};
    size_t n = cnn_dataset_count(ds), named = 0, i = 0;
    int rc = 0;
    for (size_t k = 0; k < f->wishes; k++)
        named += f->wish[k].required && *f->wish[k].name;
    if (!named || n == SIZE_MAX)
        return 0;
    n = n < LOOKS ? n : LOOKS;
    while (i < n && (rc = cnn_dataset_load(ds, i, &s)) == CNN_EDATA)
        i++;
    for (size_t k = 0; !rc && i < n && k < f->wishes; k++) {
        const struct cnn_wish *w = &f->wish[k];
        if (w->required && *w->name && !has_it(w, cnn_sample_field(&s, w->name)))
            rc = fail_without(w, ds, i, &s);
    }
    cnn_sample_free(&s);
    return rc == CNN_EDATA && i == n ? 0 : rc;
}
