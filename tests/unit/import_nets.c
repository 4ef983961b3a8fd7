/* Others' texts of nets, alone and with their weights (scripts/make-golden-caffe, make-golden-darknet): cut anywhere and
 * changed anywhere they are refused by name, or read. */
#include "scratch.h"

#include "model/import/import.h"

static unsigned char *golden(const char *name, size_t *n)
{
    char path[512];
    const char *root = getenv("ROOT");
    snprintf(path, sizeof path, "%s/tests/golden/models/%s", root ? root : ".", name);
    return slurp(path, n);
}

static const struct pair {
    const char *text, *weights;
    int alone; /* the weights have a net */
} pairs[] = {
    {"caffe_v2.prototxt", "caffe_v2.caffemodel", 1},
    {"caffe_v1.prototxt", "caffe_v1.caffemodel", 1},
    {"caffe_v0.prototxt", "caffe_v0.caffemodel", 1},
    {"caffe_more.prototxt", "caffe_more.caffemodel", 1},
    {"darknet_v1.cfg", "darknet_v1.weights", 0},
    {"darknet_old.cfg", "darknet_old.weights", 0},
    {"darknet_heads.cfg", "darknet_heads.weights", 0},
};

enum { PAIRS = sizeof pairs / sizeof *pairs };

/* Bad data, and who said so. */
static void check(int rc, const char *a, const char *b)
{
    if (!rc || rc == CNN_ENOINPUT)
        return;
    assert_int_equal(rc, CNN_EDATA);
    const char *said = cnn_error_message();
    if (strncmp(said, a, strlen(a)) && strncmp(said, b, strlen(b)))
        fail_msg("'%s' begins with neither '%s' nor '%s'", said, a, b);
}

static int open_both(const struct pair *p, const unsigned char *text, size_t n,
                     const unsigned char *weights, size_t size, struct cnn_imported *out)
{
    const struct cnn_net_form *form = cnn_net_form_of(text, n);
    unsigned char *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, weights, size);
    struct cnn_bytes bytes = {.data = copy, .size = size};
    *out = (struct cnn_imported){0};
    if (!form) {
        free(copy);
        return CNN_ENOINPUT;
    }
    int rc =
        form->open(p->text, &(struct cnn_bytes){.data = text, .size = n}, p->weights, &bytes, out);
    check(rc, p->text, p->weights);
    return rc;
}

/* Numbers that were read come again when they have been let go. */
static void read_all(const struct cnn_tensor_source *s)
{
    for (size_t i = 0; i < cnn_tensors_count(s); i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(s, i);
        float *x = malloc((t->count + 1) * sizeof *x), *again = malloc((t->count + 1) * sizeof *x);
        assert_non_null(x);
        assert_non_null(again);
        assert_int_equal(cnn_tensor_floats(s, t, x), 0);
        if (cnn_tensor_is_plain(t))
            cnn_tensor_done(s, t, 0, t->count);
        assert_int_equal(cnn_tensor_floats(s, t, again), 0);
        assert_true(!memcmp(again, x, t->count * sizeof *x));
        free(x);
        free(again);
    }
}

/* Of a mapped file, too. */
static void test_let_go(void **state)
{
    (void)state;
    char path[512];
    const char *root = getenv("ROOT");
    struct cnn_bytes bytes;
    struct cnn_imported m;
    snprintf(path, sizeof path, "%s/tests/golden/models/caffe_more.caffemodel", root ? root : ".");
    assert_int_equal(cnn_bytes_map(path, 0, &bytes), 0);
    assert_int_equal(cnn_import_open(path, &bytes, &m), 0);
    read_all(m.tensors);
    cnn_imported_free(&m);
}

static void test_whole(void **state)
{
    (void)state;
    for (size_t k = 0; k < PAIRS; k++) {
        size_t n, size;
        unsigned char *text = golden(pairs[k].text, &n), *weights = golden(pairs[k].weights, &size);
        struct cnn_imported m;
        assert_int_equal(open_both(&pairs[k], text, n, weights, size, &m), 0);
        assert_non_null(m.net_text);
        assert_null(m.why);
        read_all(m.tensors);
        cnn_imported_free(&m);
        free(text);
        free(weights);
    }
}

/* Every beginning of the weights, and of the text. */
static void test_cut(void **state)
{
    (void)state;
    for (size_t k = 0; k < PAIRS; k++) {
        size_t n, size;
        unsigned char *text = golden(pairs[k].text, &n), *weights = golden(pairs[k].weights, &size);
        struct cnn_imported m;
        for (size_t i = 0; i < size; i++) {
            int rc = open_both(&pairs[k], text, n, weights, i, &m);
            assert_true(rc || pairs[k].alone); /* a layer may be missing at the end */
            cnn_imported_free(&m);
        }
        for (size_t i = 0; i < n; i++) {
            if (!open_both(&pairs[k], text, i, weights, size, &m))
                read_all(m.tensors);
            cnn_imported_free(&m);
        }
        free(text);
        free(weights);
    }
}

static void test_changed(void **state)
{
    (void)state;
    static const unsigned char with[] = {0x01, 0x80, 0xff};
    for (size_t k = 0; k < PAIRS; k++) {
        size_t n, size;
        unsigned char *text = golden(pairs[k].text, &n), *weights = golden(pairs[k].weights, &size);
        struct cnn_imported m;
        for (size_t i = 0; i < (size < 2000 ? size : 2000); i++)
            for (size_t w = 0; w < sizeof with; w++) {
                weights[i] ^= with[w];
                if (!open_both(&pairs[k], text, n, weights, size, &m))
                    read_all(m.tensors);
                cnn_imported_free(&m);
                weights[i] ^= with[w];
            }
        for (size_t i = 0; i < n; i++) {
            unsigned char was = text[i];
            text[i] = (unsigned char)(was == '9' ? 'x' : '9');
            if (!open_both(&pairs[k], text, n, weights, size, &m))
                read_all(m.tensors);
            cnn_imported_free(&m);
            text[i] = was;
        }
        free(text);
        free(weights);
    }
}

/* Weights alone are whatever else is wrong with their net. */
static void test_weights_alone(void **state)
{
    (void)state;
    /* name "a"; layer { name "b" type "No" bottom "c" blobs { shape { dim 1 } data 1 } }, its numbers one by one */
    static const unsigned char file[] = "\x0a\x01"
                                        "a\xa2\x06\x16\x0a\x01"
                                        "b\x12\x02No\x1a\x01"
                                        "c\x3a\x0a\x3a\x03\x0a\x01\x01\x2d\0\0\x80\x3f";
    struct cnn_imported m;
    float x;
    unsigned char *copy = malloc(sizeof file - 1);
    assert_non_null(copy);
    memcpy(copy, file, sizeof file - 1);
    struct cnn_bytes bytes = {.data = copy, .size = sizeof file - 1};
    assert_int_equal(cnn_import_open("x", &bytes, &m), 0);
    assert_null(m.net_text);
    assert_non_null(strstr(m.why, "x: "));
    assert_int_equal(cnn_tensors_count(m.tensors), 1);
    assert_string_equal(cnn_tensors_at(m.tensors, 0)->name, "b.weight");
    assert_int_equal(cnn_tensor_floats(m.tensors, cnn_tensors_at(m.tensors, 0), &x), 0);
    assert_true(x == 1);
    cnn_imported_free(&m);
}

/* What begins like a net of others, and what does not. */
static void test_forms(void **state)
{
    (void)state;
    static const char *const theirs[] = {"name: \"a\"",    "# x\n layer {",        "layers{",
                                         "input : 'data'", "\n;x\n[net]\nwidth=1", "input_dim: 1"};
    static const char *const ours[] = {"name: conv 3 1",
                                       "layer: { relu }",
                                       "input 3x8x8",
                                       "conv 3 1; relu",
                                       "",
                                       "#",
                                       "[netto]x",
                                       "name"};
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        assert_non_null(cnn_net_form_of((const unsigned char *)theirs[i], strlen(theirs[i])));
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_null(cnn_net_form_of((const unsigned char *)ours[i], strlen(ours[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),   cmocka_unit_test(test_cut),
        cmocka_unit_test(test_changed), cmocka_unit_test(test_weights_alone),
        cmocka_unit_test(test_forms),   cmocka_unit_test(test_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
