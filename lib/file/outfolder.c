/* Output folders; see outfolder.h. */
#include "file/outfolder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "file/remove.h"

struct cnn_outfolder {
    char *path, *hidden;
    int made;                    /* the folder was not there before */
    struct cnn_strings from, to; /* what is moved up at the end */
    size_t moved;                /* of it so far; 0 once all is */
};

static char *joined(const char *folder, const char *name)
{
    struct cnn_buf path = {0};
    cnn_buf_printf(&path, "%s/%s", folder, name);
    return cnn_buf_take(&path);
}

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

static int start(struct cnn_outfolder *f)
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
        rc = cnn_fail_errno(CNN_ECREATE, "%s", f->path);
        free(hidden);
        return rc;
    }
    f->hidden = hidden;
    return 0;
}

int cnn_outfolder_open(const char *path, struct cnn_outfolder **out)
{
    struct cnn_outfolder *f = cnn_calloc(1, sizeof *f);
    size_t n = strlen(path);
    if (!f)
        return CNN_ESYSTEM;
    while (n > 1 && path[n - 1] == '/')
        n--;
    f->path = cnn_strndup(path, n);
    int rc = f->path ? start(f) : CNN_ESYSTEM;
    if (rc)
        cnn_outfolder_free(f);
    else
        *out = f;
    return rc;
}

const char *cnn_outfolder_path(const struct cnn_outfolder *f)
{
    return f->path;
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

int cnn_outfolder_put(const struct cnn_outfolder *f, const char *name, const void *bytes,
                      size_t size)
{
    char *path = joined(f->hidden, name);
    if (!path)
        return CNN_ESYSTEM;
    int rc = write_new(path, bytes, size);
    if (rc == -1 && errno == ENOENT && !make_folders(path, strlen(f->hidden) + 1))
        rc = write_new(path, bytes, size);
    if (rc == -1 && errno == EEXIST)
        rc = cnn_fail(CNN_EDATA, "%s/%s: two files would have this name", f->path, name);
    else if (rc)
        rc = cnn_fail_errno(rc == -1 ? CNN_ECREATE : CNN_EIO, "%s/%s", f->path, name);
    free(path);
    return rc;
}

int cnn_outfolder_stream(const struct cnn_outfolder *f, const char *name, FILE **out)
{
    char *path = joined(f->hidden, name);
    if (!path)
        return CNN_ESYSTEM;
    *out = fopen(path, "wx");
    int rc = *out ? 0 : cnn_fail_errno(CNN_ECREATE, "%s/%s", f->path, name);
    free(path);
    return rc;
}

static int will_move(struct cnn_outfolder *f, const char *name)
{
    char *from = joined(f->hidden, name), *to = joined(f->path, name);
    int rc = from && to ? cnn_strings_add(&f->from, from) : CNN_ESYSTEM;
    if (!rc)
        rc = cnn_strings_add(&f->to, to);
    free(from);
    free(to);
    return rc;
}

int cnn_outfolder_finish(struct cnn_outfolder *f, const char *last)
{
    DIR *dir = opendir(f->hidden);
    if (!dir)
        return cnn_fail_errno(CNN_EIO, "%s", f->hidden);
    struct dirent *entry;
    int rc = 0;
    for (errno = 0; !rc && (entry = readdir(dir)); errno = 0)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
            (!last || strcmp(entry->d_name, last)))
            rc = will_move(f, entry->d_name);
    if (!rc && errno)
        rc = cnn_fail_errno(CNN_EIO, "%s", f->hidden);
    closedir(dir);
    return rc || !last ? rc : will_move(f, last);
}

int cnn_outfolder_commit(struct cnn_outfolder *f)
{
    for (size_t i = 0; i < f->to.count; i++, f->moved++)
        if (rename(f->from.item[i], f->to.item[i]))
            return cnn_fail_errno(CNN_ECREATE, "%s", f->to.item[i]);
    if (rmdir(f->hidden))
        return cnn_fail_errno(CNN_EIO, "%s", f->hidden);
    f->moved = 0;
    f->made = 0; /* it stays */
    return 0;
}

void cnn_outfolder_free(struct cnn_outfolder *f)
{
    if (!f)
        return;
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

void cnn_outfolder_name(const char *text, char slash, struct cnn_buf *out)
{
    int begin = 1;
    for (; *text; text++) {
        char c = *text == '/' ? slash : *text;
        if (c == '/' && begin)
            continue;
        if ((begin && c == '.') || (unsigned char)c < ' ' || c == 0x7f)
            c = '_';
        cnn_buf_add(out, &c, 1);
        begin = c == '/';
    }
}
