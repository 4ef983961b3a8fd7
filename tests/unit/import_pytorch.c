/* Weights that PyTorch wrote: what scripts/make-golden-pytorch made is what is read, in every form;
 * whatever is damaged, lies, or would run something is refused before memory is asked for. */
#include "scratch.h"

#include <math.h>

#include "file/zip.h"
#include "model/import/import.h"

static int open_bytes(const char *path, const unsigned char *bytes, size_t n,
                      struct cnn_imported *out)
{
    unsigned char *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    struct cnn_bytes b = {.data = copy, .size = n};
    return cnn_import_open(path, &b, out);
}

static unsigned char *golden(const char *name, size_t *n)
{
    char path[512];
    const char *root = getenv("ROOT");
    snprintf(path, sizeof path, "%s/tests/golden/models/%s", root ? root : ".", name);
    return slurp(path, n);
}

static void open_golden(const char *name, struct cnn_imported *m)
{
    size_t n;
    unsigned char *bytes = golden(name, &n);
    if (open_bytes(name, bytes, n, m))
        fail_msg("%s", cnn_error_message());
    free(bytes);
}

struct expected {
    const char *name;
    enum cnn_dtype dtype;
    int rank;
    size_t dim[4];
    double first, step;
};

/* As scripts/make-golden-pytorch has them. */
static const struct expected expected[] = {
    {"conv1.weight", CNN_F32, 4, {2, 1, 3, 3}, -2, 0.25},
    {"conv1.bias", CNN_F64, 1, {2}, 0.5, -0.75},
    {"bn1.weight", CNN_BF16, 1, {2}, 1, 1},
    {"bn1.bias", CNN_F16, 1, {2}, 0.125, -4.125},
    {"bn1.running_mean", CNN_F32, 1, {2}, 0.5, 1},
    {"bn1.running_var", CNN_F32, 1, {2}, 2.5, 1},
    {"bn1.num_batches_tracked", CNN_I64, 0, {0}, 7, 0},
    {"dense1.weight", CNN_F32, 2, {3, 32}, -5, 0.125},
    {"dense1.bias", CNN_F32, 1, {3}, 0, 0.25},
    {"codes.u8", CNN_U8, 1, {3}, 200, 3},
    {"codes.i8", CNN_I8, 1, {3}, -7, 3},
    {"codes.i16", CNN_I16, 1, {3}, -700, 3},
    {"codes.i32", CNN_I32, 2, {2, 2}, -70000, 3},
    {"codes.bool", CNN_BOOL, 1, {2}, 0, 1},
};

enum { EXPECTED = sizeof expected / sizeof *expected, MOST = 96 };

static void check_tensor(const struct cnn_tensor_source *s, const struct expected *e)
{
    const struct cnn_stored_tensor *t = cnn_tensors_find(s, e->name);
    float x[MOST];
    assert_non_null(t);
    assert_int_equal(t->dtype, e->dtype);
    assert_int_equal(t->rank, e->rank);
    for (int k = 0; k < t->rank; k++)
        assert_int_equal(t->shape.dim[k], e->dim[k]);
    assert_int_equal(cnn_tensor_floats(s, t, x), 0);
    for (size_t k = 0; k < t->count; k++)
        assert_true((double)x[k] == e->first + e->step * (double)k);
}

static void test_golden(void **state)
{
    (void)state;
    static const char *const names[] = {"weights_zip.pth", "weights_packed.pth", "weights_big.pth",
                                        "weights_stream.pth", "weights_tar.pth"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        struct cnn_imported m;
        open_golden(names[n], &m);
        assert_null(m.net_text);
        assert_int_equal(cnn_tensors_count(m.tensors), EXPECTED);
        for (size_t i = 0; i < EXPECTED; i++) {
            assert_string_equal(cnn_tensors_at(m.tensors, i)->name, expected[i].name);
            check_tensor(m.tensors, &expected[i]);
        }
        for (size_t i = EXPECTED; i-- > 0;)
            check_tensor(m.tensors, &expected[i]);
        cnn_imported_free(&m);
    }
}

/* Pickles that have all in them: of tensors, and of arrays. */
static void test_pickles(void **state)
{
    (void)state;
    static const struct expected arrays[] = {
        {"dense1.bias", CNN_F64, 1, {3}, 0, 0.25},
        {"scale", CNN_F64, 0, {0}, 0.25, 0},
    };
    static const char *const names[] = {"weights_0.pkl", "weights_5.pkl", "weights_numpy_2.pkl",
                                        "weights_numpy_5.pkl"};
    for (int n = 0; n < 4; n++) {
        struct cnn_imported m;
        open_golden(names[n], &m);
        assert_int_equal(cnn_tensors_count(m.tensors), n < 2 ? 4 : 5);
        check_tensor(m.tensors, &expected[4]);
        check_tensor(m.tensors, &expected[5]);
        check_tensor(m.tensors, &expected[7]);
        check_tensor(m.tensors, n < 2 ? &expected[8] : &arrays[0]);
        if (n >= 2)
            check_tensor(m.tensors, &arrays[1]);
        cnn_imported_free(&m);
    }
}

/* Elements that follow one another are used where they are; others are gathered. */
static void test_in_place(void **state)
{
    (void)state;
    struct cnn_imported m;
    open_golden("weights_zip.pth", &m);
    assert_non_null(cnn_tensor_mapped(cnn_tensors_find(m.tensors, "conv1.weight")));
    assert_non_null(cnn_tensors_find(m.tensors, "bn1.running_var")->data);
    assert_null(cnn_tensors_find(m.tensors, "dense1.weight")->data);
    cnn_imported_free(&m);
    open_golden("weights_packed.pth", &m);
    assert_null(cnn_tensors_find(m.tensors, "conv1.weight")->data);
    cnn_imported_free(&m);
}

/* A checkpoint's net, not its optimizer; objects of unknown classes are passed over. */
static void test_checkpoint(void **state)
{
    (void)state;
    struct cnn_imported m;
    open_golden("checkpoint.pth", &m);
    assert_int_equal(cnn_tensors_count(m.tensors), 7);
    assert_string_equal(cnn_tensors_at(m.tensors, 0)->name, "module.conv1.weight");
    cnn_imported_free(&m);
}

/* One float called `name` in Python 2's pickle of an array. */
#define ARRAY                                                                                      \
    "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\1bt\x85R"                    \
    "(K\1K\1\x85"                                                                                  \
    "cnumpy\ndtype\n(U\2f4K\0K\1tR(K\3U\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89U\4"       \
    "\0\0\x80?tb"

static size_t tensors_of(const char *pickle, size_t n)
{
    struct cnn_imported m;
    if (open_bytes("made.pth", (const unsigned char *)pickle, n, &m))
        fail_msg("%s", cnn_error_message());
    size_t count = cnn_tensors_count(m.tensors);
    for (size_t i = 0; i < count; i++) {
        float x = 0;
        assert_int_equal(cnn_tensor_floats(m.tensors, cnn_tensors_at(m.tensors, i), &x), 0);
        assert_true(x == 1);
    }
    cnn_imported_free(&m);
    return count;
}

#define TENSORS_OF(pickle) tensors_of(pickle, sizeof(pickle) - 1)

static void refuse(const char *path, const unsigned char *bytes, size_t n, const char *why)
{
    struct cnn_imported m;
    int rc = open_bytes(path, bytes, n, &m);
    for (size_t i = 0; !rc && i < cnn_tensors_count(m.tensors); i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(m.tensors, i);
        float x[MOST];
        assert_true(t->count <= MOST);
        rc = cnn_tensor_floats(m.tensors, t, x);
    }
    cnn_imported_free(&m);
    assert_int_equal(rc, CNN_EDATA);
    if (!strstr(cnn_error_message(), why) || strncmp(cnn_error_message(), path, strlen(path)))
        fail_msg("'%s' does not say '%s'", cnn_error_message(), why);
}

#define REFUSE(pickle, why)                                                                        \
    refuse("made.pth", (const unsigned char *)(pickle), sizeof(pickle) - 1, why)

/* As old programs and other tools write dicts. */
static void test_dicts(void **state)
{
    (void)state;
    assert_int_equal(TENSORS_OF("\x80\2}U\1a" ARRAY "s."), 1);
    assert_int_equal(TENSORS_OF("\x80\2}U\5model}U\1a" ARRAY "ss."), 1);
    /* Python 2: an OrderedDict of a list of pairs */
    assert_int_equal(
        TENSORS_OF("\x80\2ccollections\nOrderedDict\n]]U\1aa" ARRAY "aa]U\1ba" ARRAY "aa\x85R."),
        2);
}

static void test_calls(void **state)
{
    (void)state;
    const char *why = "made.pth: the pickle calls posix.system, which is no data";
    REFUSE("\x80\2cposix\nsystem\nU\2ls\x85R.", why);
    REFUSE("(S'ls'\niposix\nsystem\n.", why);
    REFUSE("(cposix\nsystem\nS'ls'\no.", why);
    REFUSE("\x80\4\x8c\5posix\x8c\6system\x93\x8c\2ls\x85R.", why);
    REFUSE("\x80\2}(U\4argscposix\nsystem\nU\2ls\x85RU\1a" ARRAY "u.", why);
    REFUSE("\x80\2}(U\1a" ARRAY "U\4args]cposix\nsystem\nU\2ls\x85Rau.", why);
    REFUSE("\x80\2cposix\nsystem\nU\2ls\x85R0}U\1a" ARRAY "s.", why);
    REFUSE("\x80\2c__builtin__\ngetattr\ncposix\nstat\nU\1x\x86R.",
           "calls __builtin__.getattr, which");
    REFUSE("\x80\2ctorch\nSize\n]\x85R)R.", "it calls what has no name");
    REFUSE("\x80\2\x82\1.", "a name that only a running program knows");
    /* an object that nobody makes does no harm, unless it stands for a tensor */
    assert_int_equal(TENSORS_OF("\x80\2}(U\4argscargparse\nNamespace\n)\x81}bU\1a" ARRAY "u."), 1);
    REFUSE("\x80\2}(U\3w.xcmy\nTensor\n)\x81U\1a" ARRAY "u.",
           "made.pth: 'w.x' is an object of my.Tensor, no tensor");
    REFUSE("\x80\2cmy\nNet\n)\x81}b.", "a whole object, my.Net, and no state dict");
    REFUSE("\x80\2}(U\5modelcmy\nNet\n)\x81U\1a" ARRAY "u.", "a whole object, my.Net, and no");
}

/* "\x80\2", n times `one`, and `end`. */
static void refuse_many(const char *one, size_t k, size_t n, const char *end, const char *why)
{
    size_t tail = strlen(end);
    unsigned char *bytes = malloc(2 + n * k + tail), *at = bytes + 2;
    assert_non_null(bytes);
    memcpy(bytes, "\x80\2", 2);
    for (size_t i = 0; i < n; i++, at += k)
        memcpy(at, one, k);
    memcpy(at, end, tail);
    refuse("made.pth", bytes, 2 + n * k + tail, why);
    free(bytes);
}

static void test_bombs(void **state)
{
    (void)state;
    refuse_many("]", 1, 1000000, ".", "its object is no state dict");
    refuse_many("(", 1, 1000000, "t.", "its object is no state dict");
    refuse_many("}U\1a", 4, 17, "}sssssssssssssssss.", "dicts within dicts, more than 16");
    refuse_many("N0", 2, 5000000, ".", "more than 8388608 instructions");
    REFUSE("\x80\2}r\xff\xff\xff\x7f.", "a place of its memo far behind all others");
    REFUSE("\x80\2j\1\2\3\4.", "it asks its memo for what was not put there");
    REFUSE("\x80\2X\xff\xff\xff\xff.", "it ends too early");
    REFUSE("\x80\4\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "it ends too early");
    REFUSE("\x80\4\x95\xff\xff\xff\xff\xff\xff\xff\x7f.", "it ends too early");
    REFUSE("\x80\2\x8b\xff\xff\xff\xff.", "it ends too early");
    /* dicts that contain themselves, and such as are shared, ten times on each of 16 levels */
    REFUSE("\x80\2}q\0(U\5modelh\0U\1ah\0u.", "no tensors in it");
    REFUSE("\x80\2]q\0h\0a.", "its object is no state dict");
    unsigned char shared[2000] = "\x80\2}q", *at = shared + 5;
    for (unsigned char i = 0; i < 16; i++) {
        *at++ = '(';
        for (unsigned char k = 0; k < 10; k++, at += 4)
            memcpy(at, (unsigned char[]){'K', k, 'h', i}, 4);
        memcpy(at, (unsigned char[]){'d', 'q', (unsigned char)(i + 1)}, 3);
        at += 3;
    }
    *at++ = '.';
    refuse("made.pth", shared, (size_t)(at - shared), "no tensors in it");
}

/* Every way in which a pickle can be none. */
static void test_malformed(void **state)
{
    (void)state;
    REFUSE("\x80\6N.", "a protocol above 5");
    REFUSE("\x80\2.", "its stack is empty");
    REFUSE("\x80\2\xff.", "an instruction that no protocol has");
    REFUSE("\x80\2t.", "a group without a beginning");
    REFUSE("\x80\2(Nd.", "a key without a value");
    REFUSE("\x80\2NNa.", "it appends to what is no list");
    REFUSE("\x80\2NNNs.", "it sets items of what has none");
    REFUSE("\x80\2N}b.", "a state of what is no object");
    REFUSE("\x80\2NNR.", "arguments that are no tuple");
    REFUSE("\x80\2N)\x81.", "an object of no class");
    REFUSE("\x80\2\x97.", "data that is kept elsewhere");
    REFUSE("\x80\2I1x\n.", "no whole number");
    REFUSE("\x80\2Sabc\n.", "a text without quotes");
    REFUSE("\x80\2S'a\\q'\n.", "a text that Python does not write");
    REFUSE("\x80\2V\\u12\n.", "a text that Python does not write");
    REFUSE("\x80\2c\n\n.", "a name that cannot be");
    REFUSE("\x80\2N", "it ends too early");
    REFUSE("\x80\2N.", "its object is no state dict");
    REFUSE("\x80\2}.", "no tensors in it");
    REFUSE("\x80\2" ARRAY ".", "one tensor without a name");
}

/* Replaces the only `from` of a golden file, which is refused then. */
static void refuse_changed(const char *name, const char *from, const char *to, size_t n,
                           const char *why)
{
    size_t size, found = 0;
    unsigned char *bytes = golden(name, &size);
    for (size_t i = 0; i + n <= size; i++)
        if (!memcmp(bytes + i, from, n)) {
            memcpy(bytes + i, to, n);
            found++;
        }
    assert_int_equal(found, 1);
    refuse(name, bytes, size, why);
    free(bytes);
}

static void test_lies(void **state)
{
    (void)state;
    const char *stream = "weights_stream.pth";
    refuse_changed(stream, "K\3K \x86", "K\3K!\x86", 5,
                   "tensor 'dense1.weight': a tensor goes beyond the 96 elements of its storage");
    refuse_changed(stream, "K\3K \x86", "K\xffK\xff\x86", 5, "goes beyond the 96 elements");
    refuse_changed(stream, "torch\nDoubleStorage", "torch\nFoobleStorage", 19,
                   "storages of torch.FoobleStorage are not supported");
    refuse_changed(stream, "torch._utils\n_rebuild_parameter\n",
                   "torch._utils\n_rebuild_paramexec\n", 32,
                   "calls torch._utils._rebuild_paramexec, which is no data");
    refuse_changed(stream, "\x8a\nl\xfc", "\x8a\nl\xfd", 4, "not a stream of PyTorch's");
    refuse_changed("weights_tar.pth", "K\x0e.\x80\2", "K\x0f.\x80\2", 5, "it ends too early");
    refuse_changed("weights_zip.pth", "_rebuild_tensor_v2", "_rebuild_tensor_v9", 18,
                   "member 'weights_zip/data.pkl': damaged: its checksum is another");
}

static void read_all(const char *path, const unsigned char *bytes, size_t n)
{
    struct cnn_imported m;
    float x[4 * MOST];
    int rc = open_bytes(path, bytes, n, &m);
    for (size_t k = 0; !rc && k < cnn_tensors_count(m.tensors); k++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(m.tensors, k);
        rc = t->count > 4 * MOST ? 0 : cnn_tensor_floats(m.tensors, t, x);
    }
    if (rc) {
        assert_int_equal(rc, CNN_EDATA);
        assert_int_equal(strncmp(cnn_error_message(), path, strlen(path)), 0);
    }
    cnn_imported_free(&m);
}

/* Cut at every byte: an error; with every byte changed: an error or what can be read. */
static void test_damaged(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int padded; /* what is behind the last member is not missed */
    } files[] = {{"weights_zip.pth", 0},     {"weights_packed.pth", 0}, {"weights_stream.pth", 0},
                 {"weights_tar.pth", 1},     {"weights_0.pkl", 0},      {"weights_5.pkl", 0},
                 {"weights_numpy_2.pkl", 0}, {"checkpoint.pth", 0}};
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        size_t n;
        unsigned char *bytes = golden(files[k].name, &n);
        const char *path = files[k].name;
        for (size_t i = 0; i < n; i++)
            if (files[k].padded)
                read_all(path, bytes, i);
            else
                refuse(path, bytes, i, "");
        for (size_t i = 0; i < n; i++)
            for (int flip = 1; flip < 256; flip *= 21) {
                bytes[i] ^= (unsigned char)flip;
                read_all(path, bytes, n);
                bytes[i] ^= (unsigned char)flip;
            }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),   cmocka_unit_test(test_pickles),
        cmocka_unit_test(test_in_place), cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_dicts),    cmocka_unit_test(test_calls),
        cmocka_unit_test(test_bombs),    cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_lies),     cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("import_pytorch", tests, NULL, NULL);
}
