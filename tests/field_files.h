/* Files with samples that have fields: tars of members that are given, and a list of classes. */
#ifndef FIELD_FILES_H
#define FIELD_FILES_H
#include "scratch.h"

#include <fcntl.h>

#include "base/memory.h"
#include "data/loader/loader.h"
#include "data/source/dataset_open.h"
#include "data/source/stream.h"
#include "file/npy.h"
#include "file/tar.h"

struct member {
    const char *name, *bytes;
    size_t size;
};

static inline const char *write_tar(const char *name, const struct member *m, size_t count)
{
    struct cnn_tar_writer *w;
    const char *path = scratch_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(cnn_tar_writer_open(fd, path, NULL, &w), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(cnn_tar_writer_add(w, m[i].name, m[i].bytes, m[i].size), 0);
    assert_int_equal(cnn_tar_writer_finish(w), 0);
    cnn_tar_writer_free(w);
    close(fd);
    return path;
}

/* An npy array of (rows, columns); columns 0: of (rows). */
static inline struct member numbers(const char *name, size_t rows, size_t columns, const float *x)
{
    size_t dim[2] = {rows, columns}, count = rows * (columns ? columns : 1), size;
    unsigned char *head;
    static char memory[8][512];
    static int next;
    char *bytes = memory[next++ % 8];
    assert_int_equal(cnn_npy_header(CNN_F32, columns ? 2 : 1, dim, &head, &size), 0);
    assert_true(size + count * sizeof *x <= sizeof memory[0]);
    memcpy(bytes, head, size);
    memcpy(bytes + size, x, count * sizeof *x);
    free(head);
    return (struct member){name, bytes, size + count * sizeof *x};
}

#define TEXT(name, text) ((struct member){name, text, sizeof text - 1})
#define GREY(c)          "P5 2 1 255\n" c "\x80"
static const float six[] = {1, 2, 3, 4, 5, 6};
static const struct cnn_input input = {.shape = {1, 1, 2}, .scale = 1};

static inline void write_list(void)
{
    scratch_write("classes.colour.txt", "blue\ngreen\nred\n", 15);
}

static inline struct cnn_dataset *open_data(const char *path)
{
    struct cnn_dataset *ds;
    if (cnn_dataset_open(path, NULL, &ds))
        fail_msg("%s", cnn_error_message());
    return ds;
}
#endif
