/* A sample beside its original; see private.h. */
#include "base/memory.h"
#include "task/augment/private.h"

int cnn_augment_copy(struct cnn_sample *dst, const struct cnn_sample *src)
{
    int rc = cnn_sample_set_key(dst, src->key);
    if (!rc)
        rc = cnn_image_copy(&dst->image, &src->image);
    dst->weight = src->weight;
    return rc ? rc : cnn_sample_copy_fields(dst, src);
}

int cnn_augment_name_copy(struct cnn_sample *s, const char *key, size_t number)
{
    struct cnn_buf name = {0};
    cnn_buf_printf(&name, "%s+%zu", key, number);
    int rc = name.failed ? CNN_ESYSTEM : cnn_sample_set_key(s, name.text);
    cnn_buf_free(&name);
    return rc;
}
