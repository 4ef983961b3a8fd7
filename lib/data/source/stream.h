/* Writing our pipe form: a WebDataset tar with a header member and an end record
 * (cnn-formats(5)). Used by cnn-augment and cnn-features. */
#ifndef CNN_DATA_SOURCE_STREAM_H
#define CNN_DATA_SOURCE_STREAM_H

#include "base/error.h"
#include "base/text.h"
#include "data/sample.h"

struct cnn_stream_writer;

/* Begin on a file descriptor with the class list and history (JSON array) in the header. `stop`
 * (may be NULL) nonzero: what would wait for a pipe is CNN_EINTERRUPTED, now and later. */
CNN_CHECKED int cnn_stream_open(int fd, const char *name_for_messages,
                                const struct cnn_strings *classes, const char *history,
                                const volatile int *stop, struct cnn_stream_writer **out);

/* One sample, encoded (any thread): KEY.pgm / KEY.ppm for images, KEY.npy for numbers, then its
 * fields in their order, KEY.cls, KEY.target.npy, KEY.seg.png, KEY.NAME.cls and the like, and
 * KEY.json {"weight": w} when the weight is not 1. */
struct cnn_encoded;
struct cnn_encoded *cnn_encoded_new(void);
void cnn_encoded_free(struct cnn_encoded *e);
CNN_CHECKED int cnn_sample_encode(const struct cnn_sample *s, struct cnn_encoded *out);
/* ... and written, in order. CNN_EIO. */
CNN_CHECKED int cnn_stream_write(struct cnn_stream_writer *w, const struct cnn_encoded *e);

/* The end record and the end of the archive. A stream that is closed without it is a cut one to
 * every reader. */
CNN_CHECKED int cnn_stream_finish(struct cnn_stream_writer *w);
void cnn_stream_free(struct cnn_stream_writer *w);

#endif
