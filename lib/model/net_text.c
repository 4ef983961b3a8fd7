/* Nets and models by name; see net_text.h. */
#include "model/net_text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "lang/syntax.h"

static int is_file(const char *path)
{
    struct stat st;
    return !stat(path, &st) && !S_ISDIR(st.st_mode);
}

int cnn_model_net_text_of(const char *path, const struct cnn_bytes *bytes, enum cnn_net_use use,
                          char **text, char **name)
{
    const struct cnn_net_form *form = cnn_net_form_of(bytes->data, bytes->size);
    *text = *name = NULL;
    if (!form && cnn_import_of(bytes->data, bytes->size))
        return cnn_fail(CNN_EDATA, "%s: a model or its weights, not the text of a net", path);
    if (!form)
        return cnn_net_text_of(path, bytes, text, name);
    int rc = form->text(path, bytes, use, text);
    if (!rc && !(*name = cnn_strdup(path))) {
        free(*text);
        *text = NULL;
        rc = CNN_ESYSTEM;
    }
    return rc;
}

int cnn_model_net_text(const char *what, enum cnn_net_use use, char **text, char **name)
{
    struct cnn_bytes bytes;
    *text = *name = NULL;
    if (!is_file(what))
        return cnn_net_text(what, text, name);
    int rc = cnn_bytes_map(what, CNN_NET_TEXT_MAX, &bytes);
    if (rc)
        return rc;
    rc = cnn_model_net_text_of(what, &bytes, use, text, name);
    cnn_bytes_free(&bytes);
    return rc;
}

/* Pairs */

size_t cnn_model_pair(const char *path)
{
    if (is_file(path))
        return 0;
    for (const char *colon = strchr(path, ':'); colon; colon = strchr(colon + 1, ':'))
        if (colon > path && is_file(colon + 1))
            return (size_t)(colon - path);
    return 0;
}

/* The text as it stands for itself: what it uses of others carried out, its mistakes told by its own
 * name. */
static int stand_alone(const char *name, char **text)
{
    struct cnn_graph_config config = {.name = name};
    struct cnn_graph *g;
    int rc = cnn_graph_build(*text, &config, &g);
    if (rc)
        return rc;
    char *print = cnn_strdup(g->print);
    cnn_graph_free(g);
    if (!print)
        return CNN_ESYSTEM;
    free(*text);
    *text = print;
    return 0;
}

/* A net of another form, with weights of that form, which are given up. */
static int open_together(const char *net, const struct cnn_net_form *form,
                         const struct cnn_bytes *text, const char *weights, struct cnn_bytes *bytes,
                         struct cnn_imported *out)
{
    *out = (struct cnn_imported){0};
    int rc = form->open(net, text, weights, bytes, out);
    if (!rc)
        rc = stand_alone(net, &out->net_text);
    if (rc)
        cnn_imported_free(out);
    return rc;
}

/* Any net, and weights that are called as its own; the bytes are given up. */
static int open_apart(const char *net, const char *weights, struct cnn_bytes *bytes,
                      struct cnn_imported *out)
{
    char *text, *name;
    int rc = cnn_import_open(weights, bytes, out);
    if (rc)
        return rc;
    rc = cnn_model_net_text(net, CNN_NET_TO_LOOK_AT, &text, &name);
    if (!rc)
        rc = stand_alone(name, &text);
    free(name);
    if (rc) {
        free(text);
        cnn_imported_free(out);
        return rc;
    }
    free(out->net_text);
    out->net_text = text;
    return 0;
}

static int open_pair(const char *net, const char *weights, struct cnn_imported *out)
{
    struct cnn_bytes text = {0}, bytes;
    int file = is_file(net), rc = file ? cnn_bytes_map(net, CNN_NET_TEXT_MAX, &text) : 0;
    if (rc)
        return rc;
    rc = cnn_bytes_map_form(weights, cnn_import_extent, &bytes);
    if (!rc) {
        const struct cnn_net_form *form = file ? cnn_net_form_of(text.data, text.size) : NULL;
        const struct cnn_import *import = cnn_import_of(bytes.data, bytes.size);
        if (!import || (form && cnn_import_named(weights) == form->weights))
            import = cnn_import_named(weights);
        rc = form && import == form->weights ? open_together(net, form, &text, weights, &bytes, out)
                                             : open_apart(net, weights, &bytes, out);
    }
    if (file)
        cnn_bytes_free(&text);
    return rc;
}

int cnn_model_open_pair(const char *path, struct cnn_imported *out)
{
    size_t n = cnn_model_pair(path);
    char *net = cnn_strndup(path, n);
    *out = (struct cnn_imported){0};
    int rc = net ? open_pair(net, path + n + 1, out) : CNN_ESYSTEM;
    free(net);
    return rc;
}
