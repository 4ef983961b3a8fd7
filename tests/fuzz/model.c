/* Arbitrary bytes as a file that models are read from, or as a net and its weights, or as an index and
 * the file that it names: through the door of all programs, and what they do with it. */
#include "fuzz.h"

#include <string.h>

#include "model/model.h"
#include "model/net_text.h"

/* Messages begin with the name of the file. */
static void check_opened(int rc, const char *name)
{
    check_code(rc);
    check(!rc || rc == CNN_ENOINPUT || !strncmp(cnn_error_message(), name, strlen(name)));
}

static void try_file(const char *name, const uint8_t *data, size_t size)
{
    struct cnn_model *m;
    unsigned char *copy = malloc(size ? size : 1);
    size_t known = 0;
    memcpy(copy, data, size);
    cnn_import_extent(data, size, &known);
    int rc = cnn_model_of(name, &(struct cnn_bytes){.data = copy, .size = size}, &m);
    check_opened(rc, name);
    if (rc)
        return;
    fuzz_use(m, size);
    cnn_model_free(m);
}

/* The first file as a net alone. */
static void try_net(const char *name)
{
    for (int use = CNN_NET_TO_LOOK_AT; use <= CNN_NET_TO_TRAIN; use++) {
        char *text, *called;
        int rc = cnn_model_net_text(name, (enum cnn_net_use)use, &text, &called);
        check_opened(rc, name);
        if (rc)
            continue;
        fuzz_use_text(called, text);
        free(text);
        free(called);
    }
}

/* What both are of: "NET:WEIGHTS" is a model's name, "INDEX+SHARD" are two files of which the first is. */
static void try_both(const struct fuzz_files *f, size_t size)
{
    struct cnn_model *m;
    int pair = strchr(f->as, ':') != NULL;
    int rc = cnn_model_open(pair ? f->as : f->first, &m);
    check_code(rc);
    if (rc)
        return;
    fuzz_use(m, size);
    cnn_model_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_files f;
    fuzz_files_of(&f);
    if (!*f.second) {
        try_file(f.first, data, size);
        return 0;
    }
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t n = end ? (size_t)(end - data) : size;
    fuzz_write(f.first, data, n);
    fuzz_write(f.second, data + n + (end != NULL), size - n - (end != NULL));
    if (strchr(f.as, ':'))
        try_net(f.first);
    if (end)
        try_both(&f, size);
    return 0;
}
