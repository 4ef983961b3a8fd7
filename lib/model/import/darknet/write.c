/* A net of darknet as a text in the language of nets: its input, each layer, its answers. */
#include <string.h>

#include "model/import/darknet/darknet.h"

/* Keys that change how a net is trained, not what it computes. */
static int is_of_training(const char *key)
{
    static const char *const keys[] = {"learning_rate", "stopbackward",    "dontsave",
                                       "onlyforward",   "probability_min", "burnin_update",
                                       "train_only_bn"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(keys[i], key))
            return 1;
    return 0;
}

/* A key that nobody asked for may mean anything. */
static int check_keys(struct darknet_net *n, size_t i)
{
    struct darknet_section *s = &n->section[i];
    for (size_t k = 0; k < s->options && !s->head; k++)
        if (!s->option[k].asked && !is_of_training(s->option[k].key))
            return cnn_darknet_refuse(n, i, "%.60s=%.40s", s->option[k].key, s->option[k].value);
    return 0;
}

static int write_layer(struct darknet_net *n, size_t i)
{
    struct darknet_section *s = &n->section[i];
    const struct darknet_kind *kind = cnn_darknet_kind(s->type);
    size_t refusals = n->refusals;
    s->shape = cnn_darknet_before(n, i)->shape;
    int rc = kind ? kind->write(n, i) : cnn_darknet_refuse(n, i, "%s", "");
    if (!rc && refusals == n->refusals)
        rc = check_keys(n, i);
    /* What is refused is gone on behind as if it were there: others are to be named, too. */
    if (!rc && !s->label)
        s->label = cnn_arena_printf(n->arena, "%zu", i - 1);
    return rc ? rc : s->label ? 0 : CNN_ESYSTEM;
}

static int write_input(struct darknet_net *n)
{
    struct darknet_section *s = &n->section[0];
    struct cnn_chw *c = &n->input.shape;
    const char *last = n->section[n->sections - 1].type;
    int classifies = !strcmp(last, "softmax") || !strcmp(last, "cost") || !strcmp(last, "soft");
    size_t inputs = 0;
    int rc = cnn_darknet_number(n, s, "height", 0, 0, 1 << 20, &c->h);
    if (!rc)
        rc = cnn_darknet_number(n, s, "width", 0, 0, 1 << 20, &c->w);
    if (!rc)
        rc = cnn_darknet_number(n, s, "channels", 0, 0, 1 << 20, &c->c);
    if (!rc)
        rc = cnn_darknet_number(n, s, "inputs", 0, 0, 1 << 30, &inputs);
    if (!rc && (!c->h || !c->w || !c->c) && !inputs)
        rc = cnn_fail(CNN_EDATA, "%s:%d: height, width or channels is missing", n->path, s->line);
    if (rc)
        return rc;
    if (!c->h || !c->w || !c->c)
        *c = (struct cnn_chw){inputs, 1, 1};
    cnn_darknet_go_to(n, s->line);
    cnn_buf_printf(&n->text, "input %zux%zux%zu", c->c, c->h, c->w);
    if (classifies && c->h == c->w && c->h > 1)
        cnn_buf_printf(&n->text, " resize=%zu", c->h);
    n->input.label = n->last = "input";
    return n->text.failed ? CNN_ESYSTEM : 0;
}

/* What heads read, and what nobody does; each value once. */
static int write_outputs(struct darknet_net *n)
{
    struct cnn_buf list = {0};
    const char *only = NULL;
    size_t count = 0;
    for (size_t i = 1; i < n->sections; i++) {
        struct darknet_section *s = &n->section[i];
        int end = i + 1 == n->sections && !s->head;
        const char *label = s->head ? cnn_darknet_before(n, i)->label : end ? s->label : NULL;
        if (!label || (only && !strcmp(only, label)))
            continue;
        cnn_buf_printf(&list, " %s", label);
        only = label;
        count++;
    }
    if (count > 1 || (only && strcmp(only, n->last)))
        cnn_buf_printf(&n->text, "\noutput%s", list.text);
    cnn_buf_puts(&n->text, "\n");
    int failed = list.failed || n->text.failed;
    cnn_buf_free(&list);
    return failed ? CNN_ESYSTEM : 0;
}

int cnn_darknet_write(struct darknet_net *n)
{
    n->line = 1;
    n->last = "";
    int rc = write_input(n);
    for (size_t i = 1; !rc && i < n->sections; i++)
        rc = write_layer(n, i);
    if (!rc && n->refusals)
        return n->refused.failed
                   ? CNN_ESYSTEM
                   : cnn_fail(CNN_EDATA, "%s: %zu layer%s cannot be imported: %s%s", n->path,
                              n->refusals, n->refusals == 1 ? "" : "s", n->refused.text,
                              n->refusals > DARKNET_MOST_NAMED ? "; ..." : "");
    return rc ? rc : write_outputs(n);
}
