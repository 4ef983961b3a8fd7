/* The two ends of a net: its input with the preprocessing, its losses. */
#include "lang/builder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The fallback of scale is 1/255. */
const struct cnn_option cnn_input_table[] = {
    CNN_OPTION_TEXT("shape", struct cnn_input_options, shape, NULL, .position = 1,
                    .metavar = "CxHxW",
                    .help = "channels, height and width, or a single number for vectors"),
    CNN_OPTION_REALS("mean", struct cnn_input_options, mean, "0", .min = -1e9, .max = 1e9,
                     .metavar = "X,...",
                     .help = "subtracted after scaling; one number, or one for each channel"),
    CNN_OPTION_REALS("std", struct cnn_input_options, std, "1", .min = 1e-9, .max = 1e9,
                     .metavar = "X,...",
                     .help = "then divided by; one number, or one for each channel"),
    CNN_OPTION_REAL("scale", struct cnn_input_options, scale, "0.00392156862745098", .min = 1e-9,
                    .max = 1e9, .metavar = "X",
                    .help = "what pixels, 0 to 255, are multiplied by first"),
    CNN_OPTION_CHOICE("order", struct cnn_input_options, order, "rgb", CNN_CHANNEL_ORDERS,
                      .metavar = "ORDER", .help = "order of the colour channels"),
    CNN_OPTION_INT("resize", struct cnn_input_options, resize, "0", .max = 65536, .metavar = "N",
                   .help =
                       "make the shorter side N and cut out the middle; 0: stretch to the shape"),
    CNN_OPTION_INT("classes", struct cnn_input_options, classes, "0", .max = 1000000,
                   .metavar = "N",
                   .help = "what the name classes stands for where no data says it"),
    CNN_OPTION_END,
};

/* "3x32x32" or "512". */
static int read_shape(const char *text, struct cnn_chw *out)
{
    size_t side[3] = {0, 1, 1};
    const char *p = text;
    int k = 0;
    for (;; k++) {
        char *end;
        unsigned long long v = k < 3 && *p >= '0' && *p <= '9' ? strtoull(p, &end, 10) : 0;
        if (v < 1 || (*end && *end != 'x') || (!*end && k == 1))
            return cnn_fail(CNN_EDATA, "input: '%.60s' is no shape such as 3x32x32 or 512", text);
        if (v > CNN_NET_SIDE_MAX)
            return cnn_fail(CNN_EDATA, "input: '%.60s' has a side above %d", text,
                            CNN_NET_SIDE_MAX);
        side[k] = (size_t)v;
        if (!*end)
            break;
        p = end + 1;
    }
    if (side[0] * side[1] > CNN_NET_SHAPE_MAX / side[2])
        return cnn_fail(CNN_EDATA, "input: '%.60s' is too large", text);
    *out = (struct cnn_chw){side[0], side[1], side[2]};
    return 0;
}

static int check_channels(const char *what, const struct cnn_reals *r, size_t channels)
{
    if (r->count == 1 || (r->count > 0 && (size_t)r->count == channels))
        return 0;
    return cnn_fail(CNN_EDATA, "input: %s: %d numbers for %zu channels", what, r->count, channels);
}

static int check_resize(long long resize, struct cnn_chw s)
{
    size_t side = s.h > s.w ? s.h : s.w;
    if (!resize || (size_t)resize >= side)
        return 0;
    return cnn_fail(CNN_EDATA, "input: resize: %lld is less than the input's side %zu", resize,
                    side);
}

static int from_statement(const struct cnn_input_options *o, struct cnn_input *in)
{
    *in = (struct cnn_input){.mean = o->mean,
                             .std = o->std,
                             .scale = o->scale,
                             .bgr = o->order == CNN_ORDER_BGR,
                             .resize = (int)o->resize,
                             .declared = 1};
    int rc = read_shape(o->shape, &in->shape);
    if (!rc)
        rc = check_channels("mean", &in->mean, in->shape.c);
    if (!rc)
        rc = check_channels("std", &in->std, in->shape.c);
    return rc ? rc : check_resize(o->resize, in->shape);
}

static int from_config(struct cnn_builder *b, struct cnn_input *in)
{
    struct cnn_chw s = b->config->input;
    const char *option = b->config->input_option;
    size_t n;
    if (!s.c || !s.h || !s.w)
        return cnn_fail(CNN_EDATA,
                        "%s:1: there is no input line, and no data to take the shape "
                        "from; %s%s%sbegin with: input CxHxW",
                        b->name, option ? "say " : "", option ? option : "", option ? ", or " : "");
    if (s.c > CNN_NET_SHAPE_MAX || cnn_mul_overflows(s.c, s.h, &n) ||
        cnn_mul_overflows(n, s.w, &n) || n > CNN_NET_SHAPE_MAX)
        return cnn_fail(CNN_EDATA, "%s:1: the data's samples are too large", b->name);
    *in = (struct cnn_input){.shape = s, .mean = {1, {0}}, .std = {1, {1}}};
    in->scale = b->config->raw_input ? 1 : 1.0 / 255;
    return 0;
}

/* Node 0, under the name "input". */
static int add_input_node(struct cnn_builder *b)
{
    if (cnn_grow(&b->node, &b->node_capacity, 1, sizeof *b->node))
        return CNN_ESYSTEM;
    b->node[0] =
        (struct cnn_node){.layer = {.name = "input", .out = b->graph->input.shape, .rows = 1}};
    b->nodes = 1;
    return cnn_labels_add(b->labels, "input", 0, 0, 0);
}

int cnn_builder_input(struct cnn_builder *b, const struct cnn_statement *s)
{
    struct cnn_scope scope = {"", NULL};
    struct cnn_place at = {.scope = &scope, .vars = {.classes_used = &b->classes_used}};
    int rc = 0;
    b->graph->classes = b->config->classes;
    if (s) {
        struct cnn_input_options *o = cnn_builder_options(b, &at, "input", cnn_input_table,
                                                          sizeof *o, s->arg, s->args, s->line);
        if (!o)
            return cnn_error_code();
        if (from_statement(o, &b->graph->input))
            return cnn_builder_fail(b, &at, s->line);
        if (!b->graph->classes)
            b->graph->classes = (size_t)o->classes;
    } else {
        rc = from_config(b, &b->graph->input);
    }
    return rc ? rc : add_input_node(b);
}

/* Losses */

/* Cross-entropies work on what a final softmax or sigmoid gets: that is exact where these saturate.
 */
static int before_output(const struct cnn_builder *b, int node, const struct cnn_layer_type *loss)
{
    const struct cnn_layer_type *t = b->node[node].layer.type;
    if (t && ((!strcmp(loss->name, "xent") && !strcmp(t->name, "softmax")) ||
              (!strcmp(loss->name, "bce") && !strcmp(t->name, "sigmoid"))))
        return b->node[node].in[0];
    return node;
}

struct loss {
    const struct cnn_layer_type *type;
    void *options;
    int line;
    const char *name; /* of the text that it stands in */
};

static int read_loss(struct cnn_builder *b, const char *name, const struct cnn_statement *s,
                     struct loss *out)
{
    struct cnn_scope scope = {"", NULL};
    struct cnn_place at = {.scope = &scope, .vars = {.classes_used = &b->classes_used}};
    at.vars.classes = b->graph->classes;
    at.vars.classes_option = b->config->classes_option;
    const char *saved = b->name;
    b->name = name;
    *out = (struct loss){s->type, NULL, s->line, name};
    out->options = cnn_builder_options(b, &at, s->type->name, s->type->options,
                                       s->type->options_size, s->arg, s->args, s->line);
    b->name = saved;
    return out->options ? 0 : cnn_error_code();
}

/* A loss that came as a text of its own. */
static int read_loss_text(struct cnn_builder *b, const char *text, struct loss *out)
{
    struct cnn_tree tree;
    int rc = cnn_parse_net(b->arena, "loss", text, &tree);
    if (rc)
        return rc;
    if (!tree.loss || tree.body || tree.input || tree.defs)
        return cnn_fail(CNN_EDATA, "loss: '%.60s' is no loss (xent, mse, bce)", text);
    return read_loss(b, "loss", tree.loss, out);
}

static int add_loss(struct cnn_builder *b, const struct loss *l, int node, int line, double weight,
                    int training_only)
{
    struct cnn_scope scope = {"", NULL};
    struct cnn_place at = {.scope = &scope};
    const char *label = "loss";
    int added;
    for (int n = 2; cnn_labels_find(b->labels, label); n++)
        if (!(label = cnn_arena_printf(b->arena, "loss%d", n)))
            return CNN_ESYSTEM;
    const char *saved = b->name;
    b->name = l->name;
    const struct cnn_line reads = {&node, 1, 0};
    int rc = cnn_builder_add(b, &at, label, l->type, l->options, &reads, line, &added);
    b->name = saved;
    if (rc)
        return rc;
    b->node[added].loss_weight = weight;
    b->node[added].training_only = training_only;
    return cnn_labels_add(b->labels, label, added, training_only, line);
}

static int check_aux(struct cnn_builder *b, const struct cnn_aux *a, int logits)
{
    char have[72], want[72];
    struct cnn_chw x = b->node[a->node].layer.out, y = b->node[logits].layer.out;
    if (cnn_chw_equal(x, y))
        return 0;
    cnn_chw_format(x, have);
    cnn_chw_format(y, want);
    return cnn_fail(CNN_EDATA,
                    "%s:%d: aux: it ends in %s, the net in %s: they have the same target", b->name,
                    a->line, have, want);
}

static int add_losses(struct cnn_builder *b, const struct loss *l)
{
    struct cnn_graph *g = b->graph;
    int rc = add_loss(b, l, g->logits, l->line, 1, 0);
    for (size_t i = 0; !rc && i < b->aux_count; i++) {
        struct cnn_aux a = b->aux[i];
        a.node = before_output(b, a.node, l->type);
        rc = check_aux(b, &a, g->logits);
        if (!rc)
            rc = add_loss(b, l, a.node, a.line, a.weight, 1);
    }
    return rc;
}

/* The loss of a net that has none. */
static const char *usual_loss(const struct cnn_builder *b)
{
    const struct cnn_layer *last = &b->node[b->graph->output].layer;
    if (last->type && !strcmp(last->type->name, "softmax"))
        return "xent";
    if (b->config->numbers)
        return "mse";
    return b->graph->classes == 2 && cnn_chw_count(last->out) == 1 ? "bce" : "xent";
}

int cnn_builder_losses(struct cnn_builder *b, const struct cnn_statement *s)
{
    struct cnn_graph *g = b->graph;
    const char *usual = usual_loss(b);
    struct loss l = {cnn_layer_type_find(usual), NULL, 1, b->name};
    struct cnn_statement fallback = {.line = 1, .word = usual, .type = l.type};
    int rc = b->config->loss ? read_loss_text(b, b->config->loss, &l)
                             : read_loss(b, b->name, s ? s : &fallback, &l);
    if (rc)
        return rc;
    g->logits = before_output(b, g->output, l.type);
    if (s || b->config->loss || strcmp(usual, "xent"))
        cnn_print_layer(&b->printer, NULL, l.type->name, l.type->options, l.options, "");
    struct cnn_graph_target *target = cnn_arena_alloc(b->arena, sizeof *target);
    if (!target)
        return CNN_ESYSTEM;
    const struct cnn_layer *answer = &b->node[g->logits].layer;
    *target = (struct cnn_graph_target){"", answer->out, answer->rows};
    g->target = target;
    g->first_loss = b->nodes;
    if (b->config->with_loss)
        rc = add_losses(b, &l);
    g->losses = b->nodes - g->first_loss;
    g->targets = g->losses > 0;
    return rc;
}

void cnn_print_input(struct cnn_printer *p, const struct cnn_input *in)
{
    char shape[72];
    cnn_chw_format(in->shape, shape);
    struct cnn_input_options o = {.shape = shape,
                                  .mean = in->mean,
                                  .std = in->std,
                                  .scale = in->scale,
                                  .order = in->bgr ? CNN_ORDER_BGR : CNN_ORDER_RGB,
                                  .resize = in->resize};
    cnn_print_layer(p, NULL, "input", cnn_input_table, &o, "");
}
