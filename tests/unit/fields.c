/* Fields of samples by name: as members of tars, wished for, missing and damaged; what is written is
 * read. */
#include "field_files.h"

/* Two samples; the second has fewer rows and no age. */
static const char *write_samples(const char *name)
{
    const struct member m[] = {
        TEXT("0.pgm", GREY("\x01")),
        TEXT("0.cls", "1"),
        TEXT("0.colour.cls", "red\n"),
        TEXT("0.mood.cls", "3"),
        numbers("0.age.npy", 1, 0, six),
        numbers("0.points.npy", 3, 2, six),
        TEXT("0.second.pgm", GREY("\x02")),
        TEXT("0.txt", "ab\n"),
        TEXT("0.boxes.tsv", "1\t0\t1\t1\t2\n"),
        TEXT("0.eyes.points.tsv", "0.5\t0.25\n7\t-1\n"),
        TEXT("1.pgm", GREY("\x03")),
        TEXT("1.cls", "0"),
        TEXT("1.colour.cls", "2"),
        TEXT("1.mood.cls", "0"),
        numbers("1.points.npy", 1, 2, six + 4),
        TEXT("1.second.pgm", GREY("\x04")),
        TEXT("1.txt", "xyz"),
        TEXT("1.boxes.tsv", ""),
        TEXT("1.eyes.points.tsv", "1\t1\n2\t0\n"),
    };
    return write_tar(name, m, sizeof m / sizeof *m);
}

static void check_fields(const struct cnn_sample *s)
{
    const struct cnn_field *f;
    assert_int_equal(cnn_sample_label(s), 1);
    assert_non_null(f = cnn_sample_field(s, "colour"));
    assert_true(f->kind == CNN_FIELD_CLASS && f->label == 2);
    assert_int_equal(cnn_sample_field(s, "mood")->label, 3);
    assert_true(cnn_sample_field(s, "age")->values.px[0] == 1);
    f = cnn_sample_field(s, "points");
    assert_true(f->values.c == 1 && f->values.h == 3 && f->values.w == 2);
    f = cnn_sample_field(s, "second");
    assert_true(f->kind == CNN_FIELD_IMAGE && f->values.px[0] == 2 / 255.0f);
    assert_string_equal(cnn_sample_field(s, "text")->text, "ab");
    f = cnn_sample_field(s, "boxes");
    assert_true(f->values.c == 1 && f->values.h == 5 && f->values.px[4] == 2);
    f = cnn_sample_field(s, "eyes");
    assert_true(f->kind == CNN_FIELD_POINTS && f->values.c == 2 && f->values.h == 2);
    assert_true(f->values.px[1] == 0.25f && f->values.px[2] == 7 && f->values.px[3] == -1);
    assert_null(cnn_sample_field(s, "nose"));
}

static void test_members_are_fields(void **state)
{
    (void)state;
    write_list();
    struct cnn_dataset *ds = open_data(write_samples("a.tar"));
    struct cnn_sample s = {0};
    assert_int_equal(cnn_dataset_load(ds, 0, &s), 0);
    check_fields(&s);
    assert_int_equal(s.fields, 9);
    assert_int_equal(cnn_dataset_load(ds, 1, &s), 0);
    assert_int_equal(s.fields, 8);
    assert_null(cnn_sample_field(&s, "age"));
    assert_int_equal(cnn_sample_field(&s, "boxes")->values.c, 0);
    cnn_sample_free(&s);
    cnn_dataset_close(ds);
}

/* What goes through a stream of ours comes out of it. */
static void test_streams_keep_fields(void **state)
{
    (void)state;
    write_list();
    struct cnn_dataset *ds = open_data(write_samples("a.tar"));
    struct cnn_strings classes = {0};
    struct cnn_stream_writer *w;
    struct cnn_encoded *e = cnn_encoded_new();
    struct cnn_sample s = {0}, copy = {0};
    const char *path = scratch_path("b.tar");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(cnn_strings_add(&classes, "x") || cnn_strings_add(&classes, "y"), 0);
    assert_int_equal(cnn_stream_open(fd, path, &classes, "[]", NULL, &w), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(cnn_dataset_load(ds, i, &s), 0);
        assert_int_equal(cnn_sample_encode(&s, e), 0);
        assert_int_equal(cnn_stream_write(w, e), 0);
    }
    assert_int_equal(cnn_stream_finish(w), 0);
    cnn_stream_free(w);
    close(fd);
    cnn_dataset_close(ds);
    ds = open_data(path);
    assert_int_equal(cnn_dataset_load(ds, 1, &s), 0);
    assert_int_equal(s.fields, 8);
    assert_int_equal(cnn_dataset_load(ds, 0, &s), 0);
    check_fields(&s);
    assert_int_equal(cnn_sample_copy_fields(&copy, &s), 0);
    check_fields(&copy);
    cnn_dataset_close(ds);
    cnn_strings_free(&classes);
    cnn_encoded_free(e);
    cnn_sample_free(&s);
    cnn_sample_free(&copy);
}

/* The first batch, or why there is none. */
static int first_batch(struct cnn_dataset *ds, const struct cnn_wish *wish, size_t wishes,
                       struct cnn_loader **l, struct cnn_batch *b)
{
    struct cnn_loader_options o = {
        .input = &input, .batch = 2, .threads = 1, .wishes = wishes, .wish = wish};
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, l), 0);
    return cnn_loader_next(*l, b);
}

static void test_wishes(void **state)
{
    (void)state;
    const struct cnn_wish wish[] = {
        {.name = "colour", .kind = CNN_FIELD_CLASS, .classes = 3, .required = 1},
        {.name = "points", .kind = CNN_FIELD_NUMBERS, .shape = {2, 1, 1}, .rows = 4, .required = 1},
        {.name = "second", .kind = CNN_FIELD_IMAGE, .input = &input, .required = 1},
        {.name = "text", .kind = CNN_FIELD_TEXT, .rows = 3, .classes = 256},
        {.name = "boxes", .kind = CNN_FIELD_BOXES, .shape = {5, 1, 1}, .rows = 2},
        {.name = "age", .kind = CNN_FIELD_NUMBERS, .shape = {1, 1, 1}},
        {.name = "", .kind = CNN_FIELD_CLASS, .required = 1},
        {.name = "", .kind = CNN_FIELD_INPUT},
        {.name = "eyes", .kind = CNN_FIELD_POINTS, .shape = {2, 1, 1}, .rows = 3},
        {.name = "eyes", .kind = CNN_FIELD_NUMBERS, .shape = {4, 1, 1}, .required = 1},
    };
    static const float eyes[] = {0.5f, 0.25f, 7, -1, 0, 0, 1, 1, 2, 0, 0, 0};
    static const float points[] = {1, 2, 3, 4, 5, 6, 0, 0, 5, 6, 0, 0, 0, 0, 0, 0};
    static const int32_t text[] = {'a', 'b', -1, 'x', 'y', 'z'};
    write_list();
    struct cnn_dataset *ds = open_data(write_samples("a.tar"));
    struct cnn_loader *l;
    struct cnn_batch b;
    assert_int_equal(first_batch(ds, wish, sizeof wish / sizeof *wish, &l, &b), 1);
    assert_int_equal(b.n, 2);
    assert_int_equal(b.fields, sizeof wish / sizeof *wish);
    assert_true(b.field[0].label[0] == 2 && b.field[0].label[1] == 2 && !b.field[0].rows);
    assert_memory_equal(b.field[1].numbers, points, sizeof points);
    assert_true(b.field[1].rows[0] == 3 && b.field[1].rows[1] == 1);
    assert_true(b.field[2].numbers[0] == 2 && b.field[2].numbers[2] == 4);
    assert_memory_equal(b.field[3].label, text, sizeof text);
    assert_true(b.field[4].rows[0] == 1 && b.field[4].rows[1] == 0);
    assert_true(b.field[5].rows[0] == 1 && b.field[5].rows[1] == 0);
    assert_true(b.field[5].numbers[0] == 1 && b.field[5].numbers[1] == 0);
    assert_true(b.field[6].label[0] == 1 && b.field[6].label[1] == 0);
    assert_true(b.field[7].numbers == b.x);
    assert_memory_equal(b.field[8].numbers, eyes, sizeof eyes);
    assert_true(b.field[8].rows[0] == 2 && b.field[8].rows[1] == 2);
    assert_memory_equal(b.field[9].numbers, eyes, 4 * sizeof *eyes);
    assert_memory_equal(b.field[9].numbers + 4, eyes + 6, 4 * sizeof *eyes);
    cnn_loader_close(l);
    cnn_dataset_close(ds);
}

static void test_what_does_not_suit(void **state)
{
    (void)state;
    static const struct {
        struct cnn_wish wish;
        const char *message;
    } bad[] = {
        {{.name = "nose", .kind = CNN_FIELD_CLASS, .required = 1}, "#0: no field 'nose' (class)"},
        {{.name = "text", .kind = CNN_FIELD_NUMBERS, .shape = {1, 1, 1}, .required = 1},
         "#0: no field 'text' (numbers)"},
        {{.name = "age", .kind = CNN_FIELD_NUMBERS, .shape = {1, 1, 1}, .required = 1},
         "#1: no field 'age' (numbers)"},
        {{.name = "points", .kind = CNN_FIELD_NUMBERS, .shape = {4, 1, 1}},
         "#0: field 'points' of 6 numbers where 4 are needed"},
        {{.name = "points", .kind = CNN_FIELD_NUMBERS, .shape = {4, 1, 1}, .rows = 9},
         "#0: field 'points' of 6 numbers, no rows of 4"},
        {{.name = "points", .kind = CNN_FIELD_NUMBERS, .shape = {2, 1, 1}, .rows = 2},
         "#0: field 'points' of 3 rows where 2 are the most"},
        {{.name = "eyes", .kind = CNN_FIELD_NUMBERS, .shape = {2, 1, 1}},
         "#0: field 'eyes' of 4 numbers where 2 are needed"},
        {{.name = "eyes", .kind = CNN_FIELD_BOXES, .shape = {4, 1, 1}, .rows = 2, .required = 1},
         "#0: no field 'eyes' (boxes)"},
        {{.name = "mood", .kind = CNN_FIELD_CLASS, .classes = 3},
         "#0: field 'mood' has class 3 where there are 3"},
        {{.name = "", .kind = CNN_FIELD_LABELS, .shape = {1, 1, 2}, .required = 1},
         "#0: no target of labels"},
    };
    write_list();
    struct cnn_dataset *ds = open_data(write_samples("a.tar"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cnn_loader *l;
        struct cnn_batch b;
        assert_int_equal(first_batch(ds, &bad[i].wish, 1, &l, &b), CNN_EDATA);
        if (!strstr(cnn_error_message(), bad[i].message))
            fail_msg("'%s' for '%s'", cnn_error_message(), bad[i].message);
        cnn_loader_close(l);
    }
    cnn_dataset_close(ds);
}

/* Members that say nothing that is right; others of the sample do not matter then. */
static void test_bad_members(void **state)
{
    (void)state;
    const struct {
        struct member m;
        const char *message;
    } bad[] = {
        {TEXT("0.size.cls", "large"),
         "#0: field 'size': class 'large' is no number, and there is no classes.size.txt"},
        {TEXT("0.colour.cls", "pink"),
         "#0: field 'colour': class 'pink' is not in classes.colour.txt"},
        {TEXT("0.colour.cls", ""), "#0: field 'colour': malformed class"},
        {TEXT("0.age.npy", "\x93NUMPY"), "#0: field 'age': npy"},
        {TEXT("0.mask.seg.png", "no image"), "#0: field 'mask': "},
        {TEXT("0.boxes.tsv", "1\t2\t3\n"), "#0: boxes, line 1: 3 columns where 4 are needed"},
        {TEXT("0.boxes.tsv", "1\t2\t3\t4\n1\t2\t3\tx\n"), "#0: boxes, line 2: 'x' is no number"},
        {TEXT("0.boxes.tsv", "1\t2\t3\t4\n1\t2\t3\t4\t5\n"),
         "#0: boxes, line 2: 5 columns where 4 are needed"},
        {TEXT("0.points.tsv", "1\n"), "#0: points, line 1: 1 columns where 2 are needed"},
        {TEXT("0.eyes.points.tsv", "1\tx\n"), "#0: field 'eyes': points, line 1: 'x' is no number"},
        {TEXT("0.png", GREY("x")), "'0.png' is a second input of the key '0'"},
    };
    write_list();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct member m[] = {TEXT("0.pgm", GREY("\x01")), bad[i].m};
        struct cnn_dataset *ds = open_data(write_tar("bad.tar", m, 2));
        struct cnn_sample s = {0};
        assert_int_equal(cnn_dataset_load(ds, 0, &s), CNN_EDATA);
        if (!strstr(cnn_error_message(), bad[i].message))
            fail_msg("'%s' for '%s'", cnn_error_message(), bad[i].message);
        cnn_sample_free(&s);
        cnn_dataset_close(ds);
    }
}

/* An array that is cut at any byte is told. */
static void test_cut_members(void **state)
{
    (void)state;
    struct member whole = numbers("0.age.npy", 3, 2, six);
    for (size_t n = 0; n < whole.size; n++) {
        const struct member m[] = {TEXT("0.pgm", GREY("\x01")), {whole.name, whole.bytes, n}};
        struct cnn_dataset *ds = open_data(write_tar("cut.tar", m, 2));
        struct cnn_sample s = {0};
        assert_int_equal(cnn_dataset_load(ds, 0, &s), CNN_EDATA);
        assert_non_null(strstr(cnn_error_message(), "cut.tar#0: field 'age': npy"));
        cnn_sample_free(&s);
        cnn_dataset_close(ds);
    }
}

/* What is an input and what a field. */
static void test_names(void **state)
{
    (void)state;
    const struct member m[] = {
        TEXT("only.left.pgm", GREY("\x01")), TEXT("only.txt", "a"),
        TEXT("two.left.pgm", GREY("\x01")),  TEXT("two.right.pgm", GREY("\x02")),
        TEXT("odd.1.pgm", GREY("\x01")),     TEXT("odd.2.pgm", GREY("\x02"))};
    struct cnn_dataset *ds = open_data(write_tar("names.tar", m, 6));
    struct cnn_sample s = {0};
    assert_int_equal(cnn_dataset_count(ds), 3);
    assert_int_equal(cnn_dataset_load(ds, 0, &s), 0);
    assert_true(s.image.px[0] == 1 / 255.0f && s.fields == 1);
    assert_int_equal(cnn_dataset_load(ds, 1, &s), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "none without a name"));
    assert_int_equal(cnn_dataset_load(ds, 2, &s), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "'odd.2.pgm' is a second input of the key 'odd'"));
    assert_true(cnn_field_may_be_called("a_1", 3) && !cnn_field_may_be_called("1a", 2));
    assert_false(cnn_field_may_be_called("a-b", 3) || cnn_field_may_be_called("", 0));
    cnn_sample_free(&s);
    cnn_dataset_close(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_are_fields),
        cmocka_unit_test(test_streams_keep_fields),
        cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_what_does_not_suit),
        cmocka_unit_test(test_bad_members),
        cmocka_unit_test(test_cut_members),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
