/* A sample's own memory; see sample.h. */
#include "data/sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int cnn_sample_set_key(struct cnn_sample *s, const char *key)
{
    size_t n = strlen(key) + 1;
    if (cnn_grow(&s->key, &s->key_capacity, n, 1))
        return CNN_ESYSTEM;
    memcpy(s->key, key, n);
    return 0;
}

void cnn_sample_free(struct cnn_sample *s)
{
    free(s->key);
    free(s->encoded);
    cnn_image_free(&s->image);
    cnn_image_free(&s->target.values);
    *s = (struct cnn_sample){0};
}
