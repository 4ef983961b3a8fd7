/* Option tables: one list says what a layer, a loss, an augmentation, an
 * optimizer or a program accepts. Parsing, defaults, range checks, printing,
 * help texts, gradient tests and the manual all read the same table.
 *
 * A table fills a plain struct of the user's, field by field at `offset`. */
#ifndef CNN_BASE_OPTION_H
#define CNN_BASE_OPTION_H

#include <stddef.h>

#include "base/error.h"
#include "base/choices.h"
#include "base/text.h"

enum cnn_option_type {
    CNN_OPT_FLAG,   /* int: 0 or 1 (as key=0|1 in nets, as a bare word in programs) */
    CNN_OPT_INT,    /* long long within [min, max] */
    CNN_OPT_REAL,   /* double within [min, max] */
    CNN_OPT_TEXT,   /* const char *, borrowed from the text that was parsed */
    CNN_OPT_CHOICE, /* an enum: the words in the order of the enumerators; see choices.h */
    CNN_OPT_PAIR,   /* struct cnn_pair: "3" or "3x5" (height x width), each within [min, max], where
                      the option has a depth "3x3x5", too; or one of  `choices` (may be NULL), which
                      height and width hold as -1, -2, ... */
    CNN_OPT_PAD,    /* struct cnn_pad: as PAIR, "0,0,1,1" (top, left, bottom, right), or one of
                      CNN_PAD_WORDS */
    CNN_OPT_REALS,  /* struct cnn_reals: "0.485,0.456,0.406" */
    CNN_OPT_BYTES,  /* size_t: "64K", "2G" */
    CNN_OPT_TEXTS,  /* struct cnn_strings: each occurrence adds one (programs only) */
};

struct cnn_pair {
    int h, w;
    int d; /* the depth; 0: none was given */
};

/* Elements around a plane; or one of the words that are no numbers, which all four hold then. */
struct cnn_pad {
    int top, left, bottom, right;
    int deep, depth; /* whether a depth was given: elements in front and behind alike */
};
enum { CNN_PAD_SAME = -1, CNN_PAD_FULL = -2, CNN_PAD_SAME_LOWER = -3 };
#define CNN_PAD_WORDS "same|valid|full|same_lower"

struct cnn_reals {
    int count;
    double value[16];
};

struct cnn_option {
    const char *name; /* "stride"; programs spell it --stride */
    enum cnn_option_type type;
    size_t offset;        /* offsetof(struct ..., field) */
    const char *fallback; /* the default as text; NULL: required */
    double min, max;      /* INT, REAL, PAIR, PAD, REALS */
    const char *choices;  /* CHOICE: "rgb|bgr"; PAIR: words beside numbers */
    int depth;            /* PAIR, PAD: three sizes may be given, the depth first */
    int position;         /* in a net's text: 1 for the first bare argument ...; 0: by key only */
    char letter;          /* in programs: the short option; 0: none */
    const char *pairs;    /* in programs: the option whose value one with a '=' is; NULL: none */
    const char *metavar;  /* "N", "FILE"; NULL for flags */
    const char *help;     /* one line, no full stop */
};

/* Entries of tables. Each names the option, the struct that the table fills, the member of it and
 * the default (NULL: required), and by designators what else there is to say, the help at least:
 *
 *     CNN_OPTION_INT("batch", struct args, batch, "64", .min = 1, .max = 1e6, .letter = 'b',
 *                    .metavar = "N", .help = "samples that are computed together"),
 *
 * A choice names its list (choices.h) behind the default. A member that has not the option's type,
 * for a choice an enum, does not compile. */
#define CNN_OPTION_FLAG(word, owner, member, usual, ...)                                           \
    CNN_OPTION(word, FLAG, CNN_OPTION_PLACE(owner, member, int), usual, __VA_ARGS__)
#define CNN_OPTION_INT(word, owner, member, usual, ...)                                            \
    CNN_OPTION(word, INT, CNN_OPTION_PLACE(owner, member, long long), usual, __VA_ARGS__)
#define CNN_OPTION_REAL(word, owner, member, usual, ...)                                           \
    CNN_OPTION(word, REAL, CNN_OPTION_PLACE(owner, member, double), usual, __VA_ARGS__)
#define CNN_OPTION_TEXT(word, owner, member, usual, ...)                                           \
    CNN_OPTION(word, TEXT, CNN_OPTION_PLACE(owner, member, const char *), usual, __VA_ARGS__)
#define CNN_OPTION_CHOICE(word, owner, member, usual, list, ...)                                   \
    CNN_OPTION(word, CHOICE, CNN_OPTION_PLACE(owner, member, unsigned), usual,                     \
               .choices = CNN_CHOICE_WORDS(list), __VA_ARGS__)
#define CNN_OPTION_PAIR(word, owner, member, usual, ...)                                           \
    CNN_OPTION(word, PAIR, CNN_OPTION_PLACE(owner, member, struct cnn_pair), usual, __VA_ARGS__)
#define CNN_OPTION_PAD(word, owner, member, usual, ...)                                            \
    CNN_OPTION(word, PAD, CNN_OPTION_PLACE(owner, member, struct cnn_pad), usual, __VA_ARGS__)
#define CNN_OPTION_REALS(word, owner, member, usual, ...)                                          \
    CNN_OPTION(word, REALS, CNN_OPTION_PLACE(owner, member, struct cnn_reals), usual, __VA_ARGS__)
#define CNN_OPTION_TEXTS(word, owner, member, ...)                                                 \
    CNN_OPTION(word, TEXTS, CNN_OPTION_PLACE(owner, member, struct cnn_strings), NULL, __VA_ARGS__)

/* Any entry; place: where the value stands. */
#define CNN_OPTION(word, kind, place, usual, ...)                                                  \
    {                                                                                              \
        .name = word, .type = CNN_OPT_##kind, .offset = place, .fallback = usual, __VA_ARGS__      \
    }

/* offsetof, for members of the wanted type. */
#define CNN_OPTION_PLACE(owner, member, wanted)                                                    \
    (offsetof(owner, member) + 0 * sizeof(_Generic(((owner *)0)->member, wanted : 0)))

/* In programs, an entry with an empty name begins a group of options in the help. */
#define CNN_OPTION_HEADING(text)                                                                   \
    {                                                                                              \
        .name = "", .help = text                                                                   \
    }

/* The last entry of a table: without a name. */
#define CNN_OPTION_END                                                                             \
    {                                                                                              \
        .name = NULL                                                                               \
    }

const struct cnn_option *cnn_option_find(const struct cnn_option *table, const char *name);

/* Fill every field that has a fallback. A wrong fallback is a bug of ours and is reported as such.
 */
CNN_CHECKED int cnn_option_defaults(const struct cnn_option *table, void *fields);

/* Set one field from text. CNN_EUSAGE with "NAME: what is wrong" otherwise. TEXT fields keep the
 * pointer. */
CNN_CHECKED int cnn_option_set(const struct cnn_option *option, void *fields, const char *text);

/* The field as text that cnn_option_set reads back to the same value. */
void cnn_option_print(const struct cnn_option *option, const void *fields, struct cnn_buf *out);

/* 1 when the field has its default value, else 0; CNN_ESYSTEM. */
int cnn_option_is_default(const struct cnn_option *option, const void *fields);

/* Whether somebody chose the option's value: its name is among `given`, or it is not the default.
 */
CNN_CHECKED int cnn_option_given(const struct cnn_option *option, const struct cnn_strings *given,
                                 const void *fields);

/* What an option needs to have an effect: one of the alternatives, separated by commas. "val": that
 * option is not at its default; "!eval": it is; "schedule=step|exponential": it has one of these
 * values, "!epochs=0": it has none of them. What must hold together is several entries. A table
 * ends with {NULL, NULL}. */
struct cnn_need {
    const char *option, *needs;
};
#define CNN_NEED(name, alternatives)                                                               \
    {                                                                                              \
        name, alternatives                                                                         \
    }

/* CNN_EUSAGE for the first option that was given and has no effect: "--gamma has no effect: it
 * needs --schedule step or exponential". needs may be NULL. */
CNN_CHECKED int cnn_option_needs(const struct cnn_option *table, const struct cnn_need *needs,
                                 const struct cnn_strings *given, const void *fields);

#endif
