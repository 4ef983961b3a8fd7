/* Nets and weights of Caffe; see open.h. */
#include "model/import/caffe/open.h"

#include <string.h>

#include "model/import/caffe/caffe.h"

static struct caffe_net *net_new(struct cnn_arena *arena, const char *path)
{
    struct caffe_net *n = arena ? cnn_arena_alloc(arena, sizeof *n) : NULL;
    if (!n)
        return NULL;
    n->path = cnn_arena_strdup(arena, path);
    n->arena = arena;
    cnn_wire_memory(&n->memory, arena);
    return n->path ? n : NULL;
}

/* Which kind a file is */

/* Past blanks and comments. */
static size_t skip(const unsigned char *bytes, size_t i, size_t n)
{
    for (; i < n; i++) {
        if (bytes[i] == '#')
            while (i < n && bytes[i] != '\n')
                i++;
        else if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\n' && bytes[i] != '\r')
            break;
    }
    return i < n ? i : n;
}

/* What a text is by its first word. */
enum text_kind { NO_TEXT, NET, SOLVER };

static enum text_kind kind_of(const unsigned char *bytes, size_t n)
{
    static const struct {
        const char *word, *follows; /* one of these behind it */
        enum text_kind kind;
    } begins[] = {{"name", "\"'", NET},
                  {"input", "\"'", NET},
                  {"layer", "{<", NET},
                  {"layers", "{<", NET},
                  {"input_dim", "0123456789", NET},
                  {"input_shape", "{<", NET},
                  {"state", "{<", NET},
                  {"force_backward", "tf01", NET},
                  {"debug_info", "tf01", NET},
                  {"net", "\"'", SOLVER},
                  {"train_net", "\"'", SOLVER},
                  {"test_iter", "0123456789", SOLVER},
                  {"base_lr", "0123456789.", SOLVER}};
    size_t mark = n >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
    size_t from = skip(bytes, mark, n), to = from;
    while (to < n && ((bytes[to] >= 'a' && bytes[to] <= 'z') || bytes[to] == '_'))
        to++;
    size_t next = skip(bytes, to, n);
    int colon = next < n && bytes[next] == ':';
    next = colon ? skip(bytes, next + 1, n) : next;
    for (size_t i = 0; next < n && bytes[next] && i < sizeof begins / sizeof *begins; i++)
        if (strlen(begins[i].word) == to - from && !memcmp(begins[i].word, bytes + from, to - from))
            return strchr(begins[i].follows, bytes[next]) && colon != (*begins[i].follows == '{')
                       ? begins[i].kind
                       : NO_TEXT;
    return NO_TEXT;
}

int cnn_caffe_is_text(const unsigned char *bytes, size_t n)
{
    return kind_of(bytes, n) != NO_TEXT;
}

int cnn_caffe_is_net(const unsigned char *bytes, size_t n)
{
    return kind_of(bytes, n) == NET;
}

/* The net's name, as any, and then a layer or an input, as of no other form. */
int cnn_caffe_is_weights(const unsigned char *bytes, size_t n)
{
    enum { NAME = 0x0a, LAYER = 0xa2, LAYER_2 = 0x06, LAYER_V1 = 0x12, INPUT = 0x1a };
    size_t i = 0;
    if (n < 4)
        return 0;
    if (bytes[0] == NAME && bytes[1] < 0x80)
        i = 2 + (size_t)bytes[1];
    else if (bytes[0] == NAME)
        return 0;
    if (i + 2 >= n)
        return 0;
    for (size_t k = 2; k < i; k++)
        if (bytes[k] < ' ')
            return 0;
    if (bytes[i] == LAYER && bytes[i + 1] == LAYER_2)
        return 1;
    return i > 2 && (bytes[i] == LAYER_V1 || bytes[i] == INPUT);
}

/* Opening */

static char *copy_of(const struct cnn_buf *b)
{
    return cnn_strndup(b->text, b->size);
}

int cnn_caffe_text(const char *path, const struct cnn_bytes *net, int train, char **text)
{
    struct cnn_arena *arena = cnn_arena_new();
    struct caffe_net *n = net_new(arena, path);
    struct caffe_writer w = {.net = n, .needs_mean = train};
    int rc = n ? 0 : CNN_ESYSTEM;
    *text = NULL;
    if (!rc && kind_of(net->data, net->size) == SOLVER)
        rc = cnn_fail(CNN_EDATA, "%s: a solver of Caffe, not a net (cnn-train --solver takes it)",
                      path);
    if (!rc)
        rc = cnn_caffe_read_text(n, (const char *)net->data, net->size);
    if (!rc)
        rc = cnn_caffe_connect(n, train ? CNN__CAFFE__PHASE__TRAIN : CNN__CAFFE__PHASE__TEST);
    if (!rc)
        rc = cnn_caffe_write(&w);
    if (!rc && !(*text = copy_of(&w.text)))
        rc = CNN_ESYSTEM;
    cnn_buf_free(&w.text);
    cnn_buf_free(&w.refused);
    cnn_arena_free(arena);
    return rc;
}

/* The net of the weights as `from`, and the one to write as `to`. */
static int read_both(struct cnn_arena *arena, const char *path, const struct cnn_bytes *net,
                     const char *weights, const struct cnn_bytes *bytes, struct caffe_net **from,
                     struct caffe_net **to)
{
    *from = net_new(arena, weights);
    *to = net ? net_new(arena, path) : *from;
    if (!*from || !*to)
        return CNN_ESYSTEM;
    int rc = cnn_caffe_read_binary(*from, bytes->data, bytes->size);
    if (rc)
        return rc == CNN_EDATA ? cnn_fail_within("%s", weights) : rc;
    if (!net)
        return cnn_caffe_connect(*from, -1);
    rc = cnn_caffe_read_text(*to, (const char *)net->data, net->size);
    if (!rc)
        rc = cnn_caffe_connect(*to, CNN__CAFFE__PHASE__TEST);
    return rc ? rc : cnn_caffe_take_blobs(*to, *from);
}

/* What was written, to the caller. */
static int give(struct caffe_writer *w, const char *weights, struct cnn_bytes *bytes, char **text,
                char **why, struct cnn_tensor_source **tensors)
{
    if (w->why && !(*why = cnn_strdup(w->why)))
        return CNN_ESYSTEM;
    if (!w->why && !(*text = copy_of(&w->text)))
        return CNN_ESYSTEM;
    return cnn_caffe_tensors(w, weights, bytes, tensors);
}

int cnn_caffe_weights(const char *path, const struct cnn_bytes *net, const char *weights,
                      struct cnn_bytes *bytes, char **text, char **why,
                      struct cnn_tensor_source **tensors)
{
    struct cnn_arena *arena = cnn_arena_new();
    struct caffe_net *from = NULL, *to = NULL;
    int rc = arena ? read_both(arena, path, net, weights, bytes, &from, &to) : CNN_ESYSTEM;
    struct caffe_writer w = {
        .net = to, .other = net ? from : NULL, .needs_mean = 1, .may_lack_net = !net};
    *text = *why = NULL;
    *tensors = NULL;
    if (!rc)
        rc = cnn_caffe_write(&w);
    if (!rc)
        rc = give(&w, weights, bytes, text, why, tensors);
    if (rc) {
        cnn_bytes_free(bytes);
        cnn_arena_free(arena);
    }
    cnn_buf_free(&w.text);
    cnn_buf_free(&w.refused);
    return rc;
}
