/* Names of files in a folder of augmented images: whatever keys and classes hold, they stay below
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "task/augment/private.h"

static void path_is(const char *want, const char *key, const char *class_name)
{
    struct cnn_buf path = {0};
    cnn_augment_path(key, class_name, class_name != NULL, &path);
    assert_false(path.failed);
    assert_string_equal(path.text, want);
    cnn_buf_free(&path);
}

static void test_paths(void **state)
{
    (void)state;
    path_is("ants/001.png", "ants/001", "ants");
    path_is("bees/ants/001.png", "ants/001", "bees");
    path_is("ants/antsy/1.png", "antsy/1", "ants");
    path_is("ants/001+2.png", "001+2", "ants");
    path_is("photos_001.png", "photos/001", NULL);
    path_is("a_b/1.png", "1", "a/b");
}

static void test_wild_names(void **state)
{
    (void)state;
    path_is("c/_./_./etc/passwd.png", "../../etc/passwd", "c");
    path_is("c/etc/passwd.png", "//etc//passwd", "c");
    path_is("_./x.png", "x", "..");
    path_is("_./_/x.png", "./x", "..");
}

static void test_lines_stay_whole(void **state)
{
    (void)state;
    path_is("c/a_b_c.png", "a\tb\nc", "c");
    path_is("_1/x.png", "x", "#1");
}

static void row_is(const char *want, const char *class_name, const char *group, float weight)
{
    struct cnn_buf row = {0};
    cnn_augment_row("c/x.png", class_name, group, weight, &row);
    assert_false(row.failed);
    assert_string_equal(row.text, want);
    cnn_buf_free(&row);
}

static void test_rows(void **state)
{
    (void)state;
    row_is("c/x.png\tc\n", "c", NULL, 1);
    row_is("c/x.png\tc\tx\n", "c", "x", 1);
    row_is("c/x.png\tc\tx\t0.1\n", "c", "x", 0.1f);
    row_is("c/x.png\tc\t\t2\n", "c", NULL, 2);
    row_is("c/x.png\t\tg\n", NULL, "g", 1);
}

static void history_is(const char *want, const struct cnn_augment_options *o,
                       const struct cnn_augmenter *a, const char *before)
{
    static char ant[] = "ant", bee[] = "bee", *names[] = {ant, bee};
    static const struct cnn_strings classes = {names, 2, 2};
    char *got = cnn_augment_history(o, a, &classes, before);
    assert_non_null(got);
    assert_string_equal(got, want);
    free(got);
}

static void test_history(void **state)
{
    (void)state;
    struct cnn_augmenter *a = cnn_augmenter_new();
    struct cnn_augment_options
        plain = {.copies = 1, .seed = 7, .epoch = 3, .classes = "", .labels = ""},
        many = {.copies = 2, .keep = 1, .seed = 7, .epoch = 3, .classes = "", .labels = ""},
        listed = {.copies = 2, .classes = "list", .labels = "file"},
        chosen = {.copies = 1, .classes = "list", .labels = ""},
        strict = {.copies = 1, .strict = 1, .classes = "", .labels = ""},
        both = {.copies = 2, .strict = 1, .classes = "", .labels = ""};
    history_is("[ {\"x\": 1} ]", &plain, a, "[ {\"x\": 1} ]");
    history_is("[{\"program\":\"cnn-augment\",\"options\":\"-n 2 --keep\"}]", &many, a, "[]");
    history_is("[{\"program\":\"cnn-augment\",\"options\":\"-n "
               "2\",\"classes\":[\"ant\",\"bee\"],\"labels\":true}]",
               &listed, a, "[]");
    history_is("[{\"program\":\"cnn-augment\",\"options\":\"\",\"classes\":[\"ant\",\"bee\"]}]",
               &chosen, a, "[]");
    history_is("[{\"program\":\"cnn-augment\",\"options\":\"--strict\"}]", &strict, a, "[]");
    history_is("[{\"program\":\"cnn-augment\",\"options\":\"--strict -n 2\"}]", &both, a, "[]");
    assert_int_equal(cnn_augmenter_set(a, "rotate", "10"), 0);
    history_is("[1,{\"program\":\"cnn-augment\",\"options\":\"--rotate 10 --seed 7 --epoch 3\"}]",
               &plain, a, "[1]");
    history_is("[{\"program\":\"cnn-augment\","
               "\"options\":\"-n 2 --keep --rotate 10 --seed 7 --epoch 3\"}]",
               &many, a, "[]");
    cnn_augmenter_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_wild_names),
        cmocka_unit_test(test_lines_stay_whole),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
