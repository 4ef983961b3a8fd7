/* Which numbers of a file are which layer's. Files of Keras 1 and 2 (and .h5 of Keras 3) have a group
 * for each layer of the whole model, and in it a list of what it has, with that of models in it;
 * those of Keras 3 have a tree as the model is, in which layers are called by their classes, and
 * their numbers 0, 1 and so on. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "model/import/keras/keras.h"

static struct cnn_strings none;

static const struct cnn_strings *texts(const struct keras_writer *w, const char *path,
                                       const char *name)
{
    const struct cnn_strings *s = cnn_hdf5_texts(cnn_hdf5_find(w->file, path), name);
    return s ? s : &none;
}

/* Where the groups of layers are, with the '/' behind it; NULL: in no such list. */
static const char *list_of_layers(const struct keras_writer *w)
{
    static const char *const groups[] = {"model_weights", ""};
    for (size_t i = 0; i < 2; i++)
        if (cnn_hdf5_texts(cnn_hdf5_find(w->file, groups[i]), "layer_names"))
            return i ? "" : "model_weights/";
    return NULL;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int add_var(struct keras_writer *w, struct keras_layer *l, const char *name,
                   const struct cnn_hdf5_object *of)
{
    enum { MOST = 64 };
    if (!l->var && !(l->var = cnn_arena_alloc(w->arena, MOST * sizeof *l->var)))
        return CNN_ESYSTEM;
    if (l->vars == MOST)
        return cnn_fail(CNN_EDATA, "layer '%.100s' has too many numbers", l->name);
    l->var[l->vars++] = (struct keras_var){name, of};
    return 0;
}

/* Lists */

/* "LAYER/kernel:0" as its parts; what has no '/' has the layer in front that it is listed with. */
struct listed {
    const char *layer, *name; /* without what is behind a colon */
};

static int take_apart(struct keras_writer *w, const char *name, const char *group,
                      struct listed *out)
{
    char *path = cnn_arena_strdup(w->arena, name), *slash, *colon;
    if (!path)
        return CNN_ESYSTEM;
    if ((colon = strrchr(path, ':')))
        *colon = 0;
    out->layer = group;
    out->name = last_part(path);
    if ((slash = strrchr(path, '/'))) {
        *slash = 0;
        out->layer = last_part(path);
    }
    return 0;
}

/* The layer that is called so in a model, or in one within; NULL: none. */
static struct keras_layer *find_within(struct keras_model *m, const char *name)
{
    struct keras_layer *l = cnn_keras_layer_of(m, name);
    for (size_t i = 0; (!l || l->nested) && i < m->layers; i++)
        if (m->layer[i].nested) {
            struct keras_layer *in = find_within(m->layer[i].nested, name);
            l = in ? in : l;
        }
    return l && !l->nested ? l : NULL;
}

static const struct cnn_hdf5_object *find_listed(struct keras_writer *w, const char *base,
                                                 const char *group, const char *name)
{
    const char *path = cnn_arena_printf(w->arena, "%s%s/%s", base, group, name);
    const struct cnn_hdf5_object *o = path ? cnn_hdf5_find(w->file, path) : NULL;
    return o && o->is_data ? o : NULL;
}

static int take_listed(struct keras_writer *w, const char *base, struct keras_layer *l)
{
    const char *group = cnn_arena_printf(w->arena, "%s%s", base, l->name);
    if (!group)
        return CNN_ESYSTEM;
    const struct cnn_strings *names = texts(w, group, "weight_names");
    int rc = 0;
    for (size_t i = 0; !rc && i < names->count; i++) {
        const struct cnn_hdf5_object *o = find_listed(w, base, l->name, names->item[i]);
        struct listed part = {0};
        if (!o)
            return cnn_fail(CNN_EDATA, "'%.100s' has no array '%.100s'", group, names->item[i]);
        rc = take_apart(w, names->item[i], l->name, &part);
        struct keras_layer *of = l;
        if (!rc && l->nested)
            of = find_within(l->nested, part.layer);
        if (!rc && of)
            rc = add_var(w, of, part.name, o);
    }
    return rc;
}

/* Trees */

/* As Keras makes it of a class: "DepthwiseConv2D" is "depthwise_conv2d", "ReLU" is "re_lu". */
static void snake_case(const char *class, char *out, size_t room)
{
    char word[128], *to = word, *const end = word + sizeof word - 2;
    for (const char *c = class; *c && to < end; c++) { /* before a capital and small letters */
        if (!isalnum((unsigned char)*c) && *c != '_')
            continue;
        if (c > class && isupper((unsigned char)*c) && islower((unsigned char)c[1]))
            *to++ = '_';
        *to++ = *c;
    }
    *to = 0;
    size_t n = 0;
    for (const char *c = word; *c && n + 3 < room; c++) { /* a small letter before a capital */
        if (c > word && islower((unsigned char)c[-1]) && isupper((unsigned char)*c))
            out[n++] = '_';
        out[n++] = (char)tolower((unsigned char)*c);
    }
    out[n] = 0;
}

/* How many layers before it in its model have its class. */
static size_t place_among(const struct keras_layer *l)
{
    size_t k = 0;
    for (const struct keras_layer *m = l->model->layer; m < l; m++)
        k += !strcmp(m->class, l->class) && strcmp(m->name, "(input)") != 0;
    return k;
}

static const char *path_in_tree(struct keras_writer *w, const char *base,
                                const struct keras_layer *l, int by_name)
{
    char class[128];
    snake_case(l->class, class, sizeof class);
    size_t k = place_among(l);
    if (by_name)
        return cnn_arena_printf(w->arena, "%slayers/%s", base, l->name);
    return k ? cnn_arena_printf(w->arena, "%slayers/%s_%zu", base, class, k)
             : cnn_arena_printf(w->arena, "%slayers/%s", base, class);
}

static int take_vars(struct keras_writer *w, const char *group, struct keras_layer *l)
{
    int rc = 0;
    for (int i = 0; !rc; i++) {
        const char *path = cnn_arena_printf(w->arena, "%s/vars/%d", group, i);
        const struct cnn_hdf5_object *o = path ? cnn_hdf5_find(w->file, path) : NULL;
        if (!path || !o)
            return path ? 0 : CNN_ESYSTEM;
        rc = o->is_data
                 ? add_var(w, l, last_part(path), o)
                 : cnn_fail(CNN_EDATA, "'%.200s' is no array of numbers, or an empty one", path);
    }
    return rc;
}

static int take_tree(struct keras_writer *w, const char *base, struct keras_model *m)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < m->layers; i++) {
        struct keras_layer *l = &m->layer[i];
        const char *path = path_in_tree(w, base, l, 0);
        if (path && !cnn_hdf5_find(w->file, path))
            path = path_in_tree(w, base, l, 1);
        if (!path)
            return CNN_ESYSTEM;
        const char *within = cnn_arena_printf(w->arena, "%s/", path);
        if (l->nested && within)
            rc = take_tree(w, within, l->nested);
        else
            rc = within ? take_vars(w, path, l) : CNN_ESYSTEM;
    }
    return rc;
}

int cnn_keras_find_vars(struct keras_writer *w)
{
    const char *base = list_of_layers(w);
    int rc = 0;
    if (!base)
        return take_tree(w, "", w->whole);
    for (size_t i = 0; !rc && i < w->whole->layers; i++)
        rc = take_listed(w, base, &w->whole->layer[i]);
    return rc;
}

/* One of them */

/* Whether it is one of the words, or ends in '_' and one: names of Keras 1 have the layer's in front. */
static int is_called(const char *name, const char *words, int ends)
{
    size_t n = strlen(name);
    for (; *words; words += strcspn(words, " "), words += *words == ' ') {
        size_t k = strcspn(words, " ");
        if (n == k && !strncmp(name, words, k))
            return 1;
        if (ends && n > k && name[n - k - 1] == '_' && !strncmp(name + n - k, words, k))
            return 1;
    }
    return 0;
}

static const struct keras_var *find_var(const struct keras_layer *l, const char *names,
                                        size_t place)
{
    for (int ends = 0; ends < 2; ends++)
        for (size_t i = 0; i < l->vars; i++)
            if (is_called(l->var[i].name, names, ends))
                return &l->var[i];
    if (place < l->vars && isdigit((unsigned char)l->var[place].name[0]))
        return &l->var[place];
    return NULL;
}

static void add_sides(struct cnn_buf *b, int rank, const size_t *dim)
{
    for (int i = 0; i < rank; i++) {
        if (i)
            cnn_buf_puts(b, "x");
        if (dim[i])
            cnn_buf_printf(b, "%zu", dim[i]);
        else
            cnn_buf_puts(b, "?");
    }
}

const struct cnn_hdf5_object *cnn_keras_var(struct keras_writer *w, struct keras_node *n,
                                            const char *names, size_t place, int rank,
                                            const size_t *dim)
{
    const struct keras_var *v = find_var(n->layer, names, place);
    int fits = v && v->of->rank == rank, size = (int)strcspn(names, " ");
    for (int i = 0; fits && i < rank; i++)
        fits = !dim[i] || dim[i] == v->of->dim[i];
    if (!v)
        cnn_keras_refuse(w, n, "it has no %.*s", size, names);
    else if (!fits) {
        struct cnn_buf is = {0}, should = {0};
        add_sides(&is, v->of->rank, v->of->dim);
        add_sides(&should, rank, dim);
        cnn_keras_refuse(w, n, "its %.*s is %s, not %s", size, names, is.size ? is.text : "1",
                         should.size ? should.text : "1");
        cnn_buf_free(&is);
        cnn_buf_free(&should);
    }
    return fits ? v->of : NULL;
}
