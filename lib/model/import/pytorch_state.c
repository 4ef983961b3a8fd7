/* From the object of a PyTorch file to tensors with names. A checkpoint has the state dict of its
 * net under one of a few keys; dicts in dicts are parts of a name. */
#include <inttypes.h>
#include <string.h>

#include "model/import/pytorch_private.h"

enum { MOST_DEPTH = 16, MOST_NAME = 1000 };

/* Marks of dicts that were looked at, since they may be shared, and contain themselves. */
enum { SEARCHED = 1, COUNTED = 2, HAS_TENSORS = 4, COLLECTED = 8 };

/* Where training programs keep the net; of several the first here. */
static const char *const nets[] = {
    "state_dict", "model_state_dict", "model_state", "model",  "net",
    "network",    "module",           "weights",     "params", "state_dict_ema",
    "model_ema",  "ema_state_dict",   "params_ema",  "ema",    "net_state_dict",
    "teacher",    "student",          "encoder_q",
};

enum { NETS = sizeof nets / sizeof *nets };

/* An entry of a dict. */
struct entry {
    struct cnn_pickle_value *key, *value;
};

static int is_dict(const struct cnn_pickle_value *v)
{
    return v->kind == CNN_PICKLE_DICT || cnn_pytorch_made_by(v) == PYTORCH_DICT;
}

/* The list of pairs that Python 2 makes an OrderedDict of; NULL: there is none. */
static const struct cnn_pickle_value *pairs_of(const struct cnn_pickle_value *v)
{
    const struct cnn_pickle_value *with = v->kind == CNN_PICKLE_DICT ? NULL : v->with;
    int one = with && with->kind == CNN_PICKLE_TUPLE && with->count == 1;
    return one && with->item[0]->kind == CNN_PICKLE_LIST ? with->item[0] : NULL;
}

static size_t entries_of(const struct cnn_pickle_value *v)
{
    const struct cnn_pickle_value *pairs = pairs_of(v);
    return v->count / 2 + (pairs ? pairs->count : 0);
}

/* Entry i; {0}: what is there is no pair. */
static struct entry entry_at(const struct cnn_pickle_value *v, size_t i)
{
    const struct cnn_pickle_value *pairs = pairs_of(v), *pair;
    size_t first = pairs ? pairs->count : 0;
    if (i >= first)
        return (struct entry){v->item[2 * (i - first)], v->item[2 * (i - first) + 1]};
    pair = pairs->item[i];
    if ((pair->kind != CNN_PICKLE_LIST && pair->kind != CNN_PICKLE_TUPLE) || pair->count != 2)
        return (struct entry){0};
    return (struct entry){pair->item[0], pair->item[1]};
}

/* Whether a tensor is in a dict itself. */
static int has_tensors(const struct pytorch *f, struct cnn_pickle_value *v)
{
    size_t n = v->visited & COUNTED ? 0 : entries_of(v);
    v->visited |= COUNTED;
    for (size_t i = 0; i < n; i++) {
        struct entry e = entry_at(v, i);
        if (e.value && cnn_pytorch_is_tensor(f, e.value)) {
            v->visited |= HAS_TENSORS;
            break;
        }
    }
    return (v->visited & HAS_TENSORS) != 0;
}

/* The rank of a key in the list of nets; NETS: it is not there. */
static size_t rank_of(const struct cnn_pickle_value *key)
{
    size_t i = 0;
    while (i < NETS && !(key->kind == CNN_PICKLE_TEXT && cnn_pickle_is(key, nets[i])))
        i++;
    return i;
}

static int has_parts(const struct pytorch *f, const struct cnn_pickle_value *v)
{
    for (size_t i = 0; i < entries_of(v); i++) {
        struct entry e = entry_at(v, i);
        if (e.value && is_dict(e.value) && has_tensors(f, e.value))
            return 1;
    }
    return 0;
}

/* The state dict within a dict, by the keys that lead to one; NULL: nothing in it is one. *whole:
 * an object where one might be. */
static struct cnn_pickle_value *find_state(const struct pytorch *f, struct cnn_pickle_value *v,
                                           int depth, struct cnn_pickle_value **whole)
{
    struct cnn_pickle_value *at[NETS] = {0}, *found = NULL;
    if (depth > MOST_DEPTH || (v->visited & SEARCHED))
        return NULL;
    v->visited |= SEARCHED;
    for (size_t i = 0; i < entries_of(v); i++) {
        struct entry e = entry_at(v, i);
        size_t rank = e.key ? rank_of(e.key) : NETS;
        if (rank < NETS)
            at[rank] = e.value;
    }
    for (size_t i = 0; !found && i < NETS; i++) {
        if (at[i] && is_dict(at[i]))
            found = find_state(f, at[i], depth + 1, whole);
        else if (at[i] && at[i]->kind == CNN_PICKLE_OBJECT && !*whole)
            *whole = at[i];
    }
    if (found)
        return found;
    return has_tensors(f, v) || has_parts(f, v) ? v : NULL;
}

/* The name of an object's class. */
static const char *class_of(const struct cnn_pickle_value *v)
{
    const struct cnn_pickle_value *of = v->of;
    if (of->kind == CNN_PICKLE_PERSISTENT && of->with->kind == CNN_PICKLE_TUPLE &&
        of->with->count > 1)
        of = of->with->item[1]; /* ("module", class, file, text) */
    if ((cnn_pickle_is(of, "copyreg._reconstructor") ||
         cnn_pickle_is(of, "copy_reg._reconstructor")) &&
        v->with->kind == CNN_PICKLE_TUPLE && v->with->count)
        of = v->with->item[0];
    return of->kind == CNN_PICKLE_NAME ? of->bytes : "a class without a name";
}

static int fail_whole(const struct cnn_pickle_value *v)
{
    return cnn_fail(CNN_EDATA,
                    "a whole object, %s, and no state dict: torch.save(net.state_dict(), FILE) "
                    "in the program that made it writes its tensors alone",
                    class_of(v));
}

/* "weight" behind "conv1." ; NULL with no error set: the key is none of a tensor. */
static char *name_of(const struct pytorch *f, const char *prefix,
                     const struct cnn_pickle_value *key)
{
    if (strlen(prefix) > MOST_NAME ||
        (key->kind == CNN_PICKLE_TEXT &&
         (key->size > MOST_NAME || memchr(key->bytes, 0, key->size)))) {
        cnn_fail(CNN_EDATA, "a name that is too long, or no text");
        return NULL;
    }
    if (key->kind == CNN_PICKLE_TEXT)
        return cnn_arena_printf(f->arena, "%s%.*s", prefix, (int)key->size, key->bytes);
    if (key->kind == CNN_PICKLE_INT)
        return cnn_arena_printf(f->arena, "%s%" PRId64, prefix, key->integer);
    return NULL;
}

static int add_tensor(struct cnn_tensor_source *s, const char *name, struct cnn_pickle_value *v)
{
    struct pytorch *f = s->state;
    struct pytorch_tensor *t;
    struct cnn_stored_tensor stored = {.name = name};
    int rc = cnn_pytorch_tensor(f, v, &t);
    if (rc)
        return rc == CNN_EDATA ? cnn_fail_within("tensor '%.200s'", name) : rc;
    if (cnn_stored_tensor_shape(&stored, (enum cnn_dtype)t->dtype, t->rank, t->dim))
        return cnn_fail(CNN_EDATA, "tensor '%.200s': its shape is too large", name);
    stored.data = cnn_pytorch_in_place(t, stored.count);
    if (cnn_grow(&f->tensor, &f->tensor_room, s->count + 1, sizeof(struct pytorch_tensor *)))
        return CNN_ESYSTEM;
    f->tensor[s->count] = t;
    return cnn_tensors_add(s, &stored);
}

/* An optimizer's: numbers of parameters in groups, and what it keeps of each. */
static int is_optimizer(const struct cnn_pickle_value *v)
{
    for (size_t i = 0; i < entries_of(v); i++) {
        struct entry e = entry_at(v, i);
        if (e.key && cnn_pickle_is(e.key, "param_groups"))
            return 1;
    }
    return 0;
}

/* An object nobody knows is passed over, unless its name is like a parameter's. */
static int pass_over(const char *name, const struct cnn_pickle_value *v)
{
    if (v->kind != CNN_PICKLE_OBJECT || !strchr(name, '.'))
        return 0;
    return cnn_fail(CNN_EDATA, "'%.200s' is an object of %s, no tensor", name, class_of(v));
}

static int collect(struct cnn_tensor_source *s, struct cnn_pickle_value *v, const char *prefix,
                   int depth)
{
    const struct pytorch *f = s->state;
    int rc = 0;
    if (v->visited & COLLECTED)
        return 0;
    v->visited |= COLLECTED;
    if (depth > MOST_DEPTH)
        return cnn_fail(CNN_EDATA, "dicts within dicts, more than %d", MOST_DEPTH);
    if (depth && is_optimizer(v))
        return 0;
    for (size_t i = 0; !rc && i < entries_of(v); i++) {
        struct entry e = entry_at(v, i);
        cnn_error_clear();
        const char *name = e.key ? name_of(f, prefix, e.key) : NULL;
        if (!name)
            rc = cnn_error_code();
        else if (cnn_pytorch_is_tensor(f, e.value))
            rc = add_tensor(s, name, e.value);
        else if (is_dict(e.value) && (name = cnn_arena_printf(f->arena, "%s.", name)))
            rc = collect(s, e.value, name, depth + 1);
        else
            rc = name ? pass_over(name, e.value) : CNN_ESYSTEM;
    }
    return rc;
}

int cnn_pytorch_state(struct cnn_tensor_source *s, struct cnn_pickle_value *root)
{
    struct pytorch *f = s->state;
    struct cnn_pickle_value *whole = NULL, *found;
    if (!is_dict(root) && cnn_pytorch_is_tensor(f, root))
        return cnn_fail(CNN_EDATA, "one tensor without a name, and no state dict");
    if (root->kind == CNN_PICKLE_OBJECT || (root->kind == CNN_PICKLE_CALL && !is_dict(root)))
        return fail_whole(root);
    if (!is_dict(root))
        return cnn_fail(CNN_EDATA, "its object is no state dict");
    found = find_state(f, root, 0, &whole);
    if (whole && (!found || found == root))
        return fail_whole(whole);
    return collect(s, found ? found : root, "", 0);
}
