/* Features as a tar stream: KEY.npy and KEY.cls, between our header and end record. */
#include <stdlib.h>
#include <string.h>

#include "data/source/stream.h"
#include "task/features/private.h"

struct tar {
    struct features_file out;
    struct cnn_stream_writer *writer;
    struct cnn_encoded *encoded;
    struct cnn_chw shape;
};

static int tar_open(void *sink, const struct features_to *to)
{
    struct tar *s = sink;
    s->shape = to->shape;
    s->encoded = cnn_encoded_new();
    int rc = s->encoded ? cnn_features_file_open(&s->out, to, to->path) : CNN_ESYSTEM;
    return rc ? rc
              : cnn_stream_open(fileno(s->out.stream), s->out.name, to->classes, to->history,
                                to->stop, &s->writer);
}

static int tar_add(void *sink, const struct features_row *row)
{
    struct tar *s = sink;
    size_t n = cnn_chw_count(s->shape);
    /* encoding only reads them */
    struct cnn_image values = {s->shape.c, s->shape.h, s->shape.w, 0, (float *)row->values, n};
    struct cnn_sample sample = {.key = (char *)row->key, .image = values, .weight = row->weight};
    struct cnn_field class = {.name = "class", .kind = CNN_FIELD_CLASS, .label = row->label};
    if (row->label >= 0) {
        sample.fields = 1;
        sample.field = &class;
    }
    int rc = cnn_sample_encode(&sample, s->encoded);
    return rc ? rc : cnn_stream_write(s->writer, s->encoded);
}

static int tar_finish(void *sink)
{
    struct tar *s = sink;
    int rc = cnn_stream_finish(s->writer);
    return rc ? rc : cnn_features_file_finish(&s->out);
}

static int tar_commit(void *sink)
{
    struct tar *s = sink;
    return cnn_features_file_commit(&s->out);
}

static void tar_close(void *sink)
{
    struct tar *s = sink;
    cnn_stream_free(s->writer);
    cnn_encoded_free(s->encoded);
    cnn_features_file_close(&s->out);
}

const struct features_sink_type cnn_features_tar = {.open = tar_open,
                                                    .add = tar_add,
                                                    .finish = tar_finish,
                                                    .commit = tar_commit,
                                                    .close = tar_close,
                                                    .size = sizeof(struct tar)};
