/* Files with the same contents under other names: they stay on one side. Sizes and first bytes are
 * compared first, and what agrees in them is read whole. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "task/split/private.h"

struct content {
    uint64_t hash;
    uint32_t sample;
};

static int by_hash(const void *a, const void *b)
{
    const struct content *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->sample > y->sample) - (x->sample < y->sample);
}

/* Those that have contents to compare, equal ones together; how many. */
static size_t gather(const struct split *s, struct content *c)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->sample[i].content)
            c[n++] = (struct content){s->sample[i].content, (uint32_t)i};
    qsort(c, n, sizeof *c, by_hash);
    return n;
}

/* The end of the run of equal ones that begins at i. */
static size_t run_end(const struct content *c, size_t n, size_t i)
{
    size_t end = i + 1;
    while (end < n && c[end].hash == c[i].hash)
        end++;
    return end;
}

/* Into *out; 0: it cannot be read, which is found out where it is used. CNN_EINTERRUPTED. */
static int hash_file(const struct split *s, const char *path, uint64_t *out)
{
    unsigned char block[16384];
    uint64_t hash = 1;
    FILE *f = fopen(path, "rb");
    size_t got;
    int rc = split_check_stop(s);
    while (!rc && f && (got = fread(block, 1, sizeof block, f)) > 0) {
        hash = cnn_hash(block, got, hash);
        rc = split_check_stop(s);
    }
    int failed = !f || ferror(f);
    if (f)
        fclose(f);
    *out = failed ? 0 : hash ? hash : 1;
    return rc;
}

/* A picture has one class: CNN_EDATA, or all its copies are left out (bad). */
static int judge_classes(struct split *s, const struct content *c, size_t n, unsigned char *bad)
{
    const struct cnn_callbacks *cb = s->options->callbacks;
    size_t other = 1;
    while (other < n && s->sample[c[other].sample].class == s->sample[c[0].sample].class)
        other++;
    if (other == n)
        return 0;
    uint32_t a = c[0].sample, b = c[other].sample;
    int rc = cnn_fail(CNN_EDATA, "the same picture under two classes: %s (%s) and %s (%s)%s",
                      s->sample[a].record->source, split_class_name(s, a),
                      s->sample[b].record->source, split_class_name(s, b),
                      s->options->skip_bad ? "" : " (--on-bad skip leaves such out)");
    if (!s->options->skip_bad)
        return rc;
    for (size_t i = 0; i < n; i++) {
        bad[c[i].sample] = 1;
        if (cb && cb->bad)
            cb->bad(cb->context, s->sample[c[i].sample].record->source, cnn_error_message());
    }
    return 0;
}

static void note_copies(const struct split *s, size_t copies, uint32_t first, uint32_t example)
{
    const struct cnn_callbacks *cb = s->options->callbacks;
    struct cnn_buf b = {0};
    if (!copies || !cb || !cb->note)
        return;
    cnn_buf_printf(&b, "%zu of %zu samples are copies of others and stay with them (%s is as %s)",
                   copies, s->count, s->sample[example].record->source,
                   s->sample[first].record->source);
    if (!b.failed)
        cb->note(cb->context, b.text);
    cnn_buf_free(&b);
}

/* From likeness at first sight to equal contents. */
static int hash_alike(struct split *s, const struct content *c, size_t n)
{
    int rc = 0;
    for (size_t i = 0, end; i < n && !rc; i = end) {
        end = run_end(c, n, i);
        for (size_t k = i; k < end && !rc; k++) {
            struct split_sample *one = &s->sample[c[k].sample];
            one->content = 0;
            if (end - i > 1)
                rc = hash_file(s, one->record->source, &one->content);
        }
    }
    return rc;
}

static int judge_equal(struct split *s, const struct content *c, size_t n, unsigned char *bad)
{
    size_t copies = 0;
    uint32_t first = 0, example = 0;
    int rc = 0;
    for (size_t i = 0, end; i < n && !rc; i = end) {
        end = run_end(c, n, i);
        rc = judge_classes(s, c + i, end - i, bad);
        if (!rc && end - i > 1 && !bad[c[i].sample]) {
            first = copies ? first : c[i].sample;
            example = copies ? example : c[i + 1].sample;
            copies += end - i - 1;
        }
    }
    if (!rc)
        note_copies(s, copies, first, example);
    return rc;
}

int cnn_split_find_copies(struct split *s)
{
    struct content *c = cnn_calloc(s->count, sizeof *c);
    unsigned char *bad = cnn_calloc(s->count, 1);
    int rc = c && bad ? 0 : CNN_ESYSTEM;
    if (!rc)
        rc = hash_alike(s, c, gather(s, c));
    if (!rc)
        rc = judge_equal(s, c, gather(s, c), bad);
    size_t kept = 0;
    for (size_t i = 0; !rc && i < s->count; i++)
        if (!bad[i])
            s->sample[kept++] = s->sample[i];
    s->count = rc ? s->count : kept;
    free(c);
    free(bad);
    return rc || s->count ? rc : cnn_fail(CNN_EDATA, "no sample is left");
}
