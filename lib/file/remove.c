/* Folders and what is below them; see remove.h. opendir(3) would allocate, so folders are read by
 * what it stands upon. */
#define _GNU_SOURCE /* getdents64 */
#include "file/remove.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void remove_below(int fd);

static void remove_at(int folder, const char *name)
{
    if (!unlinkat(folder, name, 0))
        return;
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    remove_below(fd);
    close(fd);
    unlinkat(folder, name, AT_REMOVEDIR);
}

static void remove_below(int fd)
{
    _Alignas(struct dirent64) char block[4096];
    ssize_t n;
    while ((n = getdents64(fd, block, sizeof block)) > 0)
        for (ssize_t at = 0; at < n;) {
            struct dirent64 *e = (struct dirent64 *)(void *)(block + at);
            at += e->d_reclen;
            if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
                remove_at(fd, e->d_name);
        }
}

void cnn_remove_tree(const char *path)
{
    remove_at(AT_FDCWD, path);
}
