/* Models and weights of Keras; see open.h. A .h5 file has its model as JSON in an attribute; a
 * .keras file is a zip archive of that JSON and of an HDF5 file. */
#include "model/import/keras/open.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "file/gunzip.h"
#include "file/zip.h"
#include "model/import/keras/keras.h"

static const char weights_name[] = "model.weights.h5";

enum { MOST_TEXT = 1 << 26 }; /* bytes of a model's JSON */

static int is_archive(const unsigned char *bytes, size_t n)
{
    static const char *const names[] = {"metadata.json", "config.json", weights_name};
    enum { LOCAL_HEADER = 30 };
    if (n < LOCAL_HEADER || memcmp(bytes, "PK\3\4", 4) != 0)
        return 0;
    size_t length = bytes[26] + 256u * bytes[27];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (length == strlen(names[i]) && n >= LOCAL_HEADER + length &&
            !memcmp(bytes + LOCAL_HEADER, names[i], length))
            return 1;
    return 0;
}

/* A model's JSON by itself, which is told from a model. */
static int is_config(const unsigned char *bytes, size_t n)
{
    static const char begin[] = "{\"class_name\"", module[] = "{\"module\": \"keras";
    return (n >= sizeof begin && !memcmp(bytes, begin, sizeof begin - 1)) ||
           (n >= sizeof module && !memcmp(bytes, module, sizeof module - 1));
}

int cnn_keras_is(const unsigned char *bytes, size_t n)
{
    return cnn_hdf5_is(bytes, n) || is_archive(bytes, n) || is_config(bytes, n);
}

/* What is called as such a file and is none. */
static int check_form(const char *path, const struct cnn_bytes *b)
{
    if (!b->size)
        return cnn_fail(CNN_EDATA, "%s: an empty file", path);
    if (cnn_is_gzip(b->data, b->size))
        return cnn_fail(CNN_EDATA, "%s: compressed as a whole (gunzip makes it readable)", path);
    if (is_config(b->data, b->size))
        return cnn_fail(CNN_EDATA,
                        "%s: a model's JSON without its weights (model.save() writes both)", path);
    if (b->size < 2 || memcmp(b->data, "PK", 2) != 0)
        return cnn_fail(CNN_EDATA, "%s: neither an HDF5 file nor an archive of Keras", path);
    return 0;
}

/* What a file has: numbers, and the texts of its model and of what wrote it, or NULL. */
struct parts {
    const unsigned char *weights;
    size_t size;
    char *config, *metadata;
};

/* A member, with a NUL behind it, the caller's to free(). */
static int read_member(const char *path, const struct cnn_zip *zip, const char *name, size_t most,
                       char **out, size_t *size)
{
    const struct cnn_zip_member *m = cnn_zip_find(zip, name);
    if (!m)
        return cnn_fail(CNN_EDATA, "%s: an archive without '%s': no model of Keras", path, name);
    if (m->size > most)
        return cnn_fail(CNN_EDATA, "%s: '%s' is larger than %zu bytes", path, name, most);
    *out = cnn_calloc(m->size + 1, 1);
    *size = m->size;
    return *out ? cnn_zip_read(zip, m, *out, m->size) : CNN_ESYSTEM;
}

static int read_archive(const char *path, struct keras_kept *kept, struct parts *p)
{
    struct cnn_zip *zip;
    size_t size;
    int rc = cnn_zip_open(path, &kept->bytes, &zip);
    if (rc)
        return rc;
    rc = read_member(path, zip, "config.json", MOST_TEXT, &p->config, &size);
    if (!rc && cnn_zip_find(zip, "metadata.json"))
        rc = read_member(path, zip, "metadata.json", MOST_TEXT, &p->metadata, &size);
    const struct cnn_zip_member *m = cnn_zip_find(zip, weights_name);
    if (!rc && m && m->data) {
        p->weights = m->data;
        p->size = m->size;
    } else if (!rc) {
        char *inflated = NULL;
        rc = read_member(path, zip, weights_name, SIZE_MAX - 1, &inflated, &p->size);
        p->weights = kept->inflated = (unsigned char *)inflated;
    }
    cnn_zip_close(zip);
    return rc;
}

/* The first text of a file's attribute. */
static const char *attribute(const struct cnn_hdf5 *h, const char *group, const char *name)
{
    const struct cnn_strings *s = cnn_hdf5_texts(cnn_hdf5_find(h, group), name);
    return s && s->count ? s->item[0] : NULL;
}

static int version_of(const struct keras_kept *kept, const struct parts *p)
{
    static const char key[] = "keras_version";
    const char *at = p->metadata ? strstr(p->metadata, key) : NULL;
    const char *text = attribute(kept->file, "", key);
    if (!text)
        text = attribute(kept->file, "model_weights", key);
    if (at)
        text = at + strcspn(at, "0123456789");
    if (text && *text >= '1' && *text <= '9')
        return *text - '0';
    return p->config ? 3 : 2;
}

/* The net, from its JSON. CNN_EDATA without a path. */
static int write_net(struct keras_writer *w, const char *config)
{
    json_error_t error;
    cnn_json_watch();
    json_t *root = cnn_json_load(config, strlen(config), 0, &error);
    int rc = root ? 0 : cnn_json_lacked();
    if (!root && !rc)
        rc = cnn_fail(CNN_EDATA, "the model's JSON, line %d: %s", error.line, error.text);
    if (!rc)
        rc = cnn_keras_read(w, root);
    if (!rc)
        rc = cnn_keras_find_vars(w);
    if (!rc)
        rc = cnn_keras_connect(w);
    if (!rc)
        rc = cnn_keras_write(w);
    json_decref(root);
    return rc;
}

/* A net that cannot be imported leaves its tensors. */
static int try_net(struct keras_writer *w, const char *config, char **text, char **why)
{
    int rc = write_net(w, config);
    if (!rc)
        return (*text = cnn_buf_take(&w->text)) ? 0 : CNN_ESYSTEM;
    if (rc != CNN_EDATA)
        return rc;
    struct cnn_buf said = {0};
    cnn_buf_printf(&said, "%s: %s", w->path, cnn_error_message());
    cnn_error_clear();
    w->params = 0;
    if (!(*why = cnn_buf_take(&said)))
        return CNN_ESYSTEM;
    rc = cnn_keras_spare_params(w);
    return rc == CNN_EDATA && !w->params ? cnn_fail(rc, "%s", *why) : rc;
}

static int read_parts(const char *path, struct keras_kept *kept, struct parts *p)
{
    static const char *const attributes[] = {"model_config",  "keras_version", "layer_names#",
                                             "weight_names#", "name",          NULL};
    int rc = 0, plain = cnn_hdf5_is(kept->bytes.data, kept->bytes.size);
    p->weights = kept->bytes.data;
    p->size = kept->bytes.size;
    if (!plain)
        rc = check_form(path, &kept->bytes);
    if (!rc && !plain)
        rc = read_archive(path, kept, p);
    return rc ? rc : cnn_hdf5_open(path, p->weights, p->size, attributes, &kept->file);
}

static int read_all(struct keras_writer *w, struct keras_kept *kept, char **text, char **why)
{
    struct parts p = {0};
    int rc = read_parts(w->path, kept, &p);
    const char *config = p.config;
    if (!rc && !config)
        config = attribute(kept->file, "", "model_config");
    w->file = kept->file;
    w->version = rc ? 0 : version_of(kept, &p);
    if (!rc)
        rc = config ? try_net(w, config, text, why) : cnn_keras_spare_params(w);
    free(p.config);
    free(p.metadata);
    return rc == CNN_EDATA && strncmp(cnn_error_message(), w->path, strlen(w->path)) != 0
               ? cnn_fail_within("%s", w->path)
               : rc;
}

int cnn_keras_open(const char *path, struct cnn_bytes *bytes, char **text, char **why,
                   struct cnn_tensor_source **tensors)
{
    struct keras_kept *kept = cnn_calloc(1, sizeof *kept);
    struct keras_writer w = {.path = path};
    *text = *why = NULL;
    *tensors = NULL;
    if (!kept) {
        cnn_bytes_free(bytes);
        return CNN_ESYSTEM;
    }
    kept->bytes = *bytes;
    w.arena = kept->arena = cnn_arena_new();
    int rc = kept->arena ? read_all(&w, kept, text, why) : CNN_ESYSTEM;
    cnn_buf_free(&w.text);
    cnn_buf_free(&w.refused);
    if (!rc)
        return cnn_keras_tensors(&w, kept, tensors);
    cnn_keras_free(kept);
    return rc;
}
