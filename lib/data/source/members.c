/* Tar members to samples; see members.h. */
#include "data/source/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/source/members_private.h"
#include "file/tar.h"

uint64_t cnn_members_checksum(uint64_t before, const char *name, const void *data, size_t size)
{
    return cnn_hash(data, size, cnn_hash_string(name, before));
}

/* Where the key ends: at the first dot of the last component. */
static size_t key_length(const char *name)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    const char *dot = strchr(base, '.');
    return dot ? (size_t)(dot - name) : strlen(name);
}

/* Under a name of its own it is a field: of letters, digits and '_'. Label images and the like are
 * fields without one, too. */
static int is_field(const char *rest, size_t before, enum cnn_field_kind kind)
{
    if (before > 1)
        return cnn_field_may_be_called(rest + 1, before - 1) || kind == CNN_FIELD_LABELS;
    return kind != CNN_FIELD_CLASS && kind != CNN_FIELD_NUMBERS && kind != CNN_FIELD_IMAGE;
}

/* What a member of that name is. */
static struct cnn_part identify(const char *name)
{
    static const enum cnn_part_kind plain[CNN_FIELD_KIND_COUNT] = {
        [CNN_FIELD_CLASS] = CNN_PART_CLASS, [CNN_FIELD_NUMBERS] = CNN_PART_NUMBERS,
        [CNN_FIELD_IMAGE] = CNN_PART_IMAGE, [CNN_FIELD_LABELS] = CNN_PART_OTHER,
        [CNN_FIELD_BOXES] = CNN_PART_OTHER, [CNN_FIELD_TEXT] = CNN_PART_OTHER,
        [CNN_FIELD_INPUT] = CNN_PART_OTHER, [CNN_FIELD_POINTS] = CNN_PART_OTHER};
    const char *rest = name + key_length(name);
    struct cnn_part p = {.kind = CNN_PART_OTHER};
    size_t before;
    if (cnn_path_ends(rest, ".json"))
        p.kind = CNN_PART_JSON;
    else if (cnn_field_ending(rest, &p.field_kind, &before)) {
        int named = before > 1 && cnn_field_may_be_called(rest + 1, before - 1);
        p.kind = is_field(rest, before, p.field_kind) ? CNN_PART_FIELD : plain[p.field_kind];
        snprintf(p.name, sizeof p.name, "%.*s", named ? (int)before - 1 : CNN_FIELD_NAME_MAX,
                 named ? rest + 1 : cnn_field_kind_info[p.field_kind].name);
    }
    if (p.kind == CNN_PART_FIELD && p.field_kind == CNN_FIELD_CLASS &&
        !strcmp(p.name, cnn_field_kind_info[CNN_FIELD_CLASS].name))
        p.kind = CNN_PART_CLASS;
    return p;
}

/* What systems leave in archives (AppleDouble members, before each that they go with): no data. */
static int is_litter(const char *name)
{
    const char *slash = strrchr(name, '/');
    return !strncmp(name, "__MACOSX/", 9) || cnn_path_is_litter(slash ? slash + 1 : name);
}

/* The next member that has data, and is neither header nor end record, becomes the pending one. */
static int fetch(struct cnn_members *m)
{
    struct cnn_tar_member t;
    for (;;) {
        int rc = cnn_tar_reader_next(m->reader, &t);
        if (rc < 0)
            return cnn_members_fail(m, rc);
        if (rc == 0 && m->ours && !m->ended)
            return cnn_fail(CNN_EDATA, "%s: cut before its end record (after %zu samples)", m->path,
                            m->since_header);
        if (rc == 0)
            return 0;
        const char *name = t.name;
        while (!strncmp(name, "./", 2))
            name += 2;
        if (!t.regular && (!t.link || m->ours || identify(name).kind == CNN_PART_OTHER))
            continue;
        if (!m->ours && is_litter(name) && strcmp(name, CNN_STREAM_HEADER))
            continue;
        m->name.size = 0;
        cnn_buf_puts(&m->name, name);
        if (m->name.failed)
            return CNN_ESYSTEM;
        m->size = t.size;
        m->offset = t.offset;
        m->in_place = t.in_place;
        m->link = t.link;
        m->symbolic = t.symbolic;
        return 1;
    }
}

/* Header and end records on the way are dealt with. 1, 0 or negative as fetch. */
static int advance(struct cnn_members *m)
{
    for (;;) {
        int rc = fetch(m);
        if (rc <= 0)
            return rc;
        if (m->ended && strcmp(m->name.text, CNN_STREAM_HEADER))
            return cnn_fail(CNN_EDATA, "%s: '%.300s' behind the end record", m->path, m->name.text);
        if (m->ours && !m->ended && !strcmp(m->name.text, CNN_STREAM_END))
            rc = cnn_members_end(m);
        else if (m->ended)
            rc = cnn_members_header(m);
        else
            return 1;
        if (rc)
            return rc;
    }
}

int cnn_members_open(struct cnn_members *m, const char *path, int fd, const unsigned char *ahead,
                     size_t ahead_size, const volatile int *stop)
{
    *m = (struct cnn_members){.path = path};
    int rc = cnn_tar_reader_open(path, fd, ahead, ahead_size, stop, &m->reader);
    if (rc)
        return rc;
    rc = fetch(m);
    if (rc > 0 && !strcmp(m->name.text, CNN_STREAM_HEADER)) {
        rc = cnn_members_header(m);
        if (rc)
            return rc;
        rc = advance(m);
    }
    m->pending = rc > 0;
    return rc < 0 ? rc : 0;
}

void cnn_members_close(struct cnn_members *m)
{
    cnn_tar_reader_close(m->reader);
    cnn_strings_free(&m->classes);
    cnn_buf_free(&m->name);
    free(m->history);
    *m = (struct cnn_members){0};
}

/* A sample has one member of a role. */
static const char *role_of(const struct cnn_part *p)
{
    static const char *const role[CNN_PART_KINDS] = {[CNN_PART_IMAGE] = "input",
                                                     [CNN_PART_NUMBERS] = "input",
                                                     [CNN_PART_CLASS] = "class",
                                                     [CNN_PART_JSON] = "weight"};
    return p->kind == CNN_PART_FIELD ? p->name : role[p->kind];
}

/* Fields that are called as other roles are their own matter. */
static int has_role(const struct cnn_raw *raw, const struct cnn_part *part)
{
    for (size_t i = 0; i < raw->parts; i++)
        if ((raw->part[i].kind == CNN_PART_FIELD) == (part->kind == CNN_PART_FIELD) &&
            !strcmp(role_of(&raw->part[i]), role_of(part)))
            return 1;
    return 0;
}

/* What is wrong with the pending member of that kind, if anything is. */
static void find_fault(const struct cnn_members *m, const struct cnn_raw *raw,
                       const struct cnn_part *part, struct cnn_buf *out)
{
    if (m->link)
        cnn_buf_printf(out, "'%.300s' is a %s link to '%.300s': tar --%sdereference stores a file",
                       m->name.text, m->symbolic ? "symbolic" : "hard", m->link,
                       m->symbolic ? "" : "hard-");
    else if (has_role(raw, part))
        cnn_buf_printf(
            out, "'%.300s' is a second %s%s%s of the key '%.300s', which ends at the first dot",
            m->name.text, part->kind == CNN_PART_FIELD ? "field '" : "", role_of(part),
            part->kind == CNN_PART_FIELD ? "'" : "", raw->key.text);
}

/* The pending member becomes a part. Without its class a sample would pass for one without. */
static int add_part(struct cnn_members *m, struct cnn_raw *raw, const struct cnn_part *part)
{
    struct cnn_buf fault = {0};
    find_fault(m, raw, part, &fault);
    int rc = fault.failed || raw->fault.failed ? CNN_ESYSTEM : 0;
    if (!rc && cnn_grow(&raw->part, &raw->part_capacity, raw->parts + 1, sizeof *raw->part))
        rc = CNN_ESYSTEM;
    if (!rc && !fault.size) {
        m->since_header += !raw->parts;
        raw->part[raw->parts++] = *part;
    } else if (!rc && part->kind == CNN_PART_CLASS) {
        rc = cnn_fail(CNN_EDATA, "%s: %s", m->path, fault.text);
    } else if (!rc && !raw->fault.size) {
        cnn_buf_puts(&raw->fault, fault.text);
    }
    cnn_buf_free(&fault);
    return rc;
}

/* The pending member's data behind what raw holds already. */
static int read_data(struct cnn_members *m, struct cnn_raw *raw, struct cnn_part *part)
{
    if (m->size > CNN_ENCODED_MAX)
        return cnn_fail(CNN_EDATA, "%s: member '%.300s' of %llu bytes is too large", m->path,
                        m->name.text, (unsigned long long)m->size);
    *part = identify(m->name.text);
    part->offset = raw->size;
    part->size = (size_t)m->size;
    part->in_file = m->offset;
    if (part->kind == CNN_PART_JSON && !m->ours)
        part->kind = CNN_PART_OTHER; /* what it means is not known */
    if (m->link)
        return 0;
    int wanted = part->kind == CNN_PART_CLASS ||
                 (part->kind != CNN_PART_OTHER && part->kind != CNN_PART_JSON &&
                  !(m->index && m->offset >= 0));
    if (!wanted && !m->ours)
        return 0;
    if (cnn_grow(&raw->bytes, &raw->capacity, raw->size + part->size + 1, 1))
        return CNN_ESYSTEM;
    int rc = cnn_tar_reader_data(m->reader, raw->bytes + raw->size, part->size);
    if (rc)
        return cnn_members_fail(m, rc);
    part->read = 1;
    if (m->ours)
        m->checksum =
            cnn_members_checksum(m->checksum, m->name.text, raw->bytes + raw->size, part->size);
    raw->size += part->size;
    return 0;
}

/* The members of one key, which a header between them would part. */
static int gather(struct cnn_members *m, struct cnn_raw *raw)
{
    raw->parts = 0;
    raw->size = raw->key.size = raw->fault.size = 0;
    cnn_buf_add(&raw->key, m->name.text, key_length(m->name.text));
    if (raw->key.failed)
        return CNN_ESYSTEM;
    for (;;) {
        struct cnn_part part;
        int rc = read_data(m, raw, &part);
        if (!rc && part.kind != CNN_PART_OTHER)
            rc = add_part(m, raw, &part);
        if (rc)
            return rc;
        rc = advance(m);
        m->pending = rc > 0;
        if (rc <= 0)
            return rc;
        size_t n = key_length(m->name.text);
        if (n != raw->key.size || memcmp(raw->key.text, m->name.text, n) ||
            (raw->parts && !m->since_header))
            return 0;
    }
}

/* Where nothing is the input by its name, the only image that is there is it, or else the only
 * numbers. Of several, who loads the sample says which. 0: there is none. */
static int find_input(struct cnn_raw *raw)
{
    static const struct {
        enum cnn_field_kind kind;
        enum cnn_part_kind input;
    } may[] = {{CNN_FIELD_IMAGE, CNN_PART_IMAGE}, {CNN_FIELD_NUMBERS, CNN_PART_NUMBERS}};
    struct cnn_part input = {.kind = CNN_PART_IMAGE};
    const char *target = cnn_field_kind_info[CNN_FIELD_NUMBERS].name;
    for (size_t k = 0; !has_role(raw, &input) && k < 2; k++) {
        struct cnn_part *found = NULL;
        for (size_t i = 0; i < raw->parts; i++) {
            struct cnn_part *p = &raw->part[i];
            int is = p->kind == CNN_PART_FIELD && p->field_kind == may[k].kind &&
                     strcmp(p->name, target) != 0;
            if (is && found)
                return 1;
            found = is ? p : found;
        }
        if (found) {
            found->kind = may[k].input;
            found->own_name = 1;
        }
    }
    return has_role(raw, &input);
}

/* Names that begin with a dot have no key; members of other kinds alone (a README) are no sample.
 */
int cnn_members_next(struct cnn_members *m, struct cnn_raw *raw)
{
    while (m->pending) {
        int rc = gather(m, raw);
        if (rc)
            return rc;
        const char *slash = raw->key.size ? strrchr(raw->key.text, '/') : NULL;
        if ((!raw->parts && !raw->fault.size) || !raw->key.size || (slash && !slash[1]))
            continue;
        raw->number = m->samples++;
        if (!raw->fault.size && !find_input(raw) && !raw->fault.size)
            cnn_buf_puts(&raw->fault, "no image (a sample's members follow one another)");
        if (raw->fault.failed)
            return CNN_ESYSTEM;
        rc = cnn_raw_read_texts(m->path, raw);
        return rc ? rc : 1;
    }
    return 0;
}
