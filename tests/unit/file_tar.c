/* Tar: what is written is read back, by offset too, in every dialect; writing fails as it should.
 */
#include "scratch.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <zlib.h>

#include "base/error.h"
#include "file/tar.h"

static char long_name[400];

/* Names that need nothing, a ustar prefix, an extended header; and one that is not ASCII. */
static const char *member_name(int i)
{
    static char prefix_name[160];
    memset(prefix_name, 'p', 120);
    strcpy(prefix_name + 60, "/");
    memset(prefix_name + 61, 'q', 60);
    prefix_name[121] = '\0';
    memset(long_name, 'n', 300);
    long_name[300] = '\0';
    const char *const names[] = {"a.ppm", prefix_name, long_name, "caf\xc3\xa9.cls", "b/c.cls"};
    return names[i];
}

static size_t member_size(int i)
{
    const size_t sizes[] = {5, 512, 1000, 0, 70000};
    return sizes[i];
}

static unsigned char member_byte(int i, size_t k)
{
    return (unsigned char)(i * 31 + (int)(k % 251));
}

/* The same members by libarchive itself, in one of its formats and filters. */
static void write_foreign(const char *path, int format, int filter)
{
    struct archive *a = archive_write_new();
    unsigned char *data = malloc(70000);
    assert_int_equal(archive_write_set_format(a, format), ARCHIVE_OK);
    assert_int_equal(archive_write_add_filter(a, filter), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    for (int i = 0; i < 5; i++) {
        struct archive_entry *e = archive_entry_new();
        if (format != ARCHIVE_FORMAT_TAR_USTAR || i != 2)
            archive_entry_set_pathname(e, member_name(i));
        else
            archive_entry_set_pathname(e, "short");
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0600);
        archive_entry_set_mtime(e, 1234567890, 987654321);
        archive_entry_set_size(e, (la_int64_t)member_size(i));
        for (size_t k = 0; k < member_size(i); k++)
            data[k] = member_byte(i, k);
        assert_true(archive_write_header(a, e) >= ARCHIVE_WARN);
        assert_int_equal(archive_write_data(a, data, member_size(i)), member_size(i));
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    free(data);
}

static void check_bytes(int i, const unsigned char *bytes)
{
    for (size_t k = 0; k < member_size(i); k++)
        if (bytes[k] != member_byte(i, k))
            fail_msg("member %d differs at byte %zu", i, k);
}

/* Every member; odd ones only by their offset, so that skipping is tried too. */
static void check_archive(const char *path, int seekable, int names)
{
    struct cnn_tar_reader *r;
    struct cnn_tar_member m;
    unsigned char *data = malloc(70000);
    int fd = open(path, O_RDONLY);
    assert_int_equal(cnn_tar_reader_open(path, -1, NULL, 0, NULL, &r), 0);
    for (int i = 0; i < 5; i++) {
        int rc = cnn_tar_reader_next(r, &m);
        if (rc != 1)
            fail_msg("%s member %d: %d %s", path, i, rc, cnn_error_message());
        if (names)
            assert_string_equal(m.name, member_name(i));
        assert_int_equal(m.size, member_size(i));
        assert_true(m.regular);
        assert_int_equal(m.offset >= 0, seekable);
        if (seekable) {
            memset(data, 0xee, 70000);
            assert_int_equal(pread(fd, data, m.size, m.offset), m.size);
            check_bytes(i, data);
        }
        if (!seekable || i % 2 == 0) {
            assert_int_equal(cnn_tar_reader_data(r, data, m.size), 0);
            check_bytes(i, data);
        }
    }
    assert_int_equal(cnn_tar_reader_next(r, &m), 0);
    cnn_tar_reader_close(r);
    close(fd);
    free(data);
}

static void test_dialects(void **state)
{
    (void)state;
    const char *path = scratch_path("foreign.tar");
    write_foreign(path, ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE);
    check_archive(path, 1, 0);
    write_foreign(path, ARCHIVE_FORMAT_TAR_GNUTAR, ARCHIVE_FILTER_NONE);
    check_archive(path, 1, 1);
    write_foreign(path, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, ARCHIVE_FILTER_NONE);
    check_archive(path, 1, 1);
    write_foreign(path, ARCHIVE_FORMAT_TAR_PAX_RESTRICTED, ARCHIVE_FILTER_GZIP);
    check_archive(path, 0, 1);
    write_foreign(path, ARCHIVE_FORMAT_TAR_PAX_RESTRICTED, ARCHIVE_FILTER_XZ);
    check_archive(path, 0, 1);
}

static void write_ours(const char *path)
{
    struct cnn_tar_writer *w;
    unsigned char *data = malloc(70000);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_int_equal(cnn_tar_writer_open(fd, path, NULL, &w), 0);
    for (int i = 0; i < 5; i++) {
        for (size_t k = 0; k < member_size(i); k++)
            data[k] = member_byte(i, k);
        if (cnn_tar_writer_add(w, member_name(i), data, member_size(i)))
            fail_msg("%s", cnn_error_message());
    }
    assert_int_equal(cnn_tar_writer_finish(w), 0);
    cnn_tar_writer_free(w);
    close(fd);
    free(data);
}

static void test_ours(void **state)
{
    (void)state;
    size_t n, again;
    write_ours(scratch_path("ours.tar"));
    check_archive(scratch_path("ours.tar"), 1, 1);
    write_ours(scratch_path("second.tar"));
    unsigned char *a = slurp(scratch_path("ours.tar"), &n);
    unsigned char *b = slurp(scratch_path("second.tar"), &again);
    assert_int_equal(n, again);
    assert_memory_equal(a, b, n);
    assert_int_equal(n % 512, 0);
    assert_memory_equal(a + 108, "000000 ", 7);       /* uid */
    assert_memory_equal(a + 136, "00000000000 ", 12); /* mtime */
    free(a);
    free(b);
}

/* Cut anywhere: an error, or (at a member's boundary) fewer members; never wrong data, never more.
 */
static void test_cut(void **state)
{
    (void)state;
    size_t n;
    write_ours(scratch_path("ours.tar"));
    unsigned char *bytes = slurp(scratch_path("ours.tar"), &n), *data = malloc(70000);
    for (size_t cut = 0; cut < n - 1024; cut += cut < 6000 ? 37 : 4099) {
        struct cnn_tar_reader *r;
        struct cnn_tar_member m;
        int count = 0,
            rc = cnn_tar_reader_open(scratch_write("cut.tar", bytes, cut), -1, NULL, 0, NULL, &r);
        if (!rc) {
            while ((rc = cnn_tar_reader_next(r, &m)) == 1) {
                rc = cnn_tar_reader_data(r, data, m.size);
                if (rc)
                    break;
                check_bytes(count++, data);
            }
            cnn_tar_reader_close(r);
        }
        assert_true(rc == CNN_EDATA || (rc == 0 && count < 5 && cut % 512 == 0));
        if (cut % 512)
            assert_int_equal(rc, CNN_EDATA);
    }
    free(bytes);
    free(data);
}

/* From a pipe, and from a descriptor that stands behind other bytes. */
static void test_descriptors(void **state)
{
    (void)state;
    size_t n;
    int ends[2];
    struct cnn_tar_reader *r;
    struct cnn_tar_member m;
    write_ours(scratch_path("ours.tar"));
    unsigned char *bytes = slurp(scratch_path("ours.tar"), &n), *shifted = malloc(n + 7);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], bytes, 4096), 4096);
    close(ends[1]);
    assert_int_equal(cnn_tar_reader_open("-", ends[0], NULL, 0, NULL, &r), 0);
    assert_int_equal(cnn_tar_reader_next(r, &m), 1);
    assert_int_equal(m.offset, -1);
    cnn_tar_reader_close(r);
    close(ends[0]);
    memset(shifted, 1, 7);
    memcpy(shifted + 7, bytes, n);
    int fd = open(scratch_write("shifted", shifted, n + 7), O_RDONLY);
    assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
    assert_int_equal(cnn_tar_reader_open("-", fd, NULL, 0, NULL, &r), 0);
    assert_int_equal(cnn_tar_reader_next(r, &m), 1);
    assert_int_equal(m.offset, 7 + 512);
    cnn_tar_reader_close(r);
    close(fd);
    free(bytes);
    free(shifted);
}

/* Everything in an archive; the error, or 0. */
static int read_through(const char *path)
{
    struct cnn_tar_reader *r;
    struct cnn_tar_member m;
    unsigned char *data = malloc(70000);
    int rc = cnn_tar_reader_open(path, -1, NULL, 0, NULL, &r);
    while (!rc && (rc = cnn_tar_reader_next(r, &m)) == 1)
        rc = cnn_tar_reader_data(r, data, m.size);
    cnn_tar_reader_close(r);
    free(data);
    return rc;
}

static void refuse(const unsigned char *bytes, size_t n, const char *why)
{
    assert_int_equal(read_through(scratch_write("bad.tgz", bytes, n)), CNN_EDATA);
    assert_non_null(strstr(cnn_error_message(), why));
}

/* Stored, not deflated: nothing but the checksum tells that a byte is another. */
static void test_gzip_checks(void **state)
{
    (void)state;
    size_t n;
    write_ours(scratch_path("ours.tar"));
    unsigned char *tar = slurp(scratch_path("ours.tar"), &n);
    gzFile f = gzopen(scratch_path("ours.tgz"), "wb0");
    assert_int_equal(gzwrite(f, tar, (unsigned)n), (int)n);
    assert_int_equal(gzclose(f), Z_OK);
    check_archive(scratch_path("ours.tgz"), 0, 1);
    free(tar);
    tar = slurp(scratch_path("ours.tgz"), &n);
    unsigned char *gz = calloc(2, n);
    memcpy(gz, tar, n);
    assert_int_equal(read_through(scratch_write("padded.tgz", gz, n + 1000)), 0);
    memcpy(gz + n, tar, n);
    assert_int_equal(read_through(scratch_write("twice.tgz", gz, 2 * n)), 0);
    gz[n] = 'x';
    refuse(gz, 2 * n, "garbage behind the gzip data");
    refuse(gz, n - 1, "truncated gzip file");
    gz[n - 20000] ^= 1;
    refuse(gz, n, "corrupt gzip file (incorrect data check)");
    gz[n - 20000] ^= 1;
    memset(gz + n - 8, 0, 8);
    refuse(gz, n, "corrupt gzip file (incorrect data check)");
    memcpy(gz + n - 8, tar + n - 8, 4);
    refuse(gz, n, "corrupt gzip file (incorrect length check)");
    free(tar);
    free(gz);
}

/* Until it fails; the code of the first failure. */
static int fill(int fd, const char *name)
{
    struct cnn_tar_writer *w;
    static const char data[1 << 16];
    assert_int_equal(cnn_tar_writer_open(fd, name, NULL, &w), 0);
    int rc = 0;
    for (int i = 0; i < 100 && !rc; i++)
        rc = cnn_tar_writer_add(w, "x", data, sizeof data);
    if (!rc)
        rc = cnn_tar_writer_finish(w);
    assert_int_equal(cnn_tar_writer_finish(w), rc);
    cnn_tar_writer_free(w);
    return rc;
}

static void test_write_errors(void **state)
{
    (void)state;
    int ends[2], full = open("/dev/full", O_WRONLY);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(fill(ends[1], "stdout"), CNN_EPIPE);
    assert_string_equal(cnn_error_message(), "stdout: Broken pipe");
    close(ends[1]);
    assert_true(full >= 0);
    assert_int_equal(fill(full, "out.tar"), CNN_EIO);
    assert_string_equal(cnn_error_message(), "out.tar: No space left on device");
    close(full);
}

static void test_garbage(void **state)
{
    (void)state;
    struct cnn_tar_reader *r;
    struct cnn_tar_member m;
    char noise[2048];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * 7 + 1);
    for (size_t n = 0; n <= sizeof noise; n += 1024) {
        int rc = cnn_tar_reader_open(scratch_write("noise", noise, n), -1, NULL, 0, NULL, &r);
        if (!rc)
            rc = cnn_tar_reader_next(r, &m);
        assert_int_equal(rc, CNN_EDATA);
        assert_non_null(strstr(cnn_error_message(), "not a tar archive"));
        cnn_tar_reader_close(r);
    }
    assert_int_equal(cnn_tar_reader_open(scratch_path("missing"), -1, NULL, 0, NULL, &r),
                     CNN_ENOINPUT);
}

static void test_speed(void **state)
{
    (void)state;
    struct cnn_tar_writer *w;
    struct timespec a, b;
    char name[32], data[10] = {0};
    enum { MEMBERS = 100000 };
    int fd = open("/dev/null", O_WRONLY);
    assert_int_equal(cnn_tar_writer_open(fd, "null", NULL, &w), 0);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < MEMBERS; i++) {
        snprintf(name, sizeof name, "%08d.cls", i);
        assert_int_equal(cnn_tar_writer_add(w, name, data, sizeof data), 0);
    }
    assert_int_equal(cnn_tar_writer_finish(w), 0);
    clock_gettime(CLOCK_MONOTONIC, &b);
    cnn_tar_writer_free(w);
    close(fd);
    double s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9;
    print_message("%.0f members a second\n", MEMBERS / s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gzip_checks), cmocka_unit_test(test_dialects),
        cmocka_unit_test(test_ours),        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_descriptors), cmocka_unit_test(test_write_errors),
        cmocka_unit_test(test_garbage),     cmocka_unit_test(test_speed),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
