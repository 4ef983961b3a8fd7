/* Streams: what is written is read; cut at any byte it is an error; damage, spooling, FIFOs,
 * foreign and compressed archives. */
#include "scratch.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/random.h"
#include "data/source/dataset_open.h"
#include "data/source/stream.h"

enum { SAMPLES = 4 };

/* Four samples: classes and weights, numbers with a target of numbers, a label image. */
static void fill_sample(struct cnn_sample *s, int i)
{
    char key[32];
    snprintf(key, sizeof key, "a/%d", i);
    assert_int_equal(cnn_sample_set_key(s, key), 0);
    assert_int_equal(cnn_image_reshape(&s->image, i == 1 ? 3 : 1, 2, 3, i == 2 ? 0 : 255), 0);
    for (size_t k = 0; k < s->image.c * 6; k++)
        s->image.px[k] = i == 2 ? (float)k - 2.5f : (float)(k + (size_t)i) / 255.0f;
    s->weight = i == 1 ? 0.25f : 1;
    s->fields = 0;
    struct cnn_field *f = cnn_sample_add_field(s, NULL,
                                               i == 2   ? CNN_FIELD_NUMBERS
                                               : i == 3 ? CNN_FIELD_LABELS
                                                        : CNN_FIELD_CLASS);
    f->label = i;
    if (i >= 2) {
        assert_int_equal(cnn_image_reshape(&f->values, 1, 2, 3, 0), 0);
        for (size_t k = 0; k < 6; k++)
            f->values.px[k] = i == 2 ? 0.5f * (float)k : (float)(40 * k);
    }
}

static const char *write_samples(const char *name, int samples)
{
    struct cnn_strings classes = {0};
    struct cnn_stream_writer *w;
    struct cnn_encoded *e = cnn_encoded_new();
    struct cnn_sample s = {0};
    const char *path = scratch_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(cnn_strings_add(&classes, "ants"), 0);
    assert_int_equal(cnn_strings_add(&classes, "none of it"), 0);
    assert_int_equal(cnn_strings_add(&classes, "bees"), 0);
    assert_int_equal(cnn_stream_open(fd, path, &classes, "[{\"command\":\"x\"}]", NULL, &w), 0);
    for (int i = 0; i < samples; i++) {
        fill_sample(&s, i);
        assert_int_equal(cnn_sample_encode(&s, e), 0);
        assert_int_equal(cnn_stream_write(w, e), 0);
    }
    assert_int_equal(cnn_stream_finish(w), 0);
    cnn_stream_free(w);
    close(fd);
    cnn_encoded_free(e);
    cnn_sample_free(&s);
    cnn_strings_free(&classes);
    return path;
}

static const char *write_stream(const char *name)
{
    return write_samples(name, SAMPLES);
}

static void check_sample(const struct cnn_sample *got, int i)
{
    struct cnn_sample s = {0};
    fill_sample(&s, i);
    size_t n = s.image.c * 6;
    assert_string_equal(got->key, s.key);
    assert_int_equal(got->image.c, s.image.c);
    assert_int_equal(got->image.h, 2);
    assert_int_equal(got->image.w, 3);
    assert_int_equal(got->image.maxval, s.image.maxval);
    assert_memory_equal(got->image.px, s.image.px, n * sizeof *s.image.px);
    assert_true(got->weight == s.weight);
    assert_int_equal(got->fields, 1);
    assert_int_equal(got->field->kind, s.field->kind);
    assert_string_equal(got->field->name, s.field->name);
    if (i < 2)
        assert_int_equal(got->field->label, i);
    else
        assert_memory_equal(got->field->values.px, s.field->values.px, 6 * sizeof(float));
    cnn_sample_free(&s);
}

static void check_dataset(const char *path, const struct cnn_dataset_options *o)
{
    struct cnn_dataset *ds;
    struct cnn_sample s = {0};
    if (cnn_dataset_open(path, o, &ds))
        fail_msg("%s", cnn_error_message());
    assert_string_equal(cnn_dataset_form(ds), "tar");
    assert_int_equal(cnn_dataset_count(ds), SAMPLES);
    assert_int_equal(cnn_dataset_classes(ds)->count, 3);
    assert_true(cnn_dataset_classes_pinned(ds));
    assert_string_equal(cnn_dataset_history(ds), "[{\"command\":\"x\"}]");
    assert_int_equal(cnn_dataset_record(ds, 1)->label, 1);
    for (size_t i = SAMPLES; i-- > 0;) {
        if (cnn_dataset_load(ds, i, &s))
            fail_msg("%s", cnn_error_message());
        check_sample(&s, (int)i);
    }
    cnn_sample_free(&s);
    cnn_dataset_close(ds);
}

/* The whole of a file as standard input through a pipe, read as `o` says. */
struct feed {
    int fd;
    const unsigned char *bytes;
    size_t n;
    const char *path; /* when it is to be opened first */
};

static void *feed_pipe(void *argument)
{
    struct feed *f = argument;
    size_t done = 0;
    if (f->path)
        f->fd = open(f->path, O_WRONLY);
    while (done < f->n) {
        size_t piece = f->n - done < 1000 ? f->n - done : 1000;
        ssize_t k = write(f->fd, f->bytes + done, piece);
        if (k < 0)
            break;
        done += (size_t)k;
    }
    close(f->fd);
    return NULL;
}

static void with_stdin(const unsigned char *bytes, size_t n, void (*run)(void *), void *context)
{
    int ends[2], saved = dup(0);
    pthread_t thread;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[0], 0);
    close(ends[0]);
    struct feed f = {ends[1], bytes, n, NULL};
    assert_int_equal(pthread_create(&thread, NULL, feed_pipe, &f), 0);
    run(context);
    while (read(0, (char[4096]){0}, 4096) > 0)
        ;
    pthread_join(thread, NULL);
    dup2(saved, 0);
    close(saved);
}

static void spooled(void *context)
{
    check_dataset("-", context);
}

static void test_forms(void **state)
{
    (void)state;
    const char *path = write_stream("whole.tar");
    struct cnn_dataset_options tiny = {.memory = 1}, half = {.memory = 200},
                               bad = {.memory = 1, .temporary = "/nonexistent"};
    size_t n;
    unsigned char *bytes = slurp(path, &n);
    struct cnn_dataset *ds;
    char command[1300];
    check_dataset(path, NULL);
    with_stdin(bytes, n, spooled, NULL);
    with_stdin(bytes, n, spooled, &tiny); /* all in the temporary file */
    with_stdin(bytes, n, spooled, &half);
    snprintf(command, sizeof command, "gzip -k %s && xz -k %s", path, path);
    assert_int_equal(system(command), 0);
    check_dataset(scratch_path("whole.tar.gz"), NULL);
    check_dataset(scratch_path("whole.tar.gz"), &tiny);
    check_dataset(scratch_path("whole.tar.xz"), NULL);
    assert_int_equal(cnn_dataset_open(scratch_path("whole.tar.gz"), &bad, &ds), CNN_ECREATE);
    assert_string_equal(cnn_error_message(),
                        "/nonexistent: cannot create a temporary file: No such file or directory");
    free(bytes);
}

static void test_fifo(void **state)
{
    (void)state;
    size_t n;
    unsigned char *bytes = slurp(write_stream("fifo.tar"), &n);
    char path[600];
    pthread_t thread;
    snprintf(path, sizeof path, "%s", scratch_path("fifo"));
    assert_int_equal(mkfifo(path, 0600), 0);
    struct feed f = {-1, bytes, n, path};
    assert_int_equal(pthread_create(&thread, NULL, feed_pipe, &f), 0);
    check_dataset(path, NULL);
    pthread_join(thread, NULL);
    free(bytes);
}

/* Every prefix of a stream that lacks some of its contents is an error, from a file and through a
 * pipe, read at once or sample by sample. */
struct cut {
    int code;
    int once;
};

static void open_cut(void *context)
{
    struct cut *c = context;
    struct cnn_dataset_options o = {.stream = c->once};
    struct cnn_raw *raw = cnn_raw_new();
    struct cnn_dataset *ds;
    c->code = cnn_dataset_open("-", &o, &ds);
    while (!c->code && c->once && (c->code = cnn_dataset_next(ds, raw)) == 1)
        c->code = 0;
    cnn_dataset_close(ds);
    cnn_raw_free(raw);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    size_t n, end;
    unsigned char *bytes = slurp(write_samples("cut.tar", 1), &n);
    const char *path = scratch_write("part.tar", bytes, n);
    for (end = n; end > 0 && !bytes[end - 1]; end--) /* zeros behind the end record's text */
        ;
    for (size_t cut = end; cut-- > 0;) {
        struct cnn_dataset *ds;
        assert_int_equal(truncate(path, (off_t)cut), 0);
        assert_int_equal(cnn_dataset_open(path, NULL, &ds), CNN_EDATA);
        int whole_blocks = cut >= 1024 + 512;
        if (whole_blocks && !strstr(cnn_error_message(), "cut before its end record"))
            fail_msg("%zu: %s", cut, cnn_error_message());
        if (cut % 61 && cut % 512) /* pipes are slower */
            continue;
        struct cut piped = {0}, once = {.once = 1};
        with_stdin(bytes, cut, open_cut, &piped);
        assert_int_equal(piped.code, CNN_EDATA);
        with_stdin(bytes, cut, open_cut, &once);
        assert_int_equal(once.code, CNN_EDATA);
    }
    struct cut once = {.once = 1};
    with_stdin(bytes, n, open_cut, &once);
    assert_int_equal(once.code, 0);
    free(bytes);
}

/* A producer that ended without its end record, between two samples. */
static void test_no_end(void **state)
{
    (void)state;
    struct cnn_dataset *ds;
    size_t n, end;
    unsigned char *bytes = slurp(write_stream("noend.tar"), &n);
    for (end = 0; memcmp(bytes + end, "__cnn__/end.json", 16); end += 512)
        ;
    const char *path = scratch_write("noend.tar", bytes, end);
    free(bytes);
    assert_int_equal(cnn_dataset_open(path, NULL, &ds), CNN_EDATA);
    char want[700];
    snprintf(want, sizeof want, "%s: cut before its end record (after 4 samples)", path);
    assert_string_equal(cnn_error_message(), want);
}

/* Flip one bit of each byte that is not padding: contents are covered by the checksum. */
static void test_damage(void **state)
{
    (void)state;
    size_t n, noticed = 0, tried = 0;
    unsigned char *bytes = slurp(write_stream("damage.tar"), &n);
    struct cnn_dataset *ds;
    for (size_t i = 1024 + 512; i < n - 1024; i += 5) {
        if (!bytes[i])
            continue;
        bytes[i] ^= 1;
        tried++;
        if (cnn_dataset_open(scratch_write("damaged.tar", bytes, n), NULL, &ds)) {
            noticed++;
            assert_int_equal(cnn_error_code(), CNN_EDATA);
        } else {
            cnn_dataset_close(ds);
        }
        bytes[i] ^= 1;
    }
    assert_int_equal(noticed, tried);
    free(bytes);
}

static void test_behind_one_another(void **state)
{
    (void)state;
    size_t n;
    unsigned char *bytes = slurp(write_stream("one.tar"), &n);
    unsigned char *twice = malloc(2 * n);
    struct cnn_dataset *ds;
    memcpy(twice, bytes, n);
    memcpy(twice + n, bytes, n);
    if (cnn_dataset_open(scratch_write("two.tar", twice, 2 * n), NULL, &ds))
        fail_msg("%s", cnn_error_message());
    assert_int_equal(cnn_dataset_count(ds), 2 * SAMPLES);
    assert_string_equal(cnn_dataset_record(ds, SAMPLES)->key, "a/0~2");
    assert_string_equal(cnn_dataset_record(ds, SAMPLES + 3)->key, "a/3~2");
    cnn_dataset_close(ds);
    assert_int_equal(cnn_dataset_open(scratch_write("cut2.tar", twice, 2 * n - 2000), NULL, &ds),
                     CNN_EDATA);
    free(twice);
    free(bytes);
}

static void test_pinned_classes(void **state)
{
    (void)state;
    struct cnn_strings pinned = {0};
    struct cnn_dataset_options o = {.classes = &pinned}, once = {.classes = &pinned, .stream = 1};
    struct cnn_dataset *ds;
    const char *path = write_stream("pinned.tar");
    assert_int_equal(cnn_strings_add(&pinned, "none of it"), 0);
    assert_int_equal(cnn_strings_add(&pinned, "wasps"), 0);
    assert_int_equal(cnn_strings_add(&pinned, "ants"), 0);
    assert_int_equal(cnn_dataset_open(path, &o, &ds), 0);
    assert_int_equal(cnn_dataset_record(ds, 0)->label, 2);
    assert_int_equal(cnn_dataset_record(ds, 1)->label, 0);
    cnn_dataset_close(ds);
    assert_int_equal(cnn_dataset_open(path, &once, &ds), 0); /* a file is indexed all the same */
    cnn_dataset_close(ds);
    free(pinned.item[2]);
    pinned.item[2] = cnn_strdup("moths");
    assert_int_equal(cnn_dataset_open(path, &o, &ds), CNN_EDATA);
    char want[700];
    snprintf(want, sizeof want, "%s#0: class 'ants' is not in the class list", path);
    assert_string_equal(cnn_error_message(), want);
    cnn_strings_free(&pinned);
}

/* GNU tar of a folder: no header, names with ./ and folders, files that are no samples. */
static void test_foreign(void **state)
{
    (void)state;
    char command[2000];
    snprintf(command, sizeof command,
             "cd %s && mkdir f f/x && printf 'P5 1 1 255 A' > f/x/1.pgm && printf 7 > f/x/1.cls && "
             "printf '{broken' > f/x/1.json && printf 'P5 1 1 255 B' > f/x/b.one.pgm && "
             "printf ' 2\\n' > f/x/b.cls && echo hi > f/README && printf 9 > f/x/only.cls && "
             "tar -C f --sort=name -cf f.tar . && tar -C f --sort=name -czf f.tgz . && "
             "tar -C f --sort=name -cf v7.tar --format=v7 . && rm -r f",
             scratch);
    assert_int_equal(system(command), 0);
    const char *name[] = {"f.tar", "f.tgz", "v7.tar"};
    for (int i = 0; i < 3; i++) {
        struct cnn_dataset *ds;
        struct cnn_sample s = {0};
        if (cnn_dataset_open(scratch_path(name[i]), NULL, &ds))
            fail_msg("%s", cnn_error_message());
        assert_int_equal(cnn_dataset_count(ds), 3);
        assert_false(cnn_dataset_classes_pinned(ds));
        assert_int_equal(cnn_dataset_classes(ds)->count, 10);
        assert_string_equal(cnn_dataset_record(ds, 0)->key, "x/1");
        assert_int_equal(cnn_dataset_record(ds, 0)->label, 7);
        assert_string_equal(cnn_dataset_record(ds, 1)->key, "x/b");
        assert_int_equal(cnn_dataset_record(ds, 1)->label, 2);
        assert_int_equal(cnn_dataset_load(ds, 1, &s), 0);
        assert_true(s.image.px[0] == 66 / 255.0f && s.weight == 1);
        assert_int_equal(cnn_dataset_load(ds, 2, &s), CNN_EDATA);
        assert_non_null(strstr(cnn_error_message(), "#2: no image"));
        cnn_sample_free(&s);
        cnn_dataset_close(ds);
    }
    /* names of classes.txt beside it */
    scratch_write("classes.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n", 22);
    struct cnn_dataset *ds;
    assert_int_equal(cnn_dataset_open(scratch_path("f.tar"), NULL, &ds), 0);
    assert_int_equal(cnn_dataset_classes(ds)->count, 11);
    assert_int_equal(cnn_dataset_record(ds, 0)->label, 7);
    cnn_dataset_close(ds);
    scratch_write("classes.txt", "a\nb\n", 4);
    assert_int_equal(cnn_dataset_open(scratch_path("f.tar"), NULL, &ds), CNN_EDATA);
    assert_non_null(
        strstr(cnn_error_message(), "f.tar#0: class number 7 where the list has 2 classes"));
    unlink(scratch_path("classes.txt"));
}

/* A member that claims to be huge is refused without the memory for it. */
static void test_huge_member(void **state)
{
    (void)state;
    unsigned char block[1536] = {0};
    struct cnn_dataset *ds;
    sprintf((char *)block, "a.ppm");
    sprintf((char *)block + 124, "%011o", 033333333333u);
    memcpy(block + 100, "0000644\0000000000\0000000000\000", 24);
    memcpy(block + 136, "00000000000", 12);
    block[156] = '0';
    memcpy(block + 257, "ustar\00000", 8);
    unsigned sum = 8 * ' ';
    for (int i = 0; i < 512; i++)
        sum += i < 148 || i >= 156 ? block[i] : 0;
    sprintf((char *)block + 148, "%06o", sum);
    struct cut piped = {0};
    with_stdin(block, sizeof block, open_cut, &piped);
    assert_int_equal(piped.code, CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "-: member 'a.ppm' of"));
    assert_non_null(strstr(cnn_error_message(), "bytes is too large"));
    assert_int_equal(cnn_dataset_open(scratch_write("huge.tar", block, sizeof block), NULL, &ds),
                     CNN_EDATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),          cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_cut_anywhere),   cmocka_unit_test(test_no_end),
        cmocka_unit_test(test_damage),         cmocka_unit_test(test_behind_one_another),
        cmocka_unit_test(test_pinned_classes), cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_huge_member),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
