/* Tensors of a file without a net: all arrays of its layers, in our order as far as their names, or
 * their places, tell what they are. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "model/import/keras/keras.h"

enum { MOST_KNOWN = 4 }; /* arrays of a layer whose places tell what they are */

/* What an array is: of which layer, and what of it. */
struct spare {
    char *label;
    const char *name;
    int depthwise, separable, batchnorm; /* by the layer's class */
    size_t count; /* numbered arrays of a layer, up to MOST_KNOWN + 1; 0: they are not numbered */
};

static const struct {
    const char *name, *suffix;
} suffixes[] = {
    {"kernel", "weight"},
    {"depthwise_kernel", "weight"},
    {"pointwise_kernel", "weight"},
    {"gamma", "weight"},
    {"alpha", "weight"},
    {"bias", "bias"},
    {"beta", "bias"},
    {"moving_mean", "running_mean"},
    {"moving_variance", "running_var"},
};

/* Of a batch normalisation that lacks one of four nobody knows which. */
static const char *suffix_of(const struct spare *s)
{
    static const char *const places[] = {"weight", "bias", "running_mean", "running_var"};
    size_t place = (size_t)(*s->name - '0');
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (!strcmp(s->name, suffixes[i].name))
            return suffixes[i].suffix;
    if (place >= s->count || s->count > MOST_KNOWN)
        return s->name;
    if (s->batchnorm)
        return s->count == 4 ? places[place] : s->count == 2 ? places[place + 2] : s->name;
    if (s->separable)
        return s->count < 4 ? places[place / 2] : s->name;
    return s->count < 3 ? places[place] : s->name;
}

/* "LAYER/.../PART/NAME:0", of which "PART" may be the layer. */
static int read_listed(struct keras_writer *w, const char *path, struct spare *s)
{
    char *layer = cnn_arena_strdup(w->arena, path), *name = layer ? strrchr(layer, '/') : NULL;
    if (!name)
        return layer ? 0 : CNN_ESYSTEM;
    *name++ = 0;
    name[strcspn(name, ":")] = 0;
    const char *part = strrchr(layer, '/');
    s->name = name;
    s->label = layer;
    layer[strcspn(layer, "/")] = 0;
    if (part && strcmp(part + 1, layer) != 0)
        s->label = cnn_arena_printf(w->arena, "%s.%s", layer, part + 1);
    s->depthwise = !strcmp(name, "depthwise_kernel");
    return s->label ? 1 : CNN_ESYSTEM;
}

/* The name that a group of the tree says it has, or its own. */
static const char *name_in_tree(struct keras_writer *w, const char *path, size_t n, size_t own)
{
    const char *vars = cnn_arena_printf(w->arena, "%.*s/vars", (int)n, path);
    const struct cnn_strings *s =
        vars ? cnn_hdf5_texts(cnn_hdf5_find(w->file, vars), "name") : NULL;
    return s && s->count ? s->item[0] : cnn_arena_strndup(w->arena, path + n - own, own);
}

/* "layers/CLASS/layers/CLASS/vars/NUMBER". */
static int read_tree(struct keras_writer *w, const char *path, struct spare *s)
{
    static const char in[] = "layers/", depthwise[] = "depthwise_conv", separable[] = "separable_",
                      batchnorm[] = "batch_norm";
    const char *at = path;
    while (!strncmp(at, in, sizeof in - 1)) {
        at += sizeof in - 1;
        size_t own = strcspn(at, "/");
        const char *name = name_in_tree(w, path, (size_t)(at - path) + own, own);
        s->depthwise = !strncmp(at, depthwise, sizeof depthwise - 1);
        s->separable = !strncmp(at, separable, sizeof separable - 1);
        s->batchnorm = !strncmp(at, batchnorm, sizeof batchnorm - 1);
        s->label = name ? cnn_arena_printf(w->arena, "%s%s%s", s->label ? s->label : "",
                                           s->label ? "." : "", name)
                        : NULL;
        if (!s->label)
            return CNN_ESYSTEM;
        at += own + (at[own] == '/');
    }
    if (!s->label || strncmp(at, "vars/", 5) != 0)
        return 0;
    s->name = at + 5;
    for (const char *next = path; next && s->count <= MOST_KNOWN; s->count++) {
        next = cnn_arena_printf(w->arena, "%.*s%zu", (int)(s->name - path), path, s->count);
        if (!next)
            return CNN_ESYSTEM;
        if (!cnn_hdf5_find(w->file, next))
            break;
    }
    return 1;
}

static int add(struct keras_writer *w, const struct spare *s, const struct cnn_hdf5_object *o)
{
    struct keras_param p = cnn_keras_vector(o, (struct cnn_chw){0});
    int first = s->separable && *s->name == '0';
    if (o->rank == 4 || o->rank == 3)
        p = cnn_keras_kernel(o, o->rank == 4 && (s->depthwise || first));
    else if (o->rank == 2)
        p = cnn_keras_matrix(o, (struct cnn_chw){0});
    else if (o->rank > 4)
        return 0;
    const char *name =
        cnn_arena_printf(w->arena, "%s%s.%s", s->label, first ? ".depthwise" : "", suffix_of(s));
    const char *own = name ? cnn_keras_label(w, name) : NULL;
    return own ? cnn_keras_param(w, own, NULL, &p) : CNN_ESYSTEM;
}

int cnn_keras_spare_params(struct keras_writer *w)
{
    static const char group[] = "model_weights/";
    int rc = 0;
    w->labels = cnn_names_new(w->arena);
    w->spare = 1;
    for (size_t i = 0; w->labels && rc >= 0 && i < cnn_hdf5_count(w->file); i++) {
        const struct cnn_hdf5_object *o = cnn_hdf5_at(w->file, i);
        struct spare s = {0};
        if (!o->is_data || !strncmp(o->path, "optimizer", 9))
            continue;
        if (!strncmp(o->path, "layers/", 7))
            rc = read_tree(w, o->path, &s);
        else
            rc = read_listed(
                w, strncmp(o->path, group, sizeof group - 1) ? o->path : o->path + sizeof group - 1,
                &s);
        if (rc == 1)
            rc = add(w, &s, o);
    }
    if (!w->labels || rc < 0)
        return w->labels ? rc : CNN_ESYSTEM;
    return w->params ? 0 : cnn_fail(CNN_EDATA, "an HDF5 file without arrays of layers");
}
