/* A model of Keras as a text in the language of nets: its inputs, each call, its answers. */
#include <string.h>

#include "model/import/keras/keras.h"

/* Sides that are not known count as one. */
static int is_too_large(struct cnn_chw s)
{
    size_t n = s.c ? s.c : 1;
    return n > KERAS_MOST_NUMBERS || cnn_mul_overflows(n, s.h ? s.h : 1, &n) ||
           cnn_mul_overflows(n, s.w ? s.w : 1, &n) || n > KERAS_MOST_NUMBERS;
}

/* What is refused is gone on behind as if it were there: others are to be named, too. */
static int write_node(struct keras_writer *w, struct keras_node *n)
{
    const struct keras_kind *kind = n->layer->kind;
    int is_input = kind && !strcmp(kind->classes, "InputLayer");
    n->out = *cnn_keras_in(n);
    n->out.label = NULL;
    for (size_t i = 0; i < n->ins; i++)
        n->out.unsure |= n->in[i]->out.unsure;
    int rc = 0;
    if (!kind)
        rc = cnn_keras_refuse(w, n, "%s", "");
    else if (!is_input && !n->ins)
        rc = cnn_keras_refuse(w, n, "it reads nothing");
    else if (n->named || (n->constants && strncmp(kind->classes, "ops.", 4) != 0))
        rc = cnn_keras_refuse(w, n, "it is called with more than values");
    else
        rc = kind->write(w, n);
    if (!rc && !n->out.unsure && is_too_large(n->out.shape))
        rc = cnn_keras_refuse(w, n, "it gives more than %d numbers", KERAS_MOST_NUMBERS);
    if (!n->out.label)
        n->out.label = n->layer->name;
    n->out.unsure |= n->refused;
    return rc;
}

/* Answers: those of the model, in its order; numbers of vectors in Keras' order. */
static int write_outputs(struct keras_writer *w, struct cnn_buf *list)
{
    for (size_t i = 0; i < w->answers; i++)
        cnn_buf_printf(list, " %s", w->answer[i]->out.label);
    if (w->answers > 1 || strcmp(w->answer[0]->out.label, w->last))
        cnn_buf_printf(&w->text, "\noutput%s", list->text);
    cnn_buf_puts(&w->text, "\n");
    return list->failed || w->text.failed ? CNN_ESYSTEM : 0;
}

/* Whether the model has its channels first, by the first layer that says so. */
static int is_channels_first(const struct keras_writer *w)
{
    for (size_t i = 0; i < w->nodes; i++) {
        const char *format = cnn_keras_word(w->node[i], "data_format", NULL);
        if (format)
            return !strcmp(format, "channels_first");
    }
    return 0;
}

int cnn_keras_write(struct keras_writer *w)
{
    struct cnn_buf list = {0};
    int rc = 0;
    w->labels = cnn_names_new(w->arena);
    w->last = "";
    w->channels_first = is_channels_first(w);
    if (!w->labels || !cnn_keras_label(w, "input"))
        return CNN_ESYSTEM;
    for (size_t i = 0; i < w->nodes; i++)
        w->node[i]->layer->kind = cnn_keras_kind(w->node[i]->layer->class);
    for (size_t i = 0; !rc && i < w->nodes; i++)
        rc = write_node(w, w->node[i]);
    if (!rc && w->refused.failed)
        rc = CNN_ESYSTEM;
    if (!rc && w->refusals)
        rc = cnn_fail(CNN_EDATA, "%zu layer%s cannot be imported: %s%s", w->refusals,
                      w->refusals == 1 ? "" : "s", w->refused.text,
                      w->refusals > KERAS_MOST_NAMED ? "; ..." : "");
    if (!rc)
        rc = write_outputs(w, &list);
    cnn_buf_free(&list);
    return rc;
}
