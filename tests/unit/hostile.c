/* Files that were made to do harm: each is refused by its name, soon, and without the memory that its
 * numbers ask for. What a pickle must not call, and bombs of it, are in import_pytorch.c, too. */
#include "scratch.h"

#include <sys/resource.h>
#include <time.h>
#include <zlib.h>

#include "data/source/dataset_open.h"
#include "model/model.h"

enum { MOST_SECONDS = 5, MOST_KIB = 400 << 10 };

#define TIMES_2_60 "\x80\x80\x80\x80\x80\x80\x80\x80\x10" /* a varint */

static void refuse(const char *name, const void *bytes, size_t n, const char *words)
{
    struct cnn_model *m;
    struct rusage use;
    clock_t begin = clock();
    const char *path = scratch_write(name, bytes, n);
    assert_int_equal(cnn_model_open_net(path, &m), CNN_EDATA);
    if (strncmp(cnn_error_message(), path, strlen(path)) != 0)
        fail_msg("no name of a file: %s", cnn_error_message());
    if (!strstr(cnn_error_message(), words))
        fail_msg("%s, which lacks '%s'", cnn_error_message(), words);
    assert_true(clock() - begin < MOST_SECONDS * CLOCKS_PER_SEC);
    assert_int_equal(getrusage(RUSAGE_SELF, &use), 0);
#ifndef __SANITIZE_ADDRESS__
    assert_true(use.ru_maxrss < MOST_KIB);
#endif
}

#define REFUSE(name, bytes, words) refuse(name, bytes, sizeof(bytes) - 1, words)

static unsigned char *golden(const char *name, size_t *n)
{
    char path[512];
    const char *root = getenv("ROOT");
    snprintf(path, sizeof path, "%s/tests/golden/models/%s", root ? root : ".", name);
    return slurp(path, n);
}

/* Fields that say how long they are, or how many elements they have. */
static void test_sizes(void **state)
{
    (void)state;
    REFUSE("a.onnx", "\x08\x08\x3a" TIMES_2_60 "x", "damaged");
    REFUSE("b.onnx",
           "\x08\x08\x3a\x17\x2a\x15\x08" TIMES_2_60 "\x10\x01\x42\x01w\x4a\x04\0\0\x80\x3f",
           "b.onnx: tensor 'w': its shape is too large");
    REFUSE("c.onnx",
           "\x08\x08\x3a\x21\x2a\x1f\x08" TIMES_2_60 "\x08" TIMES_2_60
           "\x10\x01\x42\x01w\x4a\x04\0\0\x80\x3f",
           "too");
    REFUSE("d.caffemodel", "\x0a\x01n\xa2\x06" TIMES_2_60 "x", "d.caffemodel");
    REFUSE("e.caffemodel",
           "\x0a\x01n\xa2\x06\x1c\x0a\x01y\x12\x02No\x3a\x13\x3a\x0b\x0a\x09" TIMES_2_60
           "\x2a\x04\0\0\x80\x3f",
           "a blob of 1152921504606846976 numbers that has 4 bytes of them");
    REFUSE("f.safetensors", "\0\0\0\0\0\0\0\x10{}", "f.safetensors");
    REFUSE("g.safetensors",
           "\x50\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\",\"shape\":[1152921504606846976],"
           "\"data_offsets\":[0,4]}}               \0\0\0\0",
           "'w'");
}

/* Archives */

static unsigned char zip[1 << 20];

static void put(unsigned char **at, size_t n, uint64_t value)
{
    for (size_t i = 0; i < n; i++, value >>= 8)
        *(*at)++ = (unsigned char)value;
}

struct member {
    const char *name;
    const unsigned char *data;
    size_t packed, size;
    uint32_t crc;
    int deflated;
    size_t offset;
};

static void put_head(unsigned char **at, const struct member *m)
{
    put(at, 2, 20);
    put(at, 2, 0);
    put(at, 2, m->deflated ? 8 : 0);
    put(at, 4, 0x00210000);
    put(at, 4, m->crc);
    put(at, 4, m->packed);
    put(at, 4, m->size);
    put(at, 2, strlen(m->name));
    put(at, 2, 0);
}

static void put_bytes(unsigned char **at, const void *bytes, size_t n)
{
    memcpy(*at, bytes, n);
    *at += n;
}

/* The size of an archive of those members. */
static size_t make_zip(struct member *m, size_t count)
{
    unsigned char *at = zip, *list;
    for (size_t i = 0; i < count; i++) {
        m[i].offset = (size_t)(at - zip);
        put(&at, 4, 0x04034b50);
        put_head(&at, &m[i]);
        put_bytes(&at, m[i].name, strlen(m[i].name));
        put_bytes(&at, m[i].data, m[i].packed);
    }
    list = at;
    for (size_t i = 0; i < count; i++) {
        put(&at, 4, 0x02014b50);
        put(&at, 2, 20);
        put_head(&at, &m[i]);
        put(&at, 10, 0);
        put(&at, 4, m[i].offset);
        put_bytes(&at, m[i].name, strlen(m[i].name));
    }
    size_t size = (size_t)(at - list);
    put(&at, 4, 0x06054b50);
    put(&at, 4, 0);
    put(&at, 2, count);
    put(&at, 2, count);
    put(&at, 4, size);
    put(&at, 4, (size_t)(list - zip));
    put(&at, 2, 0);
    return (size_t)(at - zip);
}

static struct member stored(const char *name, const void *data, size_t n)
{
    return (struct member){name, data, n, n, (uint32_t)crc32(0, data, (uInt)n), 0, 0};
}

/* Zeros that deflate made small, as large as it can; the caller's to free(). */
static struct member bomb(const char *name, size_t n)
{
    unsigned char *zeros = calloc(n, 1), *packed = malloc(n);
    z_stream z = {.next_in = zeros, .avail_in = (uInt)n, .next_out = packed, .avail_out = (uInt)n};
    assert_non_null(zeros);
    assert_non_null(packed);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    struct member m = {name, packed, z.total_out, n, (uint32_t)crc32(0, zeros, (uInt)n), 1, 0};
    deflateEnd(&z);
    free(zeros);
    return m;
}

/* As much as deflate can make of so little; and more than that. */
static void test_bombs(void **state)
{
    enum { SIZE = 32 << 20, LIE = 0x7fffffff };
    (void)state;
    struct member zeros[3] = {bomb("a/data.pkl", SIZE)}, three[3];
    size_t n = make_zip(zeros, 1);
    assert_true(n < SIZE / 900);
    refuse("a.pth", zip, n, "an instruction that no protocol has");
    zeros[0].size = LIE;
    refuse("b.pth", zip, make_zip(zeros, 1), "bytes are more than an archive of");
    zeros[0].size = SIZE;
    for (int i = 0; i < 3; i++)
        three[i] = zeros[0];
    three[0].name = "metadata.json";
    three[1].name = "config.json";
    three[2].name = "model.weights.h5";
    refuse("c.keras", zip, make_zip(three, 3), "HDF5");
    zeros[0].name = "w.npy";
    refuse("d.npz", zip, make_zip(zeros, 1), "npy");
    free((void *)(uintptr_t)zeros[0].data);
}

/* A pickle within an archive is as one that stands alone. */
static void test_called(void **state)
{
    (void)state;
    static const char pickle[] = "\x80\2cos\nsystem\nX\10\0\0\0rm -rf .\x85R.";
    struct member m = stored("a/data.pkl", pickle, sizeof pickle - 1);
    refuse("a.pth", zip, make_zip(&m, 1), "a.pth: the pickle calls os.system, which is no data");
}

/* Constants that a file of 600 bytes has computed: (2, 3, 1, 1) becomes (2, 3, 2^20, 1). */
static void test_computed(void **state)
{
    static const unsigned char shape[] = {2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,
                                          0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    size_t n, found = 0;
    unsigned char *bytes = golden("onnx/constant.onnx", &n);
    (void)state;
    for (size_t i = 0; i + sizeof shape <= n; i++)
        if (!memcmp(bytes + i, shape, sizeof shape)) {
            bytes[i + 18] = 16;
            bytes[i + 16] = 0;
            found++;
        }
    assert_int_equal(found, 1);
    refuse("a.onnx", bytes, n, "6291456 constants are too many to compute with");
    free(bytes);
}

/* Lists */

static void refuse_list(const char *text, const char *words)
{
    struct cnn_dataset *ds;
    const char *path = scratch_write("list.tsv", text, strlen(text));
    assert_int_equal(cnn_dataset_open(path, NULL, &ds), CNN_EDATA);
    if (strncmp(cnn_error_message(), path, strlen(path)) != 0 ||
        !strstr(cnn_error_message(), words))
        fail_msg("%s, which lacks '%s'", cnn_error_message(), words);
}

static void test_lists(void **state)
{
    (void)state;
    refuse_list("digits:2x#1\tone\n", "list.tsv:1: digits:2x: it is digits:COUNT");
    refuse_list("digits:9#1\tone\ndigits:4294967295#7\tseven\n", "list.tsv:2: digits:4294967295: ");
}

/* Graphs */

#define LAYER(name, class, options, reads)                                                         \
    "{\"class_name\":\"" class "\",\"config\":{\"name\":\"" name "\"" options "},\"name\":\"" name \
                               "\",\"inbound_nodes\":[" reads "]}"
#define READS(name) "[[\"" name "\",0,0,{}]]"

/* Layers of Keras, of which 'b' is the answer; the metadata ends within an entry. */
static void refuse_graph(const char *name, const char *layers, const char *words)
{
    char config[4000];
    size_t n;
    unsigned char *weights = golden("keras_line.weights.h5", &n);
    int k = snprintf(config, sizeof config,
                     "{\"class_name\":\"Functional\",\"config\":{\"name\":\"m\",\"layers\":[%s],"
                     "\"input_layers\":[[\"x\",0,0]],\"output_layers\":[[\"b\",0,0]]}}",
                     layers);
    struct member m[] = {stored("metadata.json", "{\"keras_version", 15),
                         stored("config.json", config, (size_t)k),
                         stored("model.weights.h5", weights, n)};
    refuse(name, zip, make_zip(m, 3), words);
    free(weights);
}

static void test_rings(void **state)
{
#define INPUT LAYER("x", "InputLayer", ",\"batch_input_shape\":[null,8,8,3]", "")
#define ADD   "[[\"a\",0,0,{}],[\"x\",0,0,{}]]"
    (void)state;
    refuse_graph("itself.keras", INPUT "," LAYER("b", "Add", "", "[[\"b\",0,0,{}],[\"x\",0,0,{}]]"),
                 "layer 'b' reads what is made of it");
    refuse_graph("ring.keras",
                 INPUT "," LAYER("a", "ReLU", "", READS("b")) "," LAYER("b", "Add", "", ADD),
                 "reads what is made of it");
    refuse_graph("lost.keras", INPUT "," LAYER("b", "ReLU", "", READS("none")),
                 "reads call 0 of 'none', which is not there");
    REFUSE("self.index.json", "{\"weight_map\":{\"w\":\"self.index.json\"}}", "self.index.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_bombs, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_called, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_computed, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_lists, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(test_rings, scratch_make, scratch_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
