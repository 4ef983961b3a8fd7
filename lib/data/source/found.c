/* Class texts as they are found: each once, in order of arrival, by a hash table; see source.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "data/source/source.h"

static int found_grow(struct cnn_found *f)
{
    size_t size = f->size ? 2 * f->size : 64;
    size_t *slot = cnn_calloc(size, sizeof *slot);
    if (!slot)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < f->text.count; i++) {
        size_t at = cnn_hash_string(f->text.item[i], 1) & (size - 1);
        while (slot[at])
            at = (at + 1) & (size - 1);
        slot[at] = i + 1;
    }
    free(f->slot);
    f->slot = slot;
    f->size = size;
    return 0;
}

int cnn_found_add(struct cnn_found *f, const char *text, size_t n, const char *where,
                  int32_t *index)
{
    if (2 * f->text.count >= f->size && found_grow(f))
        return CNN_ESYSTEM;
    size_t at = cnn_hash(text, n, 1) & (f->size - 1);
    for (; f->slot[at]; at = (at + 1) & (f->size - 1)) {
        const char *have = f->text.item[f->slot[at] - 1];
        if (!strncmp(have, text, n) && !have[n]) {
            *index = (int32_t)(f->slot[at] - 1);
            return 0;
        }
    }
    if (f->text.count >= CNN_CLASSES_MAX)
        return cnn_fail(CNN_EDATA, "%s: more than %d classes", where, (int)CNN_CLASSES_MAX);
    if (cnn_strings_add(&f->where, where) || cnn_strings_add_n(&f->text, text, n))
        return CNN_ESYSTEM;
    *index = (int32_t)(f->text.count - 1);
    f->slot[at] = f->text.count;
    return 0;
}

int cnn_found_add_number(struct cnn_found *f, long long number, const char *where, int32_t *index)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%lld", number);
    return cnn_found_add(f, text, (size_t)n, where, index);
}

void cnn_found_free(struct cnn_found *f)
{
    cnn_strings_free(&f->text);
    cnn_strings_free(&f->where);
    free(f->slot);
    *f = (struct cnn_found){0};
}
