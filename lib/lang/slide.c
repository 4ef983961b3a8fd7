/* Nets that slide over larger inputs: a classifier as a fully convolutional net. What takes a whole
 * plane together becomes a window of that size: a dense layer the convolution with the same weights,
 * a global mean the mean over windows one element apart. At the size that the text has, the net is the
 * same; at a larger one it gives a map, whose element (i, j) is what the net gives for the part of
 * the input that begins at (i s, j s), s the product of all strides, as far as no padding is seen
 * (Sermanet et al. 2014, OverFeat, section 3; Long, Shelhamer, Darrell 2015, section 3.1). */
#include "lang/builder.h"

#include <string.h>

static const char *own_label(const struct cnn_place *at, const char *name)
{
    size_t n = strlen(at->scope->prefix);
    return n ? name + n + 1 : name;
}

/* The layer that the line says in the place of the node's. */
static int replace(struct cnn_builder *b, const struct cnn_place *at, const struct cnn_line *reads,
                   int line, const struct cnn_buf *text, struct cnn_made *made, int *node)
{
    const char *name = b->node[*node].layer.name, *copy = NULL;
    struct cnn_tree tree;
    if (!text->failed)
        copy = cnn_arena_strndup(b->arena, text->text, text->size);
    int rc = copy ? cnn_parse_net(b->arena, b->name, copy, 1, &tree) : CNN_ESYSTEM;
    if (rc)
        return rc;
    const struct cnn_statement *s = tree.body;
    b->nodes = *node;
    if (!s->type) {
        made->type = NULL;
        *node = reads->in[0];
        return cnn_builder_claim(b, at, name, *node, line);
    }
    if (s->type != made->type) {
        b->slid = 1;
        made->label = own_label(at, name);
    }
    made->type = s->type;
    made->options = cnn_builder_options(b, at, s->type->name, s->type->options,
                                        s->type->options_size, s->arg, s->args, line);
    if (!made->options)
        return cnn_error_code();
    return cnn_builder_add(b, at, name, s->type, made->options, reads, line, node);
}

static int fail_whole(const struct cnn_layer *l)
{
    char shape[72];
    cnn_chw_format(l->in[0], shape);
    return cnn_fail(CNN_EDATA, "it takes all of a plane, %s, together", shape);
}

int cnn_builder_slide(struct cnn_builder *b, const struct cnn_place *at,
                      const struct cnn_line *reads, int line, struct cnn_made *made, int *node)
{
    const struct cnn_layer *l = &b->node[*node].layer;
    struct cnn_buf text = {0};
    int rc = 0;
    if (!b->config->slides || b->sought.label)
        return 0;
    if (l->type->slide)
        rc = l->type->slide(l, &text);
    else if ((l->type->flags & CNN_LAYER_SEES_ALL) && l->in[0].h * l->in[0].w > 1)
        rc = fail_whole(l);
    if (rc < 0) {
        cnn_fail_within("%s cannot slide", l->name);
        rc = cnn_builder_fail(b, at, line);
    } else if (rc) {
        rc = replace(b, at, reads, line, &text, made, node);
    } else if (b->slid && l->params && !made->label) {
        made->label = own_label(at, l->name);
    }
    cnn_buf_free(&text);
    return rc;
}
