/* CIFAR-10 and CIFAR-100 in their binary version. The class names come from classes.txt beside the
 * file, else from the list that the archive has (batches.meta.txt, fine_label_names.txt), else they
 * are numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lines.h"
#include "data/source/source.h"
#include "file/cifar.h"
#include "file/text_file.h"

enum { SIDE = 32, MAX_META_BYTES = 1 << 16 };

static int load_record(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const unsigned char *planes = cnn_cifar_planes(ds->state, i); /* (3, 32, 32) */
    int rc = cnn_image_reshape(&out->image, 3, SIDE, SIDE, 255);
    for (size_t k = 0; !rc && k < (size_t)3 * SIDE * SIDE; k++)
        out->image.px[k] = (float)planes[k] / 255.0f;
    return rc;
}

static void close_cifar(void *state)
{
    struct cnn_cifar *f = state;
    cnn_cifar_close(f);
    free(f);
}

static const struct cnn_source_type cifar_type = {
    .form = "CIFAR", .load = load_record, .close = close_cifar};

/* The archive's own list: a name a line, empty lines at its end. */
static int read_meta(const char *path, struct cnn_strings *out)
{
    struct stat st;
    struct cnn_found seen = {0};
    char *text, *line;
    size_t size;
    if (stat(path, &st) || !S_ISREG(st.st_mode))
        return 0;
    int rc = cnn_text_read(path, MAX_META_BYTES, &text, &size);
    struct cnn_lines lines = cnn_lines_of(text, rc ? 0 : size);
    while (!rc && (line = cnn_lines_next(&lines)))
        rc = cnn_class_list_add(path, line, &seen, out);
    cnn_found_free(&seen);
    free(text);
    return rc;
}

static int class_names(const struct cnn_dataset *ds, int fine, struct cnn_strings *out)
{
    size_t want = fine ? 100 : 10;
    char *folder = cnn_path_folder(ds->path), text[16];
    char *meta =
        folder ? cnn_path_join(folder, fine ? "fine_label_names.txt" : "batches.meta.txt") : NULL;
    int rc = meta ? cnn_source_beside(folder, out) : CNN_ESYSTEM;
    if (!rc && !out->count)
        rc = read_meta(meta, out);
    if (!rc && out->count && out->count != want)
        rc = cnn_fail(CNN_EDATA, "%s: %zu class names beside it where there are %zu classes",
                      ds->path, out->count, want);
    for (size_t i = 0; !rc && out->count < want; i++) {
        snprintf(text, sizeof text, "%d", (int)i);
        rc = cnn_strings_add(out, text);
    }
    free(folder);
    free(meta);
    return rc;
}

static int open_cifar(struct cnn_dataset *ds, const struct cnn_dataset_options *options)
{
    struct cnn_cifar *f = cnn_calloc(1, sizeof *f);
    struct cnn_found found = {.numeric = 1};
    struct cnn_strings own = {0};
    ds->type = &cifar_type;
    ds->state = f;
    int rc = f ? cnn_cifar_open(ds->path, f) : CNN_ESYSTEM;
    if (!rc)
        rc = class_names(ds, f->fine, &own);
    for (size_t i = 0; !rc && i < f->count; i++) {
        int32_t label;
        rc = cnn_found_add_number(&found, cnn_cifar_label(f, i), ds->path, &label);
        if (!rc)
            rc = cnn_source_add_item(ds, i, label, 1);
    }
    if (!rc)
        rc = cnn_source_settle(ds, options, &found, &own);
    if (!rc) {
        ds->form = f->fine ? "CIFAR-100" : "CIFAR-10";
        ds->bytes = f->bytes.size;
    }
    cnn_found_free(&found);
    cnn_strings_free(&own);
    return rc;
}

/* Nothing but labels and pixels: whole records. */
static int is_cifar(const struct cnn_form_head *h)
{
    return h->total && h->total != SIZE_MAX && (h->total % 3073 == 0 || h->total % 3074 == 0);
}

const struct cnn_form cnn_form_cifar = {.name = "CIFAR",
                                        .endings = (const char *const[]){".bin", NULL},
                                        .is = is_cifar,
                                        .open = open_cifar};
