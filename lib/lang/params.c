/* What a line says of its layer's parameters: init=, rate= and decay=, each for all or for weight
 * and bias, and share=. */
#include "lang/builder.h"

#include <string.h>

int cnn_builder_line_options(struct cnn_builder *b, const struct cnn_place *at,
                             struct cnn_statement *s, struct cnn_line_options **out)
{
    *out = cnn_builder_take_options(b, at, cnn_line_table, sizeof **out, s);
    return *out ? 0 : cnn_error_code();
}

struct start {
    enum cnn_init rule;
    double value;
};

/* The rule's number in CNN_INITS_OF_LINES; -1: there is none. */
static int find_rule(const char *text, size_t n)
{
    const char *word = CNN_CHOICE_WORDS(CNN_INITS_OF_LINES);
    for (int i = 0;; i++) {
        size_t k = strcspn(word, "|");
        if (k == n && !memcmp(word, text, n))
            return i;
        if (!word[k])
            return -1;
        word += k + 1;
    }
}

/* "he_normal" or "gaussian:0.01"; and as it is printed. */
static int read_start(const char **text, const struct cnn_variables *v, struct start *out,
                      struct cnn_buf *printed)
{
    const char *word = *text;
    size_t n = strcspn(word, ":,");
    int rule = find_rule(word, n), wants_value = rule >= CNN_INIT_GAUSSIAN;
    if (rule < 0)
        return cnn_fail(CNN_EDATA, "init: '%.*s' is none of " CNN_CHOICE_WORDS(CNN_INITS_OF_LINES),
                        (int)(n < 60 ? n : 60), word);
    *out = (struct start){(enum cnn_init)rule, 0};
    *text += n;
    cnn_buf_printf(printed, "%.*s", (int)n, word);
    if (wants_value != (word[n] == ':'))
        return cnn_fail(CNN_EDATA, "init: %.*s %s", (int)n, word,
                        wants_value ? "wants a number, as in gaussian:0.01" : "takes no number");
    if (!wants_value)
        return 0;
    struct cnn_number x;
    char digits[32];
    const char *at = ++*text;
    int rc = cnn_expression_read(at, text, CNN_NUMBER_REAL, v, &x);
    if (rc)
        return rc == CNN_EDATA ? cnn_fail(rc, "init: %s", cnn_error_message()) : rc;
    if (x.real < 0 && rule != CNN_INIT_CONSTANT)
        return cnn_fail(CNN_EDATA, "init: %.*s: %g is negative", (int)n, word, x.real);
    out->value = x.real;
    cnn_format_real(x.real, 0, digits);
    cnn_buf_printf(printed, ":%s", digits);
    return 0;
}

/* One rule or two; o->init becomes the text with its arithmetic done. */
static int read_starts(struct cnn_builder *b, const struct cnn_variables *v,
                       struct cnn_line_options *o, struct start out[2], int *count)
{
    struct cnn_buf printed = {0};
    const char *text = o->init;
    int rc = read_start(&text, v, &out[0], &printed);
    *count = 1;
    if (!rc && *text == ',') {
        cnn_buf_puts(&printed, ",");
        text++;
        rc = read_start(&text, v, &out[(*count)++], &printed);
    }
    if (!rc && *text)
        rc = cnn_fail(CNN_EDATA, "init: '%.60s' is not one rule or two", o->init);
    if (!rc && !(o->init = printed.failed ? NULL : cnn_arena_strdup(b->arena, printed.text)))
        rc = CNN_ESYSTEM;
    cnn_buf_free(&printed);
    return rc;
}

static int is_bias(const struct cnn_param *p)
{
    size_t n = strlen(p->suffix);
    return p->shape.rank == 1 && n >= 4 && !strcmp(p->suffix + n - 4, "bias");
}

/* That so many values have an effect: for all parameters, or for the weight and for the bias. */
static int check_effect(const struct cnn_layer *l, const char *key, int values)
{
    int trained = 0, bias = 0;
    for (int i = 0; i < l->params; i++) {
        trained += l->param[i].trained;
        bias += l->param[i].trained && is_bias(&l->param[i]);
    }
    if (!trained)
        return cnn_fail(CNN_EDATA, "%s: it has no effect, since there are no parameters", key);
    if (values > 2)
        return cnn_fail(CNN_EDATA,
                        "%s: %d values; there is one, or one for the weight and one for "
                        "the bias",
                        key, values);
    if (values == 2 && !bias)
        return cnn_fail(CNN_EDATA, "%s: the second value is the bias's, and there is none", key);
    return 0;
}

static int check_effects(const struct cnn_layer *l, const struct cnn_line_options *o, int starts)
{
    const int values[] = {starts, o->rate.count, o->decay.count};
    int rc = 0;
    for (int k = 0; !rc && k < 3; k++) {
        int plain = cnn_option_is_default(&cnn_line_table[k], o);
        rc = plain < 0 ? plain : plain ? 0 : check_effect(l, cnn_line_table[k].name, values[k]);
        if (!rc && !plain && *o->share)
            rc = cnn_fail(CNN_EDATA, "%s: it stands where the parameters are, at '%.60s'",
                          cnn_line_table[k].name, o->share);
    }
    return rc;
}

/* Two equal factors are one. */
static void shorten(struct cnn_reals *r)
{
    if (r->count == 2 && r->value[0] == r->value[1])
        r->count = 1;
}

static int apply(struct cnn_builder *b, const struct cnn_variables *v, struct cnn_layer *l,
                 struct cnn_line_options *o)
{
    struct start start[2];
    int starts;
    shorten(&o->rate);
    shorten(&o->decay);
    int rc = read_starts(b, v, o, start, &starts);
    if (!rc)
        rc = check_effects(l, o, starts);
    for (int i = 0; !rc && i < l->params; i++) {
        struct cnn_param *p = &l->param[i];
        int bias = is_bias(p);
        if (!p->trained)
            continue;
        if (bias < starts && start[bias].rule == CNN_INIT_BILINEAR && p->shape.rank != 4)
            return cnn_fail(CNN_EDATA, "init: bilinear is for weights with height and width");
        if (bias < starts && start[bias].rule != CNN_INIT_DEFAULT) {
            p->init = start[bias].rule;
            p->init_value = start[bias].value;
        }
        p->rate = o->rate.value[bias < o->rate.count ? bias : 0];
        p->decay = o->decay.value[bias < o->decay.count ? bias : 0];
    }
    return rc;
}

/* That the parameters of `other` can be this layer's. */
static int check_shared(const struct cnn_layer *l, const struct cnn_layer *other)
{
    char mine[96], its[96];
    if (other->type != l->type)
        return cnn_fail(CNN_EDATA, "share: '%s' is no %s", other->name, l->type->name);
    if (!l->params || l->params != other->params)
        return cnn_fail(CNN_EDATA, "share: '%s' has %d parameters, '%s' %d", other->name,
                        other->params, l->name, l->params);
    for (int i = 0; i < l->params; i++) {
        const struct cnn_param *p = &l->param[i], *q = &other->param[i];
        if (!strcmp(p->suffix, q->suffix) && cnn_shape_equal(&p->shape, &q->shape))
            continue;
        cnn_shape_format(&p->shape, mine);
        cnn_shape_format(&q->shape, its);
        return cnn_fail(CNN_EDATA, "share: the %s of '%s' is %s, that of '%s' %s",
                        *q->suffix ? q->suffix : "parameter", other->name, its, l->name, mine);
    }
    return 0;
}

static int share(struct cnn_builder *b, const struct cnn_place *at, int line, int node,
                 struct cnn_line_options *o)
{
    struct cnn_node *n = &b->node[node];
    int of = 0;
    if (cnn_evaluate_label(o->share, &at->vars, b->arena, &o->share))
        return cnn_builder_fail(b, at, line);
    int rc = cnn_builder_refer(b, at, o->share, line, "shares", &of);
    if (b->sought.label && !b->sought.reader)
        b->sought.reader = n->layer.name;
    if (rc || b->sought.label)
        return rc;
    if (b->node[of].share)
        of = b->node[of].share;
    if (!b->node[of].layer.type)
        cnn_fail(CNN_EDATA, "share: '%.60s' is an input", o->share);
    if (!b->node[of].layer.type || check_shared(&n->layer, &b->node[of].layer)) {
        cnn_fail_within("%s", n->layer.type->name);
        return cnn_builder_fail(b, at, line);
    }
    n->share = of;
    for (int i = 0; i < n->layer.params; i++)
        n->layer.param[i] = b->node[of].layer.param[i];
    o->share = cnn_builder_name_from(b, at, of);
    return 0;
}

int cnn_builder_share_call(struct cnn_builder *b, const struct cnn_place *at,
                           struct cnn_statement *s, struct cnn_place *in)
{
    const char *label;
    int node, rc = cnn_builder_take(b, at, s, "share", &label);
    if (rc || !label)
        return rc;
    if (!s->label) {
        cnn_fail(CNN_EDATA, "%s: share: the call needs a label of its own", s->word);
        return cnn_builder_fail(b, at, s->line);
    }
    rc = cnn_builder_refer(b, at, label, s->line, "shares", &node);
    if (rc || b->sought.label)
        return rc;
    in->share = cnn_builder_full_label(b, at, label);
    in->share_own = strlen(at->scope->prefix) + (*at->scope->prefix != 0) + strlen(s->label);
    return 0;
}

/* A layer within such a call uses the parameters of its twin; what is said of parameters stands
 * there.
 */
static int follow_call(struct cnn_builder *b, const struct cnn_place *at, const struct cnn_layer *l,
                       struct cnn_line_options *o)
{
    if (!at->share || !l->params || *o->share)
        return 0;
    if (cnn_option_defaults(cnn_line_table, o))
        return CNN_ESYSTEM;
    o->share = cnn_arena_printf(b->arena, "%s%s", at->share, l->name + at->share_own);
    if (!o->share)
        return CNN_ESYSTEM;
    return cnn_labels_find(b->labels, o->share)
               ? 0
               : cnn_fail(CNN_EDATA, "share: there is no '%.200s' for '%.200s'", o->share, l->name);
}

int cnn_builder_apply_line(struct cnn_builder *b, const struct cnn_place *at, int line, int node,
                           struct cnn_line_options *o)
{
    struct cnn_node *n = &b->node[node];
    n->line = o;
    if (b->sought.label)
        return 0;
    if (follow_call(b, at, &n->layer, o) || apply(b, &at->vars, &n->layer, o)) {
        if (cnn_error_code() != CNN_ESYSTEM)
            cnn_fail_within("%s", n->layer.type->name);
        return cnn_builder_fail(b, at, line);
    }
    return *o->share ? share(b, at, line, node, o) : 0;
}
