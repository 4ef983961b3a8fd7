/* What is found out about a run's outputs before its first step. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "file/outfile.h"
#include "task/train_private.h"

/* Where an output goes: a file that is there, or the name of one to come in a folder. */
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
    if (stat(path, &st)) {
        const char *slash = strrchr(path, '/');
        char *folder = cnn_strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
        int found = folder && !stat(*folder ? folder : ".", &st);
        free(folder);
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

/* No output may be written over another. */
static int check_apart(const struct cnn_train_options *o)
{
    const char *const out[][2] = {{"--output", o->output},
                                  {"--checkpoint", o->checkpoint},
                                  {"--log", o->log},
                                  {"--curve", o->curve}};
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        for (size_t k = 0; k < i; k++)
            if (same_place(out[i][1], out[k][1]))
                return cnn_fail(CNN_EUSAGE, "%s and %s are the same file: %s", out[k][0], out[i][0],
                                out[i][1]);
    return 0;
}

/* Without --resume, a checkpoint with something in it is a run that somebody may want to go on. */
static int check_begins(const struct cnn_train_options *o)
{
    struct stat st;
    if (o->resume || !o->checkpoint[0] || stat(o->checkpoint, &st) || !S_ISREG(st.st_mode) ||
        !st.st_size)
        return 0;
    return cnn_fail(CNN_ECREATE, "%s: there already: --resume goes on from it; remove it to begin",
                    o->checkpoint);
}

static int probe(const char *path)
{
    struct cnn_outfile *f;
    if (!path[0])
        return 0;
    int rc = cnn_outfile_open(path, &f);
    if (!rc)
        cnn_outfile_abort(f);
    return rc;
}

/* Before the first step: hours of training must not end at a folder that cannot be written to. */
int train_probe_outputs(struct trainer *t)
{
    int rc = check_apart(t->o);
    if (!rc)
        rc = check_begins(t->o);
    if (!rc)
        rc = probe(t->o->output);
    if (!rc)
        rc = probe(t->o->checkpoint);
    return rc ? rc : probe(t->o->curve);
}
