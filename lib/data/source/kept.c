/* What a net makes of samples, kept; see kept.h. */
#include "data/source/kept.h"

#include <stdlib.h>
#include <string.h>

#include "data/source/source.h"

struct kept {
    struct cnn_chw shape;
    size_t each; /* elements */
    struct cnn_kept_place at;
    int own; /* its memory */
};

static int load(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const struct kept *k = ds->state;
    if (!k->at.put[i])
        return cnn_fail(CNN_EDATA, "it was left out when outputs were kept");
    int rc = cnn_image_reshape(&out->image, k->shape.c, k->shape.h, k->shape.w, 0);
    if (!rc)
        memcpy(out->image.px, k->at.values + i * k->each, k->each * sizeof(float));
    out->hash = k->at.hash[i];
    return rc;
}

static void close_kept(void *state)
{
    struct kept *k = state;
    free(k->own ? k->at.values : NULL);
    free(k->own ? k->at.hash : NULL);
    free(k->own ? k->at.put : NULL);
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

static int make_room(struct kept *k, size_t n)
{
    k->own = 1;
    k->at.values = cnn_calloc(n, k->each * sizeof *k->at.values);
    k->at.hash = cnn_calloc(n, sizeof *k->at.hash);
    k->at.put = cnn_calloc(n, 1);
    return k->at.values && k->at.hash && k->at.put ? 0 : CNN_ESYSTEM;
}

static int open_kept(struct cnn_dataset *ds, const struct cnn_dataset *of, struct cnn_chw shape,
                     const struct cnn_kept_place *place)
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
    if (place) {
        k->at = *place;
        return 0;
    }
    ds->bytes = cnn_kept_bytes(n, shape);
    return make_room(k, n);
}

int cnn_kept_new(const struct cnn_dataset *of, struct cnn_chw shape,
                 const struct cnn_kept_place *place, struct cnn_dataset **out)
{
    struct cnn_dataset *ds = cnn_calloc(1, sizeof *ds);
    int rc = ds ? open_kept(ds, of, shape, place) : CNN_ESYSTEM;
    *out = rc ? NULL : ds;
    if (rc)
        cnn_dataset_close(ds);
    return rc;
}

void cnn_kept_put(struct cnn_dataset *ds, size_t i, uint64_t hash, const float *values)
{
    struct kept *k = ds->state;
    memcpy(k->at.values + i * k->each, values, k->each * sizeof *values);
    k->at.hash[i] = hash;
    k->at.put[i] = 1;
}
