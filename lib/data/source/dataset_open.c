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
    int rc = 0;
    for (size_t i = 0; i < ds->count && !rc; i++) {
        key.size = 0;
        cnn_buf_puts(&key, ds->record[i].key);
        int added = cnn_key_set_add(&set, &key);
        if (added == 0)
            ds->record[i].key = cnn_arena_strdup(ds->arena, key.text);
        if (added < 0 || !ds->record[i].key)
            rc = CNN_ESYSTEM;
    }
    if (!rc && ds->type->keyed)
        cnn_key_set_note(&set, ds->path, ds->count, options->note, options->context);
    cnn_buf_free(&key);
    cnn_key_set_free(&set);
    return rc;
}

/* A text form: read to its end, decompressed where it must be, and parsed. */
static int open_text(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                     const struct cnn_form *form, const char *bytes, size_t size)
{
    /* A pipe is in no folder: what comes through it was written here. */
    char *text = cnn_strndup(size ? bytes : "", size);
    char *folder = ds->fd >= 0 ? cnn_strdup(".") : cnn_path_folder(ds->path);
    int rc = text && folder ? 0 : CNN_ESYSTEM;
    if (!rc && !form->nuls)
        rc = cnn_text_check(ds->path, text, size);
    if (!rc)
        rc = form->parse(ds, options, folder, text, size);
    free(text);
    free(folder);
    return rc;
}

static int open_text_file(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                          const struct cnn_form *form)
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

/* zlib's header alone may be all that is there of a compressed tar; what is inside decides. */
static int open_file(struct cnn_dataset *ds, const struct cnn_dataset_options *options, size_t size)
{
    unsigned char head[CNN_SNIFF_BYTES];
    size_t got;
    int rc = cnn_bytes_head(ds->path, head, sizeof head, &got);
    if (rc)
        return rc;
    if (!got && options->empty && !cnn_path_is_form(ds->path))
        return open_text(ds, options, &cnn_form_manifest, "", 0);
    const struct cnn_form *form = cnn_form_sniff(head, got, size);
    if (cnn_image_has_foreign_name(ds->path) ||
        ((!form || form->parse) && cnn_image_has_name(ds->path)))
        form = &cnn_form_image;
    if (!form)
        return unknown_form(ds, head, got);
    return form->read   ? form->read(ds, options, -1, NULL, 0)
           : form->open ? form->open(ds, options)
                        : open_text_file(ds, options, form);
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

/* What must be there as a whole: an image or a text. */
static int open_whole(struct cnn_dataset *ds, const struct cnn_dataset_options *options, int fd,
                      const struct cnn_form *form, struct cnn_buf *b)
{
    size_t most = form->open_bytes ? CNN_ENCODED_MAX : CNN_TEXT_MAX;
    int rc = read_some(ds, fd, options->stop, b, most + 1);
    if (rc)
        return rc;
    if (b->size > most)
        return cnn_fail(CNN_EDATA, "%s: %s of more than %zu bytes is too large", ds->path,
                        form->open_bytes ? "an image" : "a text", most);
    if (form->open_bytes)
        return form->open_bytes(ds, options, (const unsigned char *)b->text, b->size);
    return open_text(ds, options, form, b->text, b->size);
}

static int open_stream(struct cnn_dataset *ds, const struct cnn_dataset_options *options, int fd)
{
    struct cnn_buf b = {0};
    const struct cnn_form *form = &cnn_form_manifest;
    int rc = read_some(ds, fd, options->stop, &b, CNN_SNIFF_BYTES);
    const unsigned char *head = (const unsigned char *)b.text;
    if (b.size || !options->empty)
        form = cnn_form_sniff(head, b.size, SIZE_MAX);
    if (!rc && !form)
        rc = unknown_form(ds, head, b.size);
    else if (!rc && form->read)
        rc = form->read(ds, options, fd, head, b.size);
    else if (!rc && form->open && !form->open_bytes)
        rc = cnn_fail(CNN_EDATA, "%s: %s is read from files only, not from a pipe", ds->path,
                      form->name);
    else if (!rc)
        rc = open_whole(ds, options, fd, form, &b);
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
