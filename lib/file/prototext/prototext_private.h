/* What the files of the text form of protocol buffers share. */
#ifndef CNN_FILE_PROTOTEXT_PROTOTEXT_PRIVATE_H
#define CNN_FILE_PROTOTEXT_PROTOTEXT_PRIVATE_H

#include "base/text.h"
#include "file/prototext/prototext.h"

enum { PROTOTEXT_WORD = 256 };

struct prototext_reader {
    const char *name, *skipped;
    const char *at, *end;
    int line, depth;
    struct cnn_arena *arena;
    struct cnn_prototext_lines *lines;
    char word[PROTOTEXT_WORD]; /* a name, a number or a punctuation mark */
};

/* CNN_EDATA with the place and "WHAT 'WORD'"; word may be NULL. */
int cnn_prototext_wrong(const struct prototext_reader *r, const char *what, const char *word);
/* The next character that is no blank, or NUL at the end, which stays. */
char cnn_prototext_peek(struct prototext_reader *r);
/* Whether that is c, which is passed then. */
int cnn_prototext_take(struct prototext_reader *r, char c);
/* A name or a number, its sign and exponent included, into r->word. */
CNN_CHECKED int cnn_prototext_word(struct prototext_reader *r);
/* Strings that follow one another; none is an error. */
CNN_CHECKED int cnn_prototext_string(struct prototext_reader *r, struct cnn_buf *out);

#endif
