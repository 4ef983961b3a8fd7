/* Arbitrary bytes into everything that reads samples, below the door of data.c: images, npy, tar, IDX, CIFAR, gzip. Nothing
 * may be read that is not there, nothing may leak, and what is decoded must keep its promises. */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/image/codec.h"
#include "data/image/codecs.h"
#include "data/image/image.h"
#include "data/image/png.h"
#include "file/cifar.h"
#include "file/idx.h"
#include "file/infile.h"
#include "file/npy.h"
#include "file/tar.h"

enum { LARGEST_MEMBER = 1 << 20, MANY_MEMBERS = 1000 };

/* No memory for a large image may come of few bytes, too. */
static void check_decoded(int code)
{
    if (code != CNN_ESYSTEM)
        check_code(code);
}

static void check_image(int code, const struct cnn_image *im)
{
    struct cnn_image small = {0};
    check_decoded(code);
    if (code)
        return;
    check((im->c == 1 || im->c == 3) && im->h && im->w);
    check(im->maxval == 255 || im->maxval == 65535);
    for (size_t i = 0; i < im->c * im->h * im->w; i++)
        check(im->px[i] >= 0 && im->px[i] <= 1);
    if (im->h * im->w < 1 << 16)
        check(cnn_image_resize(&small, im, 7, 5) == 0);
    cnn_image_free(&small);
}

static void try_image(const uint8_t *data, size_t size)
{
    struct cnn_image im = {0};
    struct cnn_chw shape;
    int code = cnn_image_size(data, size, &shape), decoded = cnn_image_decode(data, size, &im);
    check_decoded(code);
    check(decoded || (!code && shape.c == im.c && shape.h == im.h && shape.w == im.w));
    check_image(decoded, &im);
    if (cnn_image_codec_find(data, size) == &cnn_codec_png)
        check_image(cnn_png_decode_stored(data, size, &im), &im);
    cnn_image_free(&im);
}

static void try_npy(const uint8_t *data, size_t size)
{
    struct cnn_npy h;
    int code = cnn_npy_parse(data, size, &h);
    check_decoded(code);
    if (code)
        return;
    check(h.offset <= size && h.rank <= CNN_NPY_MAX_RANK);
    size_t there = (size - h.offset) / h.item_size, n = h.count < there ? h.count : there;
    if (h.fortran && there < h.count)
        return;
    float *out = malloc((n ? n : 1) * sizeof *out);
    cnn_npy_read(&h, data + h.offset, 0, n, out);
    free(out);
}

static void try_tar(const char *path)
{
    struct cnn_tar_reader *r;
    struct cnn_tar_member m;
    int code = cnn_tar_reader_open(path, -1, NULL, 0, NULL, &r);
    check_decoded(code);
    if (code)
        return;
    for (int i = 0; i < MANY_MEMBERS && (code = cnn_tar_reader_next(r, &m)) == 1; i++) {
        check(m.name != NULL);
        if (!m.size || m.size > LARGEST_MEMBER)
            continue;
        char *data = malloc(m.size);
        code = cnn_tar_reader_data(r, data, m.size);
        free(data);
        if (code)
            break;
    }
    check_decoded(code == 1 ? 0 : code);
    cnn_tar_reader_close(r);
}

static void try_tables(const char *path)
{
    struct cnn_idx idx;
    struct cnn_cifar cifar;
    int code = cnn_idx_open(path, &idx);
    check_decoded(code);
    if (!code) {
        unsigned sum = 0;
        for (size_t i = 0; i < idx.dim[0] * idx.item; i++)
            sum += idx.data[i];
        check(sum != 1 || idx.item);
        cnn_idx_close(&idx);
    }
    code = cnn_cifar_open(path, &cifar);
    check_decoded(code);
    if (!code) {
        for (size_t i = 0; i < cifar.count; i++)
            check(cnn_cifar_label(&cifar, i) < 100 &&
                  cnn_cifar_planes(&cifar, i) + 3072 <= cifar.bytes.data + cifar.bytes.size);
        cnn_cifar_close(&cifar);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(cnn_exif_orientation(data, size) <= 8);
    if (cnn_image_is(data, size)) {
        try_image(data, size);
        return 0;
    }
    try_npy(data, size);
    char path[64];
    int fd = memfd_create("fuzz", 0);
    check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    try_tar(path);
    try_tables(path);
    close(fd);
    return 0;
}
