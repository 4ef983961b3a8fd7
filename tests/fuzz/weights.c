/* Arbitrary bytes into everything that reads models and weights, others' texts of nets, and a model's
 * self-test. Nothing
 * may be read that is not there, nothing may leak, and what is read must keep its promises.
 *
 * scripts/fuzz builds and runs it with libFuzzer. With -DFUZZ_MAIN it reads the files named as
 * arguments. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/import/import.h"
#include "model/selftest.h"

static void check(int right)
{
    if (!right)
        abort();
}

/* Only these may come of bytes: bad data, or no memory for much of it. */
static void check_code(int code)
{
    check(code == 0 || ((code == CNN_EDATA || code == CNN_ESYSTEM) && cnn_error_message()[0]));
}

static void try_selftest(const char *text)
{
    struct cnn_selftest s;
    int code = cnn_selftest_read(text, &s);
    check_code(code);
    if (code)
        return;
    check(s.samples > 0 && s.inputs > 0 && s.outputs > 0);
    for (size_t k = 0; k < s.inputs; k++)
        check(s.input[k].shape.dim[0] == s.samples);
    for (size_t k = 0; k < s.outputs; k++)
        check(s.output[k].shape.dim[0] == s.samples);
    struct cnn_buf again = {0};
    cnn_selftest_print(&s, &again);
    check(again.text != NULL);
    cnn_selftest_free(&s);
    check(cnn_selftest_read(again.text, &s) == 0);
    cnn_selftest_free(&s);
    cnn_buf_free(&again);
}

/* Elements that a file repeats, or that deflate makes of few bytes. */
enum { MOST_ELEMENTS = 1 << 26 };

static void try_tensors(const struct cnn_tensor_source *s, size_t size)
{
    for (size_t i = 0; i < cnn_tensors_count(s); i++) {
        const struct cnn_stored_tensor *t = cnn_tensors_at(s, i);
        if (t->count > MOST_ELEMENTS)
            continue;
        float *out = malloc((t->count ? t->count : 1) * sizeof *out);
        int code = cnn_tensor_floats(s, t, out);
        check(!code || (code == CNN_EDATA && !t->data));
        check(code || !t->data || t->bytes <= size);
        free(out);
        check(cnn_tensors_find(s, t->name) == t);
    }
}

static void try_weights(const char *name, const uint8_t *data, size_t size)
{
    struct cnn_imported m;
    unsigned char *copy = malloc(size ? size : 1);
    size_t known = 0;
    memcpy(copy, data, size);
    cnn_import_extent(data, size, &known);
    int code = cnn_import_open(name, &(struct cnn_bytes){.data = copy, .size = size}, &m);
    check_code(code);
    if (code)
        check(!strncmp(cnn_error_message(), name, strlen(name)) || code == CNN_ESYSTEM);
    if (code)
        return;
    try_tensors(m.tensors, size);
    const struct cnn_tensor_source *s = m.tensors;
    for (size_t i = 0; cnn_tensors_text_key(s, i); i++)
        check(cnn_tensors_text(s, cnn_tensors_text_key(s, i)) != NULL);
    if (cnn_tensors_text(s, "cnn.selftest"))
        try_selftest(cnn_tensors_text(s, "cnn.selftest"));
    cnn_imported_free(&m);
}

/* Texts of nets in other forms. What they name is not there. */
static void try_net(const uint8_t *data, size_t size)
{
    const struct cnn_net_form *form = cnn_net_form_of(data, size);
    for (int use = CNN_NET_TO_LOOK_AT; form && use <= CNN_NET_TO_TRAIN; use++) {
        char *text = NULL;
        int code = form->text("fuzz", &(struct cnn_bytes){.data = data, .size = size},
                              (enum cnn_net_use)use, &text);
        check((code == 0) == (text != NULL));
        if (code != CNN_ENOINPUT)
            check_code(code);
        free(text);
    }
}

/* A text, and behind its NUL the weights. */
static void try_pair(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t n = end ? (size_t)(end - data) : 0, rest = end ? size - n - 1 : 0;
    const struct cnn_net_form *form = end ? cnn_net_form_of(data, n) : NULL;
    struct cnn_imported m = {0};
    if (!form)
        return;
    unsigned char *weights = malloc(rest ? rest : 1);
    memcpy(weights, end + 1, rest);
    int code = form->open("fuzz", &(struct cnn_bytes){.data = data, .size = n}, "fuzz",
                          &(struct cnn_bytes){.data = weights, .size = rest}, &m);
    if (code != CNN_ENOINPUT)
        check_code(code);
    if (!code)
        try_tensors(m.tensors, rest);
    cnn_imported_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    try_selftest(text);
    free(text);
    try_weights("fuzz", data, size);
    try_weights("fuzz.caffemodel", data, size);
    try_net(data, size);
    try_pair(data, size);
    if (!cnn_import_of(data, size)) /* pickles of the first protocols have no beginning */
        try_weights("fuzz.pth", data, size);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct cnn_bytes b;
        if (cnn_bytes_map(argv[i], 0, &b)) {
            fprintf(stderr, "weights: %s\n", cnn_error_message());
            return 66;
        }
        LLVMFuzzerTestOneInput(b.data, b.size);
        cnn_bytes_free(&b);
    }
    return 0;
}
#endif
