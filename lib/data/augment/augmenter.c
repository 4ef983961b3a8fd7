/* The options of all augmentations; see augment.h. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/augment/augment.h"

#define CNN_AUGMENTATION(name) extern const struct cnn_augment_type cnn_augment_##name;
#include "data/augment/augmentations.def"
#undef CNN_AUGMENTATION

#define CNN_AUGMENTATION(name) &cnn_augment_##name,
static const struct cnn_augment_type *const types[] = {
#include "data/augment/augmentations.def"
};
#undef CNN_AUGMENTATION

enum { TYPES = sizeof types / sizeof *types };

/* Options that belong to no augmentation alone. */
struct shared {
    enum cnn_fill fill;
};

static const struct cnn_option shared_options[] = {
    CNN_OPTION_CHOICE("fill", struct shared, fill, "black", CNN_FILLS, .metavar = "WHAT",
                      .help = "what comes in from outside of the image"),
    CNN_OPTION_END,
};

struct cnn_augmenter {
    void *options[TYPES];
    struct shared shared;
    int shared_set;           /* one of them was set */
    struct cnn_strings given; /* names of all that were set */
};

const struct cnn_augment_type *cnn_augment_type_at(size_t i)
{
    return i < TYPES ? types[i] : NULL;
}

const struct cnn_option *cnn_augment_option_at(size_t i)
{
    for (size_t t = 0; t <= TYPES; t++)
        for (const struct cnn_option *o = t < TYPES ? types[t]->options : shared_options; o->name;
             o++)
            if (!i--)
                return o;
    return NULL;
}

struct cnn_augmenter *cnn_augmenter_new(void)
{
    struct cnn_augmenter *a = cnn_calloc(1, sizeof *a);
    if (!a)
        return NULL;
    for (size_t t = 0; t < TYPES; t++)
        if (!(a->options[t] = cnn_calloc(1, types[t]->options_size)) ||
            cnn_option_defaults(types[t]->options, a->options[t]))
            goto fail;
    if (!cnn_option_defaults(shared_options, &a->shared))
        return a;
fail:
    cnn_augmenter_free(a);
    return NULL;
}

void cnn_augmenter_free(struct cnn_augmenter *a)
{
    for (size_t t = 0; a && t < TYPES; t++)
        free(a->options[t]);
    if (a)
        cnn_strings_free(&a->given);
    free(a);
}

struct cnn_augmenter *cnn_augmenter_copy(const struct cnn_augmenter *a)
{
    struct cnn_augmenter *copy = cnn_augmenter_new();
    if (!copy || !a)
        return copy;
    for (size_t t = 0; t < TYPES; t++)
        memcpy(copy->options[t], a->options[t], types[t]->options_size);
    copy->shared = a->shared;
    copy->shared_set = a->shared_set;
    if (!cnn_strings_copy(&copy->given, &a->given))
        return copy;
    cnn_augmenter_free(copy);
    return NULL;
}

int cnn_augmenter_given(const struct cnn_augmenter *a, const char *name)
{
    return cnn_strings_find(&a->given, name) >= 0;
}

/* A value that cannot stand leaves the option as it was. */
static int set_checked(const struct cnn_augment_type *type, const struct cnn_option *o,
                       void *options, const char *value)
{
    void *before = cnn_calloc(1, type->options_size);
    if (!before)
        return CNN_ESYSTEM;
    memcpy(before, options, type->options_size);
    int rc = cnn_option_set(o, options, value);
    if (!rc && type->check)
        rc = type->check(options);
    if (rc)
        memcpy(options, before, type->options_size);
    free(before);
    return rc;
}

int cnn_augmenter_set(struct cnn_augmenter *a, const char *name, const char *value)
{
    const struct cnn_option *o;
    if (!cnn_augmenter_given(a, name) && cnn_strings_add(&a->given, name))
        return CNN_ESYSTEM;
    for (size_t t = 0; t < TYPES; t++)
        if ((o = cnn_option_find(types[t]->options, name)))
            return set_checked(types[t], o, a->options[t], value);
    if ((o = cnn_option_find(shared_options, name))) {
        a->shared_set = 1;
        return cnn_option_set(o, &a->shared, value);
    }
    return cnn_fail(CNN_EUSAGE, "%s: there is no such augmentation", name);
}

static int is_active(const struct cnn_augmenter *a, size_t t)
{
    return types[t]->active(a->options[t]);
}

const void *cnn_augmenter_options(const struct cnn_augmenter *a, size_t t)
{
    return a && is_active(a, t) ? a->options[t] : NULL;
}

int cnn_augmenter_active(const struct cnn_augmenter *a)
{
    for (size_t t = 0; a && t < TYPES; t++)
        if (is_active(a, t))
            return 1;
    return 0;
}

int cnn_augmenter_counts_pixels(const struct cnn_augmenter *a)
{
    for (size_t t = 0; a && t < TYPES; t++)
        if (types[t]->by_pixels && is_active(a, t))
            return 1;
    return 0;
}

static void print_options(const struct cnn_option *o, const void *fields, struct cnn_buf *out)
{
    for (; o->name; o++) {
        int rc = cnn_option_is_default(o, fields);
        out->failed |= rc < 0;
        if (rc)
            continue;
        cnn_buf_printf(out, "%s--%s ", out->size ? " " : "", o->name);
        cnn_option_print(o, fields, out);
    }
}

void cnn_augmenter_print(const struct cnn_augmenter *a, struct cnn_buf *out)
{
    int geometric = 0;
    for (size_t t = 0; t < TYPES; t++) {
        if (!is_active(a, t))
            continue;
        geometric |= types[t]->view != NULL;
        print_options(types[t]->options, a->options[t], out);
    }
    if (geometric)
        print_options(shared_options, &a->shared, out);
}

int cnn_augmenter_check(const struct cnn_augmenter *a)
{
    for (size_t t = 0; a->shared_set && t < TYPES; t++)
        if (types[t]->view && is_active(a, t))
            return 0;
    return a->shared_set ? cnn_fail(CNN_EUSAGE, "--fill has no effect: it needs an augmentation "
                                                "that looks beyond the image, such as --rotate, "
                                                "--translate, --zoom or --crop-pad")
                         : 0;
}

int cnn_augmenter_is_geometric(const struct cnn_augmenter *a)
{
    for (size_t t = 0; a && t < TYPES; t++)
        if (!types[t]->view && is_active(a, t))
            return 0;
    return 1;
}

enum cnn_fill cnn_augmenter_fill(const struct cnn_augmenter *a)
{
    return a ? a->shared.fill : CNN_FILL_BLACK;
}
