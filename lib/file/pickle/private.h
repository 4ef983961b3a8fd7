/* What the files of the pickle machine share. */
#ifndef CNN_FILE_PICKLE_PRIVATE_H
#define CNN_FILE_PICKLE_PRIVATE_H

#include "file/pickle/pickle.h"

struct cnn_pickle_machine {
    struct cnn_pickle_reader *reader;
    const unsigned char *at, *end;
    struct cnn_pickle_value **stack; /* (depth); NULL: a group begins behind it */
    size_t depth, stack_room;
    struct cnn_pickle_value **memo; /* (memo_room); NULL: nothing is there */
    size_t memos, memo_room;
    size_t before; /* the reader's steps when it began */
};

/* An instruction; `arg` is what those of one kind differ in. */
typedef int cnn_pickle_step(struct cnn_pickle_machine *m, int arg);

/* stack.c. "malformed pickle: what", CNN_EDATA. */
int cnn_pickle_bad(const char *what);
/* A new value, zero but for its kind; NULL with an error set. */
struct cnn_pickle_value *cnn_pickle_new(struct cnn_pickle_machine *m, enum cnn_pickle_kind kind);
/* A new value on the stack, zero but for its kind; NULL with an error set. */
struct cnn_pickle_value *cnn_pickle_push_new(struct cnn_pickle_machine *m,
                                             enum cnn_pickle_kind kind);
CNN_CHECKED int cnn_pickle_push(struct cnn_pickle_machine *m, struct cnn_pickle_value *v);
/* The value at the top, which stays, and which goes; NULL with an error set. */
struct cnn_pickle_value *cnn_pickle_top(struct cnn_pickle_machine *m);
struct cnn_pickle_value *cnn_pickle_pop(struct cnn_pickle_machine *m);
/* The values from the last mark on, which is taken off with them; they stay readable until
 * something is pushed. NULL with an error set. */
struct cnn_pickle_value **cnn_pickle_group(struct cnn_pickle_machine *m, size_t *n);
/* n more items of a value. */
CNN_CHECKED int cnn_pickle_add(struct cnn_pickle_machine *m, struct cnn_pickle_value *to,
                               struct cnn_pickle_value *const *item, size_t n);
/* Whether it is a CALL or an OBJECT. */
int cnn_pickle_is_made(const struct cnn_pickle_value *v);
/* The next n bytes of the pickle; NULL with an error set. */
const unsigned char *cnn_pickle_take(struct cnn_pickle_machine *m, uint64_t n);
/* The number of so many bytes, lowest first. */
CNN_CHECKED int cnn_pickle_number(struct cnn_pickle_machine *m, int bytes, uint64_t *out);
/* The bytes up to a line's end; NULL with an error set. */
const char *cnn_pickle_line(struct cnn_pickle_machine *m, size_t *n);
/* A decimal number that is a line. */
CNN_CHECKED int cnn_pickle_line_number(struct cnn_pickle_machine *m, uint64_t *out);

/* literals.c: instructions that push what they say. */
cnn_pickle_step cnn_pickle_none, cnn_pickle_bool, cnn_pickle_int, cnn_pickle_int_line,
    cnn_pickle_long, cnn_pickle_real, cnn_pickle_real_line, cnn_pickle_text, cnn_pickle_bytes,
    cnn_pickle_string_line, cnn_pickle_unicode_line;

/* collections.c: instructions that make and fill tuples, lists and dicts. */
cnn_pickle_step cnn_pickle_step_new, cnn_pickle_step_group, cnn_pickle_step_tuple,
    cnn_pickle_step_append, cnn_pickle_step_appends, cnn_pickle_step_set_item,
    cnn_pickle_step_set_items;

/* objects.c: instructions that make something of classes and functions. */
cnn_pickle_step cnn_pickle_step_name, cnn_pickle_step_stack_name, cnn_pickle_step_make,
    cnn_pickle_step_make_named, cnn_pickle_step_call_group, cnn_pickle_step_build,
    cnn_pickle_step_persistent, cnn_pickle_step_persistent_line;

#endif
