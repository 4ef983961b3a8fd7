/* Text: lines and their numbers, UTF-8, what is not seen, and spellings of class names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/lines.h"
#include "base/shell.h"
#include "base/unicode.h"
#include "data/source/source.h"

static void test_lines(void **state)
{
    (void)state;
    char text[] = "\xef\xbb\xbf one \r\n\r\n \t\r\ntwo\t \r\r\nlast ";
    static const char *const want[] = {" one", "two\t", "last"};
    static const size_t number[] = {1, 4, 5};
    struct cnn_lines l = cnn_lines_of(text, sizeof text - 1);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(cnn_lines_next(&l), want[i]);
        assert_int_equal(l.number, number[i]);
    }
    assert_null(cnn_lines_next(&l));
    char nothing[] = "";
    l = cnn_lines_of(nothing, 0);
    assert_null(cnn_lines_next(&l));
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80", "\xc0\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80",    "\xf4\x90\x80\x80",
        "\xc3", "\xe2\x82", "\xff",         "\xf0\x8f\xbf\xbf"};
    static const struct {
        const char *text;
        uint32_t code;
    } good[] = {{"a", 'a'},
                {"\xc3\xa9", 0xe9},
                {"\xe2\x82\xac", 0x20ac},
                {"\xef\xbf\xbf", 0xffff},
                {"\xf4\x8f\xbf\xbf", 0x10ffff}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(cnn_utf8_valid(bad[i]));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint32_t code = 0;
        assert_int_equal(cnn_utf8_char(good[i].text, &code), strlen(good[i].text));
        assert_int_equal(code, good[i].code);
    }
}

static void test_shell(void **state)
{
    (void)state;
    char *const words[] = {"cnn-train", "",    "a b",  "it's",        "--rate=0.1", "x=1",
                           "-",         "~me", "a\nb", "\xe9.png;rm", "$(x)`y`",    "p/q_@%+:,.9"};
    struct cnn_buf b = {0};
    cnn_shell_words(words, sizeof words / sizeof *words, &b);
    assert_string_equal(b.text, "cnn-train '' 'a b' 'it'\\''s' --rate=0.1 'x=1' - '~me' 'a\nb' "
                                "'\xe9.png;rm' '$(x)`y`' p/q_@%+:,.9");
    cnn_buf_free(&b);
}

static void test_shown(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"plain \xc3\xa9 text", "plain \xc3\xa9 text"},
        {"a\tb\nc\rd", "a\\tb\\nc\\rd"},
        {"\x1b[31m\x7f\x01", "\\x1b[31m\\x7f\\x01"},
        {"k\xe9 \xc2\x9b", "k\\xe9 \\u009b"},
        {"\xe2\x80\xae\xc2\xa0\xef\xbb\xbf", "\\u202e\\u00a0\\ufeff"},
        {"\xf3\xa0\x80\x81", "\\U000e0001"},
        {"f.png : gone", "f.png\\x20: gone"},
    };
    struct cnn_buf b = {0};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        b.size = 0;
        cnn_buf_show(&b, pairs[i][0]);
        assert_string_equal(b.text, pairs[i][1]);
    }
    b.size = 0;
    cnn_buf_show_lines(&b, "a : b\t\x1b\n");
    assert_string_equal(b.text, "a : b\t\\x1b\n");
    b.size = 0;
    cnn_buf_show_row(&b, "a : b\t\x1b\n");
    assert_string_equal(b.text, "a : b\t\\x1b\\n");
    cnn_buf_free(&b);
}

static void test_spellings(void **state)
{
    (void)state;
    struct cnn_strings found = {0}, list = {0};
    ptrdiff_t at;
    assert_int_equal(cnn_strings_add(&found, "caf\xc3\xa9"), 0);
    assert_int_equal(cnn_strings_add(&found, "b"), 0);
    assert_int_equal(cnn_strings_add(&found, "cafe\xcc\x81"), 0);
    assert_int_equal(cnn_strings_add(&found, "caf\xc3\xa9\xe2\x80\x8b"), 0);
    assert_int_equal(cnn_class_list_of(&found, &list), 0);
    assert_string_equal(list.item[0], "b");
    assert_int_equal(cnn_class_find(&list, "absent", &at), 0);
    assert_int_equal(at, -1);
#ifdef CNN_UTF8PROC
    assert_int_equal(list.count, 2);
    assert_string_equal(list.item[1], "cafe\xcc\x81");
    assert_int_equal(cnn_class_find(&list, "caf\xc3\xa9", &at), 0);
    assert_int_equal(at, 1);
#else
    assert_int_equal(list.count, 4);
#endif
    cnn_strings_free(&found);
    cnn_strings_free(&list);
}

static void test_lists_are_equal(void **state)
{
    (void)state;
    struct cnn_strings a = {0}, b = {0};
    assert_true(cnn_strings_equal(&a, &b));
    assert_int_equal(cnn_strings_add(&a, "x"), 0);
    assert_false(cnn_strings_equal(&a, &b));
    assert_int_equal(cnn_strings_add(&b, "x"), 0);
    assert_true(cnn_strings_equal(&a, &b));
    assert_int_equal(cnn_strings_add(&a, "y"), 0);
    assert_false(cnn_strings_equal(&a, &b) || cnn_strings_equal(&b, &a));
    assert_int_equal(cnn_strings_add(&b, "z"), 0);
    assert_false(cnn_strings_equal(&a, &b));
    cnn_strings_free(&a);
    cnn_strings_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists_are_equal),
                                       cmocka_unit_test(test_lines),
                                       cmocka_unit_test(test_utf8),
                                       cmocka_unit_test(test_shell),
                                       cmocka_unit_test(test_shown),
                                       cmocka_unit_test(test_spellings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
