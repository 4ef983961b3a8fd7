/* Samples into a folder: CLASS/KEY.png, classes.txt and manifest.tsv; see augment.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/image/png.h"
#include "file/outfolder.h"
#include "task/augment/private.h"

#define MANIFEST "manifest.tsv"

struct folder {
    struct sink base;
    const struct cnn_strings *classes;
    struct cnn_outfolder *out;
    FILE *manifest; /* NULL: there are no classes to list */
};

/* What is written for one sample. */
struct packed {
    unsigned char *png;
    size_t size;
    struct cnn_buf path, row; /* below the folder; the line of the manifest */
};

static const char *class_of(const struct folder *f, const struct cnn_sample *s)
{
    int32_t label = cnn_sample_label(s);
    return label >= 0 ? f->classes->item[label] : NULL;
}

static int check_sample(const struct folder *f, const struct cnn_sample *s)
{
    int32_t label = cnn_sample_label(s);
    if (!s->image.maxval)
        return cnn_fail(CNN_EDATA,
                        "%s: numbers that are no image, which a folder cannot hold (write a .tar)",
                        s->key);
    for (size_t i = 0; i < s->fields; i++) {
        const struct cnn_field *g = &s->field[i];
        if (strcmp(g->name, cnn_field_kind_info[CNN_FIELD_CLASS].name) != 0)
            return cnn_fail(CNN_EDATA, "%s: '%s' (%s), which a folder cannot hold (write a .tar)",
                            s->key, g->name, cnn_field_kind_info[g->kind].word);
    }
    if (label < 0 && f->classes->count)
        return cnn_fail(
            CNN_EDATA,
            "%s: no class where others have one, which a folder cannot hold (write a .tar)",
            s->key);
    if (label >= 0 && (size_t)label >= f->classes->count)
        return cnn_fail(CNN_EDATA, "%s: class %ld is not in the list", s->key, (long)label);
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
    cnn_augment_path(s->key, class_of(f, s), f->classes->count > 0, &p->path);
    if (!p->path.failed)
        cnn_augment_row(p->path.text, class_of(f, s), group, s->weight, &p->row);
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

static int fail_manifest(const struct folder *f)
{
    return cnn_fail_errno(CNN_EIO, "%s/" MANIFEST, cnn_outfolder_path(f->out));
}

static int folder_write(struct sink *sink, const void *packed)
{
    struct folder *f = (struct folder *)sink;
    const struct packed *p = packed;
    int rc = cnn_outfolder_put(f->out, p->path.text, p->png, p->size);
    if (!rc && f->manifest && fwrite(p->row.text, 1, p->row.size, f->manifest) != p->row.size)
        return fail_manifest(f);
    return rc;
}

static int write_classes(const struct folder *f)
{
    struct cnn_buf text = {0};
    for (size_t i = 0; i < f->classes->count; i++)
        cnn_buf_printf(&text, "%s\n", f->classes->item[i]);
    int rc =
        text.failed ? CNN_ESYSTEM : cnn_outfolder_put(f->out, "classes.txt", text.text, text.size);
    cnn_buf_free(&text);
    return rc;
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
    return failed ? fail_manifest(f) : 0;
}

/* The manifest is what makes the folder a dataset: it comes last. */
static int folder_finish(struct sink *sink)
{
    struct folder *f = (struct folder *)sink;
    int listed = f->manifest != NULL, rc = listed ? close_manifest(f) : 0;
    if (!rc && listed)
        rc = write_classes(f);
    return rc ? rc : cnn_outfolder_finish(f->out, listed ? MANIFEST : NULL);
}

static int folder_commit(struct sink *sink)
{
    return cnn_outfolder_commit(((struct folder *)sink)->out);
}

static void folder_free(struct sink *sink)
{
    struct folder *f = (struct folder *)sink;
    if (f->manifest)
        fclose(f->manifest);
    cnn_outfolder_free(f->out);
    free(f);
}

static const struct sink_type folder_type = {folder_pack,   folder_drop,   folder_write,
                                             folder_finish, folder_commit, folder_free};

int cnn_sink_open_folder(const char *path, const struct cnn_strings *classes, struct sink **out)
{
    struct folder *f = cnn_calloc(1, sizeof *f);
    if (!f)
        return CNN_ESYSTEM;
    f->base.type = &folder_type;
    f->classes = classes;
    int rc = cnn_outfolder_open(path, &f->out);
    if (!rc && classes->count)
        rc = cnn_outfolder_stream(f->out, MANIFEST, &f->manifest);
    if (rc)
        folder_free(&f->base);
    else
        *out = &f->base;
    return rc;
}
