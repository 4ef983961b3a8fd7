/* The self-test of a model: a few inputs, and what the net gave for them.
 *
 * In a model file it is the metadata's text "cnn.selftest", a JSON object:
 *
 *     {"input": {"dtype": "U8", "shape": [8, 1, 28, 28], "data": "..."},
 *      "output": {"dtype": "F32", "shape": [8, 10], "data": "..."}}
 *
 * `data` is base64, numbers are little-endian. Inputs of the type U8 are pixels, from which the
 * net's input line (scale, mean, std) makes the very numbers that the net saw; F32 are these
 * numbers. */
#ifndef CNN_MODEL_SELFTEST_H
#define CNN_MODEL_SELFTEST_H

#include "base/error.h"
#include "base/text.h"
#include "tensor/tensor.h"

struct cnn_input;
struct cnn_net;

/* The numbers take no more than so many characters of the text: readers hold the metadata in
 * memory. */
enum { CNN_SELFTEST_MAX = 8 << 20 };

struct cnn_selftest {
    size_t samples;           /* 0: there is none */
    struct cnn_shape in, out; /* the first dimension is the samples' */
    unsigned char *level;     /* (in) pixels; NULL: x has the numbers */
    float *x;                 /* (in), or NULL */
    float *y;                 /* (out) */
};

void cnn_selftest_free(struct cnn_selftest *s); /* leaves {0} */

/* selftest_text.c: to and from the text. CNN_EDATA with what is malformed, and no file's name. */
CNN_CHECKED int cnn_selftest_read(const char *text, struct cnn_selftest *out);
void cnn_selftest_print(const struct cnn_selftest *s, struct cnn_buf *out);

/* Run the net on the first of n samples, preprocessed; as many as CNN_SELFTEST_MAX allows, which
 * may be none. */
CNN_CHECKED int cnn_selftest_make(struct cnn_net *net, const float *x, size_t n,
                                  struct cnn_selftest *out);
/* The inputs as the net takes them, x (in). CNN_EDATA where they do not have the input's shape. */
CNN_CHECKED int cnn_selftest_inputs(const struct cnn_selftest *s, const struct cnn_input *input,
                                    float *x);
/* Run the net on the inputs: *error gets max |y - stored| / max |stored|. CNN_EDATA where the
 * self-test is not of the net's shapes. */
CNN_CHECKED int cnn_selftest_run(const struct cnn_selftest *s, struct cnn_net *net, double *error);

#endif
