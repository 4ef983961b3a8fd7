/* Forms of datasets: what each gives, the same keys in all of them, and what is wrong with bad
 * ones. */
#define _GNU_SOURCE
#include "scratch.h"

#include "base/memory.h"
#include "data/source/dataset_open.h"

static void shell(const char *format, ...)
{
    char command[4000];
    int n = snprintf(command, sizeof command, "cd %s && ", scratch);
    va_list ap;
    va_start(ap, format);
    vsnprintf(command + n, sizeof command - (size_t)n, format, ap);
    va_end(ap);
    assert_int_equal(system(command), 0);
}

static struct cnn_dataset *open_named(const char *name)
{
    struct cnn_dataset *ds;
    if (cnn_dataset_open(scratch_path(name), NULL, &ds))
        fail_msg("%s", cnn_error_message());
    return ds;
}

static struct cnn_dataset *open_text(const char *name, const char *text)
{
    scratch_write(name, text, strlen(text));
    return open_named(name);
}

/* The file with that text is refused; the message is NAME followed by `want`. */
static void refuse(const char *name, const char *text, const char *want)
{
    struct cnn_dataset *ds;
    char full[800];
    const char *path = scratch_write(name, text, strlen(text));
    assert_int_equal(cnn_dataset_open(path, NULL, &ds), CNN_EDATA);
    snprintf(full, sizeof full, "%s%s", path, want);
    assert_string_equal(cnn_error_message(), full);
    unlink(path);
}

/* Folders, too. */
static int remove_all(void **state)
{
    (void)state;
    char command[200];
    snprintf(command, sizeof command, "rm -rf %s", scratch);
    return system(command);
}

static const char *key(const struct cnn_dataset *ds, size_t i)
{
    return cnn_dataset_record(ds, i)->key;
}

static void test_keys(void **state)
{
    (void)state;
    static const char *const pair[][2] = {{"photos/ants/001.jpg", "ants/001"},
                                          {"/x/photos/ants/001.tar.jpg", "ants/001_tar"},
                                          {"../ants/a b.png", "ants/a b"},
                                          {"ants/.png", "ants/_png"},
                                          {"ants//x", "ants/x"},
                                          {"a.b/c\td.e.f", "a.b/c_d_e"},
                                          {"/x.png", "x"}};
    struct cnn_buf b = {0};
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
        b.size = 0;
        cnn_key_from_path(pair[i][0], &b);
        assert_string_equal(b.text, pair[i][1]);
    }
    b.size = 0;
    cnn_key_from_number("d/train-images.idx3.gz", 17, &b);
    assert_string_equal(b.text, "train-images/000017");
    cnn_buf_free(&b);
}

/* The same pictures in a folder, in manifests here and there, and packed. */
static void test_same_keys(void **state)
{
    (void)state;
    shell("mkdir -p photos/ants photos/bees photos/none lists && "
          "for i in 1 2 3; do printf 'P5 1 1 255 %%s' $i > photos/ants/p$i.pgm; "
          "printf 'P5 1 1 255 %%s' $i > photos/bees/p$i.x.pgm; done; cp photos/ants/p1.pgm "
          "photos/ants/p1.png; echo note > photos/ants/README.txt; "
          "(cd photos; printf '%%s\\t%%s\\n' ants/p1.pgm ants ants/p1.png ants ants/p2.pgm ants "
          "ants/p3.pgm ants bees/p1.x.pgm bees bees/p2.x.pgm bees bees/p3.x.pgm bees) > "
          "photos/l.tsv; "
          "sed 's,^,../photos/,' photos/l.tsv > lists/far.tsv; "
          "sed -n 's,^bees/,,p' photos/l.tsv > photos/bees/near.tsv");
    struct cnn_dataset *folder = open_named("photos"), *near = open_named("photos/l.tsv"),
                       *far = open_named("lists/far.tsv"),
                       *bees = open_named("photos/bees/near.tsv");
    static const char *const want[] = {"ants/p1",   "ants/p1~2", "ants/p2",  "ants/p3",
                                       "bees/p1_x", "bees/p2_x", "bees/p3_x"};
    assert_int_equal(cnn_dataset_count(folder), 7);
    assert_int_equal(cnn_dataset_count(far), 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(key(folder, i), want[i]);
        assert_string_equal(key(near, i), want[i]);
        assert_string_equal(key(far, i), want[i]);
    }
    assert_string_equal(key(bees, 2), want[6]);
    assert_string_equal(cnn_dataset_form(folder), "folder");
    assert_string_equal(cnn_dataset_form(far), "manifest");
    assert_int_equal(cnn_dataset_classes(folder)->count, 3); /* "none" has no images */
    assert_int_equal(cnn_dataset_record(folder, 4)->label, 1);
    assert_int_equal(cnn_dataset_classes(near)->count, 2);
    cnn_dataset_close(folder);
    cnn_dataset_close(near);
    cnn_dataset_close(far);
    cnn_dataset_close(bees);
    /* a pinned list keeps places; a folder that is not in it is an error */
    shell("printf 'wasps\\nbees\\nants\\nnone\\n' > photos/classes.txt");
    folder = open_named("photos");
    assert_true(cnn_dataset_classes_pinned(folder));
    assert_int_equal(cnn_dataset_record(folder, 0)->label, 2);
    cnn_dataset_close(folder);
    struct cnn_dataset *ds;
    shell("printf 'wasps\\nbees\\n' > photos/classes.txt");
    assert_int_equal(cnn_dataset_open(scratch_path("photos"), NULL, &ds), CNN_EDATA);
    assert_non_null(
        strstr(cnn_error_message(), "/photos/ants: class 'ants' is not in the class list"));
    shell("rm photos/classes.txt; cp photos/ants/p1.pgm photos/");
    assert_int_equal(cnn_dataset_open(scratch_path("photos"), NULL, &ds), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "/photos/p1.pgm: an image beside class folders"));
    shell("rm -r photos lists");
}

static void test_manifest(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_text("m.tsv", "# comment\r\n\r\na.png\tcat\tg1\t0.5\r\n"
                                                "b c.png\tdog x\t\t2\n./#d.png\tcat");
    assert_int_equal(cnn_dataset_count(ds), 3);
    const struct cnn_record *r = cnn_dataset_record(ds, 0);
    assert_string_equal(r->group, "g1");
    assert_true(r->weight == 0.5f && r->label == 0);
    r = cnn_dataset_record(ds, 1);
    assert_null(r->group);
    assert_true(r->weight == 2 && r->label == 1);
    assert_string_equal(cnn_dataset_classes(ds)->item[1], "dog x");
    assert_string_equal(strrchr(r->source, '/'), "/b c.png");
    assert_string_equal(strrchr(key(ds, 2), '/'), "/#d");
    cnn_dataset_close(ds);

    ds = open_text("caffe.txt", "x/a b.png 3\ny.png 0\r\n");
    assert_int_equal(cnn_dataset_classes(ds)->count, 4);
    assert_int_equal(cnn_dataset_record(ds, 0)->label, 3);
    assert_string_equal(key(ds, 0), "x/a b");
    cnn_dataset_close(ds);
    ds = open_text("none.tsv", "a.png\t\nb.png\t\n");
    assert_int_equal(cnn_dataset_record(ds, 1)->label, -1);
    assert_int_equal(cnn_dataset_classes(ds)->count, 0);
    cnn_dataset_close(ds);

    refuse("m.tsv", "a\tx\nb\n",
           ":2: no class column (path<TAB>class) where the rows before have one");
    refuse("m.tsv", "a\nb\tx\n", ":2: a class where the rows before have none");
    refuse("m.tsv", "a\tx\n\tx\n", ":2: an empty path");
    refuse("m.tsv", "a\tx\nb\t\n", ":2: an empty class where the rows before have one");
    refuse("m.tsv", "a\t\nb\tx\n", ":2: a class where the rows before have none");
    refuse("m.tsv", "a\tx\tg\t1\t9\n", ":1: 5 columns (path, class, group and weight are all)");
    refuse("m.tsv", "a\tx\tg\t-1\n", ":1: bad weight '-1' (a number of at least 0 is needed)");
    refuse("m.tsv", "a\tx\tg\t\n", ":1: bad weight '' (a number of at least 0 is needed)");
    refuse("m.tsv", "a\tx\tg\tnan\n", ":1: bad weight 'nan' (a number of at least 0 is needed)");
    refuse("m.tsv", "a 1\nb\tx\n",
           ":2: not 'path number' as the rows before, with a number from 0: 'b\tx'");
    refuse("m.tsv", "digits:5#5\tx\n", ":1: sample 5 of digits:5, which has 5");
    refuse("m.tsv", "#nothing\n", ": no samples");
    refuse("m.tsv", "", ": empty");
    scratch_write("classes.txt", "cat\ndog\n", 8);
    refuse("m.tsv", "a\tcat\nb\tcow\n", ":2: class 'cow' is not in the class list");
    refuse("m.txt", "a 1\nb 2\n", ":2: class number 2 where the list has 2 classes");
    unlink(scratch_path("classes.txt"));
    struct cnn_dataset *bad;
    const char *path = scratch_write("m.tsv", "gone.tar#1\tx\n", 13);
    assert_int_equal(cnn_dataset_open(path, NULL, &bad), CNN_ENOINPUT);
    assert_non_null(strstr(cnn_error_message(), "m.tsv:1: "));
    assert_non_null(strstr(cnn_error_message(), "gone.tar: No such file or directory"));
    /* a manifest that leads to itself */
    path = scratch_write("m.tsv", "m.tsv#0\tx\n", 10);
    assert_int_equal(cnn_dataset_open(path, NULL, &bad), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "m.tsv: a manifest within a manifest"));
}

static void test_class_lists(void **state)
{
    (void)state;
    struct cnn_strings list = {0};
    static const char *const bad[][2] = {
        {"a\n\nb \na\n", ":4: class 'a' is there twice"},
        {"a\tb\n", ":1: a class name holds a control character: 'a\tb'"},
        {"k\xe9\n", ":1: class 'k\xe9' is not UTF-8"}};
    static const char marked[] = "\xef\xbb\xbf\r\n  b\t \r\na x\n \t\n\n";
    assert_int_equal(cnn_classes_read(scratch_write("c", marked, sizeof marked - 1), &list), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.item[0], "b");
    assert_string_equal(list.item[1], "a x");
    cnn_strings_free(&list);
    for (int i = 0; i < 3; i++) {
        char want[700];
        const char *path = scratch_write("c", bad[i][0], strlen(bad[i][0]));
        assert_int_equal(cnn_classes_read(path, &list), CNN_EDATA);
        snprintf(want, sizeof want, "%s%s", path, bad[i][1]);
        assert_string_equal(cnn_error_message(), want);
        assert_int_equal(list.count, 0);
    }
}

/* Two images of 2 x 2, labels 3 and 1. */
static void write_idx(void)
{
    scratch_write("t-images-idx3-ubyte",
                  "\0\0\x08\x03\0\0\0\2\0\0\0\2\0\0\0\2\x00\x33\x66\xff\1\2\3\4", 24);
    scratch_write("t-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0\2\3\1", 10);
}

static void test_arrays(void **state)
{
    (void)state;
    write_idx();
    struct cnn_dataset *ds = open_named("t-images-idx3-ubyte");
    struct cnn_sample s = {0};
    assert_string_equal(cnn_dataset_form(ds), "IDX");
    assert_int_equal(cnn_dataset_count(ds), 2);
    assert_int_equal(cnn_dataset_classes(ds)->count, 4);
    assert_int_equal(cnn_dataset_load(ds, 0, &s), 0);
    assert_int_equal(cnn_sample_label(&s), 3);
    assert_true(s.image.px[1] == 51 / 255.0f && s.image.px[3] == 1);
    assert_string_equal(s.key, "t-images-idx3-ubyte/000000");
    cnn_dataset_close(ds);
    /* rows into it have the same keys; classes are the manifest's */
    ds = open_text("rows.tsv", "t-images-idx3-ubyte#1\tone\ndigits:20:4#7\tseven\n");
    assert_string_equal(key(ds, 0), "t-images-idx3-ubyte/000001");
    assert_string_equal(key(ds, 1), "digits-4/000007");
    assert_int_equal(cnn_dataset_load(ds, 0, &s), 0);
    assert_true(s.image.px[0] == 1 / 255.0f && cnn_sample_label(&s) == 0);
    cnn_dataset_close(ds);
    struct cnn_dataset *bad;
    scratch_write("t-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0\1\3", 9);
    assert_int_equal(cnn_dataset_open(scratch_path("t-images-idx3-ubyte"), NULL, &bad), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "t-labels-idx1-ubyte: 1 labels for the 2 images"));
    unlink(scratch_path("t-labels-idx1-ubyte"));
    ds = open_named("t-images-idx3-ubyte");
    assert_int_equal(cnn_dataset_record(ds, 0)->label, -1);
    cnn_dataset_close(ds);
    assert_int_equal(cnn_dataset_open("digits:0", NULL, &bad), CNN_EUSAGE);
    assert_int_equal(cnn_dataset_open("digits:5:x", NULL, &bad), CNN_EUSAGE);

    unsigned char record[2 * 3073] = {0};
    record[0] = 9;
    record[1 + 1024 * 2 + 5] = 255;
    scratch_write("data_batch_1.bin", record, sizeof record);
    ds = open_named("data_batch_1.bin");
    assert_string_equal(cnn_dataset_form(ds), "CIFAR-10");
    assert_int_equal(cnn_dataset_classes(ds)->count, 10);
    assert_string_equal(key(ds, 1), "data_batch_1/000001");
    assert_int_equal(cnn_dataset_load(ds, 0, &s), 0);
    assert_true(cnn_sample_label(&s) == 9 && s.image.c == 3 && s.image.px[2 * 1024 + 5] == 1);
    cnn_dataset_close(ds);
    scratch_write("batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\njot\n\n", 23);
    ds = open_named("data_batch_1.bin");
    assert_string_equal(cnn_dataset_classes(ds)->item[9], "jot");
    cnn_dataset_close(ds);
    cnn_sample_free(&s);
}

static void test_features(void **state)
{
    (void)state;
    struct cnn_sample s = {0};
    struct cnn_dataset *ds =
        open_text("f.tsv", "#classes\tx\ty\tz\n#key\tclass\tp.0\tp.1\nk/1\tz\t0.5\t-1e3\n"
                           "k/2\t\t3\t4\n");
    assert_string_equal(cnn_dataset_form(ds), "features");
    assert_int_equal(cnn_dataset_classes(ds)->count, 3);
    assert_int_equal(cnn_dataset_record(ds, 0)->label, 2);
    assert_int_equal(cnn_dataset_record(ds, 1)->label, -1);
    assert_int_equal(cnn_dataset_load(ds, 0, &s), 0);
    assert_string_equal(s.key, "k/1");
    assert_true(s.image.maxval == 0 && s.image.c == 2 && s.image.px[1] == -1000);
    cnn_dataset_close(ds);
    refuse("f.tsv", "#key\tclass\ta\nk\tx\t1\nl\tx\t1\t2\n",
           ":3: 2 numbers where the rows before have 1");
    refuse("f.tsv", "#key\tclass\ta\nk\tx\t1x\n", ":2: '1x' is not a number");
    refuse("f.tsv", "#key\tclass\ta\nk\tx\tinf\n", ":2: 'inf' is not a number");
    refuse("f.tsv", "#key\tclass\ta\nk\n", ":2: no class column (key<TAB>class is needed)");
    refuse("f.tsv", "#key\tclass\ta\tb\nk\tx\t1\n", ": 2 names in the heading for 1 numbers");
    refuse("f.tsv", "#classes\ta\nk\ta\t1\n", ":2: the heading #key<TAB>class<TAB>... is missing");
    refuse("f.tsv", "#classes\ta\n#key\tclass\tv\nk\tb\t1\n",
           ":3: class 'b' is not in the class list");

    ds = open_text("f.svm", "3 1:0.5 4:2 # k/1\r\n0 2:1\n");
    assert_string_equal(cnn_dataset_form(ds), "svmlight");
    assert_int_equal(cnn_dataset_classes(ds)->count, 4);
    assert_string_equal(key(ds, 0), "k/1");
    assert_string_equal(key(ds, 1), "f/000001");
    assert_int_equal(cnn_dataset_load(ds, 0, &s), 0);
    assert_true(s.image.c == 4 && s.image.px[0] == 0.5f && s.image.px[1] == 0 &&
                s.image.px[3] == 2 && cnn_sample_label(&s) == 3);
    cnn_dataset_close(ds);
    ds = open_text("f.svm", "-1 1:0.5\n+1 2:1\n");
    assert_string_equal(cnn_dataset_classes(ds)->item[0], "-1");
    assert_int_equal(cnn_dataset_record(ds, 1)->label, 1);
    cnn_dataset_close(ds);
    refuse("f.svm", "1 1:2\nx 1:3\n", ":2: no label at its beginning");
    refuse("f.svm", "1 1:2\n1 0:3\n", ":2: a place that is not in 1..67108864");
    refuse("f.svm", "1 2:2 1:3\n", ":1: place 1 behind place 2");
    refuse("f.svm", "1 1:2\n1 1:2 x\n", ":2: 'x' is not PLACE:NUMBER");

    char npy[128 + 24];
    int n = sprintf(npy,
                    "%cNUMPY%c%c%c%c{'descr': '<f4', 'fortran_order': False, "
                    "'shape': (3, 2), }",
                    0x93, 1, 0, 118, 0);
    memset(npy + n, ' ', (size_t)(128 - n));
    npy[10] = '{';
    npy[7] = npy[9] = 0;
    npy[127] = '\n';
    for (int i = 0; i < 6; i++)
        memcpy(npy + 128 + 4 * i, &(float){(float)i}, 4);
    scratch_write("x.npy", npy, sizeof npy);
    ds = open_named("x.npy");
    assert_int_equal(cnn_dataset_count(ds), 3);
    assert_string_equal(key(ds, 2), "x/000002");
    assert_int_equal(cnn_dataset_load(ds, 1, &s), 0);
    assert_true(s.image.c == 2 && s.image.px[0] == 2 && s.image.px[1] == 3);
    cnn_dataset_close(ds);
    scratch_write("x.tsv", "#key\tclass\na\tp\nb\tq\nc\tp\n", 23);
    ds = open_named("x.npy");
    assert_string_equal(key(ds, 2), "c");
    assert_int_equal(cnn_dataset_record(ds, 1)->label, 1);
    cnn_dataset_close(ds);
    struct cnn_dataset *bad;
    scratch_write("x.tsv", "#key\tclass\na\tp\n", 15);
    assert_int_equal(cnn_dataset_open(scratch_path("x.npy"), NULL, &bad), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "x.tsv: 1 rows for the 3 samples of"));
    scratch_write("cut.npy", npy, 140);
    assert_int_equal(cnn_dataset_open(scratch_path("cut.npy"), NULL, &bad), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "cut.npy: truncated (140 bytes, 152 expected)"));
    cnn_sample_free(&s);
}

static void test_images_and_garbage(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_text("one.png", "P5 1 1 255 A"), *bad; /* contents decide */
    struct cnn_sample s = {0};
    assert_string_equal(cnn_dataset_form(ds), "image");
    assert_int_equal(cnn_dataset_load(ds, 0, &s), 0);
    assert_int_equal(s.fields, 0);
    cnn_dataset_close(ds);
    refuse("x.bin", "\x01\x02\x03 stuff", ": neither an image nor a form of dataset that is known");
    assert_int_equal(cnn_dataset_open(scratch_path("gone"), NULL, &bad), CNN_ENOINPUT);
    assert_non_null(strstr(cnn_error_message(), "/gone: No such file or directory"));
    ds = open_text("huge.pgm", "P5 65500 65500 255 A");
    assert_int_equal(cnn_dataset_load(ds, 0, &s), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "/huge.pgm: "));
    cnn_dataset_close(ds);
    shell("mkdir empty");
    assert_int_equal(cnn_dataset_open(scratch_path("empty"), NULL, &bad), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "/empty: no samples"));
    cnn_sample_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_same_keys),
        cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_class_lists),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_images_and_garbage),
    };
    return cmocka_run_group_tests(tests, scratch_make, remove_all);
}
