/* What the instructions of pickles share: their bytes, the stack; see pickle.h. */
#include <string.h>

#include "base/memory.h"
#include "file/pickle/private.h"

int cnn_pickle_bad(const char *what)
{
    return cnn_fail(CNN_EDATA, "malformed pickle: %s", what);
}

/* Bytes */

const unsigned char *cnn_pickle_take(struct cnn_pickle_machine *m, uint64_t n)
{
    const unsigned char *p = m->at;
    if (n > (uint64_t)(m->end - m->at)) {
        cnn_pickle_bad("it ends too early (a truncated file?)");
        return NULL;
    }
    m->at += n;
    return p;
}

int cnn_pickle_number(struct cnn_pickle_machine *m, int bytes, uint64_t *out)
{
    const unsigned char *p = cnn_pickle_take(m, (uint64_t)bytes);
    *out = 0;
    for (int i = 0; p && i < bytes; i++)
        *out |= (uint64_t)p[i] << (8 * i);
    return p ? 0 : CNN_EDATA;
}

const char *cnn_pickle_line(struct cnn_pickle_machine *m, size_t *n)
{
    const unsigned char *p = m->at, *end = memchr(p, '\n', (size_t)(m->end - m->at));
    if (!end) {
        cnn_pickle_bad("it ends too early (a truncated file?)");
        return NULL;
    }
    *n = (size_t)(end - p);
    m->at = end + 1;
    return (const char *)p;
}

int cnn_pickle_line_number(struct cnn_pickle_machine *m, uint64_t *out)
{
    size_t n;
    const char *line = cnn_pickle_line(m, &n);
    if (!line)
        return CNN_EDATA;
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (line[i] < '0' || line[i] > '9' || n > 18)
            return cnn_pickle_bad("no number");
        *out = 10 * *out + (uint64_t)(line[i] - '0');
    }
    return n ? 0 : cnn_pickle_bad("no number");
}

/* The stack */

int cnn_pickle_push(struct cnn_pickle_machine *m, struct cnn_pickle_value *v)
{
    if (cnn_grow(&m->stack, &m->stack_room, m->depth + 1, sizeof *m->stack))
        return CNN_ESYSTEM;
    m->stack[m->depth++] = v;
    return 0;
}

struct cnn_pickle_value *cnn_pickle_new(struct cnn_pickle_machine *m, enum cnn_pickle_kind kind)
{
    struct cnn_pickle_value *v = cnn_arena_alloc(m->reader->arena, sizeof *v);
    if (v)
        v->kind = kind;
    return v;
}

struct cnn_pickle_value *cnn_pickle_push_new(struct cnn_pickle_machine *m,
                                             enum cnn_pickle_kind kind)
{
    struct cnn_pickle_value *v = cnn_pickle_new(m, kind);
    return v && !cnn_pickle_push(m, v) ? v : NULL;
}

/* The value at the top, which stays; NULL with an error set. */
struct cnn_pickle_value *cnn_pickle_top(struct cnn_pickle_machine *m)
{
    if (m->depth && m->stack[m->depth - 1])
        return m->stack[m->depth - 1];
    cnn_pickle_bad("its stack is empty");
    return NULL;
}

struct cnn_pickle_value *cnn_pickle_pop(struct cnn_pickle_machine *m)
{
    struct cnn_pickle_value *v = cnn_pickle_top(m);
    m->depth -= v != NULL;
    return v;
}

/* The values from the last mark on, which is taken off with them; they stay readable until
 * something is pushed. NULL with an error set. */
struct cnn_pickle_value **cnn_pickle_group(struct cnn_pickle_machine *m, size_t *n)
{
    for (size_t i = m->depth; i-- > 0;)
        if (!m->stack[i]) {
            *n = m->depth - i - 1;
            m->depth = i;
            return m->stack + i + 1;
        }
    cnn_pickle_bad("a group without a beginning");
    return NULL;
}
