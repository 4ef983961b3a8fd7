/* Whether outputs are files of their own; see apart.h. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "task/apart.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/image/codecs.h"
#include "data/source/dataset.h"
#include "task/runner.h"

enum { OUTPUTS = 16 };

/* Where a path leads: a file that is there, or the name of one to come in a folder. */
struct place {
    dev_t device;
    ino_t file;
    const char *name; /* NULL: there already */
};

/* 0: nowhere in particular (no path, a device, no such folder). */
static int place_of(const char *path, struct place *p)
{
    struct stat st;
    p->name = NULL;
    if (!path || !*path || !strcmp(path, "-"))
        return 0;
    if (stat(path, &st)) {
        const char *slash = strrchr(path, '/');
        size_t n = slash ? (size_t)(slash - path) + 1 : 0;
        struct cnn_buf folder = {0};
        cnn_buf_add(&folder, n ? path : ".", n ? n : 1);
        int found = !folder.failed && !stat(folder.text, &st);
        cnn_buf_free(&folder);
        p->name = slash ? slash + 1 : path;
        if (!found || !*p->name)
            return 0;
    } else if (!S_ISREG(st.st_mode)) {
        return 0;
    }
    p->device = st.st_dev;
    p->file = st.st_ino;
    return 1;
}

static int same_place(const char *a, const char *b)
{
    struct place p, q;
    if (!place_of(a, &p) || !place_of(b, &q) || p.device != q.device || p.file != q.file)
        return 0;
    return p.name && q.name ? !strcmp(p.name, q.name) : p.name == q.name;
}

/* What is read beside an input: `end` in the place of its last `cut` characters, or of its name. */
static int is_beside(const char *out, const char *in, const char *end, size_t cut)
{
    const char *slash = strrchr(in, '/');
    size_t n = cut ? strlen(in) - cut : slash ? (size_t)(slash - in) + 1 : 0;
    struct cnn_buf path = {0};
    struct stat st;
    cnn_buf_add(&path, in, n);
    cnn_buf_puts(&path, end);
    int same = !path.failed && !stat(path.text, &st) && same_place(out, path.text);
    cnn_buf_free(&path);
    return same;
}

static int is_read_with(const char *out, const char *in)
{
    size_t n = strlen(in);
    struct stat st;
    if (stat(in, &st))
        return 0;
    if (S_ISDIR(st.st_mode)) {
        struct cnn_buf path = {0};
        cnn_buf_printf(&path, "%s/classes.txt", in);
        int same = !path.failed && !stat(path.text, &st) && same_place(out, path.text);
        cnn_buf_free(&path);
        return same;
    }
    return is_beside(out, in, "classes.txt", 0) ||
           (n > 4 && !strcmp(in + n - 4, ".npy") && is_beside(out, in, ".tsv", 4));
}

static int is_folder(const char *path, const struct stat *folder)
{
    struct stat st;
    return !stat(path, &st) && st.st_dev == folder->st_dev && st.st_ino == folder->st_ino;
}

/* Cut the last component. NULL: there is none, or one that leads up, or that is hidden and so no
 * data. */
static const char *cut_component(char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (!*name || (*name == '.' && (name[1] || !slash)))
        return NULL;
    *(slash ? slash : path) = '\0';
    return *path ? path : slash ? "/" : ".";
}

/* Whether a folder is on the way to a path, which is used up; *there, where it is NULL: what is
 * first on the way up and exists, with no links in it (free). */
static int is_above(const struct stat *folder, char *path, char **there)
{
    const char *above;
    while ((above = cut_component(path))) {
        if (is_folder(above, folder))
            return 1;
        if (!*there)
            *there = realpath(above, NULL);
    }
    return 0;
}

/* 1: a path lies in the folder, as a link or a name has it; CNN_ESYSTEM. */
static int lies_in(const char *out, const struct stat *folder)
{
    char *there = realpath(out, NULL), *path = cnn_strdup(out);
    int rc = !path ? CNN_ESYSTEM
                   : is_above(folder, path, &there) || (there && is_above(folder, there, &there));
    free(path);
    free(there);
    return rc;
}

/* What is written, to a folder that is read, as an image or in a folder of its own. */
static int refuse_within(const struct cnn_path_use *o, const char *in)
{
    struct stat st;
    if (stat(in, &st) || !S_ISDIR(st.st_mode) || is_folder(o->path, &st))
        return 0;
    int rc = lies_in(o->path, &st);
    return rc <= 0 ? rc
                   : cnn_fail(CNN_EUSAGE,
                              "%s would be data of the next run: %s lies in %s, which is read",
                              o->what, o->path, in);
}

int cnn_apart_check(const struct cnn_path_use *out, const struct cnn_path_use *in)
{
    for (const struct cnn_path_use *o = out; o->what; o++) {
        for (const struct cnn_path_use *p = out; p < o; p++)
            if (same_place(o->path, p->path))
                return cnn_fail(CNN_EUSAGE, "%s and %s are the same file: %s", p->what, o->what,
                                o->path);
        for (const struct cnn_path_use *i = in; i->what; i++) {
            struct place there;
            if (place_of(i->path, &there) && !there.name && same_place(o->path, i->path))
                return cnn_fail(CNN_EUSAGE, "%s would be written over what is read: %s is %s",
                                o->what, o->path, i->what);
            int data = i->path && *i->path && strcmp(i->what, "the model") != 0;
            if (data && o->path && *o->path && is_read_with(o->path, i->path))
                return cnn_fail(CNN_EUSAGE,
                                "%s would be written over what is read: %s belongs to %s", o->what,
                                o->path, i->path);
            int picture = data && o->path && cnn_image_has_name(o->path);
            int rc =
                picture && place_of(o->path, &there) && there.name ? refuse_within(o, i->path) : 0;
            if (rc)
                return rc;
        }
    }
    return 0;
}

int cnn_apart_run(const struct cnn_path_use *out, const struct cnn_apart_run *run)
{
    const struct cnn_path_use models[] = {
        {"the model", run->model}, {"--labels", run->labels}, {NULL, NULL}};
    int rc = cnn_apart_check(out, models);
    for (size_t i = 0; !rc && i < run->inputs; i++) {
        const struct cnn_path_use data[] = {{"the data", run->input[i]}, {NULL, NULL}};
        rc = cnn_apart_check(out, data);
    }
    for (size_t i = 0; !rc && run->in && i < run->in->count; i++)
        rc = cnn_apart_samples(out, run->in->ds[i]);
    return rc;
}

/* The file of a sample: itself, or that before "#17". */
static int stat_source(const char *source, struct stat *st)
{
    const char *hash = strrchr(source, '#');
    if (!stat(source, st))
        return 1;
    struct cnn_buf path = {0};
    if (hash)
        cnn_buf_add(&path, source, (size_t)(hash - source));
    int found = path.size && !path.failed && !stat(path.text, st);
    cnn_buf_free(&path);
    return found;
}

int cnn_apart_samples(const struct cnn_path_use *out, const struct cnn_dataset *ds)
{
    struct stat there[OUTPUTS], st;
    const struct cnn_path_use *use[OUTPUTS];
    size_t n = 0, count = cnn_dataset_count(ds);
    for (; out->what && n < OUTPUTS; out++)
        if (out->path && *out->path && !stat(out->path, &there[n]) && S_ISREG(there[n].st_mode))
            use[n++] = out;
    for (size_t i = 0; n && count != SIZE_MAX && i < count; i++) {
        const char *source = cnn_dataset_record(ds, i)->source;
        if (!stat_source(source, &st))
            continue;
        for (size_t k = 0; k < n; k++)
            if (st.st_ino == there[k].st_ino && st.st_dev == there[k].st_dev)
                return cnn_fail(CNN_EUSAGE, "%s would be written over what is read: %s is %s",
                                use[k]->what, use[k]->path, source);
    }
    return 0;
}

int cnn_apart_folder(const char *out, const char *in)
{
    return refuse_within(&(struct cnn_path_use){"--output", out}, in);
}
