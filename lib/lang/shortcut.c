/* shortcut: nothing where the shape stays, else the parameter-free or the projecting way around.
 * He et al. 2016 (arXiv 1512.03385), section 3.3: option A pads channels with zeros, option B
 * projects with 1x1 convolutions. */
#include "lang/builder.h"

#include <string.h>

const struct cnn_option cnn_shortcut_table[] = {
    CNN_OPTION_INT("channels", struct cnn_shortcut_options, channels, NULL, .min = 1,
                   .max = 1 << 20, .position = 1, .metavar = "N", .help = "output channels"),
    CNN_OPTION_INT("stride", struct cnn_shortcut_options, stride, "1", .min = 1, .max = 1024,
                   .position = 2, .metavar = "N", .help = "step between outputs"),
    CNN_OPTION_CHOICE("type", struct cnn_shortcut_options, type, "b", CNN_SHORTCUTS,
                      .metavar = "TYPE",
                      .help = "where the shape changes: a, every stride-th pixel and zero "
                              "channels; b, 1x1 conv and bn"),
    CNN_OPTION_END,
};

/* A layer of the language's own making, with arguments as if they had been written. */
static int build_made(struct cnn_builder *b, const struct cnn_place *at, const char *label,
                      const char *word, const struct cnn_argument *arg, size_t args, int line,
                      int *node)
{
    struct cnn_statement made = {.line = line, .label = label, .word = word, .args = args};
    struct cnn_argument copy[4];
    memcpy(copy, arg, args * sizeof *arg);
    made.arg = copy;
    made.type = cnn_layer_type_find(word);
    int from = *node;
    return cnn_builder_layer(b, at, &made, &(struct cnn_line){&from, 1, 0}, node);
}

static int build_projection(struct cnn_builder *b, const struct cnn_place *at, const char *label,
                            const char *channels, const char *stride, int line, int *node)
{
    const struct cnn_argument conv[] = {
        {NULL, channels}, {NULL, "1"}, {"stride", stride}, {"bias", "0"}};
    struct cnn_place in, outside = *at;
    struct cnn_scope scope;
    int rc = cnn_builder_enter(b, at, line, &in);
    if (!rc)
        rc = cnn_builder_open(b, &in, label, line, &scope);
    if (rc)
        return rc;
    cnn_print_open(&b->printer, label, NULL, NULL, NULL, "");
    rc = build_made(b, &in, "0", "conv", conv, 4, line, node);
    if (!rc)
        rc = build_made(b, &in, "1", "bn", conv, 0, line, node);
    cnn_print_close(&b->printer);
    return rc ? rc : cnn_builder_claim(b, &outside, scope.prefix, *node, line);
}

/* Nothing at all where the shape stays; an identity needs no name. */
int cnn_builder_shortcut(struct cnn_builder *b, const struct cnn_place *at,
                         const struct cnn_statement *s, int *node)
{
    struct cnn_shortcut_options *o = cnn_builder_options(b, at, s->word, cnn_shortcut_table,
                                                         sizeof *o, s->arg, s->args, s->line);
    if (!o)
        return cnn_error_code();
    if (o->stride == 1 && (size_t)o->channels == b->node[*node].layer.out.c)
        return 0;
    const char *channels = cnn_arena_printf(b->arena, "%lld", o->channels);
    const char *stride = cnn_arena_printf(b->arena, "%lld", o->stride);
    if (!channels || !stride)
        return CNN_ESYSTEM;
    if (o->type == CNN_SHORTCUT_PADDED) {
        const struct cnn_argument subsample[] = {{NULL, channels}, {NULL, stride}};
        return build_made(b, at, s->label, "subsample", subsample, 2, s->line, node);
    }
    const char *label = s->label ? s->label : cnn_builder_shortcut_label(b, at);
    if (!label)
        return cnn_builder_fail(b, at, s->line);
    return build_projection(b, at, label, channels, stride, s->line, node);
}
