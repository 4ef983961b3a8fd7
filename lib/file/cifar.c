/* CIFAR-10 and CIFAR-100, binary version (Krizhevsky 2009). See cifar.h. */
#include "file/cifar.h"

#include "base/error.h"

enum { PLANES = 3 * 32 * 32, TEN = 1 + PLANES, HUNDRED = 2 + PLANES };
/* Far more than both sets have; so that a small compressed file cannot become any size. */
#define MOST_BYTES ((size_t)1 << 30)

/* The first record whose label is out of range, or `count`. */
static size_t first_bad(const struct cnn_cifar *f)
{
    size_t stride = f->fine ? HUNDRED : TEN;
    for (size_t i = 0; i < f->count; i++) {
        const unsigned char *r = f->bytes.data + i * stride;
        if (f->fine ? r[0] >= 20 || r[1] >= 100 : r[0] >= 10)
            return i;
    }
    return f->count;
}

int cnn_cifar_open(const char *path, struct cnn_cifar *out)
{
    *out = (struct cnn_cifar){0};
    int rc = cnn_bytes_gunzip(path, MOST_BYTES, &out->bytes);
    if (rc)
        return rc;
    size_t size = out->bytes.size;
    int ten = size && size % TEN == 0, hundred = size && size % HUNDRED == 0;
    if (!ten && !hundred) {
        cnn_cifar_close(out);
        return cnn_fail(CNN_EDATA, "%s: %zu bytes are no whole number of CIFAR records", path,
                        size);
    }
    out->fine = !ten;
    out->count = size / (ten ? TEN : HUNDRED);
    if (ten && hundred && first_bad(out) < out->count) {
        out->fine = 1;
        out->count = size / HUNDRED;
    }
    size_t bad = first_bad(out);
    if (bad < out->count) {
        int label = cnn_cifar_label(out, bad), fine = out->fine;
        cnn_cifar_close(out);
        return cnn_fail(CNN_EDATA, "%s: record %zu has label %d, which CIFAR-%s has not", path, bad,
                        label, fine ? "100" : "10");
    }
    return 0;
}

void cnn_cifar_close(struct cnn_cifar *f)
{
    cnn_bytes_free(&f->bytes);
    *f = (struct cnn_cifar){0};
}

int cnn_cifar_label(const struct cnn_cifar *f, size_t i)
{
    return f->fine ? f->bytes.data[i * HUNDRED + 1] : f->bytes.data[i * TEN];
}

const unsigned char *cnn_cifar_planes(const struct cnn_cifar *f, size_t i)
{
    return f->fine ? f->bytes.data + i * HUNDRED + 2 : f->bytes.data + i * TEN + 1;
}
