/* A folder of class folders, or of images without classes; and a single image. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/source/divided.h"
#include "data/source/source.h"

enum { MAX_DEPTH = 32 };

int cnn_source_room(struct cnn_sample *s, size_t n)
{
    if (n > CNN_ENCODED_MAX)
        return cnn_fail(CNN_EDATA, "%zu bytes are more than an image may have", n);
    return cnn_grow(&s->encoded, &s->encoded_capacity, n, 1);
}

static int read_file(int fd, struct cnn_sample *s, size_t *size)
{
    struct stat st;
    if (fstat(fd, &st))
        return cnn_fail_errno(CNN_EIO, "cannot be read");
    if (S_ISDIR(st.st_mode))
        return cnn_fail(CNN_EDATA, "a folder, not an image");
    if (!S_ISREG(st.st_mode))
        return cnn_fail(CNN_EDATA, "not a regular file");
    int rc = cnn_source_room(s, (size_t)st.st_size);
    for (*size = 0; !rc && *size < (size_t)st.st_size;) {
        ssize_t n = read(fd, s->encoded + *size, (size_t)st.st_size - *size);
        if (n < 0 && errno != EINTR)
            rc = cnn_fail_errno(CNN_EIO, "cannot be read");
        if (n == 0)
            break;
        *size += n > 0 ? (size_t)n : 0;
    }
    return rc;
}

int cnn_source_read_file(const char *path, struct cnn_sample *out, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return cnn_fail(cnn_errno_code(CNN_ENOINPUT), "%s", strerror(errno));
    int rc = read_file(fd, out, size);
    close(fd);
    return rc;
}

int cnn_source_load_file(const char *path, struct cnn_sample *out)
{
    size_t size = 0;
    int rc = cnn_source_read_file(path, out, &size);
    if (!rc && !size)
        return cnn_fail(CNN_EDATA, "empty");
    return rc ? rc : cnn_sample_decode(out, out->encoded, size);
}

static int load_record(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    return cnn_source_load_file(ds->record[i].source, out);
}

static const struct cnn_source_type folder_type = {.form = "folder", .load = load_record};
static const struct cnn_source_type image_type = {.form = "image", .load = load_record};

/* What may lie in a folder of images and is none: lists and notes. Anything else is taken for an
 * image, and is an error when it is none. */
static int is_note(const char *name)
{
    static const char *const ending[] = {".txt", ".tsv", ".csv", ".md", ".json", ".xml"};
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (cnn_path_ends(name, ending[i]))
            return 1;
    return 0;
}

/* A folder on the way down to the one that is read. */
struct level {
    const struct level *above; /* NULL: the dataset's own */
    int depth;
    dev_t device;
    ino_t file;
};

static int is_above(const struct level *l, const struct stat *st)
{
    while (l && (l->device != st->st_dev || l->file != st->st_ino))
        l = l->above;
    return l != NULL;
}

static void note_loop(const struct cnn_dataset_options *o, const char *path)
{
    char text[1200];
    snprintf(text, sizeof text, "%.1000s is left out: a link to a folder that it lies in", path);
    if (o->note)
        o->note(o->context, text);
}

/* What a name in the folder is. A link that leads nowhere is taken for a file, which is a bad
 * sample. */
static int sort_name(const struct cnn_dataset_options *o, const struct level *l, const char *full,
                     const char *name, struct cnn_strings *folders, struct cnn_strings *files)
{
    struct stat st;
    int there = !stat(full, &st);
    if (!there && ((errno != ENOENT && errno != ELOOP) || lstat(full, &st)))
        return cnn_fail_errno(CNN_ENOINPUT, "%s", full);
    if (!there || !S_ISDIR(st.st_mode))
        return is_note(name) ? 0 : cnn_strings_add(files, name);
    if (!is_above(l, &st))
        return cnn_strings_add(folders, name);
    note_loop(o, full);
    return 0;
}

/* The names in a folder that may be data, sorted; folders apart. *l becomes the folder's place. */
static int list_folder(const struct cnn_dataset_options *o, struct level *l, const char *path,
                       struct cnn_strings *folders, struct cnn_strings *files)
{
    struct stat st;
    DIR *dir = opendir(path);
    if (!dir)
        return cnn_fail_errno(CNN_ENOINPUT, "%s", path);
    int rc = fstat(dirfd(dir), &st) ? cnn_fail_errno(CNN_EIO, "%s", path) : 0;
    l->device = st.st_dev;
    l->file = st.st_ino;
    struct dirent *e;
    for (errno = 0; !rc && (e = readdir(dir)); errno = 0) {
        if (cnn_path_is_litter(e->d_name))
            continue;
        char *full = cnn_path_join(path, e->d_name);
        rc = full ? sort_name(o, l, full, e->d_name, folders, files) : CNN_ESYSTEM;
        free(full);
    }
    if (!rc && errno)
        rc = cnn_fail_errno(CNN_EIO, "%s", path);
    closedir(dir);
    cnn_strings_sort(folders);
    cnn_strings_sort(files);
    return rc;
}

static int add_file(struct cnn_dataset *ds, const char *path, int32_t label)
{
    struct cnn_buf key = {0};
    cnn_key_from_path(path, &key);
    struct cnn_record r = {.key = key.text, .source = path, .label = label, .weight = 1};
    r.path = path;
    int rc = key.failed ? CNN_ESYSTEM : cnn_source_add(ds, &r);
    cnn_buf_free(&key);
    return rc;
}

/* Every file below the folder, all of one class. */
static int add_tree(struct cnn_dataset *ds, const struct cnn_dataset_options *o, const char *path,
                    int32_t label, const struct level *above)
{
    struct cnn_strings folders = {0}, files = {0};
    struct level l = {.above = above, .depth = above->depth + 1};
    if (above->depth > MAX_DEPTH)
        return cnn_fail(CNN_EDATA, "%s: folders within folders more than %d deep", path, MAX_DEPTH);
    int rc = list_folder(o, &l, path, &folders, &files);
    for (size_t i = 0; !rc && i < files.count; i++) {
        char *full = cnn_path_join(path, files.item[i]);
        rc = full ? add_file(ds, full, label) : CNN_ESYSTEM;
        free(full);
    }
    for (size_t i = 0; !rc && i < folders.count; i++) {
        char *full = cnn_path_join(path, folders.item[i]);
        rc = full ? add_tree(ds, o, full, label, &l) : CNN_ESYSTEM;
        free(full);
    }
    cnn_strings_free(&folders);
    cnn_strings_free(&files);
    return rc;
}

/* An image that stands beside class folders belongs to none, and a link that leads nowhere may have
 * been one of them: better an error than one less. */
static int refuse_strays(const struct cnn_dataset *ds, const struct cnn_strings *files)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < files->count; i++) {
        struct stat st;
        char *full = cnn_path_join(ds->path, files->item[i]);
        if (!full)
            rc = CNN_ESYSTEM;
        else if (cnn_image_has_name(full))
            rc = cnn_fail(CNN_EDATA, "%s: an image beside class folders", full);
        else if (stat(full, &st))
            rc = cnn_fail_errno(CNN_ENOINPUT, "%s", full);
        free(full);
    }
    return rc;
}

static int add_classes(struct cnn_dataset *ds, const struct cnn_dataset_options *o,
                       const struct level *top, const struct cnn_strings *folders,
                       struct cnn_found *found)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < folders->count; i++) {
        const char *name = folders->item[i];
        int32_t label = -1;
        char *full = cnn_path_join(ds->path, name);
        rc = full ? cnn_class_add(found, name, full, &label) : CNN_ESYSTEM;
        if (!rc)
            rc = add_tree(ds, o, full, label, top);
        free(full);
    }
    return rc;
}

/* A folder that is mostly MNIST's files or archives, and has no image, is not what is meant. */
static int refuse_datasets(const struct cnn_dataset *ds, const struct cnn_strings *files)
{
    const char *first = NULL;
    size_t sets = 0;
    for (size_t i = 0; i < files->count; i++) {
        if (cnn_image_has_name(files->item[i]))
            return 0;
        if (cnn_path_is_container(files->item[i]) && !sets++)
            first = files->item[i];
    }
    if (2 * sets <= files->count)
        return 0;
    char *full = cnn_path_join(ds->path, first);
    int rc = full ? cnn_fail(CNN_EDATA, "%s: datasets and no images: name one, such as %s",
                             ds->path, full)
                  : CNN_ESYSTEM;
    free(full);
    return rc;
}

/* The parts of a dataset are no classes. */
static int refuse_parts(const char *path, const struct cnn_divided *d)
{
    return cnn_fail(
        CNN_EDATA, "%s: a dataset in parts: name one, such as %s (cnn-train takes the whole)", path,
        d->test  ? d->test
        : d->val ? d->val
                 : d->train);
}

int cnn_open_folder(struct cnn_dataset *ds, const struct cnn_dataset_options *options)
{
    struct cnn_strings folders = {0}, files = {0}, own = {0};
    struct cnn_found found = {0};
    struct level top = {0};
    ds->type = &folder_type;
    int rc = cnn_divided_refuse(ds->path, refuse_parts);
    if (!rc)
        rc = list_folder(options, &top, ds->path, &folders, &files);
    if (!rc && folders.count) {
        rc = refuse_strays(ds, &files);
        if (!rc)
            rc = cnn_divided_classes(ds->path, &own);
        if (!rc)
            rc = add_classes(ds, options, &top, &folders, &found);
    }
    if (!rc && !folders.count)
        rc = refuse_datasets(ds, &files);
    for (size_t i = 0; !rc && !folders.count && i < files.count; i++) {
        char *full = cnn_path_join(ds->path, files.item[i]);
        rc = full ? add_file(ds, full, -1) : CNN_ESYSTEM;
        free(full);
    }
    if (!rc)
        rc = cnn_source_settle(ds, options, &found, &own);
    cnn_found_free(&found);
    cnn_strings_free(&folders);
    cnn_strings_free(&files);
    cnn_strings_free(&own);
    return rc;
}

int cnn_open_images(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                    const char *const *path, size_t count)
{
    struct cnn_found found = {0};
    int rc = 0;
    ds->type = &image_type;
    for (size_t i = 0; !rc && i < count; i++)
        rc = add_file(ds, path[i], -1);
    return rc ? rc : cnn_source_settle(ds, options, &found, NULL);
}

static int open_image(struct cnn_dataset *ds, const struct cnn_dataset_options *options)
{
    const char *path = ds->path;
    return cnn_open_images(ds, options, &path, 1);
}

static int is_image(const struct cnn_form_head *h)
{
    return cnn_image_is(h->bytes, h->size);
}

const struct cnn_form cnn_form_image = {
    .name = "image", .is = is_image, .open = open_image, .open_bytes = cnn_open_image_bytes};
