/* Arbitrary bytes as a dataset, through the door of all programs: opened and its first samples loaded,
 * as a file and as a stream that is read once. */
#include "fuzz.h"

#include <string.h>

#include "data/source/dataset_open.h"

enum { MOST_SAMPLES = 8 };

/* Images of a few bytes may be large. */
static void check_sample(int rc)
{
    if (rc != CNN_ESYSTEM)
        check_code(rc);
}

static void check_image(const struct cnn_sample *s)
{
    const struct cnn_image *im = &s->image;
    size_t n = im->c * im->h * im->w;
    check(n > 0);
    for (size_t i = 0; i < n && im->maxval; i++)
        check(im->px[i] >= 0 && im->px[i] <= 1);
}

static void load(const struct cnn_dataset *ds)
{
    struct cnn_sample s = {0};
    for (size_t i = 0; i < cnn_dataset_count(ds) && i < MOST_SAMPLES; i++) {
        check(cnn_dataset_record(ds, i)->key != NULL);
        int rc = cnn_dataset_load(ds, i, &s);
        check_sample(rc);
        if (!rc)
            check_image(&s);
    }
    cnn_sample_free(&s);
}

static void stream(struct cnn_dataset *ds)
{
    struct cnn_sample s = {0};
    struct cnn_raw *raw = cnn_raw_new();
    int rc = 1;
    for (size_t i = 0; i < MOST_SAMPLES && rc == 1; i++) {
        rc = cnn_dataset_next(ds, raw);
        check_code(rc == 1 ? 0 : rc);
        if (rc == 1)
            check_sample(cnn_raw_decode(ds, raw, &s));
    }
    cnn_raw_free(raw);
    cnn_sample_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_files f;
    fuzz_files_of(&f);
    fuzz_write(f.first, data, size);
    for (int once = 0; once < 2; once++) {
        struct cnn_dataset_options options = {.stream = once ? CNN_STREAM_ONCE : CNN_STREAM_SPOOL,
                                              .unlabelled = once};
        struct cnn_dataset *ds;
        int rc = cnn_dataset_open(f.first, &options, &ds);
        check_code(rc);
        if (rc)
            continue;
        if (cnn_dataset_count(ds) == SIZE_MAX)
            stream(ds);
        else
            load(ds);
        cnn_dataset_close(ds);
    }
    return 0;
}
