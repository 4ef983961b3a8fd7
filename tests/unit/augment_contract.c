/* What every augmentation of the list promises: it does nothing at its defaults, and to a sample always
 * the same, in whatever order samples come and whoever came before. */
#include "augmenter.h"

#include "base/text.h"

enum { SAMPLES = 12 };

static const char *const nothing[] = {NULL};

/* Values that are tried for an option beside the last of its words, until one is taken. */
static const char *const values[] = {"0.5", "20", "2", "1"};
enum { VALUES = sizeof values / sizeof *values };

static const char *value_at(const struct cnn_option *o, size_t i)
{
    const char *last = o->choices ? strrchr(o->choices, '|') : NULL;
    return i < VALUES ? values[i] : last ? last + 1 : o->choices;
}

/* Whether the value can be the option's, and is not the usual one. */
static int differs(const struct cnn_augment_type *t, const struct cnn_option *o, const char *value)
{
    void *fields = cnn_calloc(1, t->options_size);
    assert_non_null(fields);
    assert_int_equal(cnn_option_defaults(t->options, fields), 0);
    int differs = !cnn_option_set(o, fields, value) && !cnn_option_is_default(o, fields);
    free(fields);
    return differs;
}

static void set_to_something(struct cnn_augmenter *a, const struct cnn_augment_type *t,
                             const struct cnn_option *o)
{
    const char *value;
    for (size_t i = 0; i <= VALUES && (value = value_at(o, i)); i++)
        if (differs(t, o, value) && !cnn_augmenter_set(a, o->name, value))
            return;
    fail_msg("%s: none of the values that are tried is one of --%s: add one", t->name, o->name);
}

/* All options of the augmentation at other values than the usual ones. */
static struct cnn_augmenter *active(const struct cnn_augment_type *t)
{
    struct cnn_augmenter *a = augmenter(nothing);
    for (const struct cnn_option *o = t->options; o->name; o++)
        set_to_something(a, t, o);
    if (!cnn_augmenter_active(a))
        fail_msg("%s is active at none of the values that are tried: add one", t->name);
    return a;
}

/* What becomes of a sample: its image and label image, or how it is mixed. */
struct outcome {
    struct cnn_image image, labels;
    struct cnn_mix mix;
};

static void outcome_free(struct outcome *o)
{
    cnn_image_free(&o->image);
    cnn_image_free(&o->labels);
}

/* Samples differ in key and height. */
static struct outcome outcome(const struct cnn_augmenter *a, struct cnn_augment_scratch *scratch,
                              size_t i)
{
    const struct cnn_augment_step *mixing = cnn_augmenter_next_mixing(a, NULL);
    size_t h = 28 + i % 3, w = 24;
    char key[] = {'k', (char)('a' + i), '\0'};
    struct cnn_sample s = {.key = cnn_strdup(key), .image = golden_pixels(3, h, w), .weight = 1};
    struct cnn_field *labels = cnn_sample_add_field(&s, NULL, CNN_FIELD_LABELS);
    labels->values = golden_pixels(1, h, w);
    labels->values.maxval = 0;
    assert_int_equal(cnn_augment(a, 1, 0, 0, scratch, &s), 0);
    struct outcome o = {.image = s.image, .labels = labels->values};
    s.image = labels->values = (struct cnn_image){0};
    cnn_sample_free(&s);
    o.mix = mixing ? cnn_augment_mix(mixing, 1, 0, key, i % mixing->type->group, h, w)
                   : cnn_mix_whole(2, 0, h, w);
    return o;
}

static int same_image(const struct cnn_image *a, const struct cnn_image *b)
{
    return a->c == b->c && a->h == b->h && a->w == b->w &&
           !memcmp(a->px, b->px, a->c * a->h * a->w * sizeof *a->px);
}

static int same(const struct outcome *a, const struct outcome *b)
{
    return same_image(&a->image, &b->image) && same_image(&a->labels, &b->labels) &&
           a->mix.parts == b->mix.parts &&
           !memcmp(a->mix.part, b->mix.part, a->mix.parts * sizeof *a->mix.part);
}

/* By itself: with a chain and memory of its own. */
static struct outcome alone(const struct cnn_augment_type *t, size_t i)
{
    struct cnn_augment_scratch scratch = {0};
    struct cnn_augmenter *a = t ? active(t) : augmenter(nothing);
    struct outcome o = outcome(a, &scratch, i);
    cnn_augment_scratch_free(&scratch);
    cnn_augmenter_free(a);
    return o;
}

static void test_defaults_do_nothing(void **state)
{
    (void)state;
    const struct cnn_augment_type *t;
    for (size_t i = 0; (t = cnn_augment_type_at(i)); i++) {
        struct cnn_augmenter *a = augmenter(nothing);
        struct cnn_buf text = {0};
        for (const struct cnn_option *o = t->options; o->name; o++)
            assert_int_equal(cnn_augmenter_set(a, o->name, o->fallback), 0);
        cnn_augmenter_print(a, &text);
        if (cnn_augmenter_active(a) || text.size)
            fail_msg("%s is active at its defaults", t->name);
        cnn_buf_free(&text);
        cnn_augmenter_free(a);
    }
}

/* One way through the samples is each by itself, the other all with one chain, from the last on. */
static void test_samples_know_nothing_of_others(void **state)
{
    (void)state;
    const struct cnn_augment_type *t;
    for (size_t k = 0; (t = cnn_augment_type_at(k)); k++) {
        struct cnn_augmenter *a = active(t);
        struct cnn_augment_scratch scratch = {0};
        struct outcome each[SAMPLES];
        int changed = 0;
        for (size_t i = 0; i < SAMPLES; i++) {
            struct outcome before = alone(NULL, i);
            each[i] = alone(t, i);
            changed |= !same(&before, &each[i]);
            outcome_free(&before);
        }
        if (!changed)
            fail_msg("%s is active and does nothing", t->name);
        for (size_t i = SAMPLES; i-- > 0;) {
            struct outcome o = outcome(a, &scratch, i);
            if (!same(&o, &each[i]))
                fail_msg("%s: a sample becomes something else behind others", t->name);
            outcome_free(&o);
            outcome_free(&each[i]);
        }
        cnn_augment_scratch_free(&scratch);
        cnn_augmenter_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_do_nothing),
        cmocka_unit_test(test_samples_know_nothing_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
