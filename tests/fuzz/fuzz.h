/* What the targets of libFuzzer have in common; scripts/fuzz builds and runs them. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

struct cnn_model;
struct cnn_selftest;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold, whatever the bytes are. */
#define check(right)                                                                               \
    do {                                                                                           \
        if (!(right)) {                                                                            \
            fprintf(stderr, "%s:%d: not %s (%s)\n", __FILE__, __LINE__, #right,                    \
                    cnn_error_message());                                                          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* What may come of bytes: that they are bad, and that what they name is not there. No memory for what
 * a small file says is a find. */
static inline void check_code(int rc)
{
    check(!rc || ((rc == CNN_EDATA || rc == CNN_ENOINPUT) && cnn_error_message()[0]));
}

/* Which files the bytes are, from the environment's FUZZ_AS: "NAME", or with a mark between "NAME:NAME"
 * or "NAME+NAME", the first of which ends where the bytes have a NUL. */
struct fuzz_files {
    const char *as;
    char first[64], second[64]; /* second "": there is but one */
};
void fuzz_files_of(struct fuzz_files *out);
/* Into the folder in which the target runs. */
void fuzz_write(const char *name, const uint8_t *data, size_t size);

/* What programs do with a model that was opened from a file of so many bytes: all of its texts and
 * tensors are read, its graph is built, and where it is small the net is, with the tensors in it, and
 * runs. */
void fuzz_use(const struct cnn_model *m, size_t size);
/* One that was read keeps its promises, and as a text is the same again. */
void fuzz_use_selftest(const struct cnn_selftest *s);
/* A net's text, which builds or is bad. */
void fuzz_use_text(const char *name, const char *text);

#endif
