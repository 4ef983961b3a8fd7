/* Samples of several rows: what becomes of them in a batch, and those that cannot be. */
#include "field_files.h"

/* Three rows of two numbers and one; as rows of an input and of its targets. */
static void test_rows(void **state)
{
    (void)state;
    static const float first[] = {1, 2, 3, 4, 5, 6, 0, 0}, second[] = {5, 6, 0, 0, 0, 0, 0, 0};
    static const int32_t tags[] = {1, -1, 2, -1, 2, -1, -1, -1};
    static const float tag[] = {1, -1, 2};
    const struct cnn_input rows = {.shape = {2, 1, 1}, .rows = 4};
    const struct cnn_wish wish[] = {
        {.name = "tags",
         .kind = CNN_FIELD_CLASS,
         .classes = 3,
         .rows = 4,
         .required = 1,
         .like = CNN_LIKE_INPUT},
        {.name = "second", .kind = CNN_FIELD_IMAGE, .input = &rows, .required = 1},
        {.name = "", .kind = CNN_FIELD_INPUT, .required = 1},
    };
    struct member m[] = {numbers("0.npy", 3, 2, six),
                         numbers("0.tags.npy", 3, 0, tag),
                         numbers("0.second.npy", 1, 2, six + 4),
                         numbers("1.npy", 1, 2, six + 4),
                         numbers("1.tags.npy", 1, 0, tag + 2),
                         numbers("1.second.npy", 3, 2, six)};
    struct cnn_loader_options o = {
        .input = &rows, .batch = 2, .threads = 1, .wishes = 3, .wish = wish};
    struct cnn_dataset *ds = open_data(write_tar("rows.tar", m, 6));
    struct cnn_loader *l;
    struct cnn_batch b;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    assert_int_equal(cnn_loader_next(l, &b), 1);
    assert_true(b.n == 2 && b.rows[0] == 3 && b.rows[1] == 1);
    assert_memory_equal(b.x, first, sizeof first);
    assert_memory_equal(b.x + 8, second, sizeof second);
    assert_true(b.field[0].rows[0] == 3 && b.field[0].rows[1] == 1);
    assert_memory_equal(b.field[0].label, tags, sizeof tags);
    assert_true(b.field[1].rows[0] == 1 && b.field[1].rows[1] == 3);
    assert_memory_equal(b.field[1].numbers, second, sizeof second);
    assert_true(b.field[2].numbers == b.x && !b.field[2].rows);
    cnn_loader_close(l);
    o.whole = "they are needed";
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    assert_int_equal(cnn_loader_next(l, &b), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "rows.tar#0: 3 rows where 4 are needed: they are"));
    cnn_loader_close(l);
    cnn_dataset_close(ds);
}

/* One sample's input, and its tags, that cannot be. */
static void test_bad_rows(void **state)
{
    (void)state;
    static const float zeros[24];
    const struct cnn_input rows = {.shape = {2, 1, 1}, .rows = 4};
    const struct cnn_wish wish = {
        .name = "tags", .kind = CNN_FIELD_CLASS, .rows = 4, .required = 1, .like = CNN_LIKE_INPUT};
    static const struct {
        size_t rows, columns, tags;
        const char *message;
    } bad[] = {
        {5, 2, 4, "#0: 5 rows where the net takes 4 at most"},
        {3, 4, 3, "#0: numbers of shape 1x3x4 where the net takes rows of 2"},
        {0, 2, 0, "#0: an array without numbers"},
        {3, 2, 2, "#0: field 'tags' of 2 rows where there are 3"},
        {3, 2, 5, "#0: field 'tags' of 5 rows where 4 are the most"},
        {3, 2, 0, "#0: field 'tags' of 0 rows where there are 3"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct member m[] = {numbers("0.npy", bad[i].rows, bad[i].columns, zeros),
                             numbers("0.tags.npy", bad[i].tags, 0, zeros)};
        struct cnn_loader_options o = {
            .input = &rows, .batch = 2, .threads = 1, .wishes = 1, .wish = &wish};
        struct cnn_dataset *ds = open_data(write_tar("bad-rows.tar", m, 2));
        struct cnn_loader *l;
        struct cnn_batch b;
        assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
        assert_int_equal(cnn_loader_next(l, &b), CNN_EDATA);
        if (!strstr(cnn_error_message(), bad[i].message))
            fail_msg("'%s' for '%s'", cnn_error_message(), bad[i].message);
        cnn_loader_close(l);
        cnn_dataset_close(ds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_bad_rows),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
