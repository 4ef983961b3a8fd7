/* A net's inputs with their preprocessing: the input lines, or what the data are. */
#include "lang/builder.h"

#include <stdlib.h>
#include <string.h>

/* The fallback of scale is 1/255. */
const struct cnn_option cnn_input_table[] = {
    CNN_OPTION_TEXT("shape", struct cnn_input_options, shape, NULL, .position = 1,
                    .metavar = "CxHxW",
                    .help = "channels, height and width, or a single number for vectors; auto: "
                            "those of the data, Cxauto: with C channels"),
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
    CNN_OPTION_CHOICE("interpolation", struct cnn_input_options, interpolation, "bilinear",
                      CNN_FILTERS, .metavar = "FILTER",
                      .help = "how images are resized, always without aliasing"),
    CNN_OPTION_INT("rows", struct cnn_input_options, rows, "1", .min = 1, .max = 1 << 20,
                   .metavar = "N", .help = "so many of that shape in each sample"),
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

/* That of the data, where the text does not say it, or says channels alone. */
static int data_shape(struct cnn_builder *b, const char *lacks, size_t channels,
                      struct cnn_chw *out)
{
    struct cnn_chw s = b->config->input;
    const struct cnn_pair size = b->config->size;
    const char *option = b->config->input_option;
    size_t n;
    if (!s.c && channels && size.h > 0)
        s = (struct cnn_chw){channels, (size_t)size.h, (size_t)size.w};
    if (s.c && channels && s.c != channels)
        return cnn_fail(CNN_EDATA, "input: %zu channels, and %zu of the data", channels, s.c);
    if (!s.c || !s.h || !s.w)
        return cnn_fail(CNN_EDATA,
                        "%s, and no data to take the shape from; %s%s%sbegin with: input CxHxW",
                        lacks, option ? "say " : "", option ? option : "", option ? ", or " : "");
    if (s.c > CNN_NET_SHAPE_MAX || cnn_mul_overflows(s.c, s.h, &n) ||
        cnn_mul_overflows(n, s.w, &n) || n > CNN_NET_SHAPE_MAX)
        return cnn_fail(CNN_EDATA, "the data's samples are too large");
    *out = s;
    return 0;
}

/* Whether the shape is that of the data: "auto", or "3xauto" with the channels. */
static int is_auto(const char *shape, size_t *channels)
{
    size_t n = strspn(shape, "0123456789");
    *channels = n && n < 9 ? (size_t)strtoul(shape, NULL, 10) : 0;
    return !strcmp(shape, "auto") || (*channels && !strcmp(shape + n, "xauto"));
}

/* The input at another size than its line has. */
static void take_size(struct cnn_pair size, struct cnn_input *in)
{
    size_t side = in->shape.h < in->shape.w ? in->shape.h : in->shape.w;
    double share = (double)in->resize / (double)side;
    in->shape.h = (size_t)size.h;
    in->shape.w = (size_t)size.w;
    in->resize = size.h == size.w ? (int)(share * size.h + 0.5) : 0;
}

static int from_statement(struct cnn_builder *b, const struct cnn_input_options *o,
                          struct cnn_pair size, struct cnn_input *in)
{
    *in = (struct cnn_input){.mean = o->mean,
                             .std = o->std,
                             .scale = o->scale,
                             .bgr = o->order == CNN_ORDER_BGR,
                             .resize = (int)o->resize,
                             .filter = o->interpolation,
                             .rows = (size_t)o->rows,
                             .declared = 1};
    size_t channels;
    int rc = is_auto(o->shape, &channels)
                 ? data_shape(b, "input: its shape is auto", channels, &in->shape)
                 : read_shape(o->shape, &in->shape);
    if (!rc)
        rc = check_channels("mean", &in->mean, in->shape.c);
    if (!rc)
        rc = check_channels("std", &in->std, in->shape.c);
    if (!rc)
        rc = check_resize(o->resize, in->shape);
    if (!rc && size.h > 0)
        take_size(size, in);
    return rc;
}

static int from_config(struct cnn_builder *b, struct cnn_input *in)
{
    *in = (struct cnn_input){.rows = 1, .mean = {1, {0}}, .std = {1, {1}}};
    in->scale = b->config->raw_input ? 1 : 1.0 / 255;
    int rc = data_shape(b, "there is no input line", 0, &in->shape);
    return rc == CNN_EDATA ? cnn_fail_within("%s:1", b->name) : rc;
}

int cnn_input_says_shape(const struct cnn_statement *s)
{
    size_t channels;
    for (size_t i = 0; i < s->args; i++)
        if ((!s->arg[i].key || !strcmp(s->arg[i].key, "shape")) &&
            is_auto(s->arg[i].value, &channels))
            return 0;
    return 1;
}

/* Node k, an input, under a name of its own. */
static int add_node(struct cnn_builder *b, int k, const char *name)
{
    if (cnn_grow(&b->node, &b->node_capacity, (size_t)k + 1, sizeof *b->node))
        return CNN_ESYSTEM;
    b->node[k] = (struct cnn_node){
        .counter = b->graph->input[k].rows > 1 ? k : -1,
        .layer = {.name = name, .out = b->graph->input[k].shape, .rows = b->graph->input[k].rows}};
    b->nodes = k + 1;
    if (cnn_labels_find(b->labels, name))
        return cnn_fail(CNN_EDATA,
                        "input: '%.60s' is there already: input NAME CxHxW gives one of "
                        "several inputs a name of its own",
                        name);
    return cnn_labels_add(b->labels, name, k, 0, 0);
}

/* The name where there is one before the shape; takes it out of the arguments. */
static const char *take_name(struct cnn_statement *s)
{
    const struct cnn_argument *a = s->arg;
    size_t n = s->args > 1 && !a[0].key ? cnn_name_length(a[0].value) : 0;
    if (!n || a[0].value[n] || (a[1].key && strcmp(a[1].key, "shape") != 0))
        return "input";
    s->arg++;
    s->args--;
    return a[0].value;
}

static int add_input(struct cnn_builder *b, const struct cnn_place *at,
                     const struct cnn_statement *s, int k)
{
    struct cnn_statement rest = *s;
    const char *name = take_name(&rest);
    struct cnn_input_options *o = cnn_builder_options(b, at, "input", cnn_input_table, sizeof *o,
                                                      rest.arg, rest.args, s->line);
    if (!o)
        return cnn_error_code();
    const struct cnn_pair its_own = {0}, size = k ? its_own : b->config->size;
    if (from_statement(b, o, size, &b->graph->input[k]) || add_node(b, k, name))
        return cnn_builder_fail(b, at, s->line);
    if (!b->graph->classes)
        b->graph->classes = (size_t)o->classes;
    return 0;
}

int cnn_builder_inputs(struct cnn_builder *b, const struct cnn_statement *first, int count)
{
    struct cnn_scope scope = {"", NULL};
    struct cnn_place at = {.scope = &scope, .vars = {.classes_used = &b->classes_used}};
    int rc = 0, inputs = count ? count : 1;
    b->graph->classes = b->config->classes;
    b->graph->input = cnn_arena_alloc(b->arena, (size_t)inputs * sizeof *b->graph->input);
    if (!b->graph->input)
        return CNN_ESYSTEM;
    b->graph->inputs = inputs;
    for (int k = 0; !rc && k < count; k++, first = first->next)
        rc = add_input(b, &at, first, k);
    if (count)
        return rc;
    rc = from_config(b, b->graph->input);
    return rc ? rc : add_node(b, 0, "input");
}

static void print_input(struct cnn_printer *p, const char *name, const struct cnn_input *in)
{
    char shape[72];
    cnn_chw_format(in->shape, shape);
    struct cnn_input_options o = {.shape = shape,
                                  .mean = in->mean,
                                  .std = in->std,
                                  .scale = in->scale,
                                  .order = in->bgr ? CNN_ORDER_BGR : CNN_ORDER_RGB,
                                  .resize = in->resize,
                                  .interpolation = in->filter,
                                  .rows = (long long)in->rows};
    struct cnn_buf word = {0};
    cnn_buf_printf(&word, strcmp(name, "input") ? "input %s" : "%s", name);
    cnn_print_layer(p, NULL, word.failed ? "" : word.text, cnn_input_table, &o, "");
    p->text.failed |= word.failed;
    cnn_buf_free(&word);
}

void cnn_builder_print_inputs(struct cnn_builder *b)
{
    for (int k = 0; k < b->graph->inputs; k++)
        print_input(&b->printer, b->node[k].layer.name, &b->graph->input[k]);
}
