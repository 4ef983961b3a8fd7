/* The files behind the samples, looked at before anything is divided: what is no image is named or
 * left out, and a file that comes again, by whatever name, is one sample. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "data/image/codecs.h"
#include "data/source/spool.h"
#include "task/split/private.h"

enum { HEAD = 512, NAMED = 5 };

/* What a sample is, by whatever name: a file, or sample `item` of one. */
struct identity {
    uint64_t device, file;
    int64_t item; /* -1: the file is the sample */
};

struct look {
    struct split *s;
    struct identity *identity; /* (count) */
    unsigned char *bad;        /* (count) */
    /* The file of samples that was found last, and how long its name is. */
    const char *container;
    size_t length;
    struct identity found;
    /* Bad ones. */
    size_t bad_count, missing;
    struct cnn_buf names;
};

/* The samples of a seed are the same however many there are, and their keys say so. */
static int identify_item(struct look *l, const struct cnn_record *r, struct identity *id)
{
    const char *hash = strrchr(r->source, '#');
    struct stat st;
    if (!strncmp(r->source, "digits:", 7)) {
        *id = (struct identity){UINT64_MAX, cnn_hash_string(r->key, 0), 0};
        return 1;
    }
    if (!hash || cnn_parse_int(hash + 1, 0, UINT32_MAX, &id->item))
        return 0;
    size_t n = (size_t)(hash - r->source);
    if (!l->container || l->length != n || memcmp(l->container, r->source, n)) {
        char *name = cnn_strndup(r->source, n);
        int there = name && !stat(name, &st);
        free(name);
        if (!there)
            return 0;
        l->container = r->source;
        l->length = n;
        l->found = (struct identity){(uint64_t)st.st_dev, (uint64_t)st.st_ino, -1};
    }
    id->device = l->found.device;
    id->file = l->found.file;
    return 1;
}

/* The first bytes tell, and are something of the contents: 0, or CNN_EDATA or CNN_ENOINPUT with
 * what is wrong. */
static int look_at_image(const char *path, int fd, struct identity *id, uint64_t *content)
{
    unsigned char head[HEAD];
    struct stat st;
    if (fd < 0 || fstat(fd, &st))
        return cnn_fail_errno(CNN_ENOINPUT, "%s", path);
    *id = (struct identity){(uint64_t)st.st_dev, (uint64_t)st.st_ino, -1};
    if (!S_ISREG(st.st_mode))
        return cnn_fail(CNN_EDATA, "%s: not a regular file", path);
    size_t n = st.st_size < (off_t)sizeof head ? (size_t)st.st_size : sizeof head;
    if (!n)
        return cnn_fail(CNN_EDATA, "%s: empty", path);
    if (cnn_read_at(fd, 0, head, n) || cnn_image_check(head, n))
        return cnn_fail_within("%s", path);
    *content = cnn_hash(head, n, (uint64_t)st.st_size) | 1;
    return 0;
}

static void note_bad(struct look *l, size_t i, int code)
{
    const struct cnn_callbacks *cb = l->s->options->callbacks;
    l->bad[i] = 1;
    l->missing += code == CNN_ENOINPUT;
    if (l->bad_count++ < NAMED)
        cnn_buf_printf(&l->names, "%s%s", l->bad_count > 1 ? "; " : "", cnn_error_message());
    if (l->s->options->skip_bad && cb && cb->bad)
        cb->bad(cb->context, l->s->sample[i].record->source, cnn_error_message());
}

static int look_at(struct look *l, size_t i)
{
    const struct cnn_record *r = l->s->sample[i].record;
    struct stat st;
    if ((strchr(r->source, '#') && stat(r->source, &st) && errno == ENOENT) ||
        !strncmp(r->source, "digits:", 7))
        if (identify_item(l, r, &l->identity[i]))
            return 0;
    int fd = open(r->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int rc = look_at_image(r->source, fd, &l->identity[i], &l->s->sample[i].content);
    if (fd >= 0)
        close(fd);
    if (rc != CNN_EDATA && rc != CNN_ENOINPUT)
        return rc;
    note_bad(l, i, rc);
    return 0;
}

/* All are counted and the first named: who cleans up a folder wants to do it once. */
static int judge_bad(const struct look *l)
{
    if (!l->bad_count || (l->s->options->skip_bad && l->bad_count < l->s->count))
        return 0;
    return cnn_fail(l->missing == l->bad_count ? CNN_ENOINPUT : CNN_EDATA,
                    "%zu of %zu samples cannot be read as images: %.1500s%s%s", l->bad_count,
                    l->s->count, l->names.failed ? "..." : l->names.text,
                    l->bad_count > NAMED ? "; ..." : "",
                    l->s->options->skip_bad ? "" : " (--on-bad skip leaves them out)");
}

struct place {
    struct identity id;
    uint32_t sample;
};

static int by_identity(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->id.file != y->id.file)
        return x->id.file < y->id.file ? -1 : 1;
    if (x->id.device != y->id.device)
        return x->id.device < y->id.device ? -1 : 1;
    if (x->id.item != y->id.item)
        return x->id.item < y->id.item ? -1 : 1;
    return (x->sample > y->sample) - (x->sample < y->sample);
}

static int same(const struct identity *a, const struct identity *b)
{
    return a->file == b->file && a->device == b->device && a->item == b->item;
}

/* Equal ones follow one another in p, the first of them first: the others are left out. */
static int drop_again(struct look *l, const struct place *p, size_t n)
{
    struct split *s = l->s;
    const struct cnn_callbacks *cb = s->options->callbacks;
    uint32_t first = 0, example = 0;
    size_t again = 0;
    for (size_t k = 1, head = 0; k < n; k++) {
        if (!same(&p[k].id, &p[head].id)) {
            head = k;
            continue;
        }
        uint32_t one = p[head].sample, other = p[k].sample;
        if (s->sample[one].class != s->sample[other].class)
            return cnn_fail(CNN_EDATA, "the same file under two classes: %s (%s) and %s (%s)",
                            s->sample[one].record->source, split_class_name(s, one),
                            s->sample[other].record->source, split_class_name(s, other));
        l->bad[other] = 1;
        if (!again++ || other < example) {
            first = one;
            example = other;
        }
    }
    if (again && cb && cb->note) {
        struct cnn_buf b = {0};
        cnn_buf_printf(&b,
                       "%zu of %zu samples are files that are there already; each counts once "
                       "(%s is %s)",
                       again, n, s->sample[example].record->source,
                       s->sample[first].record->source);
        if (!b.failed)
            cb->note(cb->context, b.text);
        cnn_buf_free(&b);
    }
    return 0;
}

static int sift_again(struct look *l)
{
    size_t n = 0;
    struct place *p = cnn_calloc(l->s->count, sizeof *p);
    if (!p)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < l->s->count; i++)
        if (!l->bad[i])
            p[n++] = (struct place){l->identity[i], (uint32_t)i};
    qsort(p, n, sizeof *p, by_identity);
    int rc = drop_again(l, p, n);
    free(p);
    return rc;
}

int cnn_split_sift(struct split *s)
{
    struct look l = {.s = s};
    l.identity = cnn_calloc(s->count, sizeof *l.identity);
    l.bad = cnn_calloc(s->count, 1);
    int rc = l.identity && l.bad ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < s->count; i++) {
        rc = look_at(&l, i);
        if (!rc)
            rc = split_check_stop(s);
    }
    if (!rc)
        rc = judge_bad(&l);
    if (!rc)
        rc = sift_again(&l);
    size_t kept = 0;
    for (size_t i = 0; !rc && i < s->count; i++)
        if (!l.bad[i])
            s->sample[kept++] = s->sample[i];
    s->count = rc ? s->count : kept;
    cnn_buf_free(&l.names);
    free(l.identity);
    free(l.bad);
    return rc;
}
