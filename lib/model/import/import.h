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
    char
        *why; /* of a net that is in the file and cannot be imported, with PATH in front; or NULL */
};
void cnn_imported_free(struct cnn_imported *m); /* leaves {0} */
/* A JSON array of class names into m->classes. CNN_EDATA with "PATH: ...". */
CNN_CHECKED int cnn_imported_classes(struct cnn_imported *m, const char *path, const char *text);

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

/* What a net is wanted for: to train it, else to look at it. */
enum cnn_net_use { CNN_NET_TO_LOOK_AT, CNN_NET_TO_TRAIN };

/* Texts of nets that are not in our language. */
struct cnn_net_form {
    /* Whether a text begins so. */
    int (*sniff)(const unsigned char *bytes, size_t n);
    /* In our language, the caller's to free(); what stands on a line there stands on the same here.
     * CNN_EDATA with "PATH:LINE: what is wrong", CNN_ENOINPUT for what it names. */
    int (*text)(const char *path, const struct cnn_bytes *net, enum cnn_net_use use, char **text);
    /* The form of weights that belongs to it; and both together, to run the net: as the import's
     * `open`. path: the net's. */
    const struct cnn_import *weights;
    int (*open)(const char *path, const struct cnn_bytes *net, const char *weights,
                struct cnn_bytes *bytes, struct cnn_imported *out);
};

#define CNN_NET_FORM(name) extern const struct cnn_net_form cnn_net_form_##name;
#include "model/import/net_forms.def"
#undef CNN_NET_FORM

/* Whose text begins so; NULL: nobody's, which may be ours. */
const struct cnn_net_form *cnn_net_form_of(const unsigned char *bytes, size_t n);

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
