/* Samples into a tar stream, on standard output or in a file; see private.h. */
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/source/stream.h"
#include "file/outfile.h"
#include "task/augment/private.h"

struct stream {
    struct sink base;
    struct cnn_stream_writer *writer;
    struct cnn_outfile *file; /* NULL: standard output */
};

static int stream_pack(struct sink *sink, const struct cnn_sample *s, const char *group,
                       void **packed)
{
    (void)sink;
    (void)group; /* the form has no place for it */
    if (!*packed && !(*packed = cnn_encoded_new()))
        return CNN_ESYSTEM;
    return cnn_sample_encode(s, *packed);
}

static void stream_drop(void *packed)
{
    cnn_encoded_free(packed);
}

static int stream_write(struct sink *sink, const void *packed)
{
    return cnn_stream_write(((struct stream *)sink)->writer, packed);
}

static int stream_finish(struct sink *sink)
{
    struct stream *s = (struct stream *)sink;
    int rc = cnn_stream_finish(s->writer);
    return rc ? rc : cnn_outfile_finish(s->file);
}

static int stream_commit(struct sink *sink)
{
    struct stream *s = (struct stream *)sink;
    struct cnn_outfile *file = s->file;
    s->file = NULL;
    return file ? cnn_outfile_commit(file) : 0;
}

static void stream_free(struct sink *sink)
{
    struct stream *s = (struct stream *)sink;
    cnn_stream_free(s->writer);
    cnn_outfile_abort(s->file);
    free(s);
}

static const struct sink_type stream_type = {stream_pack,   stream_drop,   stream_write,
                                             stream_finish, stream_commit, stream_free};

int cnn_sink_open_stream(const char *path, const struct cnn_strings *classes, const char *history,
                         const volatile int *stop, struct sink **out)
{
    struct stream *s = cnn_calloc(1, sizeof *s);
    if (!s)
        return CNN_ESYSTEM;
    s->base.type = &stream_type;
    int rc = path[0] ? cnn_outfile_open(path, &s->file) : 0;
    int fd = s->file ? fileno(cnn_outfile_stream(s->file)) : STDOUT_FILENO;
    if (!rc)
        rc = cnn_stream_open(fd, path[0] ? path : "standard output", classes, history, stop,
                             &s->writer);
    if (rc) {
        stream_free(&s->base);
        return rc;
    }
    *out = &s->base;
    return 0;
}
