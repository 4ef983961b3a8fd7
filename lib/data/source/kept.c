/* What a net makes of samples, kept; see kept.h. */
#include "data/source/kept.h"

#include <stdlib.h>
#include <string.h>

#include "data/source/source.h"

struct kept {
    struct cnn_chw shape;
    size_t each;    /* elements */
    float *values;  /* (count, c, h, w) */
    uint64_t *hash; /* (count) */
    char *put;      /* (count) */
};

static int load(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const struct kept *k = ds->state;
    if (!k->put[i])
        return cnn_fail(CNN_EDATA, "it was left out when outputs were kept");
    int rc = cnn_image_reshape(&out->image, k->shape.c, k->shape.h, k->shape.w, 0);
    if (!rc)
        memcpy(out->image.px, k->values + i * k->each, k->each * sizeof *k->values);
    out->hash = k->hash[i];
    return rc;
}

static void close_kept(void *state)
{
    struct kept *k = state;
    free(k->values);
    free(k->hash);
    free(k->put);
    free(k);
}

static const struct cnn_source_type kept_type = {
    .form = "kept outputs", .load = load, .close = close_kept};

size_t cnn_kept_bytes(size_t count, struct cnn_chw shape)
{
    size_t each, bytes;
    if (cnn_mul_overflows(cnn_chw_count(shape), sizeof(float), &each) ||
        cnn_mul_overflows(each + sizeof(uint64_t) + 1, count, &bytes))
        return SIZE_MAX;
    return bytes;
}

static int open_kept(struct cnn_dataset *ds, const struct cnn_dataset *of, struct cnn_chw shape)
{
    size_t n = cnn_dataset_count(of);
    struct kept *k = ds->state = cnn_calloc(1, sizeof *k);
    ds->type = &kept_type;
    ds->fd = -1;
    ds->path = cnn_strdup(of->path);
    ds->record = cnn_calloc(n, sizeof *ds->record);
    if (!k || !ds->path || !ds->record)
        return CNN_ESYSTEM;
    memcpy(ds->record, of->record, n * sizeof *ds->record);
    ds->count = ds->capacity = n;
    k->shape = shape;
    k->each = cnn_chw_count(shape);
    k->values = cnn_calloc(n, k->each * sizeof *k->values);
    k->hash = cnn_calloc(n, sizeof *k->hash);
    k->put = cnn_calloc(n, 1);
    ds->bytes = cnn_kept_bytes(n, shape);
    return k->values && k->hash && k->put ? 0 : CNN_ESYSTEM;
}

int cnn_kept_new(const struct cnn_dataset *of, struct cnn_chw shape, struct cnn_dataset **out)
{
    struct cnn_dataset *ds = cnn_calloc(1, sizeof *ds);
    int rc = ds ? open_kept(ds, of, shape) : CNN_ESYSTEM;
    *out = rc ? NULL : ds;
    if (rc)
        cnn_dataset_close(ds);
    return rc;
}

void cnn_kept_put(struct cnn_dataset *ds, size_t i, uint64_t hash, const float *values)
{
    struct kept *k = ds->state;
    memcpy(k->values + i * k->each, values, k->each * sizeof *values);
    k->hash[i] = hash;
    k->put[i] = 1;
}
