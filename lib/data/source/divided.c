/* Folders that hold a dataset in parts; see divided.h. */
#include "data/source/divided.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "data/source/source.h"

enum { TRAIN, VAL, TEST, PARTS };
static const struct {
    const char *name;
    int part;
} names[] = {{"train", TRAIN},    {"training", TRAIN}, {"val", VAL},     {"valid", VAL},
             {"validation", VAL}, {"test", TEST},      {"testing", TEST}};
static const char *const lists[PARTS] = {"train.tsv", "val.tsv", "test.tsv"};

/* What lies in a folder. */
struct looked {
    size_t folders, others, images; /* others: folders that are no part */
    char *folder[PARTS], *list[PARTS];
};

static int part_of(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcasecmp(name, names[i].name))
            return names[i].part;
    return -1;
}

static int is_folder(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int has_folders(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    int found = 0;
    while (dir && !found && (e = readdir(dir))) {
        char *full = cnn_path_is_litter(e->d_name) ? NULL : cnn_path_join(path, e->d_name);
        found = full && is_folder(full);
        free(full);
    }
    if (dir)
        closedir(dir);
    return found;
}

/* Takes `full`, the path of the entry. */
static int look_at(const char *name, char *full, struct looked *l)
{
    int part = part_of(name), rc = 0;
    if (is_folder(full)) {
        l->folders++;
        l->others += part < 0;
        if (part >= 0 && l->folder[part])
            rc = 1;
        else if (part >= 0) {
            l->folder[part] = full;
            full = NULL;
        }
    } else {
        l->images += (size_t)cnn_image_has_name(name);
        for (int i = 0; full && i < PARTS; i++)
            if (!strcmp(name, lists[i])) {
                l->list[i] = full;
                full = NULL;
            }
    }
    free(full);
    return rc;
}

/* 1: a part is there under two names. */
static int look(const char *path, struct looked *l)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    int rc = 0;
    while (dir && rc >= 0 && (e = readdir(dir))) {
        if (cnn_path_is_litter(e->d_name))
            continue;
        char *full = cnn_path_join(path, e->d_name);
        int twice = full ? look_at(e->d_name, full, l) : CNN_ESYSTEM;
        rc = twice < 0 ? twice : rc | twice;
    }
    if (dir)
        closedir(dir);
    return rc;
}

/* Folders called train and val, or test, are no classes of anything. */
static int refuse_beside(const char *path, const struct looked *l)
{
    if (!l->folder[TRAIN] || (!l->folder[VAL] && !l->folder[TEST]))
        return 0;
    if (!l->others)
        return cnn_fail(CNN_EDATA, "%s: a dataset in parts, but there are no class folders in %s",
                        path, l->folder[TRAIN]);
    return cnn_fail(CNN_EDATA,
                    "%s: a dataset in parts, and folders beside them that are no part: name one, "
                    "such as %s",
                    path, l->folder[TRAIN]);
}

int cnn_divided_find(const char *path, struct cnn_divided *out)
{
    struct looked l = {0};
    *out = (struct cnn_divided){0};
    if (!strcmp(path, "-") || !is_folder(path))
        return 0;
    int rc = look(path, &l);
    int folders = rc >= 0 && !l.others && l.folder[TRAIN] && has_folders(l.folder[TRAIN]);
    int listed = rc >= 0 && !l.folders && !l.images && l.list[TRAIN];
    if (folders && rc > 0)
        rc = cnn_fail(CNN_EDATA, "%s: a part of the dataset is there under two names", path);
    else if (rc >= 0)
        rc = folders || listed ? 1 : refuse_beside(path, &l);
    char **found = folders ? l.folder : l.list;
    if (rc == 1) {
        *out = (struct cnn_divided){found[TRAIN], found[VAL], found[TEST]};
        memset(found, 0, PARTS * sizeof *found);
    }
    for (int i = 0; i < PARTS; i++) {
        free(l.folder[i]);
        free(l.list[i]);
    }
    return rc;
}

/* The folder that holds `folder`: of "a/train/" it is "a". NULL: none, or no memory. */
static char *folder_above(const char *folder)
{
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    char *plain = cnn_strndup(folder, n), *slash = plain ? strrchr(plain, '/') : NULL;
    char *above = part_of(slash   ? slash + 1
                          : plain ? plain
                                  : "") >= 0
                      ? cnn_path_folder(plain)
                      : NULL;
    free(plain);
    return above;
}

int cnn_divided_classes(const char *folder, struct cnn_strings *out)
{
    struct cnn_divided d = {0};
    int rc = cnn_source_beside(folder, out);
    char *above = rc || out->count ? NULL : folder_above(folder);
    int divided = above ? cnn_divided_find(above, &d) : 0;
    cnn_divided_free(&d);
    if (divided == 1)
        rc = cnn_source_beside(above, out);
    free(above);
    return rc ? rc : divided == CNN_ESYSTEM ? divided : 0;
}

int cnn_divided_refuse(const char *path,
                       int (*refuse)(const char *path, const struct cnn_divided *d))
{
    struct cnn_divided d;
    int rc = cnn_divided_find(path, &d);
    if (rc == 1)
        rc = refuse(path, &d);
    cnn_divided_free(&d);
    return rc;
}

void cnn_divided_free(struct cnn_divided *d)
{
    free(d->train);
    free(d->val);
    free(d->test);
    *d = (struct cnn_divided){0};
}
