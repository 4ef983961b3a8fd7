/* Recipes: a net's text says the same as options of training do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "data/augment/augment.h"
#include "lang/graph.h"
#include "task/train/train.h"

static void test_a_setting_has_its_options_range(void **state)
{
    (void)state;
    for (const struct cnn_option *o = cnn_recipe_table; o->name; o++) {
        const struct cnn_option *p = cnn_option_find(cnn_train_option_table, o->name);
        assert_non_null(p);
        if (p->type == CNN_OPT_TEXT) /* a number whose default depends on the optimizer */
            continue;
        assert_int_equal(o->type, p->type);
        assert_true(!(o->min < p->min) && !(o->max > p->max));
        assert_true(o->type != CNN_OPT_CHOICE || !strcmp(o->choices, p->choices));
    }
}

/* A name means one thing: none of the augmentations has that of an option of training or of another
 * augmentation. */
static void test_names_are_taken_once(void **state)
{
    (void)state;
    const struct cnn_option *o;
    for (size_t i = 0; (o = cnn_augment_option_at(i, 1)); i++) {
        if (cnn_option_find(cnn_train_option_table, o->name))
            fail_msg("--%s is an option of training and one of an augmentation", o->name);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(o->name, cnn_augment_option_at(k, 1)->name))
                fail_msg("--%s is an option of two augmentations", o->name);
    }
}

/* What a setting holds can be given to its option. */
static void test_values_are_read_by_options(void **state)
{
    (void)state;
    struct cnn_arena *arena = cnn_arena_new();
    struct cnn_recipe r;
    const char *text = "recipe optimizer=adamw rate=1/3 beta1=0.8 milestones=1,2 flip=hv; relu";
    assert_non_null(arena);
    assert_int_equal(cnn_net_recipe(arena, "net", text, &r), 0);
    assert_int_equal(r.count, 5);
    assert_string_equal(cnn_recipe_find(&r, "optimizer"), "adamw");
    assert_string_equal(cnn_recipe_find(&r, "rate"), "0.3333333333333333");
    assert_string_equal(cnn_recipe_find(&r, "beta1"), "0.8");
    assert_string_equal(cnn_recipe_find(&r, "milestones"), "1,2");
    assert_string_equal(cnn_recipe_find(&r, "flip"), "hv");
    assert_null(cnn_recipe_find(&r, "momentum"));
    assert_int_equal(cnn_net_recipe(arena, "net", "relu", &r), 0);
    assert_int_equal(r.count, 0);
    assert_int_equal(cnn_net_recipe(arena, "my.net", "recipe\nrecipe rate=1", &r), CNN_EDATA);
    cnn_arena_free(arena);
}

/* Every built-in net says how it is trained. */
static void test_the_zoo_has_recipes(void **state)
{
    (void)state;
    const struct cnn_zoo_entry *e;
    for (size_t i = 0; (e = cnn_zoo_at(i)); i++) {
        struct cnn_arena *arena = cnn_arena_new();
        struct cnn_recipe r;
        assert_int_equal(cnn_net_recipe(arena, e->name, e->text, &r), 0);
        assert_non_null(cnn_recipe_find(&r, "rate"));
        assert_non_null(cnn_recipe_find(&r, "batch"));
        cnn_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_setting_has_its_options_range),
        cmocka_unit_test(test_names_are_taken_once),
        cmocka_unit_test(test_values_are_read_by_options),
        cmocka_unit_test(test_the_zoo_has_recipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
