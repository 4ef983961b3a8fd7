/* Fields as columns of a list. */
#include "field_files.h"

static struct cnn_dataset *open_list(const char *text)
{
    scratch_write("0.pgm", GREY("\x01"), sizeof GREY("\x01") - 1);
    scratch_write("1.pgm", GREY("\x03"), sizeof GREY("\x03") - 1);
    struct member points = numbers("", 3, 2, six);
    scratch_write("points.npy", points.bytes, points.size);
    write_list();
    struct cnn_dataset *ds;
    int rc = cnn_dataset_open(scratch_write("list.tsv", text, strlen(text)), NULL, &ds);
    assert_true(!rc || rc == CNN_EDATA);
    return ds;
}

static void test_columns_are_fields(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_list("# a comment\n"
                                       "path\tage\tcolour\tclass\tpoints\tmask.seg\ttext\tweight\t"
                                       "eyes.points\n"
                                       "0.pgm\t1.5,-2\tred\tbee\tpoints.npy\t1.pgm\ta b\t0.5\t"
                                       "1 2, 3 4.5\n"
                                       "1.pgm\t\t0\tant\n");
    struct cnn_sample s = {0};
    const struct cnn_field *f;
    assert_non_null(ds);
    assert_int_equal(cnn_dataset_columns(ds), 6);
    assert_int_equal(cnn_dataset_load(ds, 0, &s), 0);
    assert_int_equal(s.fields, 7);
    assert_true(cnn_sample_label(&s) == 1 && s.weight == 0.5f);
    f = cnn_sample_field(&s, "age");
    assert_true(f->values.c == 2 && f->values.px[0] == 1.5f && f->values.px[1] == -2);
    assert_int_equal(cnn_sample_field(&s, "colour")->label, 2);
    assert_int_equal(cnn_sample_field(&s, "points")->values.h, 3);
    f = cnn_sample_field(&s, "mask");
    assert_true(f->kind == CNN_FIELD_LABELS && f->values.px[0] == 3);
    assert_string_equal(cnn_sample_field(&s, "text")->text, "a b");
    f = cnn_sample_field(&s, "eyes");
    assert_true(f->kind == CNN_FIELD_POINTS && f->values.c == 2 && f->values.h == 2);
    assert_true(f->values.px[1] == 2 && f->values.px[3] == 4.5f);
    assert_int_equal(cnn_dataset_load(ds, 1, &s), 0);
    assert_int_equal(s.fields, 2);
    assert_true(cnn_sample_field(&s, "colour")->values.px[0] == 0);
    cnn_sample_free(&s);
    cnn_dataset_close(ds);
}

static void test_bad_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"path\tage\tage\n0.pgm\t1\t1\n", "list.tsv:1: two columns 'age'"},
        {"path\tmy-age\n0.pgm\t1\n", "list.tsv:1: 'my-age' is no name of a column"},
        {"path\tage\n0.pgm\t1\t2\n", "list.tsv:2: more columns than the 2 of the heading"},
        {"path\tsize\n0.pgm\tlarge\n",
         "list.tsv:2: field 'size': class 'large' is no number, and there is no classes.size.txt"},
        {"path\tcolour\n0.pgm\tpink\n",
         "list.tsv:2: field 'colour': class 'pink' is not in classes.colour.txt"},
        {"path\teyes.points\n0.pgm\t1,2,3\n",
         "list.tsv:2: field 'eyes': '1,2,3' is no list of points, x and y of each"},
        {"path\tpoints\n0.pgm\there\n",
         "list.tsv:2: field 'points': 'here' is no list of points, x and y of each"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(open_list(bad[i].text));
        if (!strstr(cnn_error_message(), bad[i].message))
            fail_msg("'%s' for '%s'", cnn_error_message(), bad[i].message);
    }
    struct cnn_dataset *ds = open_list("path\tpoints\n0.pgm\tnone.npy\n");
    struct cnn_sample s = {0};
    assert_int_equal(cnn_dataset_load(ds, 0, &s), CNN_ENOINPUT);
    assert_non_null(strstr(cnn_error_message(), "0.pgm: field 'points': "));
    assert_non_null(strstr(cnn_error_message(), "none.npy: No such file"));
    cnn_sample_free(&s);
    cnn_dataset_close(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_fields),
        cmocka_unit_test(test_bad_columns),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
