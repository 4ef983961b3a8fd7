/* Nets and weights of darknet; see open.h.
 *
 * A file of weights begins with three numbers of 32 bits, the version, and how many images it has
 * seen: 64 bits from version 0.2 on, else 32. Then follow float32, little-endian: of each layer the
 * biases, with batch normalisation its scales, means and variances, and the weights; of dense layers
 * the weights come before the normalisation. */
#include "model/import/darknet/open.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "file/elements.h"
#include "model/import/darknet/darknet.h"

int cnn_darknet_is_text(const unsigned char *bytes, size_t n)
{
    size_t i = n >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
    for (; i < n; i++) {
        if (bytes[i] == '#' || bytes[i] == ';')
            while (i < n && bytes[i] != '\n')
                i++;
        else if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r' && bytes[i] != '\n')
            return (n - i >= 5 && !memcmp(bytes + i, "[net]", 5)) ||
                   (n - i >= 9 && !memcmp(bytes + i, "[network]", 9));
    }
    return 0;
}

static int write_net(struct darknet_net *n, const char *path, const struct cnn_bytes *net)
{
    n->arena = cnn_arena_new();
    n->path = n->arena ? cnn_arena_strdup(n->arena, path) : NULL;
    int rc = n->path ? cnn_darknet_read(n, (const char *)net->data, net->size) : CNN_ESYSTEM;
    return rc ? rc : cnn_darknet_write(n);
}

static void free_texts(struct darknet_net *n)
{
    cnn_buf_free(&n->text);
    cnn_buf_free(&n->refused);
}

int cnn_darknet_text(const char *path, const struct cnn_bytes *net, char **text)
{
    struct darknet_net n = {0};
    int rc = write_net(&n, path, net);
    *text = rc ? NULL : cnn_buf_take(&n.text);
    free_texts(&n);
    cnn_arena_free(n.arena);
    return rc ? rc : *text ? 0 : CNN_ESYSTEM;
}

/* Weights */

struct header {
    size_t size;
    int old; /* dense weights lie the other way round */
};

static int read_header(const char *path, const struct cnn_bytes *b, struct header *out)
{
    enum { WORDS = 3, MOST = 1000 };
    uint32_t version[WORDS] = {0};
    for (size_t i = 0; i < 4 * WORDS && i < b->size; i++)
        version[i / 4] |= (uint32_t)b->data[i] << (8 * (i % 4));
    int transposed = version[0] > MOST || version[1] > MOST;
    int wide = !transposed && 10 * version[0] + version[1] >= 2;
    *out = (struct header){4 * WORDS + (wide ? 8 : 4), transposed};
    if (b->size < out->size)
        return cnn_fail(CNN_EDATA, "%s: too short for weights of darknet", path);
    return 0;
}

struct darknet_source {
    struct cnn_arena *arena;
    struct cnn_bytes bytes;
    const struct darknet_param *param;
    size_t header;
};

/* Of transposed ones alone: the others lie as they are. */
static int floats(const struct cnn_tensor_source *s, size_t i, float *out)
{
    const struct darknet_source *f = s->state;
    const struct darknet_param *p = &f->param[i];
    const unsigned char *data = f->bytes.data + f->header + p->first * sizeof(float);
    for (size_t k = 0; k < p->count; k++) {
        size_t row = k / p->dim[1], column = k % p->dim[1];
        cnn_elements_read('f', sizeof(float), cnn_big_endian(),
                          data + (column * p->dim[0] + row) * sizeof(float), 1, &out[k]);
    }
    return 0;
}

static void close_source(void *state)
{
    struct darknet_source *f = state;
    if (!f)
        return;
    cnn_bytes_free(&f->bytes);
    cnn_arena_free(f->arena);
    free(f);
}

static const struct cnn_tensor_source_type darknet_source = {.floats = floats,
                                                             .close = close_source};

/* Where the numbers end, by the net. */
static int check_count(const struct darknet_net *n, const char *weights, size_t count, size_t rest)
{
    size_t k = 0;
    while (k < n->params && n->param[k].first + n->param[k].count <= count)
        k++;
    if (k < n->params)
        return cnn_fail(CNN_EDATA, "%s: %zu numbers end within '%s'; %s wants %zu", weights, count,
                        n->param[k].name, n->path, n->numbers);
    if (count != n->numbers || rest)
        return cnn_fail(CNN_EDATA, "%s: %zu numbers, of which %s takes %zu", weights, count,
                        n->path, n->numbers);
    return 0;
}

static int add_tensors(struct darknet_net *n, const unsigned char *data,
                       struct cnn_tensor_source *s)
{
    for (size_t i = 0; i < n->params; i++) {
        const struct darknet_param *p = &n->param[i];
        struct cnn_stored_tensor t = {.name = p->name};
        if (cnn_stored_tensor_shape(&t, CNN_F32, p->rank, p->dim))
            return cnn_fail(CNN_EDATA, "%s: tensor '%s' is too large", s->path, p->name);
        t.data = p->transposed ? NULL : data + p->first * sizeof(float);
        if (cnn_tensors_add(s, &t))
            return CNN_ESYSTEM;
    }
    return cnn_tensors_settle(s);
}

/* The source, which has the arena and the bytes from then on. */
static int make_source(struct darknet_net *n, const char *weights, struct cnn_bytes *bytes,
                       size_t header, struct cnn_tensor_source **out)
{
    struct darknet_source *f = cnn_calloc(1, sizeof *f);
    if (f)
        *f = (struct darknet_source){.param = n->param, .header = header};
    *out = f ? cnn_tensors_new(weights, &darknet_source, f) : NULL;
    if (!*out)
        return CNN_ESYSTEM;
    int rc = add_tensors(n, bytes->data + header, *out);
    if (rc) {
        cnn_tensors_close(*out);
        *out = NULL;
        return rc;
    }
    f->arena = n->arena;
    f->bytes = *bytes;
    return 0;
}

int cnn_darknet_weights(const char *path, const struct cnn_bytes *net, const char *weights,
                        struct cnn_bytes *bytes, char **text, struct cnn_tensor_source **tensors)
{
    struct header h = {0};
    struct darknet_net n = {0};
    *text = NULL;
    *tensors = NULL;
    int rc = read_header(weights, bytes, &h);
    n.old = h.old;
    if (!rc)
        rc = write_net(&n, path, net);
    size_t numbers = rc ? 0 : bytes->size - h.size;
    if (!rc)
        rc = check_count(&n, weights, numbers / sizeof(float), numbers % sizeof(float));
    if (!rc && !(*text = cnn_buf_take(&n.text)))
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = make_source(&n, weights, bytes, h.size, tensors);
    free_texts(&n);
    if (rc) {
        cnn_bytes_free(bytes);
        cnn_arena_free(n.arena);
    }
    return rc;
}
