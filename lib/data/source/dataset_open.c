/* The door to every form of dataset: what is at a path, and the form that reads it; see
 * dataset_open.h. */
#include "data/source/dataset_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/source/source.h"
#include "file/infile.h"
#include "file/pipe.h"
#include "file/text_file.h"

/* Later records of the same key get another. */
static int make_keys_unique(struct cnn_dataset *ds, const struct cnn_dataset_options *options)
{
    struct cnn_key_set set = {0};
    struct cnn_buf key = {0};
    int code = 0;
    for (size_t i = 0; i < ds->count && !code; i++) {
        key.size = 0;
        cnn_buf_puts(&key, ds->record[i].key);
        int rc = cnn_key_set_add(&set, &key);
        if (rc == 0)
            ds->record[i].key = cnn_arena_strdup(ds->arena, key.text);
        if (rc < 0 || !ds->record[i].key)
            code = CNN_ESYSTEM;
    }
    if (!code && ds->type->keyed)
        cnn_key_set_note(&set, ds->path, ds->count, options->note, options->context);
    cnn_buf_free(&key);
    cnn_key_set_free(&set);
    return code;
}

/* A text form: read to its end, decompressed where it must be, and parsed. */
static int open_text(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                     enum cnn_form form, const char *bytes, size_t size)
{
    /* A pipe is in no folder: what comes through it was written here. */
    char *text = cnn_strndup(size ? bytes : "", size);
    char *folder = ds->fd >= 0 ? cnn_strdup(".") : cnn_path_folder(ds->path);
    int rc = text && folder ? 0 : CNN_ESYSTEM;
    if (!rc && form != CNN_FORM_NAMES)
        rc = cnn_text_check(ds->path, text, size);
    if (!rc && form == CNN_FORM_FEATURES)
        rc = cnn_open_features(ds, options, folder, text, size);
    else if (!rc && form == CNN_FORM_SVMLIGHT)
        rc = cnn_open_svmlight(ds, options, folder, text, size);
    else if (!rc)
        rc = cnn_open_manifest(ds, options, folder, text, size);
    free(text);
    free(folder);
    return rc;
}

static int open_text_file(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                          enum cnn_form form)
{
    struct cnn_bytes b;
    int rc = cnn_bytes_gunzip(ds->path, CNN_TEXT_MAX, &b);
    if (!rc)
        rc = open_text(ds, options, form, (const char *)b.data, b.size);
    cnn_bytes_free(&b);
    return rc;
}

static int unknown_form(const struct cnn_dataset *ds, const void *head, size_t size)
{
    const char *text = cnn_text_foreign(head, size);
    if (cnn_is_safetensors(head, size))
        text = "a model (safetensors)";
    if (!size)
        return cnn_fail(CNN_EDATA, "%s: empty", ds->path);
    if (text)
        return cnn_fail(CNN_EDATA, "%s: %s, neither an image nor a dataset", ds->path, text);
    return cnn_fail(CNN_EDATA, "%s: neither an image nor a form of dataset that is known",
                    ds->path);
}

static int is_text(enum cnn_form form)
{
    return form == CNN_FORM_FEATURES || form == CNN_FORM_SVMLIGHT || form == CNN_FORM_MANIFEST ||
           form == CNN_FORM_NAMES;
}

/* zlib's header alone may be all that is there of a compressed tar; what is inside decides. */
static int open_file(struct cnn_dataset *ds, const struct cnn_dataset_options *options, size_t size)
{
    unsigned char head[CNN_SNIFF_BYTES];
    size_t got;
    int rc = cnn_bytes_head(ds->path, head, sizeof head, &got);
    if (rc)
        return rc;
    if (!got && options->empty && !cnn_path_is_form(ds->path))
        return open_text(ds, options, CNN_FORM_MANIFEST, "", 0);
    enum cnn_form form = cnn_form_sniff(head, got, size);
    if (cnn_image_has_foreign_name(ds->path) || (is_text(form) && cnn_image_has_name(ds->path)))
        form = CNN_FORM_IMAGE;
    switch (form) {
    case CNN_FORM_IMAGE:
        return cnn_open_image(ds, options);
    case CNN_FORM_NPY:
        return cnn_open_npy(ds, options);
    case CNN_FORM_TAR:
        return cnn_open_tar(ds, options, -1, NULL, 0);
    case CNN_FORM_IDX:
        return cnn_open_idx(ds, options);
    case CNN_FORM_CIFAR:
        return cnn_open_cifar(ds, options);
    case CNN_FORM_FEATURES:
        return open_text_file(ds, options, CNN_FORM_FEATURES);
    case CNN_FORM_SVMLIGHT:
        return open_text_file(ds, options, CNN_FORM_SVMLIGHT);
    case CNN_FORM_MANIFEST:
        return open_text_file(ds, options, CNN_FORM_MANIFEST);
    case CNN_FORM_NAMES:
        return open_text_file(ds, options, CNN_FORM_NAMES);
    case CNN_FORM_UNKNOWN:
        break;
    }
    return cnn_image_has_name(ds->path) ? cnn_open_image(ds, options) : unknown_form(ds, head, got);
}

/* Up to `limit` bytes in all from the descriptor. */
static int read_some(const struct cnn_dataset *ds, int fd, const volatile int *stop,
                     struct cnn_buf *b, size_t limit)
{
    char block[1 << 16];
    while (b->size < limit) {
        size_t want = limit - b->size < sizeof block ? limit - b->size : sizeof block;
        ssize_t n = cnn_pipe_read(fd, block, want, stop);
        if (n < 0 && errno == EINTR)
            return cnn_fail(CNN_EINTERRUPTED, "%s: interrupted", ds->path);
        if (n < 0)
            return cnn_fail_errno(errno == EBADF ? CNN_ENOINPUT : CNN_EIO, "%s", ds->path);
        if (n == 0)
            break;
        cnn_buf_add(b, block, (size_t)n);
        if (b->failed)
            return CNN_ESYSTEM;
    }
    return 0;
}

static int open_stream(struct cnn_dataset *ds, const struct cnn_dataset_options *options, int fd)
{
    struct cnn_buf b = {0};
    int rc = read_some(ds, fd, options->stop, &b, CNN_SNIFF_BYTES);
    enum cnn_form form = CNN_FORM_UNKNOWN;
    if (!rc)
        form = b.size || !options->empty
                   ? cnn_form_sniff((const unsigned char *)b.text, b.size, SIZE_MAX)
                   : CNN_FORM_MANIFEST;
    if (!rc && form == CNN_FORM_TAR) {
        rc = cnn_open_tar(ds, options, fd, (const unsigned char *)b.text, b.size);
        cnn_buf_free(&b);
        return rc;
    }
    if (!rc && (form == CNN_FORM_NPY || form == CNN_FORM_IDX))
        rc = cnn_fail(CNN_EDATA, "%s: %s is read from files only, not from a pipe", ds->path,
                      form == CNN_FORM_NPY ? "npy" : "IDX");
    else if (!rc && form == CNN_FORM_UNKNOWN)
        rc = unknown_form(ds, b.text, b.size);
    size_t most = form == CNN_FORM_IMAGE ? CNN_ENCODED_MAX : CNN_TEXT_MAX;
    if (!rc)
        rc = read_some(ds, fd, options->stop, &b, most + 1);
    if (!rc && b.size > most)
        rc = cnn_fail(CNN_EDATA, "%s: %s of more than %zu bytes is too large", ds->path,
                      form == CNN_FORM_IMAGE ? "an image" : "a text", most);
    if (!rc && form == CNN_FORM_IMAGE)
        rc = cnn_open_image_bytes(ds, options, (const unsigned char *)b.text, b.size);
    else if (!rc)
        rc = open_text(ds, options, form, b.text, b.size);
    cnn_buf_free(&b);
    return rc;
}

/* Whether the system writes the file as it is read, as those of /proc, which have no size. */
static int is_made_up(const char *path, const struct stat *st)
{
    char byte;
    int fd = st->st_size ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    int yes = fd >= 0 && read(fd, &byte, 1) == 1;
    if (fd >= 0)
        close(fd);
    return yes;
}

static int open_path(struct cnn_dataset *ds, const struct cnn_dataset_options *options)
{
    struct stat st;
    if (!strcmp(ds->path, "-"))
        return open_stream(ds, options, STDIN_FILENO);
    if (!strncmp(ds->path, "digits:", 7))
        return cnn_open_digits(ds, options);
    if (stat(ds->path, &st))
        return cnn_fail_errno(CNN_ENOINPUT, "%s", ds->path);
    if (S_ISDIR(st.st_mode))
        return cnn_open_folder(ds, options);
    if (S_ISREG(st.st_mode) && !is_made_up(ds->path, &st))
        return open_file(ds, options, (size_t)st.st_size);
    ds->fd = cnn_pipe_open(ds->path);
    if (ds->fd < 0)
        return cnn_fail_errno(CNN_ENOINPUT, "%s", ds->path);
    return open_stream(ds, options, ds->fd);
}

static int open_nested(const char *path, const struct cnn_dataset_options *options,
                       struct cnn_dataset **out);

/* One path, or several of images, or none. */
static int open_dataset(const char *const *paths, size_t count,
                        const struct cnn_dataset_options *options, int nested,
                        struct cnn_dataset **out)
{
    const char *path = count ? paths[0] : "";
    static const struct cnn_dataset_options none;
    *out = NULL;
    struct cnn_dataset *ds = cnn_calloc(1, sizeof *ds);
    if (!ds)
        return CNN_ESYSTEM;
    ds->fd = -1;
    ds->open = nested ? NULL : open_nested;
    ds->strict = options && options->strict;
    ds->path = cnn_strdup(path);
    ds->arena = cnn_arena_new();
    options = options ? options : &none;
    int rc = ds->path && ds->arena ? 0 : CNN_ESYSTEM;
    if (!rc)
        rc = count != 1 ? cnn_open_images(ds, options, paths, count) : open_path(ds, options);
    if (!rc && !ds->type->next) {
        if (!ds->count && !options->empty)
            rc = cnn_fail(CNN_EDATA, "%s: no samples", path);
        else
            rc = make_keys_unique(ds, options);
    }
    if (rc)
        cnn_dataset_close(ds);
    else
        *out = ds;
    return rc;
}

static int open_nested(const char *path, const struct cnn_dataset_options *options,
                       struct cnn_dataset **out)
{
    return open_dataset(&path, 1, options, 1, out);
}

int cnn_dataset_open(const char *path, const struct cnn_dataset_options *options,
                     struct cnn_dataset **out)
{
    return open_dataset(&path, 1, options, 0, out);
}

int cnn_dataset_open_images(const char *const *path, size_t count,
                            const struct cnn_dataset_options *options, struct cnn_dataset **out)
{
    return open_dataset(path, count, options, 0, out);
}
