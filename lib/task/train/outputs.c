/* What is found out about a run's outputs before its first step. */
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "data/plot/draw.h"
#include "file/outfile.h"
#include "task/apart.h"
#include "task/train/data.h"

enum { USES = 7 };

static void outputs(const struct cnn_train_options *o, struct cnn_path_use out[USES])
{
    const char *bad = strncmp(o->on_bad, "list=", 5) ? NULL : o->on_bad + 5;
    const char *cache = cnn_train_caches(o) ? o->cache : NULL;
    const struct cnn_path_use all[USES] = {{"--output", o->output},
                                           {"--checkpoint", o->checkpoint},
                                           {"--log", o->log},
                                           {"--curve", o->curve},
                                           {"--on-bad list", bad},
                                           {"--cache", cache},
                                           {NULL, NULL}};
    memcpy(out, all, sizeof all);
}

/* They get their names when they are whole: no stream. */
static int check_names(const struct cnn_path_use *out)
{
    for (; out->what; out++)
        if (out->path && !strcmp(out->path, "-"))
            return cnn_fail(CNN_EUSAGE, "%s -: not to standard output; ./- is a file of that name",
                            out->what);
    return 0;
}

/* It is read, and written again and again. */
static int check_checkpoint(const char *path)
{
    struct stat st;
    if (!path[0] || stat(path, &st) || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
        return 0;
    return cnn_fail(CNN_EUSAGE, "--checkpoint %s: a pipe or a device, not a file", path);
}

/* A checkpoint that is gone on from is its own next one. */
int cnn_train_check_outputs(const struct cnn_train_options *o)
{
    struct cnn_path_use out[USES];
    const struct cnn_path_use in[] = {{"the data", o->data},
                                      {"--val", o->val},
                                      {"the model", o->init},
                                      {"the net", o->net},
                                      {"the solver", o->solver},
                                      {"the class list", o->classes},
                                      {"the class weights", o->class_weights},
                                      {NULL, NULL}};
    outputs(o, out);
    int rc = check_names(out);
    if (!rc)
        rc = check_checkpoint(o->checkpoint);
    return rc ? rc : cnn_apart_check(out, in);
}

int cnn_train_check_samples(const struct cnn_train_options *o, const struct train_data *data)
{
    struct cnn_path_use out[USES];
    outputs(o, out);
    int rc = cnn_apart_samples(out, data->train);
    return rc || !data->val ? rc : cnn_apart_samples(out, data->val);
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

/* A log is begun in the place of another one, and of nothing else. One that was cut may have less
 * than a line. */
int cnn_train_check_log(const char *path)
{
    static const char begin[] = "{\"event\": ";
    char head[sizeof begin];
    struct stat st;
    if (!path[0] || stat(path, &st) || !S_ISREG(st.st_mode))
        return 0;
    FILE *f = fopen(path, "r");
    if (!f)
        return cnn_fail_errno(CNN_ECREATE, "%s", path);
    size_t n = fread(head, 1, sizeof begin - 1, f);
    int rc = ferror(f) ? cnn_fail_errno(CNN_EIO, "%s", path) : 0;
    fclose(f);
    if (!rc && memcmp(head, begin, n))
        rc = cnn_fail(CNN_ECREATE, "%s: there already, and not the log of a run", path);
    return rc;
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
int cnn_train_probe_outputs(const struct cnn_train_options *o)
{
    enum cnn_picture format;
    int rc = check_begins(o);
    if (!rc && o->curve[0])
        rc = cnn_picture_format(o->curve, &format);
    if (!rc)
        rc = probe(o->output);
    if (!rc)
        rc = probe(o->checkpoint);
    return rc ? rc : probe(o->curve);
}
