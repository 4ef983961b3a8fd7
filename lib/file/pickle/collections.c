/* Instructions of pickles that make and fill tuples, lists and dicts; see pickle.h. */
#include <string.h>

#include "base/memory.h"
#include "file/pickle/private.h"

int cnn_pickle_add(struct cnn_pickle_machine *m, struct cnn_pickle_value *to,
                   struct cnn_pickle_value *const *item, size_t n)
{
    if (to->count + n > to->room) {
        size_t room = to->count + n > 2 * to->room ? to->count + n : 2 * to->room;
        struct cnn_pickle_value **grown =
            cnn_arena_alloc(m->reader->arena, room * sizeof(struct cnn_pickle_value *));
        if (!grown)
            return CNN_ESYSTEM;
        if (to->count)
            memcpy(grown, to->item, to->count * sizeof *grown);
        to->item = grown;
        to->room = room;
    }
    if (n)
        memcpy(to->item + to->count, item, n * sizeof *item);
    to->count += n;
    return 0;
}

int cnn_pickle_step_new(struct cnn_pickle_machine *m, int kind)
{
    return cnn_pickle_push_new(m, (enum cnn_pickle_kind)kind) ? 0 : CNN_ESYSTEM;
}

/* Of the group at the top. */
int cnn_pickle_step_group(struct cnn_pickle_machine *m, int kind)
{
    size_t n;
    struct cnn_pickle_value **item = cnn_pickle_group(m, &n), *v;
    if (!item)
        return CNN_EDATA;
    if (kind == CNN_PICKLE_DICT && n % 2)
        return cnn_pickle_bad("a key without a value");
    v = cnn_pickle_new(m, (enum cnn_pickle_kind)kind);
    if (!v || cnn_pickle_add(m, v, item, n))
        return CNN_ESYSTEM;
    return cnn_pickle_push(m, v);
}

/* Of so many values at the top. */
int cnn_pickle_step_tuple(struct cnn_pickle_machine *m, int n)
{
    struct cnn_pickle_value *item[3] = {0}, *v;
    for (int i = n; i-- > 0;)
        if (!(item[i] = cnn_pickle_pop(m)))
            return CNN_EDATA;
    v = cnn_pickle_new(m, CNN_PICKLE_TUPLE);
    if (!v || cnn_pickle_add(m, v, item, (size_t)n))
        return CNN_ESYSTEM;
    return cnn_pickle_push(m, v);
}

int cnn_pickle_is_made(const struct cnn_pickle_value *v)
{
    return v->kind == CNN_PICKLE_CALL || v->kind == CNN_PICKLE_OBJECT;
}

/* What is appended to an object nobody asks for. */
static int append(struct cnn_pickle_machine *m, struct cnn_pickle_value *const *item, size_t n)
{
    struct cnn_pickle_value *v = cnn_pickle_top(m);
    if (!v)
        return CNN_EDATA;
    if (cnn_pickle_is_made(v))
        return 0;
    return v->kind == CNN_PICKLE_LIST ? cnn_pickle_add(m, v, item, n)
                                      : cnn_pickle_bad("it appends to what is no list");
}

int cnn_pickle_step_append(struct cnn_pickle_machine *m, int arg)
{
    struct cnn_pickle_value *item = cnn_pickle_pop(m);
    (void)arg;
    return item ? append(m, &item, 1) : CNN_EDATA;
}

int cnn_pickle_step_appends(struct cnn_pickle_machine *m, int arg)
{
    size_t n;
    struct cnn_pickle_value **item = cnn_pickle_group(m, &n);
    (void)arg;
    return item ? append(m, item, n) : CNN_EDATA;
}

static int set_items(struct cnn_pickle_machine *m, struct cnn_pickle_value *const *item, size_t n)
{
    struct cnn_pickle_value *v = cnn_pickle_top(m);
    if (!v)
        return CNN_EDATA;
    if (v->kind != CNN_PICKLE_DICT && !cnn_pickle_is_made(v))
        return cnn_pickle_bad("it sets items of what has none");
    return n % 2 ? cnn_pickle_bad("a key without a value") : cnn_pickle_add(m, v, item, n);
}

int cnn_pickle_step_set_item(struct cnn_pickle_machine *m, int arg)
{
    struct cnn_pickle_value *item[2];
    (void)arg;
    if (!(item[1] = cnn_pickle_pop(m)) || !(item[0] = cnn_pickle_pop(m)))
        return CNN_EDATA;
    return set_items(m, item, 2);
}

int cnn_pickle_step_set_items(struct cnn_pickle_machine *m, int arg)
{
    size_t n;
    struct cnn_pickle_value **item = cnn_pickle_group(m, &n);
    (void)arg;
    return item ? set_items(m, item, n) : CNN_EDATA;
}
