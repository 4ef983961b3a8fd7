/* The loader: every sample once, the same for any number of threads, from any position, from disk
 * or stream; bad samples; no allocation once it runs. */
#include "scratch.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/memory.h"
#include "data/loader/loader.h"
#include "data/source/dataset_open.h"
#include "data/source/stream.h"

/* Allocations of the whole process, where the sanitizers do not have their own. */
static atomic_ulong allocations;
#if !defined(__SANITIZE_ADDRESS__)
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *malloc(size_t n)
{
    allocations++;
    return __libc_malloc(n);
}
void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}
void *realloc(void *p, size_t n)
{
    allocations++;
    return __libc_realloc(p, n);
}
#endif

static const struct cnn_input input = {.shape = {1, 28, 28}, .scale = 1.0 / 255};
static const struct cnn_wish class = {.name = "", .kind = CNN_FIELD_CLASS};

static struct cnn_loader_options plain(size_t batch, int threads)
{
    return (struct cnn_loader_options){.input = &input,
                                       .wishes = 1,
                                       .wish = &class,
                                       .batch = batch,
                                       .shuffle = 1,
                                       .seed = 5,
                                       .threads = threads};
}

static struct cnn_dataset *open_dataset(const char *path, const struct cnn_dataset_options *o)
{
    struct cnn_dataset *ds;
    if (cnn_dataset_open(path, o, &ds))
        fail_msg("%s", cnn_error_message());
    return ds;
}

/* A hash of everything that comes until the end; *samples counts. */
static uint64_t drain(struct cnn_loader *l, size_t *samples)
{
    struct cnn_batch b;
    uint64_t h = 0;
    int rc;
    while ((rc = cnn_loader_next(l, &b)) == 1)
        for (size_t i = 0; i < b.n; i++, ++*samples) {
            h = cnn_hash(b.x + i * 784, 784 * sizeof *b.x, h);
            h = cnn_hash_u64((uint64_t)b.field->label[i], cnn_hash_string(b.key[i], h));
            h = cnn_hash_u64(b.hash[i], h);
        }
    if (rc)
        fail_msg("%s", cnn_error_message());
    return h;
}

static uint64_t epoch_hash(struct cnn_dataset *ds, struct cnn_loader_options o, uint64_t epoch,
                           size_t *samples)
{
    struct cnn_loader *l;
    *samples = 0;
    assert_int_equal(cnn_loader_open(ds, &o, epoch, 0, &l), 0);
    uint64_t h = drain(l, samples);
    cnn_loader_close(l);
    return h;
}

static void test_each_once(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_dataset("digits:1003:9", NULL);
    struct cnn_loader_options o = plain(64, 3);
    struct cnn_loader *l;
    struct cnn_batch b;
    struct cnn_sample s = {0};
    struct cnn_preprocess_scratch p = {0};
    float x[784];
    char seen[1003] = {0};
    size_t total = 0, moved = 0;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    while (cnn_loader_next(l, &b) == 1) {
        assert_int_equal(b.n, total + 64 <= 1003 ? 64 : 1003 - total);
        for (size_t i = 0; i < b.n; i++) {
            size_t at = b.index[i];
            assert_in_range(at, 0, 1002);
            assert_false(seen[at]++);
            moved += at != total + i;
            assert_int_equal(cnn_dataset_load(ds, at, &s), 0);
            assert_int_equal(cnn_preprocess(&input, &s.image, &p, x), 0);
            assert_memory_equal(x, b.x + i * 784, sizeof x);
            assert_int_equal(b.field->label[i], cnn_sample_label(&s));
            assert_string_equal(b.key[i], s.key);
            assert_true(b.weight[i] == 1);
            assert_null(b.field->numbers);
        }
        total += b.n;
        assert_int_equal(cnn_loader_position(l), total);
    }
    assert_int_equal(total, 1003);
    assert_true(moved > 900);
    assert_int_equal(cnn_loader_next(l, &b), 0);
    cnn_loader_close(l);
    cnn_sample_free(&s);
    cnn_preprocess_scratch_free(&p);
    cnn_dataset_close(ds);
}

static void test_same_for_any_threads(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_dataset("digits:500", NULL);
    struct cnn_augmenter *a = cnn_augmenter_new();
    assert_int_equal(cnn_augmenter_set(a, "rotate", "10"), 0);
    size_t n;
    struct cnn_loader_options o = plain(32, 1);
    o.augmenter = a;
    uint64_t first = epoch_hash(ds, o, 1, &n), other = epoch_hash(ds, o, 2, &n);
    assert_int_equal(n, 500);
    assert_true(first != other);
    for (int threads = 2; threads <= 4; threads++) {
        o.threads = threads;
        o.batch = 32 + (size_t)threads;
        assert_true(epoch_hash(ds, o, 1, &n) == first);
    }
    cnn_augmenter_free(a);
    cnn_dataset_close(ds);
}

/* Beginning in the middle, and beginning again, give what one long run gives. */
static void test_positions(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_dataset("digits:200", NULL);
    struct cnn_loader_options o = plain(16, 2);
    struct cnn_loader *l, *m;
    struct cnn_batch a, b;
    size_t n;
    uint64_t second = epoch_hash(ds, o, 2, &n);
    assert_int_equal(cnn_loader_open(ds, &o, 1, 0, &l), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(cnn_loader_next(l, &a), 1);
    assert_int_equal(cnn_loader_open(ds, &o, 1, cnn_loader_position(l), &m), 0);
    for (;;) {
        int rc = cnn_loader_next(l, &a);
        assert_int_equal(cnn_loader_next(m, &b), rc);
        if (!rc)
            break;
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.x, b.x, a.n * 784 * sizeof *a.x);
        assert_memory_equal(a.index, b.index, a.n * sizeof *a.index);
    }
    assert_int_equal(cnn_loader_rewind(l, 2, 0), 0);
    n = 0;
    assert_true(drain(l, &n) == second);
    assert_int_equal(n, 200);
    assert_int_equal(cnn_loader_rewind(m, 2, 200), 0);
    assert_int_equal(cnn_loader_next(m, &b), 0);
    assert_int_equal(cnn_loader_rewind(m, 2, 48), 0); /* and closed while it runs */
    cnn_loader_close(l);
    cnn_loader_close(m);
    cnn_dataset_close(ds);
}

struct bad {
    int count;
    char source[64], message[256];
};

static void note_bad(void *context, const char *source, const char *message)
{
    struct bad *b = context;
    b->count++;
    snprintf(b->source, sizeof b->source, "%s", strrchr(source, '/') + 1);
    snprintf(b->message, sizeof b->message, "%s", message);
}

static void test_bad_samples(void **state)
{
    (void)state;
    char text[4000] = "";
    for (int i = 0; i < 100; i++)
        if (i >= 20 && i < 24)
            sprintf(text + strlen(text), "missing%d.png\t1\n", i);
        else if (i == 50)
            strcat(text, "broken.png\t1\n");
        else
            sprintf(text + strlen(text), "digits:100#%d\t%d\n", i, i % 10);
    scratch_write("broken.png", "\x89PNG\r\n\x1a\n....", 12);
    struct cnn_dataset *ds = open_dataset(scratch_write("list.tsv", text, strlen(text)), NULL);
    struct cnn_loader_options o = plain(4, 2);
    struct cnn_loader *l;
    struct cnn_batch b;
    struct bad bad = {0};
    size_t n = 0;
    o.shuffle = 0;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(cnn_loader_next(l, &b), 1);
    assert_int_equal(cnn_loader_next(l, &b), CNN_ENOINPUT);
    assert_non_null(strstr(cnn_error_message(), "missing20.png: No such file or directory"));
    cnn_loader_close(l);

    o.on_bad = CNN_BAD_SKIP;
    o.bad = note_bad;
    o.context = &bad;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(cnn_loader_next(l, &b), 1);
    assert_int_equal(bad.count, 0);
    assert_int_equal(cnn_loader_next(l, &b), 1); /* a batch of bad ones alone is passed over */
    assert_int_equal(bad.count, 4);
    assert_string_equal(bad.source, "missing23.png");
    assert_int_equal(b.n, 4);
    assert_int_equal(b.index[0], 24);
    n = 24;
    while (cnn_loader_next(l, &b) == 1)
        n += b.n;
    assert_int_equal(n, 95);
    assert_int_equal(bad.count, 5);
    assert_string_equal(bad.source, "broken.png");
    assert_int_equal(cnn_loader_position(l), 100);
    cnn_loader_close(l);
    cnn_dataset_close(ds);
}

struct feed {
    int fd;
    size_t samples;
    int finish;
};

static void *feed_stream(void *argument)
{
    struct feed *f = argument;
    struct cnn_dataset *ds;
    struct cnn_stream_writer *w;
    struct cnn_encoded *e = cnn_encoded_new();
    struct cnn_sample s = {0};
    if (cnn_dataset_open("digits:1000", NULL, &ds) ||
        cnn_stream_open(f->fd, "feed", cnn_dataset_classes(ds), "[]", NULL, &w))
        abort();
    for (size_t i = 0; i < f->samples; i++)
        if (cnn_dataset_load(ds, i, &s) || cnn_sample_encode(&s, e) || cnn_stream_write(w, e))
            abort();
    if (f->finish ? cnn_stream_finish(w) : 0)
        abort();
    cnn_stream_free(w);
    close(f->fd);
    cnn_encoded_free(e);
    cnn_sample_free(&s);
    cnn_dataset_close(ds);
    return NULL;
}

/* A stream that is read once, as standard input. */
static int read_stream(size_t samples, int finish, uint64_t *hash, size_t *n)
{
    int ends[2], saved = dup(0);
    pthread_t thread;
    struct cnn_dataset *ds = NULL;
    struct cnn_dataset_options once = {.stream = 1};
    struct cnn_loader_options o = plain(32, 3);
    struct cnn_loader *l = NULL;
    struct cnn_batch b;
    assert_int_equal(pipe(ends), 0);
    struct feed f = {ends[1], samples, finish};
    assert_int_equal(pthread_create(&thread, NULL, feed_stream, &f), 0);
    dup2(ends[0], 0);
    close(ends[0]);
    int rc = cnn_dataset_open("-", &once, &ds);
    assert_int_equal(rc, 0);
    assert_true(cnn_dataset_count(ds) == SIZE_MAX);
    assert_int_equal(cnn_dataset_classes(ds)->count, 10);
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    *n = 0;
    *hash = 0;
    while ((rc = cnn_loader_next(l, &b)) == 1)
        for (size_t i = 0; i < b.n; i++, ++*n) {
            assert_int_equal(b.index[i], *n);
            *hash = cnn_hash(b.x + i * 784, 784 * sizeof *b.x, *hash);
            *hash = cnn_hash_string(b.key[i], *hash);
        }
    cnn_loader_close(l);
    cnn_dataset_close(ds);
    pthread_join(thread, NULL);
    dup2(saved, 0);
    close(saved);
    return rc;
}

static void test_stream(void **state)
{
    (void)state;
    struct cnn_dataset *ds = open_dataset("digits:300", NULL);
    struct cnn_loader_options o = plain(32, 2);
    struct cnn_loader *l;
    struct cnn_batch b;
    uint64_t h = 0, got;
    size_t n;
    o.shuffle = 0;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    while (cnn_loader_next(l, &b) == 1)
        for (size_t i = 0; i < b.n; i++)
            h = cnn_hash_string(b.key[i], cnn_hash(b.x + i * 784, 784 * sizeof *b.x, h));
    cnn_loader_close(l);
    cnn_dataset_close(ds);
    assert_int_equal(read_stream(300, 1, &got, &n), 0);
    assert_int_equal(n, 300);
    assert_true(got == h);
    assert_int_equal(read_stream(300, 0, &got, &n), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "-: cut before its end record"));
}

static void test_targets(void **state)
{
    (void)state;
    static const char svm[] = "0.5 1:1 2:2\n-1.25 2:3\n";
    static const struct cnn_input two = {.shape = {2, 1, 1}};
    struct cnn_dataset *ds = open_dataset(scratch_write("a.svm", svm, sizeof svm - 1), NULL);
    struct cnn_wish wish = {
        .name = "", .kind = CNN_FIELD_NUMBERS, .shape = {1, 1, 1}, .required = 1};
    struct cnn_loader_options o = {.input = &two, .batch = 4, .wishes = 1, .wish = &wish};
    struct cnn_loader *l;
    struct cnn_batch b;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    assert_int_equal(cnn_loader_next(l, &b), 1);
    assert_int_equal(b.n, 2);
    assert_true(b.field->numbers[0] == 0.5f && b.field->numbers[1] == -1.25f && b.x[2] == 0 &&
                b.x[3] == 3);
    assert_null(b.field->label);
    cnn_loader_close(l);
    wish.shape.c = 3;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    assert_int_equal(cnn_loader_next(l, &b), CNN_EDATA);
    assert_non_null(
        strstr(cnn_error_message(), "a.svm#0: a target of 1 numbers where 3 are needed"));
    cnn_loader_close(l);
    wish.kind = CNN_FIELD_INPUT;
    assert_int_equal(cnn_loader_open(ds, &o, 0, 0, &l), 0);
    assert_int_equal(cnn_loader_next(l, &b), 1);
    assert_memory_equal(b.field->numbers, b.x, 4 * sizeof *b.x);
    cnn_loader_close(l);
    cnn_dataset_close(ds);
}

/* Once it runs. */
static void check_no_allocation(const struct cnn_loader_options *o)
{
    struct cnn_dataset *ds = open_dataset("digits:4000", NULL);
    struct cnn_loader *l;
    struct cnn_batch b;
    assert_int_equal(cnn_loader_open(ds, o, 0, 0, &l), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(cnn_loader_next(l, &b), 1);
    unsigned long before = allocations;
    for (int i = 20; i < 80; i++)
        assert_int_equal(cnn_loader_next(l, &b), 1);
    assert_int_equal(allocations - before, 0);
    cnn_loader_close(l);
    cnn_dataset_close(ds);
}

static void test_no_allocation(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip();
#endif
    struct cnn_wish shares = class;
    struct cnn_augmenter *a = cnn_augmenter_new();
    struct cnn_loader_options o = plain(50, 2);
    check_no_allocation(&o);
    assert_int_equal(cnn_augmenter_set(a, "mixup", "0.2"), 0);
    assert_int_equal(cnn_augmenter_set(a, "cutmix", "1"), 0);
    assert_int_equal(cnn_augmenter_set(a, "mosaic", "0.5"), 0);
    shares.shares = 10;
    o.wish = &shares;
    o.augmenter = a;
    check_no_allocation(&o);
    cnn_augmenter_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),     cmocka_unit_test(test_same_for_any_threads),
        cmocka_unit_test(test_positions),     cmocka_unit_test(test_bad_samples),
        cmocka_unit_test(test_stream),        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_no_allocation),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
