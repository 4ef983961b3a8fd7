/* A net of Caffe as a text in the language of nets: its input, each layer, its answers and losses. */
#include <string.h>

#include "model/import/caffe/caffe.h"

/* Layers */

/* Whether all that it reads is a value; what a loss compares with is a target. */
static int can_read(struct caffe_writer *w, const struct caffe_layer *l)
{
    size_t ins = l->kind->role == CAFFE_LOSS ? 1 : l->ins;
    for (size_t i = 0; i < ins; i++) {
        const struct caffe_value *v = l->in[i];
        if (!v->label)
            return cnn_caffe_refuse(w, l, "it reads '%.60s' of a %s", v->name, v->maker->type);
    }
    return 1;
}

static int add_loss(struct caffe_writer *w, struct caffe_layer *l)
{
    if (w->losses == w->loss_room) {
        size_t room = w->loss_room ? 2 * w->loss_room : 4;
        struct caffe_layer **more = cnn_arena_alloc(w->net->arena, room * sizeof *more);
        if (!more)
            return CNN_ESYSTEM;
        if (w->losses)
            memcpy(more, w->loss, w->losses * sizeof *more);
        w->loss = more;
        w->loss_room = room;
    }
    w->loss[w->losses++] = l;
    return 0;
}

static int try_layer(struct caffe_writer *w, struct caffe_layer *l)
{
    const struct caffe_kind *kind = l->kind;
    if (!kind)
        return cnn_caffe_refuse(w, l, "%s", "");
    if (!l->ins || (kind->role == CAFFE_LAYER_OF_NET && !l->outs))
        return cnn_caffe_refuse(w, l, "it has no %s", l->ins ? "top" : "bottom");
    int rc = can_read(w, l);
    if (rc != 1)
        return rc;
    return kind->role == CAFFE_LOSS ? add_loss(w, l) : kind->write(w, l);
}

/* What is refused is gone on behind as if it were there: others are to be named, too, and numbers
 * are tensors. */
static int write_layer(struct caffe_writer *w, struct caffe_layer *l)
{
    size_t params = w->params, refusals = w->refusals;
    int source = l->kind && l->kind->role == CAFFE_SOURCE;
    if (l->done || source || (l->kind && l->kind->role == CAFFE_ASIDE))
        return 0;
    int rc = try_layer(w, l);
    if (rc || refusals == w->refusals)
        return rc;
    const char *label = cnn_caffe_label(w, l->name);
    for (size_t i = 0; i < l->outs; i++)
        l->out[i]->label = l->out[i]->label ? l->out[i]->label : label;
    if (!label)
        return CNN_ESYSTEM;
    return params == w->params ? cnn_caffe_spare_params(w, l, label) : 0;
}

int cnn_caffe_none(struct caffe_writer *w, struct caffe_layer *l)
{
    (void)w;
    (void)l;
    return 0;
}

/* Outputs and losses */

static int is_answer(const struct caffe_value *v)
{
    const struct caffe_layer *l = v->maker;
    return l && l->kind && l->kind->role == CAFFE_LAYER_OF_NET && v->label && !v->uses_as_data;
}

/* Values that nobody reads are the answers; of a net that learns, what its last loss compares is
 * the first. */
static int write_outputs(struct caffe_writer *w)
{
    struct cnn_buf list = {0};
    const char *first = w->losses ? w->loss[w->losses - 1]->in[0]->label : NULL, *only = first;
    size_t count = first != NULL;
    if (first)
        cnn_buf_printf(&list, " %s", first);
    for (size_t i = 0; i < w->net->values; i++) {
        const struct caffe_value *v = w->net->value[i];
        if (!is_answer(v) || (first && !strcmp(v->label, first)))
            continue;
        cnn_buf_printf(&list, " %s", v->label);
        only = v->label;
        count++;
    }
    if (count > 1 || (only && strcmp(only, w->last))) {
        cnn_caffe_go_to(w, 0);
        cnn_buf_printf(&w->text, "output%s", list.text);
    }
    int failed = list.failed || w->text.failed;
    cnn_buf_free(&list);
    if (!count)
        return cnn_fail(CNN_EDATA, "%s: a net that answers nothing", w->net->path);
    return failed ? CNN_ESYSTEM : 0;
}

/* The word of a loss, and what it counts. */
static int write_loss(struct caffe_writer *w, const struct caffe_layer *l, const char *target)
{
    const Cnn__Caffe__LossParameter *p = l->p->loss_param;
    const struct caffe_value *x = l->in[0];
    double weight = l->p->n_loss_weight ? (double)l->p->loss_weight[0] : 1;
    char number[32];
    if (p && p->has_ignore_label)
        return cnn_caffe_refuse(w, l, "ignore_label");
    if (!(weight > 0))
        return 0;
    cnn_caffe_go_to(w, 0);
    cnn_buf_puts(&w->text, l->kind->becomes);
    if (strcmp(x->label, w->loss[w->losses - 1]->in[0]->label))
        cnn_buf_printf(&w->text, " on=%s", x->label);
    cnn_format_real(weight, 1, number);
    if (weight != 1)
        cnn_buf_printf(&w->text, " weight=%s", number);
    if (*target)
        cnn_buf_printf(&w->text, " target=%s", target);
    return w->text.failed ? CNN_ESYSTEM : 0;
}

/* Losses with one label have one target, which needs no name. */
static int write_losses(struct caffe_writer *w)
{
    int rc = 0, several = 0;
    for (size_t i = 1; i < w->losses; i++)
        several |=
            w->loss[i]->ins < 2 || w->loss[0]->ins < 2 || w->loss[i]->in[1] != w->loss[0]->in[1];
    for (size_t i = 0; !rc && i < w->losses; i++) {
        const struct caffe_layer *l = w->loss[i];
        const char *target = "";
        if (several && i + 1 < w->losses && l->ins > 1)
            target = cnn_caffe_field(w->net->arena, l->in[1]->name);
        rc = target ? write_loss(w, l, target) : CNN_ESYSTEM;
    }
    return rc;
}

/* What else is wrong with a net whose numbers can be read all the same. */
static int note(struct caffe_writer *w, int rc)
{
    if (!w->may_lack_net || (rc != CNN_EDATA && rc != CNN_ENOINPUT))
        return rc;
    if (!w->why)
        w->why = cnn_arena_strdup(w->net->arena, cnn_error_message());
    cnn_error_clear();
    return w->why ? 0 : CNN_ESYSTEM;
}

static int refused(struct caffe_writer *w)
{
    return cnn_fail(CNN_EDATA, "%s: %zu layer%s cannot be imported: %s%s", w->net->path,
                    w->refusals, w->refusals == 1 ? "" : "s", w->refused.text,
                    w->refusals > CAFFE_MOST_NAMED ? "; ..." : "");
}

int cnn_caffe_write(struct caffe_writer *w)
{
    struct caffe_net *n = w->net;
    w->labels = cnn_names_new(n->arena);
    w->shared = cnn_names_new(n->arena);
    w->line = 1;
    w->last = "";
    int rc = w->labels && w->shared ? note(w, cnn_caffe_inputs(w)) : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < n->layers; i++)
        rc = write_layer(w, &n->layer[i]);
    if (!rc && w->refusals)
        return w->refused.failed ? CNN_ESYSTEM : note(w, refused(w));
    if (!rc)
        rc = note(w, write_outputs(w));
    if (!rc)
        rc = write_losses(w);
    if (!rc && w->refusals)
        rc = note(w, refused(w));
    if (!rc)
        cnn_buf_puts(&w->text, "\n");
    return rc ? rc : w->text.failed ? CNN_ESYSTEM : 0;
}
