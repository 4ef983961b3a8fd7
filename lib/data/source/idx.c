/* IDX images with the label file beside them (MNIST and its like). */
#include <stdlib.h>
#include <string.h>

#include "data/image/codec.h"
#include "data/source/source.h"
#include "file/idx.h"

static int load_image(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const struct cnn_idx *f = ds->state;
    size_t h = f->dim[1], w = f->dim[2], c = f->rank == 4 ? f->dim[3] : 1;
    const unsigned char *px = f->data + i * f->item; /* (h, w, c) */
    int rc = cnn_image_reshape(&out->image, c, h, w, 255);
    for (size_t y = 0; !rc && y < h; y++)
        cnn_codec_row8(&out->image, y, px + y * w * c, c, 255);
    return rc;
}

static void close_idx(void *state)
{
    struct cnn_idx *f = state;
    cnn_idx_close(f);
    free(f);
}

static const struct cnn_source_type idx_type = {
    .form = "IDX", .load = load_image, .close = close_idx};

/* The labels of `count` images; none when there is no such file and none was named. */
static int open_labels(const struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                       size_t count, struct cnn_idx *labels)
{
    char *beside = NULL;
    if (!options->labels && cnn_idx_labels_path(ds->path, &beside))
        return CNN_ESYSTEM;
    const char *path = options->labels ? options->labels : beside;
    int rc = path ? cnn_idx_open(path, labels) : 0;
    if (!rc && path && labels->rank != 1)
        rc = cnn_fail(CNN_EDATA, "%s: IDX data of %d dimensions where labels have one", path,
                      labels->rank);
    else if (!rc && path && labels->dim[0] != count)
        rc = cnn_fail(CNN_EDATA, "%s: %zu labels for the %zu images of %s", path, labels->dim[0],
                      count, ds->path);
    free(beside);
    return rc;
}

static int add_records(struct cnn_dataset *ds, size_t count, const struct cnn_idx *labels,
                       struct cnn_found *found)
{
    int rc = 0;
    found->numeric = 1;
    for (size_t i = 0; !rc && i < count; i++) {
        int32_t label = -1;
        if (labels->data)
            rc = cnn_found_add_number(found, labels->data[i], ds->path, &label);
        if (!rc)
            rc = cnn_source_add_item(ds, i, label, 1);
    }
    return rc;
}

static int open_idx(struct cnn_dataset *ds, const struct cnn_dataset_options *options)
{
    struct cnn_idx labels = {0}, *f = cnn_calloc(1, sizeof *f);
    struct cnn_found found = {0};
    struct cnn_strings own = {0};
    char *folder = cnn_path_folder(ds->path);
    ds->type = &idx_type;
    ds->state = f;
    int rc = f && folder ? cnn_idx_open(ds->path, f) : CNN_ESYSTEM;
    if (!rc && f->rank == 1)
        rc = cnn_fail(CNN_EDATA, "%s: labels, not images", ds->path);
    if (!rc && f->rank == 4 && f->dim[3] != 1 && f->dim[3] != 3)
        rc = cnn_fail(CNN_EDATA, "%s: images of %zu channels (1 or 3)", ds->path, f->dim[3]);
    if (!rc)
        rc = open_labels(ds, options, f->dim[0], &labels);
    if (!rc)
        rc = add_records(ds, f->dim[0], &labels, &found);
    if (!rc)
        rc = cnn_source_beside(folder, &own);
    if (!rc)
        rc = cnn_source_settle(ds, options, &found, &own);
    if (!rc)
        ds->bytes = f->bytes.size;
    cnn_idx_close(&labels);
    cnn_found_free(&found);
    cnn_strings_free(&own);
    free(folder);
    return rc;
}

/* Two zeros, the type of the elements, the rank. */
static int is_idx(const struct cnn_form_head *h)
{
    const unsigned char *b = h->bytes;
    return h->size >= 4 && !b[0] && !b[1] && b[2] >= 8 && b[2] <= 14 && b[3] >= 1 && b[3] <= 4;
}

const struct cnn_form cnn_form_idx = {.name = "IDX",
                                      .endings = (const char *const[]){"-ubyte", NULL},
                                      .is = is_idx,
                                      .open = open_idx};
