/* The pickle machine: its instructions, and the memo of values that come again; see pickle.h. */
#include "file/pickle/pickle.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "file/pickle/private.h"

enum {
    MOST_STEPS = 1 << 23, /* instructions: each makes one value at most */
    MOST_AHEAD = 1000,    /* places of the memo that picklers may leave out */
    LAST_PROTOCOL = 5,
};

static int step_mark(struct cnn_pickle_machine *m, int arg)
{
    (void)arg;
    return cnn_pickle_push(m, NULL);
}

static int step_pop(struct cnn_pickle_machine *m, int arg)
{
    (void)arg;
    if (!m->depth)
        return cnn_pickle_bad("its stack is empty");
    m->depth--;
    return 0;
}

static int step_pop_mark(struct cnn_pickle_machine *m, int arg)
{
    size_t n;
    (void)arg;
    return cnn_pickle_group(m, &n) ? 0 : CNN_EDATA;
}

static int step_dup(struct cnn_pickle_machine *m, int arg)
{
    struct cnn_pickle_value *v = cnn_pickle_top(m);
    (void)arg;
    return v ? cnn_pickle_push(m, v) : CNN_EDATA;
}

/* The memo */

static int put(struct cnn_pickle_machine *m, uint64_t i)
{
    struct cnn_pickle_value *v = cnn_pickle_top(m);
    size_t before = m->memo_room;
    if (!v)
        return CNN_EDATA;
    if (i >= MOST_AHEAD + 2 * (m->reader->steps - m->before))
        return cnn_pickle_bad("a place of its memo far behind all others");
    if (cnn_grow(&m->memo, &m->memo_room, (size_t)i + 1, sizeof *m->memo))
        return CNN_ESYSTEM;
    if (m->memo_room > before)
        memset(m->memo + before, 0, (m->memo_room - before) * sizeof *m->memo);
    m->memos += !m->memo[i];
    m->memo[i] = v;
    return 0;
}

static int get(struct cnn_pickle_machine *m, uint64_t i)
{
    if (i >= m->memo_room || !m->memo[i])
        return cnn_pickle_bad("it asks its memo for what was not put there");
    return cnn_pickle_push(m, m->memo[i]);
}

static int step_put(struct cnn_pickle_machine *m, int bytes)
{
    uint64_t i;
    int rc = cnn_pickle_number(m, bytes, &i);
    return rc ? rc : put(m, i);
}

static int step_put_line(struct cnn_pickle_machine *m, int arg)
{
    uint64_t i;
    int rc = cnn_pickle_line_number(m, &i);
    (void)arg;
    return rc ? rc : put(m, i);
}

static int step_memoize(struct cnn_pickle_machine *m, int arg)
{
    (void)arg;
    return put(m, m->memos);
}

static int step_get(struct cnn_pickle_machine *m, int bytes)
{
    uint64_t i;
    int rc = cnn_pickle_number(m, bytes, &i);
    return rc ? rc : get(m, i);
}

static int step_get_line(struct cnn_pickle_machine *m, int arg)
{
    uint64_t i;
    int rc = cnn_pickle_line_number(m, &i);
    (void)arg;
    return rc ? rc : get(m, i);
}

/* The rest */

static int step_protocol(struct cnn_pickle_machine *m, int arg)
{
    uint64_t n;
    int rc = cnn_pickle_number(m, 1, &n);
    (void)arg;
    return rc ? rc : n <= LAST_PROTOCOL ? 0 : cnn_pickle_bad("a protocol above 5");
}

static int step_frame(struct cnn_pickle_machine *m, int arg)
{
    uint64_t n;
    int rc = cnn_pickle_number(m, 8, &n);
    (void)arg;
    if (!rc && n > (uint64_t)(m->end - m->at))
        rc = cnn_pickle_bad("it ends too early (a truncated file?)");
    return rc;
}

static int step_refuse(struct cnn_pickle_machine *m, int extension)
{
    (void)m;
    return cnn_pickle_bad(extension ? "a name that only a running program knows"
                                    : "data that is kept elsewhere");
}

static const struct {
    cnn_pickle_step *run;
    int arg;
} steps[256] = {
    ['('] = {step_mark, 0},
    ['0'] = {step_pop, 0},
    ['1'] = {step_pop_mark, 0},
    ['2'] = {step_dup, 0},
    ['F'] = {cnn_pickle_real_line, 0},
    ['I'] = {cnn_pickle_int_line, 0},
    ['J'] = {cnn_pickle_int, 4},
    ['K'] = {cnn_pickle_int, 1},
    ['L'] = {cnn_pickle_int_line, 0},
    ['M'] = {cnn_pickle_int, 2},
    ['N'] = {cnn_pickle_none, 0},
    ['P'] = {cnn_pickle_step_persistent_line, 0},
    ['Q'] = {cnn_pickle_step_persistent, 0},
    ['R'] = {cnn_pickle_step_make, CNN_PICKLE_CALL},
    ['S'] = {cnn_pickle_string_line, 0},
    ['T'] = {cnn_pickle_text, 4},
    ['U'] = {cnn_pickle_text, 1},
    ['V'] = {cnn_pickle_unicode_line, 0},
    ['X'] = {cnn_pickle_text, 4},
    ['a'] = {cnn_pickle_step_append, 0},
    ['b'] = {cnn_pickle_step_build, 0},
    ['c'] = {cnn_pickle_step_name, 0},
    ['d'] = {cnn_pickle_step_group, CNN_PICKLE_DICT},
    ['}'] = {cnn_pickle_step_new, CNN_PICKLE_DICT},
    ['e'] = {cnn_pickle_step_appends, 0},
    ['g'] = {step_get_line, 0},
    ['h'] = {step_get, 1},
    ['i'] = {cnn_pickle_step_call_group, 1},
    ['j'] = {step_get, 4},
    ['l'] = {cnn_pickle_step_group, CNN_PICKLE_LIST},
    [']'] = {cnn_pickle_step_new, CNN_PICKLE_LIST},
    ['o'] = {cnn_pickle_step_call_group, 0},
    ['p'] = {step_put_line, 0},
    ['q'] = {step_put, 1},
    ['r'] = {step_put, 4},
    ['s'] = {cnn_pickle_step_set_item, 0},
    ['t'] = {cnn_pickle_step_group, CNN_PICKLE_TUPLE},
    [')'] = {cnn_pickle_step_new, CNN_PICKLE_TUPLE},
    ['u'] = {cnn_pickle_step_set_items, 0},
    ['B'] = {cnn_pickle_bytes, 4},
    ['C'] = {cnn_pickle_bytes, 1},
    ['G'] = {cnn_pickle_real, 0},
    [0x80] = {step_protocol, 0},
    [0x81] = {cnn_pickle_step_make, CNN_PICKLE_OBJECT},
    [0x82] = {step_refuse, 1},
    [0x83] = {step_refuse, 1},
    [0x84] = {step_refuse, 1},
    [0x85] = {cnn_pickle_step_tuple, 1},
    [0x86] = {cnn_pickle_step_tuple, 2},
    [0x87] = {cnn_pickle_step_tuple, 3},
    [0x88] = {cnn_pickle_bool, 1},
    [0x89] = {cnn_pickle_bool, 0},
    [0x8a] = {cnn_pickle_long, 1},
    [0x8b] = {cnn_pickle_long, 4},
    [0x8c] = {cnn_pickle_text, 1},
    [0x8d] = {cnn_pickle_text, 8},
    [0x8e] = {cnn_pickle_bytes, 8},
    [0x8f] = {cnn_pickle_step_new, CNN_PICKLE_LIST},
    [0x90] = {cnn_pickle_step_appends, 0},
    [0x91] = {cnn_pickle_step_group, CNN_PICKLE_TUPLE},
    [0x92] = {cnn_pickle_step_make_named, CNN_PICKLE_OBJECT},
    [0x93] = {cnn_pickle_step_stack_name, 0},
    [0x94] = {step_memoize, 0},
    [0x95] = {step_frame, 0},
    [0x96] = {cnn_pickle_bytes, 8},
    [0x97] = {step_refuse, 0},
    [0x98] = {step_refuse, 0},
};

enum { STOP = '.' };

static int run(struct cnn_pickle_machine *m)
{
    for (;;) {
        const unsigned char *op = cnn_pickle_take(m, 1);
        if (!op)
            return CNN_EDATA;
        if (*op == STOP)
            return 0;
        if (m->reader->steps++ >= MOST_STEPS)
            return cnn_pickle_bad("more than 8388608 instructions, too many for weights");
        if (!steps[*op].run)
            return cnn_pickle_bad("an instruction that no protocol has");
        int rc = steps[*op].run(m, steps[*op].arg);
        if (rc)
            return rc;
    }
}

int cnn_pickle_read(struct cnn_pickle_reader *r, const unsigned char *bytes, size_t size,
                    size_t *at, struct cnn_pickle_value **out)
{
    struct cnn_pickle_machine m = {
        .reader = r, .at = bytes + *at, .end = bytes + size, .before = r->steps};
    int rc = run(&m);
    *out = rc ? NULL : cnn_pickle_pop(&m);
    *at = (size_t)(m.at - bytes);
    free(m.stack);
    free(m.memo);
    return rc ? rc : *out ? 0 : CNN_EDATA;
}

int cnn_pickle_is(const struct cnn_pickle_value *v, const char *text)
{
    size_t n = strlen(text);
    return (v->kind == CNN_PICKLE_TEXT || v->kind == CNN_PICKLE_NAME) && v->size == n &&
           !memcmp(v->bytes, text, n);
}
