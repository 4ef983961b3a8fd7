/* The parts of man/cnn-net.5 that follow from the option tables, and of man/cnn-train.1 from the list
 * of optimizers, and of man/cnn-formats.5 from the lists of others' layers, as mdoc:
 *
 *     net-manual input|shortcut|line|layers|losses|optimizers|onnx|onnx-layers|caffe|darknet|keras
 *
 * scripts/make-net-manual puts them in their places. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "lang/syntax.h"
#include "optim/optimizer.h"

static const struct cli_program program = {
    .name = "net-manual",
    .synopsis = "input|shortcut|line|layers|losses|optimizers|onnx|onnx-layers|caffe|darknet|keras",
    .summary = "options of the network language as mdoc"};

enum { LINE = 78 };

/* Whether it begins with a word of letters, which is no formula's: "a" is one before another. */
static int begins_with_word(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    if (n == 1 && !strncmp(text, "a ", 2))
        return begins_with_word(text + 2);
    return n > 1 && (text[n] == ' ' || !text[n]);
}

/* Text in lines, none of which begins like a control line; a first word gets a capital. */
static void print_text(const char *text)
{
    size_t column = 0;
    int capital = begins_with_word(text);
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ");
        int begins = !column || column + 1 + n > LINE;
        fputs(begins ? (column ? "\n" : "") : " ", stdout);
        fputs(begins && (*p == '.' || *p == '\'') ? "\\&" : "", stdout);
        column = begins ? n : column + 1 + n;
        for (size_t i = 0; i < n; i++)
            if (p[i] == '\\')
                fputs("\\e", stdout);
            else
                putchar(capital && p + i == text ? p[i] - 'a' + 'A' : p[i]);
        p += n + (p[n] == ' ');
    }
}

static void print_bounds(const struct cnn_option *o)
{
    static const double open_end = 1e6;
    if (o->type == CNN_OPT_CHOICE || o->type == CNN_OPT_TEXT || o->type == CNN_OPT_FLAG)
        return;
    if (o->max >= open_end && o->min > 0 && o->min < 1e-6)
        printf(", positive");
    else if (o->max >= open_end && o->min > -open_end)
        printf(", at least %.10g", o->min);
    else if (o->max < open_end)
        printf(", %.10g to %.10g", o->min, o->max);
}

/* The words of a choice, which the metavariable does not show. */
static void add_choices(const struct cnn_option *o, struct cnn_buf *out)
{
    if (o->type != CNN_OPT_CHOICE)
        return;
    cnn_buf_puts(out, "; one of");
    for (const char *c = o->choices; c;) {
        size_t n = strcspn(c, "|");
        cnn_buf_printf(out, "%s %.*s", c == o->choices ? "" : ",", (int)n, c);
        c = c[n] ? c + n + 1 : NULL;
    }
}

static void print_option(const struct cnn_option *o)
{
    printf(".It Cm %s= Ns Ar %s\n", o->name, o->metavar ? o->metavar : "N");
    struct cnn_buf text = {0};
    cnn_buf_puts(&text, o->help);
    add_choices(o, &text);
    print_text(text.text ? text.text : "");
    cnn_buf_free(&text);
    printf("\n(");
    if (o->fallback && !strcmp(o->name, "scale") && o->type == CNN_OPT_REAL)
        printf("default 1/255");
    else if (o->fallback)
        printf("default %s", o->fallback);
    else
        printf("required");
    print_bounds(o);
    printf(").\n");
}

static void print_table(const struct cnn_option *table)
{
    if (!table || !table->name)
        return;
    printf(".Bl -tag -width Ds -compact\n");
    for (const struct cnn_option *o = table; o->name; o++)
        print_option(o);
    printf(".El\n");
}

/* "conv filters kernel [key=value ...]" */
static void print_synopsis(const char *word, const struct cnn_option *table)
{
    int keys = 0, found = 1;
    printf(".It Cm %s", word);
    for (int k = 1; found; k++) {
        found = 0;
        for (const struct cnn_option *o = table; o && o->name; o++)
            if (o->position == k) {
                printf(o->fallback ? " Op Ar %s" : " Ar %s", o->name);
                found = 1;
            }
    }
    for (const struct cnn_option *o = table; o && o->name; o++)
        keys += !o->position;
    printf(keys ? " Op Ar key Ns = Ns Ar value ...\n" : "\n");
}

static void print_layers(int losses)
{
    const struct cnn_layer_type *t;
    printf(".Bl -tag -width Ds\n");
    for (size_t i = 0; (t = cnn_layer_type_at(i)); i++) {
        const char *summary = t->summary;
        if (((t->flags & CNN_LAYER_LOSS) != 0) != losses)
            continue;
        if (!strncmp(summary, "loss: ", 6))
            summary += 6;
        print_synopsis(t->name, t->options);
        print_text(summary);
        printf(".\n");
        print_table(t->options);
    }
    printf(".El\n");
}

/* Each with its defaults. */
static void print_optimizers(void)
{
    const struct cnn_optimizer_type *t;
    printf(".Bl -tag -width adadelta -compact\n");
    for (size_t k = 0; (t = cnn_optimizer_type_at(k)); k++) {
        printf(".It Cm %s\n.Fl -rate No %g", t->name, t->defaults.rate);
        for (size_t i = 0; cnn_optimizer_option(i); i++)
            if (cnn_optimizer_has(t, i)) {
                double value = cnn_optimizer_default(t, i);
                printf(isnan(value) ? " ,\n.Fl -%s" : " ,\n.Fl -%s No %g", cnn_optimizer_option(i),
                       value);
            }
        if (cnn_optimizer_decouples(t))
            printf(" ,\n.Fl -weight-decay No %g", t->defaults.weight_decay);
        printf("\n");
    }
    printf(".El\n");
}

static const struct {
    const char *name, *limits;
} onnx[] = {
#define CNN_ONNX_OP(name, translate, fold, attributes, limits) {#name, limits},
#include "model/import/onnx/onnx_ops.def"
#undef CNN_ONNX_OP
};

static void print_onnx(void)
{
    printf(".Bl -column \"InstanceNormalization\" \"limits\"\n");
    for (size_t i = 0; i < sizeof onnx / sizeof *onnx; i++)
        printf(".It Li %s Ta %s\n", onnx[i].name, onnx[i].limits);
    printf(".El\n");
}

static const char *const onnx_layers[] = {
#define CNN_ONNX_LAYER(name, function)                       #name,
#define CNN_ONNX_FUNCTION(name, operator, option, attribute) #name,
#include "model/export/onnx_layers.def"
#undef CNN_ONNX_LAYER
#undef CNN_ONNX_FUNCTION
};

static void print_onnx_layers(void)
{
    size_t count = sizeof onnx_layers / sizeof *onnx_layers;
    for (size_t i = 0; i < count; i++)
        printf(".Cm %s %s\n", onnx_layers[i], i + 1 < count ? "," : ".");
}

static const struct {
    const char *type, *becomes, *limits;
} caffe[] = {
#define CNN_CAFFE_LAYER(type, v1, v0, role, write, becomes, limits) {#type, becomes, limits},
#include "model/import/caffe/layers.def"
#undef CNN_CAFFE_LAYER
};

static void print_caffe(void)
{
    printf(".Bl -column \"SigmoidCrossEntropyLoss\" \"maxpool, avgpool\" \"limits\"\n");
    for (size_t i = 0; i < sizeof caffe / sizeof *caffe; i++)
        printf(".It Li %s Ta %s Ta %s\n", caffe[i].type, caffe[i].becomes,
               *caffe[i].limits ? caffe[i].limits : "\\&");
    printf(".El\n");
}

static const struct {
    const char *names, *becomes, *limits;
} darknet[] = {
#define CNN_DARKNET_LAYER(names, write, becomes, limits) {names, becomes, limits},
#include "model/import/darknet/layers.def"
#undef CNN_DARKNET_LAYER
};

static void print_darknet(void)
{
    printf(".Bl -column \"yolo region detection gaussian_yolo\" \"conv, bn, an activation\" "
           "\"limits\"\n");
    for (size_t i = 0; i < sizeof darknet / sizeof *darknet; i++)
        printf(".It Li %s Ta %s Ta %s\n", darknet[i].names, darknet[i].becomes,
               *darknet[i].limits ? darknet[i].limits : "\\&");
    printf(".El\n");
}

static const struct {
    const char *classes, *becomes, *limits;
} keras[] = {
#define CNN_KERAS_LAYER(classes, write, keeps, becomes, limits) {classes, becomes, limits},
#include "model/import/keras/layers.def"
#undef CNN_KERAS_LAYER
};

/* Classes with what becomes of them, which three columns would be too wide for. */
static void print_keras(void)
{
    printf(".Bl -tag -width Ds -compact\n");
    for (size_t i = 0; i < sizeof keras / sizeof *keras; i++)
        printf(".It Li %s\n%s%s%s\n", keras[i].classes, keras[i].becomes,
               *keras[i].limits ? ": " : "", keras[i].limits);
    printf(".El\n");
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    if (!strcmp(what, "input"))
        print_table(cnn_input_table);
    else if (!strcmp(what, "shortcut"))
        print_table(cnn_shortcut_table);
    else if (!strcmp(what, "line"))
        print_table(cnn_line_table);
    else if (!strcmp(what, "loss"))
        print_table(cnn_loss_table);
    else if (!strcmp(what, "layers") || !strcmp(what, "losses"))
        print_layers(!strcmp(what, "losses"));
    else if (!strcmp(what, "optimizers"))
        print_optimizers();
    else if (!strcmp(what, "onnx"))
        print_onnx();
    else if (!strcmp(what, "onnx-layers"))
        print_onnx_layers();
    else if (!strcmp(what, "caffe"))
        print_caffe();
    else if (!strcmp(what, "darknet"))
        print_darknet();
    else if (!strcmp(what, "keras"))
        print_keras();
    else
        return cli_usage(
            &program,
            "one of input, shortcut, line, loss, layers, losses, optimizers, onnx, onnx-layers, "
            "caffe, darknet, keras");
    return cli_end(&program, 0);
}
