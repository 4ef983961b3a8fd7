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

/* A step of the chain, and which of its options were set. */
struct step {
    struct cnn_augment_step step; /* first: a step is one of these */
    size_t kind;                  /* in the list of types */
    void *options;
    struct cnn_strings given;
};

struct cnn_augmenter {
    size_t steps, capacity;
    struct step *step;
    struct shared shared;
    int shared_set;           /* one of them was set */
    struct cnn_strings given; /* names of all that were set */
};

const struct cnn_augment_type *cnn_augment_type_at(size_t i)
{
    return i < TYPES ? types[i] : NULL;
}

const struct cnn_option *cnn_augment_option_at(size_t i, int mixing)
{
    for (size_t t = 0; t <= TYPES; t++) {
        const struct cnn_option *o = t < TYPES ? types[t]->options : shared_options;
        for (; o->name && (mixing || t == TYPES || !types[t]->mix); o++)
            if (!i--)
                return o;
    }
    return NULL;
}

struct cnn_augmenter *cnn_augmenter_new(void)
{
    struct cnn_augmenter *a = cnn_calloc(1, sizeof *a);
    if (!a || !cnn_option_defaults(shared_options, &a->shared))
        return a;
    cnn_augmenter_free(a);
    return NULL;
}

static void free_step(struct step *s)
{
    free(s->options);
    cnn_strings_free(&s->given);
}

void cnn_augmenter_free(struct cnn_augmenter *a)
{
    for (size_t i = 0; a && i < a->steps; i++)
        free_step(&a->step[i]);
    if (a) {
        cnn_strings_free(&a->given);
        free(a->step);
    }
    free(a);
}

/* A step with its options at their defaults, or as those of another of its kind. */
static int make_step(size_t kind, const struct step *like, struct step *out)
{
    const struct cnn_augment_type *type = types[kind];
    *out = (struct step){.kind = kind, .options = cnn_calloc(1, type->options_size)};
    out->step = (struct cnn_augment_step){.type = type, .options = out->options};
    int rc = out->options ? 0 : CNN_ESYSTEM;
    if (!rc && !like)
        rc = cnn_option_defaults(type->options, out->options);
    if (!rc && like)
        memcpy(out->options, like->options, type->options_size);
    if (!rc && like)
        rc = cnn_strings_copy(&out->given, &like->given);
    if (rc)
        free_step(out);
    return rc;
}

static int insert(struct cnn_augmenter *a, size_t at, const struct step *s)
{
    if (cnn_grow(&a->step, &a->capacity, a->steps + 1, sizeof *a->step))
        return CNN_ESYSTEM;
    memmove(a->step + at + 1, a->step + at, (a->steps - at) * sizeof *a->step);
    a->step[at] = *s;
    a->steps++;
    return 0;
}

struct cnn_augmenter *cnn_augmenter_copy(const struct cnn_augmenter *a)
{
    struct cnn_augmenter *copy = cnn_augmenter_new();
    struct step s;
    if (!copy || !a)
        return copy;
    for (size_t i = 0; i < a->steps; i++) {
        if (make_step(a->step[i].kind, &a->step[i], &s))
            goto fail;
        if (insert(copy, i, &s)) {
            free_step(&s);
            goto fail;
        }
        copy->step[i].step.nth = a->step[i].step.nth;
    }
    copy->shared = a->shared;
    copy->shared_set = a->shared_set;
    if (!cnn_strings_copy(&copy->given, &a->given))
        return copy;
fail:
    cnn_augmenter_free(copy);
    return NULL;
}

int cnn_augmenter_given(const struct cnn_augmenter *a, const char *name)
{
    return cnn_strings_find(&a->given, name) >= 0;
}

static int is_active(const struct step *s)
{
    return s->step.type->active(s->options);
}

/* What is off does not count among those of its kind. */
static void number_steps(struct cnn_augmenter *a)
{
    size_t seen[TYPES] = {0};
    for (size_t i = 0; i < a->steps; i++) {
        a->step[i].step.nth = seen[a->step[i].kind];
        seen[a->step[i].kind] += is_active(&a->step[i]) != 0;
    }
}

/* The step that an option belongs to: the last of its kind, where that has not been given it yet;
 * NULL: a new one. */
static struct step *step_of(const struct cnn_augmenter *a, size_t kind, const char *name)
{
    for (size_t i = a->steps; i-- > 0;)
        if (a->step[i].kind == kind)
            return cnn_strings_find(&a->step[i].given, name) < 0 ? &a->step[i] : NULL;
    return NULL;
}

/* Where a new step goes: behind all, or before those that come later in the list of types. */
static size_t place_of(const struct cnn_augmenter *a, size_t kind, int listed)
{
    size_t at = 0;
    while (at < a->steps && (!listed || a->step[at].kind <= kind))
        at++;
    return at;
}

/* A value that cannot stand leaves the chain as it was. */
static int set_step(struct cnn_augmenter *a, size_t kind, const struct cnn_option *o,
                    const char *value, int listed)
{
    struct step *old = step_of(a, kind, o->name), s;
    int rc = make_step(kind, old, &s);
    if (rc)
        return rc;
    rc = cnn_option_set(o, s.options, value);
    if (!rc && types[kind]->check)
        rc = types[kind]->check(s.options);
    if (!rc)
        rc = cnn_strings_add(&s.given, o->name);
    if (!rc && !old)
        rc = insert(a, place_of(a, kind, listed), &s);
    if (rc) {
        free_step(&s);
        return rc;
    }
    if (old) {
        free_step(old);
        *old = s;
    }
    number_steps(a);
    return 0;
}

static int set(struct cnn_augmenter *a, const char *name, const char *value, int listed)
{
    const struct cnn_option *o;
    if (!cnn_augmenter_given(a, name) && cnn_strings_add(&a->given, name))
        return CNN_ESYSTEM;
    for (size_t t = 0; t < TYPES; t++)
        if ((o = cnn_option_find(types[t]->options, name)))
            return set_step(a, t, o, value, listed);
    if ((o = cnn_option_find(shared_options, name))) {
        a->shared_set = 1;
        return cnn_option_set(o, &a->shared, value);
    }
    return cnn_fail(CNN_EUSAGE, "%s: there is no such augmentation", name);
}

int cnn_augmenter_set(struct cnn_augmenter *a, const char *name, const char *value)
{
    return set(a, name, value, 0);
}

int cnn_augmenter_set_listed(struct cnn_augmenter *a, const char *name, const char *value)
{
    return set(a, name, value, 1);
}

const struct cnn_augment_step *cnn_augmenter_next(const struct cnn_augmenter *a,
                                                  const struct cnn_augment_step *before)
{
    if (!a)
        return NULL;
    size_t i = before ? (size_t)((const struct step *)(const void *)before - a->step) + 1 : 0;
    while (i < a->steps && !is_active(&a->step[i]))
        i++;
    return i < a->steps ? &a->step[i].step : NULL;
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

/* Whether something looks beyond the image. */
static int is_moved(const struct cnn_augmenter *a)
{
    const struct cnn_augment_step *s = NULL;
    while ((s = cnn_augmenter_next(a, s)))
        if (s->type->view || s->type->field)
            return 1;
    return 0;
}

void cnn_augmenter_print(const struct cnn_augmenter *a, struct cnn_buf *out)
{
    const struct cnn_augment_step *s = NULL;
    while ((s = cnn_augmenter_next(a, s)))
        print_options(s->type->options, s->options, out);
    if (is_moved(a))
        print_options(shared_options, &a->shared, out);
}

/* Options of a step that is off without another, its type's first. */
static int check_step(const struct step *s)
{
    const struct cnn_option *first = s->step.type->options;
    for (const struct cnn_option *o = first; !is_active(s) && o->name; o++) {
        int rc = cnn_option_is_default(o, s->options);
        if (rc <= 0)
            return rc ? rc
                      : cnn_fail(CNN_EUSAGE, "--%s has no effect: it needs --%s", o->name,
                                 first->name);
    }
    return 0;
}

int cnn_augmenter_check(const struct cnn_augmenter *a)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < a->steps; i++)
        rc = check_step(&a->step[i]);
    if (rc || !a->shared_set || is_moved(a))
        return rc;
    return cnn_fail(CNN_EUSAGE, "--fill has no effect: it needs an augmentation "
                                "that looks beyond the image, such as --rotate, "
                                "--translate, --zoom or --crop-pad");
}

enum cnn_fill cnn_augmenter_fill(const struct cnn_augmenter *a)
{
    return a ? a->shared.fill : CNN_FILL_BLACK;
}
