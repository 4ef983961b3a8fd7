/* Parts of HDF5 files that stand in several places; see private.h. */
#include "file/hdf5/private.h"

enum { MOST_STEPS = 1 << 22, LEAST = 8 /* bytes of what a step is for */ };

const unsigned char *cnn_hdf5_bytes(const struct cnn_hdf5 *h, uint64_t at, uint64_t n)
{
    return at <= h->size && n <= h->size - at ? h->bytes + at : NULL;
}

uint64_t cnn_hdf5_number(const unsigned char *p, int bytes)
{
    uint64_t n = 0;
    for (int i = 0; i < bytes; i++)
        n |= (uint64_t)p[i] << (8 * i);
    return n;
}

int cnn_hdf5_malformed(const struct cnn_hdf5 *h, const char *where)
{
    return cnn_fail(CNN_EDATA, "%s: malformed HDF5 file%s%.200s%s", h->path, *where ? ": '" : "",
                    where, *where ? "'" : "");
}

int cnn_hdf5_refuse(const struct cnn_hdf5 *h, const char *where, const char *what)
{
    return cnn_fail(CNN_EDATA, "%s: '%.200s' %s", h->path, where, what);
}

int cnn_hdf5_step(struct cnn_hdf5 *h)
{
    size_t most = h->size / LEAST < MOST_STEPS ? h->size / LEAST : MOST_STEPS;
    return h->steps++ < most ? 0 : cnn_hdf5_malformed(h, "");
}

int cnn_hdf5_type(struct cnn_hdf5_part p, struct cnn_hdf5_type *out)
{
    enum { HEAD = 8, FLOATING = 12, EXPONENT = 5 };
    if (p.size < HEAD)
        return 1;
    *out = (struct cnn_hdf5_type){.class = p.data[0] & 15,
                                  .bits = (unsigned)cnn_hdf5_number(p.data + 1, 3),
                                  .size = (size_t)cnn_hdf5_number(p.data + 4, 4)};
    if (out->class == 1 && p.size < HEAD + FLOATING)
        return 1;
    if (out->class == 1)
        out->exponent = p.data[HEAD + EXPONENT];
    return 0;
}

int cnn_hdf5_space(struct cnn_hdf5_part p, struct cnn_hdf5_space *out)
{
    enum { HEAD_1 = 8, HEAD_2 = 4, SIDE = 8, NONE = 2 };
    size_t head = p.size >= HEAD_2 && p.data[0] == 2 ? HEAD_2 : HEAD_1;
    if (p.size < head || p.data[0] < 1 || p.data[0] > 2 || (p.data[0] == 2 && p.data[3] == NONE))
        return 1;
    out->rank = p.data[1];
    if (out->rank > CNN_HDF5_MAX_RANK || p.size < head + SIDE * (size_t)out->rank)
        return 1;
    for (int i = 0; i < out->rank; i++)
        out->dim[i] = cnn_hdf5_number(p.data + head + SIDE * i, SIDE);
    return 0;
}
