/* Tar archives and streams. A plain tar file is indexed once and read with pread; what cannot be
 * read again (a pipe, a compressed tar) is spooled, or read once in order (tar_once.c). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/source/members.h"
#include "data/source/spool.h"
#include "file/tar.h"

#define DEFAULT_MEMORY ((size_t)1 << 30)

struct stored {
    const struct cnn_source_field *field; /* of CNN_PART_FIELD */
    const unsigned char *at;              /* NULL: in a file, at the offset */
    uint64_t offset;
    uint32_t size;
    uint16_t kind;    /* enum cnn_part_kind */
    uint16_t spooled; /* the spool's file, not the tar */
};

struct tar {
    struct stored *part;
    size_t parts, part_capacity;
    size_t *first; /* (samples + 1) of part */
    size_t first_capacity;
    struct cnn_spool spool;
    int fd; /* of the tar file, which all but sparse members are read from; -1: all is spooled */
};

static const struct stored *find_stored(const struct tar *t, size_t i, enum cnn_part_kind kind)
{
    for (size_t k = t->first[i]; k < t->first[i + 1]; k++)
        if (t->part[k].kind == (uint32_t)kind)
            return &t->part[k];
    return NULL;
}

static int load_part(const struct tar *t, const struct stored *p, struct cnn_sample *out)
{
    const unsigned char *bytes = p->at;
    if (!bytes) {
        int rc = cnn_source_room(out, p->size);
        if (!rc)
            rc = cnn_read_at(p->spooled ? t->spool.fd : t->fd, p->offset, out->encoded, p->size);
        if (rc)
            return rc;
        bytes = out->encoded;
    }
    return cnn_part_decode((enum cnn_part_kind)p->kind, p->field, bytes, p->size, out);
}

/* None by itself, and nobody says which. */
static int fail_without_input(const struct cnn_dataset *ds, size_t i)
{
    const struct tar *t = ds->state;
    struct cnn_part_inputs inputs = {0};
    for (size_t k = t->first[i]; k < t->first[i + 1]; k++)
        if (t->part[k].kind == CNN_PART_FIELD)
            cnn_part_note_input(&inputs, t->part[k].field);
    return cnn_part_fail_inputs(&inputs, ds->record[i].key);
}

static int load_sample(const struct cnn_dataset *ds, size_t i, struct cnn_sample *out)
{
    const struct tar *t = ds->state;
    const struct stored *fault = find_stored(t, i, CNN_PART_FAULT);
    const struct stored *image = find_stored(t, i, CNN_PART_IMAGE);
    if (!image)
        image = find_stored(t, i, CNN_PART_NUMBERS);
    for (size_t k = t->first[i]; k < t->first[i + 1]; k++)
        if (t->part[k].field && cnn_source_counts_pixels(t->part[k].field, out))
            out->fit = NULL;
    if (fault)
        return cnn_fail(CNN_EDATA, "%s", (const char *)fault->at);
    if (!image && !out->input)
        return fail_without_input(ds, i);
    out->image.c = 0;
    int rc = image ? load_part(t, image, out) : 0;
    for (size_t k = t->first[i]; !rc && k < t->first[i + 1]; k++) {
        const struct stored *p = &t->part[k];
        if (p->kind == CNN_PART_FIELD && cnn_sample_wants(out, p->field->name))
            rc = load_part(t, p, out);
    }
    return rc;
}

static void close_tar(void *state)
{
    struct tar *t = state;
    cnn_spool_free(&t->spool);
    if (t->fd >= 0)
        close(t->fd);
    free(t->part);
    free(t->first);
    free(t);
}

static const struct cnn_source_type tar_type = {
    .form = "tar", .load = load_sample, .close = close_tar, .keyed = 1};

static int keep(struct tar *t, const struct stored *s)
{
    if (cnn_grow(&t->part, &t->part_capacity, t->parts + 1, sizeof *t->part))
        return CNN_ESYSTEM;
    t->part[t->parts++] = *s;
    return 0;
}

/* Keep a part, or where it is. */
static int keep_part(struct tar *t, const struct cnn_raw *raw, const struct cnn_part *p)
{
    struct stored s = {.field = p->field, .size = (uint32_t)p->size, .kind = (uint16_t)p->kind};
    int rc = 0;
    if (t->fd >= 0 && p->in_file >= 0)
        s.offset = (uint64_t)p->in_file;
    else
        rc = cnn_spool_put(&t->spool, raw->bytes + p->offset, p->size, &s.at, &s.offset);
    s.spooled = t->fd < 0 || p->in_file < 0;
    return rc ? rc : keep(t, &s);
}

static int keep_fault(struct cnn_dataset *ds, const struct cnn_raw *raw)
{
    struct stored s = {.kind = CNN_PART_FAULT};
    s.at = (const unsigned char *)cnn_arena_strdup(ds->arena, raw->fault.text);
    return s.at ? keep(ds->state, &s) : CNN_ESYSTEM;
}

static int keep_sample(struct cnn_dataset *ds, struct cnn_raw *raw)
{
    int rc = raw->fault.size ? keep_fault(ds, raw) : cnn_raw_find_fields(ds, raw);
    for (size_t i = 0; !rc && !raw->fault.size && i < raw->parts; i++) {
        const struct cnn_part *p = &raw->part[i];
        if (p->kind != CNN_PART_CLASS && p->kind != CNN_PART_JSON)
            rc = keep_part(ds->state, raw, p);
    }
    return rc;
}

static int add_record(struct cnn_dataset *ds, const struct cnn_raw *raw, struct cnn_found *found)
{
    char source[1200];
    struct cnn_record r = {.key = raw->key.text, .label = -1, .weight = raw->weight};
    int64_t value;
    snprintf(source, sizeof source, "%.1000s#%zu", ds->path, raw->number);
    r.source = source;
    if (*raw->class && cnn_parse_int(raw->class, 0, INT32_MAX, &value))
        found->numeric = 0;
    int rc = *raw->class ? cnn_class_add(found, raw->class, source, &r.label) : 0;
    return rc ? rc : cnn_source_add(ds, &r);
}

/* 1: a sample was read; 0: there is none any more; negative: failed. */
static int read_next(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                     struct cnn_members *members, struct cnn_raw *raw, struct cnn_found *found)
{
    struct tar *t = ds->state;
    if (options->stop && *options->stop)
        return cnn_fail(CNN_EINTERRUPTED, "%s: interrupted", ds->path);
    int more = cnn_members_next(members, raw);
    if (more < 0)
        return more;
    if (cnn_grow(&t->first, &t->first_capacity, ds->count + 2, sizeof *t->first))
        return CNN_ESYSTEM;
    t->first[ds->count] = t->parts;
    if (!more)
        return 0;
    int rc = keep_sample(ds, raw);
    if (!rc)
        rc = add_record(ds, raw, found);
    return rc ? rc : 1;
}

/* To the end of the archive; everything is known then. */
static int read_all(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                    struct cnn_members *members, struct cnn_found *found)
{
    struct cnn_raw *raw = cnn_raw_new();
    int rc = raw ? 1 : CNN_ESYSTEM;
    while (rc > 0)
        rc = read_next(ds, options, members, raw, found);
    cnn_raw_free(raw);
    return rc;
}

static int take_header(struct cnn_dataset *ds, const struct cnn_members *m, struct cnn_strings *own)
{
    if (m->history && !(ds->history = cnn_strdup(m->history)))
        return CNN_ESYSTEM;
    if (m->classes.count)
        return cnn_strings_copy(own, &m->classes);
    if (m->ours || !strcmp(ds->path, "-") || ds->fd >= 0)
        return 0;
    char *folder = cnn_path_folder(ds->path);
    int rc = folder ? cnn_source_beside(folder, own) : CNN_ESYSTEM;
    free(folder);
    return rc;
}

static int open_for_pread(struct cnn_dataset *ds, struct cnn_members *m, int *fd)
{
    m->index = 1;
    *fd = open(ds->path, O_RDONLY | O_CLOEXEC);
    return *fd < 0 ? cnn_fail_errno(CNN_ENOINPUT, "%s", ds->path) : 0;
}

/* Go through the archive, so that each sample can be loaded. */
static int fill(struct cnn_dataset *ds, const struct cnn_dataset_options *options,
                const struct cnn_strings *own, struct cnn_members *members)
{
    struct cnn_found found = {.numeric = 1};
    struct tar *t = cnn_calloc(1, sizeof *t);
    if (!t)
        return CNN_ESYSTEM;
    ds->type = &tar_type;
    ds->state = t;
    t->fd = -1;
    t->spool = (struct cnn_spool){.fd = -1, .folder = options->temporary};
    t->spool.limit = options->memory ? options->memory : DEFAULT_MEMORY;
    int rc = members->in_place ? open_for_pread(ds, members, &t->fd) : 0;
    if (!rc)
        rc = read_all(ds, options, members, &found);
    if (!rc)
        rc = cnn_source_settle(ds, options, &found, own);
    if (!rc)
        ds->bytes = t->spool.in_memory + t->part_capacity * sizeof *t->part +
                    t->first_capacity * sizeof *t->first;
    cnn_found_free(&found);
    return rc;
}

static int open_tar(struct cnn_dataset *ds, const struct cnn_dataset_options *options, int fd,
                    const unsigned char *ahead, size_t ahead_size)
{
    struct cnn_members members;
    struct cnn_strings own = {0};
    int rc = cnn_members_open(&members, ds->path, fd, ahead, ahead_size, options->stop);
    if (!rc)
        rc = take_header(ds, &members, &own);
    int listed = own.count || members.ours || (options->classes && options->classes->count);
    int once = !members.in_place && (options->stream == CNN_STREAM_ONCE ||
                                     (options->stream == CNN_STREAM_ONCE_LISTED && listed));
    if (!rc)
        rc = once ? cnn_open_tar_once(ds, options, &own, &members)
                  : fill(ds, options, &own, &members);
    cnn_members_close(&members);
    cnn_strings_free(&own);
    return rc;
}

enum { TAR_BLOCK = 512, TAR_SUM = 148, TAR_SUM_DIGITS = 8 };

/* A tar header holds the sum of its bytes, that field taken as spaces, in octal. */
static int has_sum(const unsigned char *head, size_t size)
{
    char text[TAR_SUM_DIGITS + 1] = {0};
    unsigned long sum = TAR_SUM_DIGITS * ' ';
    if (size < TAR_BLOCK || !head[0])
        return 0;
    memcpy(text, head + TAR_SUM, TAR_SUM_DIGITS);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        if (i < TAR_SUM || i >= TAR_SUM + TAR_SUM_DIGITS)
            sum += head[i];
    char *end;
    unsigned long said = strtoul(text, &end, 8);
    return end > text && said == sum;
}

static int is_compressed(const struct cnn_form_head *h)
{
    return cnn_form_begins(h, "\x1f\x8b", 2) || cnn_form_begins(h, "\x28\xb5\x2f\xfd", 4) ||
           cnn_form_begins(h,
                           "\xfd"
                           "7zXZ",
                           5) ||
           cnn_form_begins(h, "BZh", 3) || cnn_form_begins(h, "\x04\x22\x4d\x18", 4);
}

/* What is compressed is taken for a tar; what is inside decides. */
static int is_tar(const struct cnn_form_head *h)
{
    return has_sum(h->bytes, h->size) || is_compressed(h);
}

const struct cnn_form cnn_form_tar = {
    .name = "tar",
    .endings = (const char *const[]){".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", NULL},
    .is = is_tar,
    .read = open_tar};

/* The end of an archive, and nothing before it. */
static int is_empty_tar(const struct cnn_form_head *h)
{
    static const char zeros[TAR_BLOCK];
    return cnn_form_begins(h, zeros, sizeof zeros);
}

const struct cnn_form cnn_form_empty_tar = {.name = "tar", .is = is_empty_tar, .read = open_tar};
