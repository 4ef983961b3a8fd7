/* Weights in files beside the model; see onnx.h. */
#include "model/import/onnx/onnx.h"

#include <string.h>

enum { MOST_FILES = 1000 };

static const char *entry(const Cnn__Onnx__Tensor *t, const char *key)
{
    for (size_t i = 0; i < t->n_external_data; i++)
        if (t->external_data[i]->key && !strcmp(t->external_data[i]->key, key))
            return t->external_data[i]->value;
    return NULL;
}

static int number(const Cnn__Onnx__Tensor *t, const char *key, size_t fallback, size_t *out)
{
    const char *text = entry(t, key);
    int64_t n;
    *out = fallback;
    if (!text)
        return 0;
    if (cnn_parse_int(text, 0, INT64_MAX, &n))
        return cnn_fail(CNN_EDATA, "its %s '%.60s' is no number", key, text);
    *out = (size_t)n;
    return 0;
}

/* Names lead to files in the model's folder and below it, and nowhere else. */
static int is_within(const char *name)
{
    for (const char *p = name; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
        if (!strncmp(p, "..", 2) && (!p[2] || p[2] == '/'))
            return 0;
    return *name && *name != '/';
}

static int open_file(struct onnx_graph *g, const char *name)
{
    const char *slash = strrchr(g->path, '/');
    struct cnn_buf path = {0};
    if (!is_within(name))
        return cnn_fail(CNN_EDATA, "'%.200s' is no name of a file beside it", name);
    if (g->besides == MOST_FILES)
        return cnn_fail(CNN_EDATA, "more than %d files", MOST_FILES);
    if (cnn_grow(&g->beside, &g->beside_room, g->besides + 1, sizeof *g->beside))
        return CNN_ESYSTEM;
    cnn_buf_add(&path, g->path, slash ? (size_t)(slash - g->path) + 1 : 0);
    cnn_buf_puts(&path, name);
    int rc = path.failed ? CNN_ESYSTEM : cnn_bytes_map(path.text, 0, &g->beside[g->besides]);
    if (!rc && cnn_strings_add(&g->beside_names, name)) {
        cnn_bytes_free(&g->beside[g->besides]);
        rc = CNN_ESYSTEM;
    }
    if (!rc)
        g->bytes += g->beside[g->besides++].size;
    if (rc == CNN_ENOINPUT) /* it is the model that is not whole */
        rc = cnn_fail(CNN_EDATA, "%.500s", cnn_error_message());
    cnn_buf_free(&path);
    return rc;
}

int cnn_onnx_beside(struct onnx_graph *g, const Cnn__Onnx__Tensor *t, size_t bytes,
                    const unsigned char **out)
{
    const char *name = entry(t, "location");
    size_t offset, length, end;
    int rc = name ? number(t, "offset", 0, &offset)
                  : cnn_fail(CNN_EDATA, "no word of where its bytes are");
    if (!rc)
        rc = number(t, "length", bytes, &length);
    ptrdiff_t i = rc ? -1 : cnn_strings_find(&g->beside_names, name);
    if (!rc && i < 0) {
        i = (ptrdiff_t)g->besides;
        rc = open_file(g, name);
    }
    if (rc)
        return rc;
    if (length != bytes || cnn_add_overflows(offset, bytes, &end) || end > g->beside[i].size)
        return cnn_fail(CNN_EDATA, "its %zu bytes from %zu on are not in '%.200s'", bytes, offset,
                        name);
    *out = g->beside[i].data + offset;
    return 0;
}
