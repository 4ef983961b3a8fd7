/* Reading models and weights of whatever form; imports.def lists them. */
#ifndef CNN_MODEL_IMPORT_IMPORT_H
#define CNN_MODEL_IMPORT_IMPORT_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "file/infile.h"
#include "file/tensors.h"

/* What is in a file. */
struct cnn_imported {
    struct cnn_tensor_source *tensors; /* under the names that nets have for them */
    /* In the language of nets, what pixels are scaled by in its input line; NULL: weights alone. */
    char *net_text;
    struct cnn_strings classes; /* empty: not known */
};
void cnn_imported_free(struct cnn_imported *m); /* leaves {0} */

struct cnn_import {
    const char *ending; /* of the names of such files, with its dot; several have spaces between */
    /* Whether a file begins so, as far as n bytes tell. */
    int (*sniff)(const unsigned char *bytes, size_t n);
    /* (optional, where the first bytes tell it) How large the file is. */
    cnn_extent *extent;
    /* From all its bytes, which are given up, on failure, too, into *out, which is {0}; what is
     * there on failure is freed by the caller. Nothing is believed, or allocated by a number that
     * was read, before it is checked. CNN_EDATA with "PATH: what is wrong". */
    int (*open)(const char *path, struct cnn_bytes *bytes, struct cnn_imported *out);
};

#define CNN_IMPORT(name) extern const struct cnn_import cnn_import_##name;
#include "model/import/imports.def"
#undef CNN_IMPORT

/* So many first bytes tell all forms. */
enum { CNN_IMPORT_HEAD = 512 };

/* Whose file begins so, or is called so; NULL: nobody's. */
const struct cnn_import *cnn_import_of(const unsigned char *bytes, size_t n);
const struct cnn_import *cnn_import_named(const char *path);
/* How large a file that begins so is. */
cnn_extent cnn_import_extent;
/* From a file's bytes, which are given up; *out stays {0} on failure. */
CNN_CHECKED int cnn_import_open(const char *path, struct cnn_bytes *bytes,
                                struct cnn_imported *out);

/* Of a path: weights without a net are no model, and how to make one. */
#define CNN_IMPORT_NETLESS                                                                         \
    "%s: no net in the metadata: not a model of this toolkit "                                     \
    "(cnn-train --net NET --init IT --classes FILE --epochs 0 -o MODEL makes "                     \
    "one; FILE: class names, one a line, or how many)"

#endif
