/* From an image to the numbers that a net's input takes; the same in every program. */
#ifndef CNN_DATA_IMAGE_PREPROCESS_H
#define CNN_DATA_IMAGE_PREPROCESS_H

#include "base/error.h"
#include "base/option.h"
#include "data/image/image.h"
#include "data/image/warp.h"
#include "kern/image.h"
#include "tensor/tensor.h"

/* The `input` line of a net: its shape and how images become it. An image is brought to the
 * shape's channels, resized and cropped, then value = (pixel * scale - mean[c]) / std[c] with pixel
 * in 0..255. */
struct cnn_input {
    struct cnn_chw shape;
    size_t rows; /* of that shape in a sample, at most: 1 (or 0) but for sequences and sets */
    struct cnn_reals mean, std; /* one number for all channels, or one each; default 0 and 1 */
    double scale;               /* default 1/255 */
    int bgr;                    /* channels in the order blue, green, red */
    int resize; /* the shorter side becomes this, then the middle is cut out; 0: stretched to the
                     shape */
    enum cnn_filter filter; /* how it is resized */
    int declared;           /* 0: the net's text had no input line; the shape came from the data */
};

/* Memory that preprocessing reuses from one sample to the next; start from {0}. */
struct cnn_preprocess_scratch {
    struct cnn_image a, b;
};
void cnn_preprocess_scratch_free(struct cnn_preprocess_scratch *s);

/* What the input resizes images to, for decoding them. */
struct cnn_fit cnn_input_fit(const struct cnn_input *input);

/* Fill out (c, h, w) of the input's shape from the image. Numbers that are no image (maxval 0) are
 * copied and must have exactly the input's shape, or its count as a plain vector, or be (c, w)
 * or (c, h) for an input of one row or one column, a signal. CNN_EDATA otherwise. */
CNN_CHECKED int cnn_preprocess(const struct cnn_input *input, const struct cnn_image *im,
                               struct cnn_preprocess_scratch *scratch, float *out);

/* The same for an input of several rows, out (rows, c, h, w): how many are real, behind which are
 * zeros. An image is one row, numbers are as many as they make: their shape is (rows, c, h, w),
 * (c, rows, h, w) where that cannot be rows first, or (rows, c h w). CNN_EDATA for more rows than the input has. */
CNN_CHECKED int cnn_preprocess_rows(const struct cnn_input *input, const struct cnn_image *im,
                                    struct cnn_preprocess_scratch *scratch, float *out,
                                    size_t *rows);
/* The most rows of a sample, and its elements with all of them. */
size_t cnn_input_rows(const struct cnn_input *input);
size_t cnn_input_count(const struct cnn_input *input);
/* What the input shows of an image of h x w, but for what is in between its pixels. */
struct cnn_view cnn_preprocess_view(const struct cnn_input *input, size_t h, size_t w);

/* Numbers must be finite: what is not spoils all that it meets. CNN_EDATA, naming the first that is
 * not after `what`. */
CNN_CHECKED int cnn_numbers_check(const char *what, const struct cnn_image *im);

/* The same for an image that a device prepares: what it does alike for all, and with an image whose
 * map and view are set; CNN_EDATA where that is no image any more. fill: what the maps have
 * outside.
 */
struct cnn_image_rule cnn_preprocess_rule(const struct cnn_input *input, enum cnn_fill fill);
CNN_CHECKED int cnn_preprocess_place(const struct cnn_input *input, struct cnn_stored_image *im);
/* Whether an image of so many channels can become the input. CNN_EDATA. */
int cnn_preprocess_takes(const struct cnn_input *input, size_t channels);

#endif
