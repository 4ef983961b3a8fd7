/* The self-test of a model: a few inputs, and what the net gave for them.
 *
 * In a model file it is the metadata's text "cnn.selftest", a JSON object:
 *
 *     {"input": {"dtype": "U8", "shape": [8, 1, 28, 28], "data": "..."},
 *      "output": {"dtype": "F32", "shape": [8, 10], "data": "..."}}
 *
 * or, where the net has several, with lists "inputs" and "outputs" of such objects in the net's
 * order, each with its label as "name". `data` is base64, numbers are little-endian. Inputs of the
 * type U8 are pixels, from which the net's input line (scale, mean, std) makes the very numbers that
 * the net saw; F32 are these numbers. Of several rows a shape is (samples, rows, c) or
 * (samples, rows c, h, w); an input then has a list "rows": how many of each sample are real. What an
 * output has in others is 0. */
#ifndef CNN_MODEL_SELFTEST_H
#define CNN_MODEL_SELFTEST_H

#include "base/error.h"
#include "base/text.h"
#include "tensor/tensor.h"

struct cnn_batch_view;
struct cnn_input;
struct cnn_net;

/* The numbers take no more than so many characters of the text: readers hold the metadata in
 * memory. */
enum { CNN_SELFTEST_MAX = 8 << 20 };

/* An input or an output; the first dimension of its shape is the samples'. */
struct cnn_selftest_values {
    char *name; /* NULL: it is the only one */
    struct cnn_shape shape;
    unsigned char *level; /* pixels, of inputs; NULL: x has the numbers */
    float *x;             /* or NULL */
    int32_t *rows;        /* (samples) of inputs with several: how many are real; NULL: all */
};

struct cnn_selftest {
    size_t samples; /* 0: there is none */
    size_t inputs, outputs;
    struct cnn_selftest_values *input, *output;
};

void cnn_selftest_free(struct cnn_selftest *s); /* leaves {0} */
/* So many inputs and outputs, all {0}, in one that is {0}. CNN_ESYSTEM. */
CNN_CHECKED int cnn_selftest_reserve(struct cnn_selftest *s, size_t inputs, size_t outputs);

/* selftest_text.c: to and from the text. CNN_EDATA with what is malformed, and no file's name. */
CNN_CHECKED int cnn_selftest_read(const char *text, struct cnn_selftest *out);
void cnn_selftest_print(const struct cnn_selftest *s, struct cnn_buf *out);

/* Run the net on the first of the samples; as many as CNN_SELFTEST_MAX allows, which may be none. */
CNN_CHECKED int cnn_selftest_make(struct cnn_net *net, const struct cnn_batch_view *samples,
                                  struct cnn_selftest *out);
/* Input k as the net takes it, x (its shape). CNN_EDATA where it does not have that input's. */
CNN_CHECKED int cnn_selftest_input(const struct cnn_selftest *s, size_t k,
                                   const struct cnn_input *input, float *x);
/* Run the net on the inputs: *error gets max |y - stored| / max |stored|, of several outputs the worst
 * of these. CNN_EDATA where the self-test is not of the net's shapes. */
CNN_CHECKED int cnn_selftest_run(const struct cnn_selftest *s, struct cnn_net *net, double *error);

#endif
