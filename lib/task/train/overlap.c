/* Validation samples that are trained on, too. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "task/train/data.h"

/* The path from the root, without "." and "..", as its text alone says: no file is asked, since
 * there may be millions. */
static void plain_path(const char *path, struct cnn_buf *out)
{
    for (const char *s = path, *next; *s; s = next + (*next == '/')) {
        next = s + strcspn(s, "/");
        size_t n = (size_t)(next - s);
        if (n == 2 && !memcmp(s, "..", 2)) {
            while (out->size && out->text[--out->size] != '/')
                continue;
        } else if (n && !(n == 1 && *s == '.')) {
            cnn_buf_puts(out, "/");
            cnn_buf_add(out, s, n);
        }
    }
}

/* What a sample is, by whatever spelling of its path. Drawn digits are known by their keys. */
static uint64_t identity(const struct cnn_record *r, const char *here, struct cnn_buf *room)
{
    if (!strncmp(r->source, "digits:", 7))
        return cnn_hash_string(r->key, 1);
    room->size = 0;
    cnn_buf_puts(room, "");
    if (r->source[0] != '/')
        plain_path(here, room);
    plain_path(r->source, room);
    return cnn_hash(room->text, room->size, 0);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void note(const struct train_data *d, const struct train_report *report,
                 const uint64_t *known, size_t count, const char *here, struct cnn_buf *room)
{
    size_t samples = cnn_dataset_count(d->val), shared = 0;
    const char *first = NULL;
    for (size_t i = 0; i < samples; i++) {
        const struct cnn_record *r = cnn_dataset_record(d->val, i);
        uint64_t id = identity(r, here, room);
        if (bsearch(&id, known, count, sizeof *known, by_value) && !shared++)
            first = r->source;
    }
    if (shared && !room->failed)
        cnn_train_note(
            report,
            "%zu of %zu validation samples are trained on, too, the first is %s: they do "
            "not show how the net does on others",
            shared, samples, first);
}

int cnn_train_note_overlap(const struct train_data *d, const struct train_report *report)
{
    size_t count = d->val && d->train && !d->streaming ? cnn_dataset_count(d->train) : 0;
    uint64_t *known = count ? cnn_calloc(count, sizeof *known) : NULL;
    char *here = count ? getcwd(NULL, 0) : NULL;
    struct cnn_buf room = {0};
    if (!count)
        return 0;
    for (size_t i = 0; known && i < count; i++)
        known[i] = identity(cnn_dataset_record(d->train, i), here ? here : "", &room);
    if (known) {
        qsort(known, count, sizeof *known, by_value);
        note(d, report, known, count, here ? here : "", &room);
    }
    int rc = !known || room.failed ? CNN_ESYSTEM : 0;
    cnn_buf_free(&room);
    free(known);
    free(here);
    return rc;
}
