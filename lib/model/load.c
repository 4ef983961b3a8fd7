/* Parameters of a net from the tensors of a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/tensors.h"
#include "model/load_private.h"

enum { NAMED = 4 };

static int ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n >= k && !strcmp(s + n - k, end);
}

/* Tensors of the file that are no parameters of any net. */
static int is_aside(const struct cnn_tensor_source *from, const char *name)
{
    if (ends_with(name, "num_batches_tracked"))
        return 1;
    return cnn_tensors_text(from, "cnn.format") &&
           (!strncmp(name, "selftest.", 9) || !strncmp(name, "optimizer.", 10) ||
            !strncmp(name, "average.", 8) || !strncmp(name, "best.", 5));
}

/* A hint to let tensors start afresh is given where most do not: it would lead to a net of random
 * weights. */
static const char *hint(const struct load *l, const char *name, const char *end, char out[300])
{
    out[0] = '\0';
    if (2 * l->matched >= l->params)
        snprintf(out, 300, " (--allow-new '%.200s' %s)", name, end);
    return out;
}

/* How many parameters would be found behind a prefix of n characters. */
static size_t behind(const struct load *l, const char *prefix, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < l->tensors; i++) {
        const struct load_tensor *t = &l->tensor[i];
        const struct load_param *p =
            t->aside || strncmp(t->name, prefix, n) ? NULL : cnn_load_find(l, t->name + n);
        found += p && cnn_load_fits(p, t->of);
    }
    return found;
}

/* Another tensor of the file whose name ends in that, behind what stands before most of the net. */
static const struct load_tensor *longer_name(const struct load *l, const char *name)
{
    for (size_t i = 0; i < l->tensors; i++) {
        const struct load_tensor *t = &l->tensor[i];
        size_t n = strlen(t->name), k = strlen(name);
        if (!t->aside && n > k && t->name[n - k - 1] == '.' && ends_with(t->name, name) &&
            2 * behind(l, t->name, n - k) >= l->params)
            return t;
    }
    return NULL;
}

static int fail_missing(const struct load *l, const char *name)
{
    char text[300];
    const struct load_tensor *t = longer_name(l, name);
    if (t)
        return cnn_fail(CNN_EDATA,
                        "%s: tensor '%s' of the net is not in the file, but '%s' is "
                        "(--rename '%.*s=' takes the prefix off)",
                        l->from->path, name, t->name, (int)(strlen(t->name) - strlen(name)),
                        t->name);
    return cnn_fail(CNN_EDATA, "%s: tensor '%s' of the net is not in the file%s", l->from->path,
                    name, hint(l, name, "lets it start afresh", text));
}

/* A parameter whose tensor is there in another shape, and that tensor; NULL: there is none. */
static const struct load_param *misfit(const struct load *l,
                                       const struct cnn_stored_tensor **tensor)
{
    for (size_t i = 0; i < l->params; i++)
        for (size_t k = 0; k < l->tensors; k++) {
            *tensor = l->tensor[k].of;
            if (!l->tensor[k].aside && !strcmp(l->tensor[k].name, l->param[i].name))
                return &l->param[i];
        }
    return NULL;
}

static void format_shapes(const struct load_param *p, const struct cnn_stored_tensor *t,
                          char have[96], char want[96])
{
    snprintf(have, 96, "a shape of higher rank");
    if (t->rank <= CNN_MAX_RANK)
        cnn_shape_format(&t->shape, have);
    cnn_shape_format(&p->of->shape, want);
}

static int fail_nothing(const struct load *l)
{
    const char *first = NULL;
    const struct cnn_stored_tensor *t;
    const struct load_param *p = misfit(l, &t);
    char have[96], want[96];
    if (p) {
        format_shapes(p, t, have, want);
        return cnn_fail(CNN_EDATA,
                        "%s: none of its tensors fits the net: '%s' is %s there and %s here",
                        l->from->path, p->name, have, want);
    }
    for (size_t i = 0; i < l->params; i++)
        if (!l->param[i].tensor && longer_name(l, l->param[i].name))
            return fail_missing(l, l->param[i].name);
    for (size_t i = 0; i < l->tensors && !first; i++)
        first = l->tensor[i].aside ? NULL : l->tensor[i].of->name;
    return cnn_fail(CNN_EDATA,
                    "%s: none of its tensors fits the net: it has '%.200s', the net has '%.200s' "
                    "(another net, or other names: --rename FROM=TO)",
                    l->from->path, first ? first : "nothing",
                    l->params ? l->param[0].name : "nothing");
}

static int fail_shape(const struct load *l, const struct load_param *p)
{
    char have[96], want[96], text[300];
    format_shapes(p, p->tensor, have, want);
    return cnn_fail(CNN_EDATA, "%s: tensor '%s' is %s in the file, the net wants %s%s",
                    l->from->path, p->name, have, want,
                    hint(l, p->name, "lets it start afresh", text));
}

static int all_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i])
            return 0;
    return 1;
}

int cnn_model_is_blank(const struct cnn_tensor_source *from)
{
    size_t weights = 0;
    int blank = 1;
    for (size_t i = 0; blank && i < cnn_tensors_count(from); i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(from, i);
        const unsigned char *bytes;
        size_t size;
        float *held;
        if (is_aside(from, t->name) || t->rank < 2)
            continue;
        weights++;
        blank = !cnn_tensor_bytes(from, t, &held, &bytes, &size);
        if (!blank)
            cnn_error_clear(); /* loading it tells */
        blank = blank && all_zero(bytes, size);
        free(held);
    }
    return blank && weights;
}

/* Names in a list that is cut where it becomes long. */
static void add_name(struct cnn_buf *b, size_t *count, const char *name)
{
    if (++*count <= NAMED)
        cnn_buf_printf(b, "%s%.100s", *count > 1 ? ", " : "", name);
}

/* "60 tensors from W; 2 start afresh: fc.weight, fc.bias; 1 of the file is not used: head.weight"
 */
static int report(struct load *l, size_t loaded, size_t fresh, const struct cnn_buf *names,
                  struct cnn_buf *note)
{
    struct cnn_buf rest = {0};
    size_t unused = 0;
    for (size_t i = 0; i < l->tensors; i++) {
        const struct load_param *p = cnn_load_find(l, l->tensor[i].name);
        int taken = p && p->tensor == l->tensor[i].of;
        if (!l->tensor[i].aside && !taken)
            add_name(&rest, &unused, l->tensor[i].of->name);
    }
    if (fresh || unused || l->note.size)
        cnn_buf_printf(note, "%zu of %zu tensors from %s%s%s", loaded, l->params, l->from->path,
                       l->note.size ? ", where " : "", l->note.size ? l->note.text : "");
    if (fresh)
        cnn_buf_printf(note, "; %zu start%s afresh: %s%s", fresh, fresh == 1 ? "s" : "",
                       names->text, fresh > NAMED ? ", ..." : "");
    if (unused)
        cnn_buf_printf(note, "; %zu of the file %s not used: %s%s", unused,
                       unused == 1 ? "is" : "are", rest.text, unused > NAMED ? ", ..." : "");
    int failed = note->failed || rest.failed || names->failed;
    cnn_buf_free(&rest);
    return failed ? CNN_ESYSTEM : 0;
}

/* Every parameter is set or may start afresh, and every tensor has a place or need not have one. */
static int fill(struct load *l, struct cnn_net *net, struct cnn_buf *note)
{
    size_t loaded = 0, fresh = 0;
    struct cnn_buf names = {0};
    size_t named = 0;
    for (size_t i = 0; i < l->params; i++)
        named += l->param[i].tensor != NULL;
    int rc = named || !l->params ? 0 : fail_nothing(l);
    for (size_t i = 0; !rc && i < l->params; i++) {
        struct load_param *p = &l->param[i];
        if (p->tensor && cnn_load_fits(p, p->tensor)) {
            rc = cnn_load_values(l, net, p);
            loaded++;
        } else if (cnn_load_allowed(l, p->name)) {
            p->tensor = NULL;
            add_name(&names, &fresh, p->name);
        } else {
            rc = p->tensor ? fail_shape(l, p) : fail_missing(l, p->name);
        }
    }
    for (size_t i = 0; !rc && i < l->tensors; i++) {
        const struct load_tensor *t = &l->tensor[i];
        char text[300];
        if (!t->aside && !t->used && !cnn_load_allowed(l, t->name) &&
            !cnn_load_allowed(l, t->of->name))
            rc = cnn_fail(CNN_EDATA, "%s: tensor '%s' has no place in the net%s", l->from->path,
                          t->of->name, hint(l, t->of->name, "leaves it out", text));
    }
    if (!rc && l->params && !loaded)
        rc = fail_nothing(l);
    if (!rc && note)
        rc = report(l, loaded, fresh, &names, note);
    cnn_buf_free(&names);
    return rc;
}

int cnn_model_load_params(const struct cnn_tensor_source *from, struct cnn_net *net,
                          const struct cnn_load_options *options, struct cnn_buf *note)
{
    static const struct cnn_load_options strict;
    struct load l = {.from = from, .options = options ? options : &strict};
    const struct cnn_net_param *param = cnn_net_params(net, &l.params);
    l.tensors = cnn_tensors_count(from);
    l.param = cnn_calloc(l.params, sizeof *l.param);
    l.tensor = cnn_calloc(l.tensors, sizeof *l.tensor);
    l.sorted = cnn_calloc(l.params, sizeof(struct load_param *));
    int rc = l.param && l.sorted && l.tensor ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < l.params; i++)
        l.param[i] = (struct load_param){.name = param[i].name, .of = &param[i]};
    for (size_t i = 0; !rc && i < l.tensors; i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(from, i);
        l.tensor[i] = (struct load_tensor){.of = t, .name = t->name};
        l.tensor[i].aside = is_aside(from, t->name);
    }
    if (!rc)
        rc = cnn_load_follow(&l, cnn_net_graph(net));
    if (!rc)
        rc = cnn_load_match(&l);
    if (!rc)
        rc = fill(&l, net, note);
    for (size_t i = 0; l.tensor && i < l.tensors; i++)
        free(l.tensor[i].owned);
    free(l.param);
    free(l.sorted);
    free(l.tensor);
    cnn_arena_free(l.arena);
    cnn_buf_free(&l.note);
    return rc;
}
