/* Features as a tar stream: KEY.npy and KEY.cls, and the samples' other fields, between our header and
 * end record. */
#include <stdlib.h>
#include <string.h>

#include "data/source/stream.h"
#include "task/features/private.h"

struct tar {
    struct features_file out;
    struct cnn_stream_writer *writer;
    struct cnn_encoded *encoded;
    size_t rows;
    const struct cnn_graph *graph;
    struct cnn_field *field; /* (fields) of a sample, borrowed */
    size_t fields, capacity;
};

static int tar_open(void *sink, const struct features_to *to)
{
    struct tar *s = sink;
    s->rows = to->rows;
    s->graph = to->graph;
    s->encoded = cnn_encoded_new();
    int rc = s->encoded ? cnn_features_file_open(&s->out, to, to->path) : CNN_ESYSTEM;
    return rc ? rc
              : cnn_stream_open(fileno(s->out.stream), s->out.name, to->classes, to->history,
                                to->stop, &s->writer);
}

/* The values of all real rows: (rows, c, h, w), or (rows, c) of vectors, as samples are read. */
static struct cnn_image values_of(const struct tar *s, const struct features_row *row)
{
    struct cnn_chw c = row->shape;
    if (s->rows > 1)
        c = c.h * c.w == 1 ? (struct cnn_chw){1, row->rows, c.c}
                           : (struct cnn_chw){row->rows * c.c, c.h, c.w};
    /* encoding only reads them */
    return (struct cnn_image){
        .c = c.c, .h = c.h, .w = c.w, .px = (float *)row->values, .capacity = cnn_chw_count(c)};
}

static int add_field(struct tar *s, const struct cnn_field *f)
{
    if (cnn_grow(&s->field, &s->capacity, s->fields + 1, sizeof *s->field))
        return CNN_ESYSTEM;
    s->field[s->fields++] = *f;
    return 0;
}

static int take_fields(struct tar *s, const struct features_row *row)
{
    struct cnn_field class = {.name = "class", .kind = CNN_FIELD_CLASS, .label = row->label};
    s->fields = 0;
    int rc = row->label >= 0 ? add_field(s, &class) : 0;
    for (size_t i = 0; !rc && row->fields && i < row->fields->fields; i++)
        if (cnn_features_keeps(s->graph, row->fields->field[i].name))
            rc = add_field(s, &row->fields->field[i]);
    return rc;
}

static int tar_add(void *sink, const struct features_row *row)
{
    struct tar *s = sink;
    if (s->rows > 1 && !row->rows)
        return cnn_fail(CNN_EDATA, "%s: no row is left of it, and a sample has one at least",
                        row->key);
    int rc = take_fields(s, row);
    const struct cnn_sample sample = {.key = (char *)row->key,
                                      .image = values_of(s, row),
                                      .weight = row->weight,
                                      .fields = s->fields,
                                      .field = s->field};
    if (!rc)
        rc = cnn_sample_encode(&sample, s->encoded);
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
    free(s->field);
    cnn_features_file_close(&s->out);
}

const struct features_sink_type cnn_features_tar = {.open = tar_open,
                                                    .add = tar_add,
                                                    .finish = tar_finish,
                                                    .commit = tar_commit,
                                                    .close = tar_close,
                                                    .size = sizeof(struct tar),
                                                    .keeps = 1};
