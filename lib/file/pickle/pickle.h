/* Python's pickles, of protocols 0 to 5, as data (the machine is described in CPython's
 * Lib/pickletools.py). What a pickle would call or make is kept as what is called, and with what:
 * nothing is ever run. */
#ifndef CNN_FILE_PICKLE_PICKLE_H
#define CNN_FILE_PICKLE_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cnn_arena;

enum cnn_pickle_kind {
    CNN_PICKLE_NONE,
    CNN_PICKLE_BOOL,
    CNN_PICKLE_INT,
    CNN_PICKLE_LONG, /* an integer that has more than 64 bits */
    CNN_PICKLE_REAL, /* whatever it is */
    CNN_PICKLE_BYTES,
    CNN_PICKLE_TEXT, /* or Python 2's str, which may be bytes */
    CNN_PICKLE_TUPLE,
    CNN_PICKLE_LIST, /* a set, too */
    CNN_PICKLE_DICT,
    CNN_PICKLE_NAME,       /* a class or a function */
    CNN_PICKLE_CALL,       /* of a function, or of a class as one */
    CNN_PICKLE_OBJECT,     /* of a class that made it without a call */
    CNN_PICKLE_PERSISTENT, /* something that is kept elsewhere */
};

/* Values may be shared, and be their own parts. */
struct cnn_pickle_value {
    enum cnn_pickle_kind kind;
    unsigned visited; /* the caller's; 0 at first */
    union {
        int64_t integer; /* BOOL, INT */
        struct {         /* BYTES, TEXT, LONG: where they lie; NAME: "module.name", NUL behind it */
            const char *bytes;
            size_t size;
        };
        struct { /* CALL, OBJECT; PERSISTENT has its identity in `with` */
            struct cnn_pickle_value *of, *with, *state; /* state: NULL where there is none */
        };
    };
    /* TUPLE, LIST; DICT, and what was set in a CALL or OBJECT: keys and values in turn. */
    struct cnn_pickle_value **item; /* (count) */
    size_t count, room;
};

struct cnn_pickle_reader {
    struct cnn_arena *arena; /* of all that is read */
    /* Whether a function may be in the data; all others are refused wherever they are called. */
    int (*may_call)(const char *name);
    size_t steps; /* so far; there is a bound for all that one reader reads */
    /* Every PERSISTENT value so far, for the caller to free(). */
    struct cnn_pickle_value **persistent;
    size_t persistents, persistent_room;
};

/* The pickle that begins at bytes[*at], which moves behind it. Texts stay where they are in
 * `bytes`. CNN_EDATA (no path in the message; the caller puts it in front), CNN_ESYSTEM. */
CNN_CHECKED int cnn_pickle_read(struct cnn_pickle_reader *r, const unsigned char *bytes,
                                size_t size, size_t *at, struct cnn_pickle_value **out);

/* Whether a value is of that text, or name. */
int cnn_pickle_is(const struct cnn_pickle_value *v, const char *text);

#endif
