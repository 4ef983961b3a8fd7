/* Weights that NumPy wrote: what scripts/make-golden-npz made is what is read, in any order, and
 * whatever is damaged or lies is refused before memory is asked for. */
#include "scratch.h"

#include <math.h>
#include <zlib.h>

#include "model/import/import.h"

/* A file of those bytes. */
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

/* As scripts/make-golden-npz has them. */
static const struct {
    const char *name;
    enum cnn_dtype dtype;
    int rank;
    size_t dim[4];
    double first, step;
} expected[] = {
    {"conv1.weight", CNN_F32, 4, {2, 1, 3, 3}, -2, 0.25},
    {"conv1.bias", CNN_F64, 1, {2}, 0.5, -0.75},
    {"bn1.weight", CNN_F32, 1, {2}, 1, 1},
    {"bn1.bias", CNN_F16, 1, {2}, 0.125, -4.125},
    {"bn1.running_mean", CNN_F32, 1, {2}, 0.5, 1},
    {"bn1.running_var", CNN_U16, 1, {2}, 1, 3},
    {"bn1.num_batches_tracked", CNN_I64, 0, {0}, 7, 0},
    {"dense1.weight", CNN_F32, 2, {3, 32}, -5, 0.125},
    {"dense1.bias", CNN_F32, 1, {3}, 0, 0.25},
};

enum { EXPECTED = sizeof expected / sizeof *expected, MOST = 96 };

static void check_tensor(const struct cnn_tensor_source *s, size_t i)
{
    const struct cnn_stored_tensor *t = cnn_tensors_at(s, i);
    float x[MOST];
    assert_string_equal(t->name, expected[i].name);
    assert_ptr_equal(cnn_tensors_find(s, expected[i].name), t);
    assert_int_equal(t->dtype, expected[i].dtype);
    assert_int_equal(t->rank, expected[i].rank);
    for (int k = 0; k < t->rank; k++)
        assert_int_equal(t->shape.dim[k], expected[i].dim[k]);
    assert_int_equal(cnn_tensor_floats(s, t, x), 0);
    for (size_t k = 0; k < t->count; k++)
        assert_true((double)x[k] == expected[i].first + expected[i].step * (double)k);
}

static void test_golden(void **state)
{
    (void)state;
    static const char *const names[] = {"weights.npz", "weights_packed.npz"};
    char hash[2][CNN_TENSORS_HASH];
    for (int n = 0; n < 2; n++) {
        struct cnn_imported m;
        size_t size;
        unsigned char *bytes = golden(names[n], &size);
        assert_int_equal(open_bytes(names[n], bytes, size, &m), 0);
        free(bytes);
        assert_null(m.net_text);
        assert_int_equal(m.classes.count, 0);
        assert_int_equal(cnn_tensors_count(m.tensors), EXPECTED);
        for (size_t i = 0; i < EXPECTED; i++)
            check_tensor(m.tensors, i);
        for (size_t i = EXPECTED; i-- > 0;)
            check_tensor(m.tensors, i);
        assert_int_equal(cnn_tensors_hash(m.tensors, hash[n]), 0);
        cnn_imported_free(&m);
    }
    assert_string_equal(hash[0], hash[1]);
}

static void put(unsigned char **at, size_t n, uint64_t value)
{
    for (size_t i = 0; i < n; i++)
        *(*at)++ = (unsigned char)(value >> (8 * i));
}

/* What both headers of a member have. */
static void put_member(unsigned char **at, const char *name, const char *text, size_t n,
                       size_t claimed)
{
    put(at, 2, 20);
    put(at, 2, 0);
    put(at, 2, 0); /* stored */
    put(at, 4, 0x00210000);
    put(at, 4, crc32(0, (const Bytef *)text, (uInt)n));
    put(at, 4, claimed);
    put(at, 4, claimed);
    put(at, 2, strlen(name));
    put(at, 2, 0);
}

static unsigned char zip[4096];

/* Into `zip`, `times` members of that name and contents, said to be `claimed` bytes; its size. */
static size_t make_zip(const char *name, const char *data, size_t n, int times, size_t claimed)
{
    unsigned char *at = zip, *list;
    size_t offset[2] = {0};
    for (int i = 0; i < times; i++) {
        offset[i] = (size_t)(at - zip);
        memcpy(at, "PK\3\4", 4);
        at += 4;
        put_member(&at, name, data, n, claimed);
        memcpy(at, name, strlen(name));
        memcpy(at += strlen(name), data, n);
        at += n;
    }
    list = at;
    for (int i = 0; i < times; i++) {
        memcpy(at, "PK\1\2\24\0", 6);
        at += 6;
        put_member(&at, name, data, n, claimed);
        put(&at, 8, 0);
        put(&at, 2, 0);
        put(&at, 4, offset[i]);
        memcpy(at, name, strlen(name));
        at += strlen(name);
    }
    size_t length = (size_t)(at - list);
    memcpy(at, "PK\5\6\0\0\0\0", 8);
    at += 8;
    put(&at, 2, (uint64_t)times);
    put(&at, 2, (uint64_t)times);
    put(&at, 4, length);
    put(&at, 4, (uint64_t)(list - zip));
    put(&at, 2, 0);
    return (size_t)(at - zip);
}

/* A .npy of one float; its header says `shape` and `type`. */
static size_t make_npy(char *out, const char *type, const char *shape)
{
    memcpy(out, "\x93NUMPY\1\0\x76\0", 10);
    int n = snprintf(out + 10, 119, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                     type, shape);
    memset(out + 10 + n, ' ', (size_t)(117 - n));
    out[127] = '\n';
    memcpy(out + 128, "\0\0\x80\x3f", 4);
    return 132;
}

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

static void test_lies(void **state)
{
    (void)state;
    struct cnn_imported m;
    char npy[160];
    float x;
    size_t n = make_npy(npy, "<f4", "1,");
    assert_int_equal(open_bytes("made.npz", zip, make_zip("a.b.npy", npy, n, 1, n), &m), 0);
    assert_string_equal(cnn_tensors_at(m.tensors, 0)->name, "a.b");
    assert_int_equal(cnn_tensor_floats(m.tensors, cnn_tensors_at(m.tensors, 0), &x), 0);
    assert_true(x == 1);
    cnn_imported_free(&m);
    refuse("made.npz", zip, make_zip("a.npy", npy, n, 2, n), "two tensors are called 'a'");
    refuse("made.npz", zip, make_zip("a.txt", npy, n, 1, n), "member 'a.txt' is not called .npy");
    refuse("made.npz", zip, make_zip(".npy", npy, n, 1, n), "member '.npy' is not called .npy");
    refuse("made.npz", zip, make_zip("a.npy", npy, 20, 1, 20), "npy: truncated header");
    refuse("made.npz", zip, make_zip("a.npy", npy, n - 1, 1, n - 1), "contradict each other");
    refuse("made.npz", zip, make_zip("a.npy", npy, n, 1, 0xfffffff0),
           "are more than an archive of");
    npy[131] = 0;
    size_t size = make_zip("a.npy", npy, n, 1, n);
    zip[30 + 5 + 131] = 1; /* the element, whose checksum is another then */
    refuse("made.npz", zip, size, "damaged");
    n = make_npy(npy, "<f4", "1099511627776, 1048576");
    refuse("made.npz", zip, make_zip("a.npy", npy, n, 1, n), "contradict each other");
    n = make_npy(npy, "<f4", "1099511627776, 1099511627776");
    refuse("made.npz", zip, make_zip("a.npy", npy, n, 1, n), "its shape is too large");
    n = make_npy(npy, "|O", "1,");
    refuse("made.npz", zip, make_zip("a.npy", npy, n, 1, n), "element type '|O' is not supported");
}

/* Cut at every byte: an error; with every byte changed: an error or what can be read. */
static void test_damaged(void **state)
{
    (void)state;
    size_t n;
    unsigned char *bytes = golden("weights_packed.npz", &n);
    struct cnn_imported m;
    float x[MOST];
    for (size_t i = 0; i < n; i++)
        refuse("cut.npz", bytes, i, "cut.npz: not a zip archive, or a truncated one");
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= 0x15;
        int rc = open_bytes("changed.npz", bytes, n, &m);
        for (size_t k = 0; !rc && k < cnn_tensors_count(m.tensors); k++) {
            const struct cnn_stored_tensor *t = cnn_tensors_at(m.tensors, k);
            rc = t->count > MOST ? CNN_EDATA : cnn_tensor_floats(m.tensors, t, x);
        }
        if (rc)
            assert_int_equal(strncmp(cnn_error_message(), "changed.npz: ", 13), 0);
        cnn_imported_free(&m);
        bytes[i] ^= 0x15;
    }
    free(bytes);
}

/* Other programs' weights are zips, too; what they are called does not matter, unless nothing else
 * tells. */
static void test_names(void **state)
{
    (void)state;
    struct cnn_imported m;
    size_t n;
    unsigned char *bytes = golden("weights.npz", &n);
    assert_int_equal(open_bytes("weights.dat", bytes, n, &m), 0);
    assert_int_equal(cnn_tensors_count(m.tensors), EXPECTED);
    cnn_imported_free(&m);
    refuse("weights.npz", (const unsigned char *)"PK\5\6", 4, "not a zip archive");
    n = 30 + bytes[26];
    memcpy(bytes + n - 4, ".pkl", 4);
    refuse("weights.dat", bytes, n, "not a safetensors file");
    refuse("weights.pt", bytes, n, "not a zip archive, or a truncated one");
    memcpy(bytes, "PK\3\4 and what is no zip at all", 31);
    refuse("weights.pt", bytes, n, "not a zip archive, or a truncated one");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("import_npz", tests, NULL, NULL);
}
