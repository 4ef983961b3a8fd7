/* Features as NumPy writes them: rows of an array, with keys and classes in a .tsv beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/source/source.h"
#include "file/infile.h"
#include "file/npy.h"
#include "file/text_file.h"

struct rows {
    struct cnn_bytes bytes;
    struct cnn_npy header;
    size_t items; /* elements of one sample */
};

int cnn_source_numbers(struct cnn_image *out, int rank, const size_t *dim)
{
    size_t planes;
    int rc;
    for (int i = 0; i < rank; i++)
        if (!dim[i])
            return cnn_fail(CNN_EDATA, "an array without numbers");
    switch (rank) {
    case 0:
        return cnn_image_reshape(out, 1, 1, 1, 0);
    case 1:
        return cnn_image_reshape(out, dim[0], 1, 1, 0);
    case 2:
        return cnn_image_reshape(out, 1, dim[0], dim[1], 0);
    case 3:
        return cnn_image_reshape(out, dim[0], dim[1], dim[2], 0);
    case 4:
        if (cnn_mul_overflows(dim[0], dim[1], &planes))
            return cnn_fail_memory(SIZE_MAX);
        rc = cnn_image_reshape(out, planes, dim[2], dim[3], 0);
        out->first = dim[0];
        return rc;
    default:
        return cnn_fail(CNN_EDATA, "samples of %d dimensions (at most 4)", rank);
    }
}

static int load_row(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const struct rows *r = ds->state;
    const struct cnn_npy *h = &r->header;
    int rc = cnn_source_numbers(&out->image, h->rank - 1, h->dim + 1);
    if (!rc)
        cnn_npy_read(h, r->bytes.data + h->offset, i * r->items, r->items, out->image.px);
    return rc;
}

static void close_npy(void *state)
{
    struct rows *r = state;
    cnn_bytes_free(&r->bytes);
    free(r);
}

static const struct cnn_source_type npy_type = {
    .form = "npy", .load = load_row, .close = close_npy};

/* The header, and then the file, of which no more is decompressed than the header says. */
static int read_file(const char *path, struct rows *r)
{
    unsigned char head[1 << 16];
    size_t got;
    int rc = cnn_bytes_head(path, head, sizeof head, &got);
    if (rc)
        return rc;
    rc = cnn_npy_parse(head, got, &r->header);
    if (rc)
        return cnn_fail_within("%s", path);
    const struct cnn_npy *h = &r->header;
    return cnn_bytes_gunzip(path, h->offset + h->count * h->item_size, &r->bytes);
}

static int open_rows(const char *path, struct rows *r)
{
    int rc = read_file(path, r);
    if (rc)
        return rc;
    const struct cnn_npy *h = &r->header;
    if (h->rank < 1 || h->rank > 5)
        return cnn_fail(CNN_EDATA, "%s: an array of %d dimensions (rows are needed: 1 to 5)", path,
                        h->rank);
    if ((r->bytes.size - h->offset) / h->item_size < h->count)
        return cnn_fail(CNN_EDATA, "%s: truncated (%zu bytes, %zu expected)", path, r->bytes.size,
                        h->offset + h->count * h->item_size);
    r->items = 1;
    for (int i = 1; i < h->rank; i++)
        r->items *= h->dim[i];
    if (!r->items)
        return cnn_fail(CNN_EDATA, "%s: samples without numbers", path);
    return 0;
}

/* The .tsv beside X.npy (X.npy.gz), when it exists. free() *out. */
static int rows_path(const char *path, char **out)
{
    struct stat st;
    struct cnn_buf b = {0};
    size_t n = strlen(path);
    n -= cnn_path_ends(path, ".gz") ? 3 : 0;
    *out = NULL;
    if (n < 4 || strncmp(path + n - 4, ".npy", 4))
        return 0;
    cnn_buf_add(&b, path, n - 4);
    cnn_buf_puts(&b, ".tsv");
    *out = cnn_buf_take(&b);
    if (!*out)
        return CNN_ESYSTEM;
    if (stat(*out, &st)) {
        free(*out);
        *out = NULL;
    }
    return 0;
}

/* Files of more columns are stores, of which a run that was killed may have left one file of two in place. */
static int check_settled(const char *tsv)
{
    struct cnn_buf next = {0};
    struct stat st;
    cnn_buf_add(&next, tsv, strlen(tsv) - 4);
    cnn_buf_puts(&next, ".next.npy");
    int rc = next.failed ? CNN_ESYSTEM
             : stat(next.text, &st)
                 ? 0
                 : cnn_fail(CNN_EDATA,
                            "%s: a run of cnn-features --incremental was killed as it put this "
                            "file in place: the next one does",
                            tsv);
    cnn_buf_free(&next);
    return rc;
}

static int read_rows(struct cnn_dataset *ds, const char *path, struct cnn_found *found,
                     struct cnn_strings *own)
{
    struct cnn_feature_rows rows = {0};
    char *text;
    size_t size;
    int rc = cnn_text_read(path, 0, &text, &size);
    if (!rc)
        rc = cnn_features_parse(ds, path, text, size, &rows, found, own);
    if (!rc && rows.heading)
        rc = check_settled(path);
    free(text);
    return rc;
}

static int add_records(struct cnn_dataset *ds, const char *tsv, size_t count,
                       struct cnn_found *found, struct cnn_strings *own)
{
    int rc = tsv ? read_rows(ds, tsv, found, own) : 0;
    if (!rc && tsv && ds->count != count)
        rc = cnn_fail(CNN_EDATA, "%s: %zu rows for the %zu samples of %s", tsv, ds->count, count,
                      ds->path);
    for (size_t i = 0; !rc && !tsv && i < count; i++)
        rc = cnn_source_add_item(ds, i, -1, 1);
    return rc;
}

static int open_npy(struct cnn_dataset *ds, const struct cnn_dataset_options *options)
{
    struct rows *r = cnn_calloc(1, sizeof *r);
    struct cnn_found found = {0};
    struct cnn_strings own = {0};
    char *tsv = NULL, *folder = cnn_path_folder(ds->path);
    ds->type = &npy_type;
    ds->state = r;
    int rc = r && folder ? open_rows(ds->path, r) : CNN_ESYSTEM;
    if (!rc)
        rc = rows_path(ds->path, &tsv);
    if (!rc)
        rc = add_records(ds, tsv, r->header.dim[0], &found, &own);
    if (!rc && tsv && !own.count)
        rc = cnn_source_beside(folder, &own);
    if (!rc)
        rc = cnn_source_settle(ds, options, &found, &own);
    if (!rc)
        ds->bytes = r->bytes.mapped ? 0 : r->bytes.size;
    cnn_found_free(&found);
    cnn_strings_free(&own);
    free(tsv);
    free(folder);
    return rc;
}

static int is_npy(const struct cnn_form_head *h)
{
    return cnn_form_begins(h, "\x93NUMPY", 6);
}

const struct cnn_form cnn_form_npy = {
    .name = "npy", .endings = (const char *const[]){".npy", NULL}, .is = is_npy, .open = open_npy};
