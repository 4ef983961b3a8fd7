/* Which tensor of a file is which parameter of a net. Training programs put words in front of names
 * ("module.",
 * "_orig_mod.", "backbone."): one in front of all tensors that begin with it, behind which each is
 * a parameter that is otherwise missing, is taken off. */
#include <stdlib.h>
#include <string.h>

#include "file/tensors.h"
#include "model/load_private.h"

enum { MOST_PREFIXES = 8 };

static int by_name(const void *a, const void *b)
{
    const struct load_param *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* Whether the parameter of that name belongs to a layer that takes nothing from the file. */
static int is_fresh(const struct load *l, const char *name)
{
    const struct cnn_strings *list = l->options->fresh;
    for (size_t i = 0; list && i < list->count; i++) {
        size_t n = strlen(list->item[i]);
        if (!strncmp(list->item[i], name, n) && (name[n] == '.' || !name[n]))
            return 1;
    }
    return 0;
}

int cnn_load_allowed(const struct load *l, const char *name)
{
    const struct cnn_strings *list = l->options->allow_new;
    if (is_fresh(l, name))
        return 1;
    for (size_t i = 0; list && i < list->count; i++)
        if (cnn_match(list->item[i], name))
            return 1;
    return 0;
}

struct load_param *cnn_load_find(const struct load *l, const char *name)
{
    struct load_param key = {.name = name}, *at = &key;
    struct load_param **found = bsearch(&at, l->sorted, l->params, sizeof *l->sorted, by_name);
    return found ? *found : NULL;
}

int cnn_load_fits(const struct load_param *p, const struct cnn_stored_tensor *t)
{
    const struct cnn_shape *have = &t->shape, *want = &p->of->shape;
    if (t->rank > CNN_MAX_RANK)
        return 0;
    return cnn_shape_alike(have, want) ||
           (have->rank == 2 && want->rank == 4 && have->dim[0] == want->dim[0] &&
            cnn_shape_count(have) == cnn_shape_count(want));
}

/* "FROM=TO": names that begin with FROM begin with TO instead; with a '*' in FROM, names that match
 * it as a whole become TO, whose '*' is what that of FROM stood for. NULL with no error set: it
 * does not apply. */
static char *renamed(const char *rule, const char *name)
{
    const char *equal = strchr(rule, '='), *star = memchr(rule, '*', (size_t)(equal - rule));
    const char *to = equal + 1, *there = star ? strchr(to, '*') : NULL;
    size_t head = (size_t)((star ? star : equal) - rule), n = strlen(name);
    size_t tail = star ? (size_t)(equal - star) - 1 : 0;
    if (n < head + tail || strncmp(name, rule, head) ||
        (star && strncmp(name + n - tail, star + 1, tail)))
        return NULL;
    struct cnn_buf b = {0};
    cnn_buf_add(&b, to, there ? (size_t)(there - to) : strlen(to));
    if (!star || there)
        cnn_buf_add(&b, name + head, n - head - tail);
    if (there)
        cnn_buf_puts(&b, there + 1);
    return cnn_buf_take(&b);
}

/* The first rule that fits a name changes it. */
static int rename_tensors(struct load *l)
{
    const struct cnn_strings *rules = l->options->rename;
    for (size_t k = 0; rules && k < rules->count; k++) {
        const char *equal = strchr(rules->item[k], '=');
        size_t changed = 0;
        if (!equal || !strcmp(rules->item[k], "="))
            return cnn_fail(CNN_EUSAGE, "--rename: '%s' is not FROM=TO", rules->item[k]);
        for (size_t i = 0; i < l->tensors; i++) {
            struct load_tensor *t = &l->tensor[i];
            char *name = t->aside || t->renamed ? NULL : renamed(rules->item[k], t->name);
            if (!name)
                continue;
            free(t->owned);
            t->name = t->owned = name;
            t->renamed = 1;
            changed++;
        }
        if (!changed)
            return cnn_fail(CNN_EUSAGE, "--rename: '%s' fits no tensor of %s", rules->item[k],
                            l->from->path);
    }
    return 0;
}

/* Tensors to the parameters of their names. Two of one name: after renaming alone. */
static int match_names(struct load *l)
{
    l->matched = 0;
    for (size_t i = 0; i < l->tensors; i++) {
        struct load_param *p = l->tensor[i].aside ? NULL : cnn_load_find(l, l->tensor[i].name);
        l->tensor[i].used = p != NULL;
        if (p && p->tensor && p->tensor != l->tensor[i].of)
            return cnn_fail(CNN_EDATA, "%s: two tensors would be '%s'", l->from->path, p->name);
        if (p && !is_fresh(l, p->name))
            p->tensor = l->tensor[i].of;
        l->matched += p && cnn_load_fits(p, l->tensor[i].of);
    }
    return 0;
}

/* How many parameters that are missing a prefix of n characters would bring; 0: not all that begins
 * with it has a place. */
static size_t worth(const struct load *l, const char *prefix, size_t n)
{
    size_t found = 0, other = 0;
    for (size_t i = 0; i < l->tensors; i++) {
        const struct load_tensor *t = &l->tensor[i];
        if (t->aside || t->used || strncmp(t->name, prefix, n))
            continue;
        const struct load_param *p = cnn_load_find(l, t->name + n);
        if ((!p || p->tensor) && !cnn_load_allowed(l, t->name + n))
            return 0;
        found += p && cnn_load_fits(p, t->of);
        other += p && !cnn_load_fits(p, t->of);
    }
    return found > other ? found : 0;
}

/* The prefix that brings most; its length into *n. */
static const char *best_prefix(const struct load *l, size_t *n)
{
    const char *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < l->tensors; i++) {
        const struct load_tensor *t = &l->tensor[i];
        for (const char *dot = t->aside || t->used ? NULL : strchr(t->name, '.'); dot;
             dot = strchr(dot + 1, '.')) {
            const struct load_param *p = cnn_load_find(l, dot + 1);
            size_t k = (size_t)(dot - t->name) + 1;
            if (!p || p->tensor || (best && *n == k && !strncmp(best, t->name, k)))
                continue;
            size_t w = worth(l, t->name, k);
            if (w > most) {
                most = w;
                best = t->name;
                *n = k;
            }
        }
    }
    return best;
}

/* Taken off as the rule "PREFIX=" would. */
static int drop_prefix(struct load *l, const char *prefix, size_t n)
{
    char *copy = cnn_strndup(prefix, n);
    size_t dropped = 0;
    if (!copy)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < l->tensors; i++) {
        struct load_tensor *t = &l->tensor[i];
        if (!t->aside && !t->used && !strncmp(t->name, copy, n)) {
            t->name += n;
            dropped++;
        }
    }
    cnn_buf_printf(&l->note, "%s'%s' in front of %zu names is left out", l->note.size ? ", " : "",
                   copy, dropped);
    free(copy);
    return l->note.failed ? CNN_ESYSTEM : 0;
}

/* Whether the file has no tensor for a parameter that must have one. */
static int lacks(const struct load *l)
{
    for (size_t i = 0; i < l->params; i++)
        if (!l->param[i].tensor && !cnn_load_allowed(l, l->param[i].name))
            return 1;
    return 0;
}

/* All prefixes that bring something; what they are is a guess until nothing is missing. */
static int drop_prefixes(struct load *l)
{
    int rc = 0;
    for (int k = 0; !rc && k < MOST_PREFIXES; k++) {
        size_t n = 0;
        const char *prefix = best_prefix(l, &n);
        if (!prefix)
            break;
        rc = drop_prefix(l, prefix, n);
        if (!rc)
            rc = match_names(l);
    }
    return rc;
}

static int undo(struct load *l, const char **name)
{
    cnn_buf_free(&l->note);
    for (size_t i = 0; i < l->tensors; i++)
        l->tensor[i].name = name[i];
    for (size_t i = 0; i < l->params; i++)
        l->param[i].tensor = NULL;
    return match_names(l);
}

int cnn_load_match(struct load *l)
{
    for (size_t i = 0; i < l->params; i++)
        l->sorted[i] = &l->param[i];
    qsort(l->sorted, l->params, sizeof *l->sorted, by_name);
    int rc = rename_tensors(l);
    if (!rc)
        rc = match_names(l);
    if (rc || !lacks(l))
        return rc;
    const char **name = cnn_calloc(l->tensors, sizeof *name);
    if (!name)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < l->tensors; i++)
        name[i] = l->tensor[i].name;
    rc = drop_prefixes(l);
    if (!rc && lacks(l))
        rc = undo(l, name);
    free(name);
    return rc;
}
