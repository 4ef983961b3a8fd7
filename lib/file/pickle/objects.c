/* Instructions of pickles that make something of classes and functions; see pickle.h. */
#include <string.h>

#include "base/memory.h"
#include "file/pickle/private.h"

enum { MOST_NAME = 255 }; /* bytes of a module's name, and of one in it */

static struct cnn_pickle_value *name_of(struct cnn_pickle_machine *m, const char *module, size_t n,
                                        const char *name, size_t k)
{
    struct cnn_pickle_value *v = NULL;
    char *text = NULL;
    if (!n || !k || n > MOST_NAME || k > MOST_NAME || memchr(module, 0, n) || memchr(name, 0, k)) {
        cnn_pickle_bad("a name that cannot be");
        return NULL;
    }
    if ((v = cnn_pickle_new(m, CNN_PICKLE_NAME)) &&
        (text = cnn_arena_alloc(m->reader->arena, n + k + 2))) {
        memcpy(text, module, n);
        text[n] = '.';
        memcpy(text + n + 1, name, k);
        v->bytes = text;
        v->size = n + 1 + k;
    }
    return text ? v : NULL;
}

static struct cnn_pickle_value *name_lines(struct cnn_pickle_machine *m)
{
    size_t n, k;
    const char *module = cnn_pickle_line(m, &n), *name = module ? cnn_pickle_line(m, &k) : NULL;
    return name ? name_of(m, module, n, name, k) : NULL;
}

static int push_name(struct cnn_pickle_machine *m, struct cnn_pickle_value *v)
{
    return v ? cnn_pickle_push(m, v) : cnn_error_code();
}

int cnn_pickle_step_name(struct cnn_pickle_machine *m, int arg)
{
    (void)arg;
    return push_name(m, name_lines(m));
}

int cnn_pickle_step_stack_name(struct cnn_pickle_machine *m, int arg)
{
    struct cnn_pickle_value *name = cnn_pickle_pop(m), *module = name ? cnn_pickle_pop(m) : NULL;
    (void)arg;
    if (!module)
        return CNN_EDATA;
    if (name->kind != CNN_PICKLE_TEXT || module->kind != CNN_PICKLE_TEXT)
        return cnn_pickle_bad("a name that is no text");
    return push_name(m, name_of(m, module->bytes, module->size, name->bytes, name->size));
}

static int make(struct cnn_pickle_machine *m, enum cnn_pickle_kind kind,
                struct cnn_pickle_value *of, struct cnn_pickle_value *with)
{
    struct cnn_pickle_value *v;
    if (kind == CNN_PICKLE_CALL && of->kind != CNN_PICKLE_NAME)
        return cnn_pickle_bad("it calls what has no name");
    if (kind == CNN_PICKLE_CALL && !m->reader->may_call(of->bytes))
        return cnn_fail(CNN_EDATA, "the pickle calls %s, which is no data", of->bytes);
    if (of->kind != CNN_PICKLE_NAME && of->kind != CNN_PICKLE_PERSISTENT)
        return cnn_pickle_bad("an object of no class");
    if (!(v = cnn_pickle_push_new(m, kind)))
        return CNN_ESYSTEM;
    v->of = of;
    v->with = with;
    return 0;
}

/* Of a class or function and its arguments. */
int cnn_pickle_step_make(struct cnn_pickle_machine *m, int kind)
{
    struct cnn_pickle_value *with = cnn_pickle_pop(m), *of = with ? cnn_pickle_pop(m) : NULL;
    if (!of)
        return CNN_EDATA;
    return with->kind == CNN_PICKLE_TUPLE ? make(m, (enum cnn_pickle_kind)kind, of, with)
                                          : cnn_pickle_bad("arguments that are no tuple");
}

/* And of arguments that have names, which nobody asks for. */
int cnn_pickle_step_make_named(struct cnn_pickle_machine *m, int kind)
{
    return cnn_pickle_pop(m) ? cnn_pickle_step_make(m, kind) : CNN_EDATA;
}

/* Of the group at the top, which begins with the class unless lines say it. */
int cnn_pickle_step_call_group(struct cnn_pickle_machine *m, int lines)
{
    size_t n;
    struct cnn_pickle_value *of = lines ? name_lines(m) : NULL, *with;
    if (lines && !of)
        return cnn_error_code();
    struct cnn_pickle_value **item = cnn_pickle_group(m, &n);
    if (!item)
        return CNN_EDATA;
    if (!lines && !n)
        return cnn_pickle_bad("an object of no class");
    of = of ? of : item[0];
    with = cnn_pickle_new(m, CNN_PICKLE_TUPLE);
    if (!with || cnn_pickle_add(m, with, item + !lines, n - !lines))
        return CNN_ESYSTEM;
    return make(m, CNN_PICKLE_CALL, of, with);
}

int cnn_pickle_step_build(struct cnn_pickle_machine *m, int arg)
{
    struct cnn_pickle_value *state = cnn_pickle_pop(m), *v = state ? cnn_pickle_top(m) : NULL;
    (void)arg;
    if (!v)
        return CNN_EDATA;
    if (!cnn_pickle_is_made(v))
        return cnn_pickle_bad("a state of what is no object");
    v->state = state;
    return 0;
}

static int push_persistent(struct cnn_pickle_machine *m, struct cnn_pickle_value *with)
{
    struct cnn_pickle_reader *r = m->reader;
    struct cnn_pickle_value *v = cnn_pickle_push_new(m, CNN_PICKLE_PERSISTENT);
    if (!v ||
        cnn_grow(&r->persistent, &r->persistent_room, r->persistents + 1, sizeof *r->persistent))
        return CNN_ESYSTEM;
    v->with = with;
    r->persistent[r->persistents++] = v;
    return 0;
}

int cnn_pickle_step_persistent(struct cnn_pickle_machine *m, int arg)
{
    struct cnn_pickle_value *with = cnn_pickle_pop(m);
    (void)arg;
    return with ? push_persistent(m, with) : CNN_EDATA;
}

int cnn_pickle_step_persistent_line(struct cnn_pickle_machine *m, int arg)
{
    size_t n;
    const char *line = cnn_pickle_line(m, &n);
    struct cnn_pickle_value *with = line ? cnn_pickle_new(m, CNN_PICKLE_TEXT) : NULL;
    (void)arg;
    if (!with)
        return cnn_error_code();
    with->bytes = line;
    with->size = n;
    return push_persistent(m, with);
}
