/* Inputs and outputs as such, npy, IDX and CIFAR. */
#include "scratch.h"

#include <sys/stat.h>
#include <zlib.h>

#include "base/error.h"
#include "file/cifar.h"
#include "file/idx.h"
#include "file/infile.h"
#include "file/npy.h"
#include "file/outfile.h"

static int entries(void)
{
    DIR *d = opendir(scratch);
    int n = 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void check_text(const char *path, const char *text)
{
    size_t n;
    unsigned char *bytes = slurp(path, &n);
    assert_string_equal((char *)bytes, text);
    free(bytes);
}

static void test_outfile(void **state)
{
    (void)state;
    struct cnn_outfile *f;
    struct stat st;
    const char *path = scratch_write("out", "old", 3);
    int before = entries();
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(cnn_outfile_open(path, &f), 0);
    fputs("new", cnn_outfile_stream(f));
    check_text(path, "old");
    cnn_outfile_abort(f);
    check_text(path, "old");
    assert_int_equal(entries(), before);
    assert_int_equal(cnn_outfile_open(path, &f), 0);
    fputs("newer", cnn_outfile_stream(f));
    assert_int_equal(cnn_outfile_commit(f), 0);
    check_text(path, "newer");
    assert_int_equal(entries(), before);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    /* through a link, which stays one */
    assert_int_equal(symlink("out", scratch_path("link")), 0);
    assert_int_equal(cnn_outfile_open(scratch_path("link"), &f), 0);
    fputs("linked", cnn_outfile_stream(f));
    assert_int_equal(cnn_outfile_commit(f), 0);
    check_text(path, "linked");
    assert_int_equal(lstat(scratch_path("link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    cnn_outfile_abort(NULL);
}

static void test_outfile_errors(void **state)
{
    (void)state;
    struct cnn_outfile *f;
    assert_int_equal(cnn_outfile_open(scratch, &f), CNN_ECREATE);
    assert_int_equal(cnn_outfile_open(scratch_path("no/such"), &f), CNN_ECREATE);
    assert_non_null(strstr(cnn_error_message(), "no/such: No such file or directory"));
    assert_int_equal(cnn_outfile_open("/dev/full", &f), 0);
    for (int i = 0; i < 100000; i++)
        fputs("0123456789", cnn_outfile_stream(f));
    assert_int_equal(cnn_outfile_commit(f), CNN_EIO);
    assert_string_equal(cnn_error_message(), "/dev/full: No space left on device");
    assert_int_equal(cnn_outfile_open("/dev/null", &f), 0);
    fputs("x", cnn_outfile_stream(f));
    assert_int_equal(cnn_outfile_commit(f), 0);
    assert_true(access("/dev/null", W_OK) == 0);
}

static const char *write_gz(const char *name, const void *bytes, unsigned n)
{
    const char *path = scratch_path(name);
    gzFile f = gzopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, bytes, n), (int)n);
    assert_int_equal(gzclose(f), Z_OK);
    return path;
}

static void test_infile(void **state)
{
    (void)state;
    struct cnn_bytes b;
    unsigned char head[8];
    size_t n;
    assert_int_equal(cnn_bytes_map(scratch_path("nothing"), 0, &b), CNN_ENOINPUT);
    assert_int_equal(cnn_bytes_map(scratch, 0, &b), CNN_ENOINPUT);
    assert_int_equal(cnn_bytes_map(scratch_write("e", "", 0), 0, &b), 0);
    assert_int_equal(b.size, 0);
    cnn_bytes_free(&b);
    assert_int_equal(cnn_bytes_map(scratch_write("a", "hello", 5), 5, &b), 0);
    assert_memory_equal(b.data, "hello", 5);
    cnn_bytes_free(&b);
    assert_int_equal(cnn_bytes_map(scratch_path("a"), 4, &b), CNN_EDATA);
    assert_int_equal(cnn_bytes_gunzip(scratch_path("a"), 0, &b), 0);
    assert_int_equal(b.size, 5);
    cnn_bytes_free(&b);
    const char *gz = write_gz("a.gz", "hello there", 11);
    assert_int_equal(cnn_bytes_gunzip(gz, 11, &b), 0);
    assert_memory_equal(b.data, "hello there", 11);
    cnn_bytes_free(&b);
    assert_int_equal(cnn_bytes_gunzip(gz, 10, &b), CNN_EDATA);
    assert_int_equal(cnn_bytes_head(gz, head, 5, &n), 0);
    assert_int_equal(n, 5);
    assert_memory_equal(head, "hello", 5);
    unsigned char *bytes = slurp(gz, &n), twice[128];
    memcpy(twice, bytes, n);
    memcpy(twice + n, bytes, n);
    assert_int_equal(cnn_bytes_gunzip(scratch_write("t", twice, 2 * n), 0, &b), 0);
    assert_int_equal(b.size, 22);
    cnn_bytes_free(&b);
    twice[n] = 'x';
    assert_int_equal(cnn_bytes_gunzip(scratch_write("t", twice, 2 * n), 0, &b), CNN_EDATA);
    for (size_t i = 2; i < n; i++)
        assert_int_equal(cnn_bytes_gunzip(scratch_write("t", bytes, i), 0, &b), CNN_EDATA);
    bytes[n - 6] ^= 1;
    assert_int_equal(cnn_bytes_gunzip(scratch_write("t", bytes, n), 0, &b), CNN_EDATA);
    free(bytes);
}

static void test_npy_header(void **state)
{
    (void)state;
    unsigned char *a, *b;
    size_t size, again;
    struct cnn_npy h;
    size_t none[3] = {0, 12, 7}, many[3] = {(size_t)1 << 40, 12, 7};
    assert_int_equal(cnn_npy_header(CNN_F32, 3, none, &a, &size), 0);
    assert_int_equal(size % 64, 0);
    assert_int_equal(a[size - 1], '\n');
    assert_int_equal(cnn_npy_header(CNN_F32, 3, many, &b, &again), 0);
    assert_int_equal(size, again);
    assert_int_equal(cnn_npy_parse(b, size, &h), 0);
    assert_int_equal(h.rank, 3);
    assert_true(h.dim[0] == many[0] && h.dim[1] == 12 && h.dim[2] == 7);
    assert_int_equal(h.kind, 'f');
    assert_int_equal(h.item_size, 4);
    assert_int_equal(h.offset, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(cnn_npy_parse(b, i, &h), CNN_EDATA);
    free(a);
    free(b);
    for (int rank = 0; rank < 3; rank++) {
        assert_int_equal(cnn_npy_header(CNN_F32, rank, many, &a, &size), 0);
        assert_int_equal(cnn_npy_parse(a, size, &h), 0);
        assert_int_equal(h.rank, rank);
        free(a);
    }
}

/* The header of version 1 around a dictionary. */
static int parse(const char *dictionary, struct cnn_npy *h)
{
    unsigned char bytes[512] = "\x93NUMPY\x01";
    size_t n = strlen(dictionary);
    bytes[8] = (unsigned char)n;
    memcpy(bytes + 10, dictionary, n);
    return cnn_npy_parse(bytes, 10 + n, h);
}

static void test_npy_dictionaries(void **state)
{
    (void)state;
    struct cnn_npy h;
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "[]",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': no, 'shape': (2, 3)}",
        "{'descr': '<f16', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '|S4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse(bad[i], &h) != CNN_EDATA)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(parse("{\"shape\":(3,),'fortran_order':True,'descr':'>i2'}  \n", &h), 0);
    assert_true(h.count == 3 && h.kind == 'i' && h.item_size == 2 && h.swapped);
    const unsigned char data[6] = {0, 1, 0xff, 0xff, 1, 0};
    float out[3];
    cnn_npy_read(&h, data, 0, 3, out);
    assert_true(out[0] == 1 && out[1] == -1 && out[2] == 256);
    /* (2, 3, 2) with the first index fastest: element (i, j, k) is i + 2 (j + 3 k) */
    static const unsigned char columns[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    static const float rows[] = {0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11};
    float got[12];
    assert_int_equal(parse("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}", &h), 0);
    cnn_npy_read(&h, columns, 0, 12, got);
    assert_memory_equal(got, rows, sizeof rows);
    cnn_npy_read(&h, columns, 6, 6, got);
    assert_memory_equal(got, rows + 6, 6 * sizeof *rows);
    assert_int_equal(parse("{'descr': '|b1', 'fortran_order': False, 'shape': ()}", &h), 0);
    assert_true(h.rank == 0 && h.count == 1);
    assert_int_equal(parse("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4)}", &h), 0);
    assert_true(h.rank == 2 && h.count == 0);
}

static void test_idx(void **state)
{
    (void)state;
    static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0,
                                           1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
    struct cnn_idx f;
    assert_int_equal(cnn_idx_open(scratch_write("i", images, sizeof images), &f), 0);
    assert_true(f.rank == 3 && f.dim[0] == 2 && f.item == 3 && f.data[3] == 4);
    cnn_idx_close(&f);
    assert_int_equal(cnn_idx_open(write_gz("i.gz", images, sizeof images), &f), 0);
    assert_true(f.rank == 3 && f.data[5] == 6);
    cnn_idx_close(&f);
    for (size_t i = 0; i < sizeof images; i++) {
        assert_int_equal(cnn_idx_open(scratch_write("i", images, i), &f), CNN_EDATA);
        assert_int_equal(cnn_idx_open(write_gz("i.gz", images, (unsigned)i), &f), CNN_EDATA);
    }
    unsigned char wrong[sizeof images + 1];
    static const struct {
        size_t at;
        unsigned char value;
    } changes[] = {{0, 1}, {1, 1}, {2, 9}, {3, 2}, {3, 5}, {3, 0}, {4, 0x80}, {8, 255}, {11, 0}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        memcpy(wrong, images, sizeof images);
        wrong[changes[i].at] = changes[i].value;
        assert_int_equal(cnn_idx_open(scratch_write("i", wrong, sizeof images), &f), CNN_EDATA);
    }
    memcpy(wrong, images, sizeof images);
    assert_int_equal(cnn_idx_open(scratch_write("i", wrong, sizeof wrong), &f), CNN_EDATA);
    assert_int_equal(cnn_idx_open(scratch_path("nothing"), &f), CNN_ENOINPUT);
}

static void check_labels(const char *images, const char *labels)
{
    char *found;
    assert_int_equal(cnn_idx_labels_path(scratch_path(images), &found), 0);
    if (labels) {
        assert_non_null(found);
        assert_string_equal(found, scratch_path(labels));
    } else {
        assert_null(found);
    }
    free(found);
}

static void test_idx_labels(void **state)
{
    (void)state;
    check_labels("train-images-idx3-ubyte.gz", NULL);
    scratch_write("train-labels-idx1-ubyte", "", 0);
    check_labels("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte");
    check_labels("train-images.idx3-ubyte", "train-labels-idx1-ubyte");
    scratch_write("train-labels-idx1-ubyte.gz", "", 0);
    check_labels("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz");
    scratch_write("t10k-labels.idx1-ubyte", "", 0);
    check_labels("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte");
    check_labels("t10k-images-idx3-ubyte.gz", "t10k-labels.idx1-ubyte");
    check_labels("other", NULL);
}

static void test_cifar(void **state)
{
    (void)state;
    static unsigned char bytes[3 * 3074];
    struct cnn_cifar f;
    bytes[3073] = 7;
    bytes[3073 + 5] = 99;
    assert_int_equal(cnn_cifar_open(scratch_write("c", bytes, 2 * 3073), &f), 0);
    assert_true(f.count == 2 && !f.fine && cnn_cifar_label(&f, 1) == 7);
    assert_int_equal(cnn_cifar_planes(&f, 1)[4], 99);
    cnn_cifar_close(&f);
    bytes[3073] = 10;
    assert_int_equal(cnn_cifar_open(scratch_write("c", bytes, 2 * 3073), &f), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), "record 1 has label 10"));
    memset(bytes, 0, sizeof bytes);
    bytes[3074] = 19;
    bytes[3075] = 98;
    assert_int_equal(cnn_cifar_open(scratch_write("c", bytes, 3 * 3074), &f), 0);
    assert_true(f.count == 3 && f.fine && cnn_cifar_label(&f, 1) == 98);
    cnn_cifar_close(&f);
    assert_int_equal(cnn_cifar_open(scratch_write("c", bytes, 3075), &f), CNN_EDATA);
    assert_int_equal(cnn_cifar_open(scratch_write("c", bytes, 0), &f), CNN_EDATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outfile),    cmocka_unit_test(test_outfile_errors),
        cmocka_unit_test(test_infile),     cmocka_unit_test(test_npy_header),
        cmocka_unit_test(test_idx),        cmocka_unit_test(test_npy_dictionaries),
        cmocka_unit_test(test_idx_labels), cmocka_unit_test(test_cifar),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
