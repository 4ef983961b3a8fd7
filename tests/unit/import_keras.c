/* Models of Keras (scripts/make-golden-keras): cut anywhere and changed anywhere they are refused by
 * name, or read. */
#include "scratch.h"

#include "model/import/import.h"

static const struct golden {
    const char *name;
    int has_net;
} files[] = {
    {"keras_2.h5", 1},         {"keras_line.h5", 1},         {"keras_rows.keras", 1},
    {"keras_scaled.keras", 1}, {"keras_line.weights.h5", 0}, {"keras_refused.keras", 0},
    {"keras_answers.h5", 1},   {"keras_large.h5", 0},        {"keras_operations.keras", 1},
};

enum { FILES = sizeof files / sizeof *files };

static unsigned char *golden(const char *name, size_t *n)
{
    char path[512];
    const char *root = getenv("ROOT");
    snprintf(path, sizeof path, "%s/tests/golden/models/%s", root ? root : ".", name);
    return slurp(path, n);
}

static int open_copy(const char *name, const unsigned char *bytes, size_t n,
                     struct cnn_imported *out)
{
    unsigned char *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    int rc = cnn_import_open(name, &(struct cnn_bytes){.data = copy, .size = n}, out);
    if (rc) {
        assert_int_equal(rc, CNN_EDATA);
        assert_int_equal(strncmp(cnn_error_message(), name, strlen(name)), 0);
    }
    return rc;
}

/* Its tensors are all there, in whatever order they lie. */
static void read_all(const struct cnn_tensor_source *s)
{
    for (size_t i = 0; i < cnn_tensors_count(s); i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(s, i);
        float *x = malloc((t->count + 1) * sizeof *x);
        assert_non_null(x);
        assert_int_equal(cnn_tensor_floats(s, t, x), 0);
        free(x);
    }
}

static void test_whole(void **state)
{
    (void)state;
    for (size_t k = 0; k < FILES; k++) {
        size_t n;
        unsigned char *bytes = golden(files[k].name, &n);
        struct cnn_imported m;
        assert_int_equal(open_copy(files[k].name, bytes, n, &m), 0);
        assert_int_equal(m.net_text != NULL, files[k].has_net);
        assert_int_equal(m.why != NULL, !strcmp(files[k].name, "keras_refused.keras") ||
                                            !strcmp(files[k].name, "keras_large.h5"));
        assert_true(cnn_tensors_count(m.tensors) > 0);
        read_all(m.tensors);
        cnn_imported_free(&m);
        free(bytes);
    }
}

/* One elsewhere in the file's order: kernel (height, width, in, out) of keras_2.h5's conv. */
static void test_order(void **state)
{
    (void)state;
    size_t n;
    unsigned char *bytes = golden("keras_2.h5", &n);
    struct cnn_imported m;
    assert_int_equal(open_copy("keras_2.h5", bytes, n, &m), 0);
    const struct cnn_stored_tensor *t = cnn_tensors_find(m.tensors, "conv.weight");
    assert_non_null(t);
    assert_int_equal(t->shape.dim[0], 4);
    assert_int_equal(t->shape.dim[1], 3);
    float x[4 * 3 * 3 * 3], row[4];
    assert_int_equal(cnn_tensor_floats(m.tensors, t, x), 0);
    for (size_t i = 0; i < 4; i++) /* the filters' first numbers, which lie side by side there */
        row[i] = x[i * 27];
    size_t found = 0;
    for (size_t i = 0; i + sizeof row <= n; i++)
        found += !memcmp(bytes + i, row, sizeof row);
    assert_int_equal(found, 1);
    cnn_imported_free(&m);
    free(bytes);
}

static void test_cut(void **state)
{
    (void)state;
    for (size_t k = 0; k < FILES; k++) {
        size_t n;
        unsigned char *bytes = golden(files[k].name, &n);
        for (size_t i = 0; i<n; i += n> 8000 ? 5 : 1) {
            struct cnn_imported m;
            if (!open_copy(files[k].name, bytes, i, &m))
                read_all(m.tensors);
            cnn_imported_free(&m);
        }
        free(bytes);
    }
}

static void test_changed(void **state)
{
    (void)state;
    static const unsigned char with[] = {0x01, 0x10, 0x80, 0xff};
    for (size_t k = 0; k < FILES; k++) {
        size_t n;
        unsigned char *bytes = golden(files[k].name, &n);
        for (size_t i = 0; i<n; i += n> 8000 ? 3 : 1) {
            struct cnn_imported m;
            bytes[i] ^= with[i % 4];
            if (!open_copy(files[k].name, bytes, n, &m))
                read_all(m.tensors);
            cnn_imported_free(&m);
            bytes[i] ^= with[i % 4];
        }
        free(bytes);
    }
}

static void put(unsigned char *file, size_t at, size_t number)
{
    for (size_t i = 0; i < 8 && number; i++, number >>= 8)
        file[at + i] = (unsigned char)number;
}

/* A group with LEAVES times MEMBERS members, which are all one, by one name of so many bytes. */
static void refuse_many(size_t name)
{
    enum { NAME = 4000, LEAVES = 400, MEMBERS = 64 };
    enum { HEADER = 96, NO_DATA = 144, HEAP = 160, LEAF = 4200, TREE = 6800, SIZE = 13300 };
    static unsigned char file[SIZE];
    struct cnn_imported m;
    memset(file, 0, sizeof file);
    memcpy(file, "\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08", 15);
    put(file, 64, HEADER);
    memcpy(file + HEADER, "\1\0\1\0\1\0\0\0\x18\0\0\0\0\0\0\0\x11\0\x10", 19);
    put(file, HEADER + 24, TREE);
    put(file, HEADER + 32, HEAP);
    file[NO_DATA] = 1;
    memcpy(file + HEAP, "HEAP", 4);
    put(file, HEAP + 8, name + 1);
    put(file, HEAP + 24, HEAP + 32);
    memset(file + HEAP + 32, 'a', name);
    memcpy(file + LEAF, "SNOD\1", 5);
    put(file, LEAF + 6, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++)
        put(file, LEAF + 8 + 40 * i + 8, NO_DATA);
    memcpy(file + TREE, "TREE", 4);
    put(file, TREE + 6, LEAVES);
    for (size_t i = 0; i < LEAVES; i++)
        put(file, TREE + 24 + 16 * i + 8, LEAF);
    assert_int_equal(open_copy("paths.h5", file, SIZE, &m), CNN_EDATA);
    const char *start = "paths.h5: malformed HDF5 file";
    assert_int_equal(strncmp(cnn_error_message(), start, strlen(start)), 0);
}

/* Neither the names nor the objects are many more than such a file can have. */
static void test_many_paths(void **state)
{
    (void)state;
    refuse_many(4000);
    refuse_many(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),      cmocka_unit_test(test_order),
        cmocka_unit_test(test_cut),        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_many_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
