/* Samples into a folder: CLASS/KEY.png, classes.txt and manifest.tsv; see augment.h. All is written
 * in a hidden folder within it, whose contents are moved up at the end, the manifest last. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/remove.h"
#include "task/augment_private.h"

#define MANIFEST "manifest.tsv"

struct folder {
    struct sink base;
    const struct cnn_strings *classes;
    char *path, *hidden;
    int made;                    /* the folder was not there before */
    FILE *manifest;              /* NULL: there are no classes to list */
    struct cnn_strings from, to; /* what is moved up at the end */
    size_t moved;                /* of it so far; 0 once all is */
};

/* What is written for one sample. */
struct packed {
    unsigned char *png;
    size_t size;
    struct cnn_buf path, row; /* below the folder; the line of the manifest */
};

static const char *class_of(const struct folder *f, const struct cnn_sample *s)
{
    return s->target.kind == CNN_TARGET_CLASS ? f->classes->item[s->target.label] : NULL;
}

static int check_sample(const struct folder *f, const struct cnn_sample *s)
{
    const char *what = !s->image.maxval                      ? "numbers that are no image"
                       : s->target.kind == CNN_TARGET_VECTOR ? "a target of numbers"
                       : s->target.kind == CNN_TARGET_LABELS ? "an image of labels"
                       : s->target.kind == CNN_TARGET_NONE && f->classes->count
                           ? "no class where others have one"
                           : NULL;
    if (what)
        return cnn_fail(CNN_EDATA, "%s: %s, which a folder cannot hold (write a .tar)", s->key,
                        what);
    if (s->target.kind == CNN_TARGET_CLASS &&
        (s->target.label < 0 || (size_t)s->target.label >= f->classes->count))
        return cnn_fail(CNN_EDATA, "%s: class %ld is not in the list", s->key,
                        (long)s->target.label);
    return 0;
}

static int folder_pack(struct sink *sink, const struct cnn_sample *s, const char *group,
                       void **packed)
{
    const struct folder *f = (const struct folder *)sink;
    struct packed *p = *packed;
    int rc = check_sample(f, s);
    if (rc)
        return rc;
    if (!p && !(p = *packed = cnn_calloc(1, sizeof *p)))
        return CNN_ESYSTEM;
    p->path.size = p->row.size = 0;
    augment_path(s->key, class_of(f, s), f->classes->count > 0, &p->path);
    if (!p->path.failed)
        augment_row(p->path.text, class_of(f, s), group, s->weight, &p->row);
    if (p->path.failed || p->row.failed)
        return CNN_ESYSTEM;
    free(p->png);
    p->png = NULL;
    return cnn_png_encode(&s->image, &p->png, &p->size);
}

static void folder_drop(void *packed)
{
    struct packed *p = packed;
    if (!p)
        return;
    free(p->png);
    cnn_buf_free(&p->path);
    cnn_buf_free(&p->row);
    free(p);
}

static char *joined(const char *folder, const char *name)
{
    struct cnn_buf path = {0};
    cnn_buf_printf(&path, "%s/%s", folder, name);
    return cnn_buf_take(&path);
}

/* The folders that the path needs below the hidden one. */
static int make_folders(char *path, size_t from)
{
    int failed = 0;
    for (char *slash = strchr(path + from, '/'); slash && !failed; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        failed = mkdir(path, 0777) && errno != EEXIST;
        *slash = '/';
    }
    return failed ? -1 : 0;
}

static int write_new(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), failed = 0;
    if (fd < 0)
        return -1;
    for (size_t done = 0; done < size && !failed;) {
        ssize_t n = write(fd, (const char *)bytes + done, size - done);
        if (n > 0)
            done += (size_t)n;
        else
            failed = n == 0 || errno != EINTR;
    }
    int reason = errno;
    if (close(fd) && !failed) {
        reason = errno;
        failed = 1;
    }
    errno = reason;
    return failed ? -2 : 0;
}

static int folder_write(struct sink *sink, const void *packed)
{
    struct folder *f = (struct folder *)sink;
    const struct packed *p = packed;
    char *path = joined(f->hidden, p->path.text);
    if (!path)
        return CNN_ESYSTEM;
    int rc = write_new(path, p->png, p->size);
    if (rc == -1 && errno == ENOENT && !make_folders(path, strlen(f->hidden) + 1))
        rc = write_new(path, p->png, p->size);
    if (rc == -1 && errno == EEXIST)
        rc = cnn_fail(CNN_EDATA, "%s/%s: two samples would have this name", f->path, p->path.text);
    else if (rc)
        rc = cnn_fail_errno(rc == -1 ? CNN_ECREATE : CNN_EIO, "%s/%s", f->path, p->path.text);
    free(path);
    if (!rc && f->manifest && fwrite(p->row.text, 1, p->row.size, f->manifest) != p->row.size)
        return cnn_fail_errno(CNN_EIO, "%s/" MANIFEST, f->path);
    return rc;
}

static int write_classes(const struct folder *f)
{
    struct cnn_buf text = {0};
    for (size_t i = 0; i < f->classes->count; i++)
        cnn_buf_printf(&text, "%s\n", f->classes->item[i]);
    char *path = text.failed ? NULL : joined(f->hidden, "classes.txt");
    int rc = path ? 0 : CNN_ESYSTEM;
    if (path && write_new(path, text.text, text.size))
        rc = cnn_fail_errno(CNN_EIO, "%s/classes.txt", f->path);
    free(path);
    cnn_buf_free(&text);
    return rc;
}

static int will_move(struct folder *f, const char *name)
{
    char *from = joined(f->hidden, name), *to = joined(f->path, name);
    int rc = from && to ? cnn_strings_add(&f->from, from) : CNN_ESYSTEM;
    if (!rc)
        rc = cnn_strings_add(&f->to, to);
    free(from);
    free(to);
    return rc;
}

/* What will be moved up: everything, and last the manifest, which is what makes the folder a
 * dataset. */
static int list_moves(struct folder *f)
{
    DIR *dir = opendir(f->hidden);
    if (!dir)
        return cnn_fail_errno(CNN_EIO, "%s", f->hidden);
    struct dirent *entry;
    int rc = 0;
    for (errno = 0; !rc && (entry = readdir(dir)); errno = 0)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
            strcmp(entry->d_name, MANIFEST))
            rc = will_move(f, entry->d_name);
    if (!rc && errno)
        rc = cnn_fail_errno(CNN_EIO, "%s", f->hidden);
    closedir(dir);
    return rc || !f->classes->count ? rc : will_move(f, MANIFEST);
}

static int close_manifest(struct folder *f)
{
    int failed = fflush(f->manifest) || fsync(fileno(f->manifest)), reason = errno;
    if (fclose(f->manifest) && !failed) {
        reason = errno;
        failed = 1;
    }
    f->manifest = NULL;
    errno = reason;
    return failed ? cnn_fail_errno(CNN_EIO, "%s/" MANIFEST, f->path) : 0;
}

static int folder_finish(struct sink *sink)
{
    struct folder *f = (struct folder *)sink;
    int listed = f->manifest != NULL, rc = listed ? close_manifest(f) : 0;
    if (!rc && listed)
        rc = write_classes(f);
    return rc ? rc : list_moves(f);
}

static int folder_commit(struct sink *sink)
{
    struct folder *f = (struct folder *)sink;
    for (size_t i = 0; i < f->to.count; i++, f->moved++)
        if (rename(f->from.item[i], f->to.item[i]))
            return cnn_fail_errno(CNN_ECREATE, "%s", f->to.item[i]);
    if (rmdir(f->hidden))
        return cnn_fail_errno(CNN_EIO, "%s", f->hidden);
    f->moved = 0;
    f->made = 0; /* it stays */
    return 0;
}

static void folder_free(struct sink *sink)
{
    struct folder *f = (struct folder *)sink;
    if (f->manifest)
        fclose(f->manifest);
    if (f->hidden)
        cnn_remove_tree(f->hidden);
    for (size_t i = 0; i < f->moved; i++)
        cnn_remove_tree(f->to.item[i]);
    if (f->made && f->path)
        rmdir(f->path);
    cnn_strings_free(&f->from);
    cnn_strings_free(&f->to);
    free(f->hidden);
    free(f->path);
    free(f);
}

static const struct sink_type folder_type = {folder_pack,   folder_drop,   folder_write,
                                             folder_finish, folder_commit, folder_free};

static int check_empty(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return cnn_fail_errno(CNN_ECREATE, "%s", path);
    struct dirent *entry;
    int rc = 0;
    for (errno = 0; !rc && (entry = readdir(dir)); errno = 0)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            rc = cnn_fail(CNN_ECREATE, "%s: the folder is there and not empty", path);
    if (!rc && errno)
        rc = cnn_fail_errno(CNN_ECREATE, "%s", path);
    closedir(dir);
    return rc;
}

static int folder_start(struct folder *f)
{
    struct cnn_buf name = {0};
    f->made = !mkdir(f->path, 0777);
    int rc = f->made           ? 0
             : errno == EEXIST ? check_empty(f->path)
                               : cnn_fail_errno(CNN_ECREATE, "%s", f->path);
    if (rc)
        return rc;
    cnn_buf_printf(&name, "%s/.tmp-%ld", f->path, (long)getpid());
    char *hidden = cnn_buf_take(&name);
    if (!hidden)
        return CNN_ESYSTEM;
    if (mkdir(hidden, 0777)) {
        free(hidden);
        return cnn_fail_errno(CNN_ECREATE, "%s", f->path);
    }
    f->hidden = hidden;
    if (!f->classes->count)
        return 0;
    char *path = joined(f->hidden, MANIFEST);
    f->manifest = path ? fopen(path, "wx") : NULL;
    rc = f->manifest ? 0 : cnn_fail_errno(CNN_ECREATE, "%s/" MANIFEST, f->path);
    free(path);
    return rc;
}

int sink_open_folder(const char *path, const struct cnn_strings *classes, struct sink **out)
{
    struct folder *f = cnn_calloc(1, sizeof *f);
    if (!f)
        return CNN_ESYSTEM;
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    f->base.type = &folder_type;
    f->classes = classes;
    f->path = cnn_strndup(path, n);
    int rc = f->path ? folder_start(f) : CNN_ESYSTEM;
    if (rc) {
        folder_free(&f->base);
        return rc;
    }
    *out = &f->base;
    return 0;
}
