/* A sample's own memory; see sample.h. */
#include "data/sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/image/codecs.h"

int cnn_sample_set_key(struct cnn_sample *s, const char *key)
{
    size_t n = strlen(key) + 1;
    if (cnn_grow(&s->key, &s->key_capacity, n, 1))
        return CNN_ESYSTEM;
    memcpy(s->key, key, n);
    return 0;
}

int cnn_sample_decode(struct cnn_sample *s, const unsigned char *bytes, size_t size)
{
    const struct cnn_decoding how = {.fit = s->fit, .strict = s->strict};
    return cnn_image_decode_as(bytes, size, &how, &s->image);
}

void cnn_sample_free(struct cnn_sample *s)
{
    free(s->key);
    free(s->encoded);
    cnn_image_free(&s->image);
    cnn_image_free(&s->target.values);
    *s = (struct cnn_sample){0};
}
