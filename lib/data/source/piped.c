/* An image from a pipe. */
#include <stdlib.h>
#include <string.h>

#include "data/source/source.h"

/* Its bytes are the state. */
struct piped {
    size_t size;
    unsigned char bytes[];
};

static int load_piped(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const struct piped *p = ds->state;
    (void)i;
    return cnn_sample_decode(out, p->bytes, p->size);
}

static const struct cnn_source_type piped_type = {
    .form = "image", .load = load_piped, .close = free};

int cnn_open_image_bytes(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                         const unsigned char *bytes, size_t size)
{
    struct cnn_found found = {0};
    struct cnn_record r = {.key = "-", .source = ds->path, .label = -1, .weight = 1};
    struct piped *p = cnn_calloc(1, sizeof *p + size);
    if (!p)
        return CNN_ESYSTEM;
    p->size = size;
    memcpy(p->bytes, bytes, size);
    ds->type = &piped_type;
    ds->state = p;
    int rc = cnn_source_add(ds, &r);
    return rc ? rc : cnn_source_settle(ds, options, &found, NULL);
}
