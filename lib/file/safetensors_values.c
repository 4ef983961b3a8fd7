/* The elements of tensors, and what tells one file's from another's; see safetensors.h. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "base/random.h"
#include "file/elements.h"
#include "file/safetensors.h"
#include "file/safetensors_dtype.h"

void cnn_safetensors_hash(const struct cnn_safetensors *f, char out[CNN_SAFETENSORS_HASH])
{
    uint64_t h = 0;
    const struct cnn_safetensor *t;
    for (size_t i = 0; (t = cnn_safetensors_at(f, i)); i++)
        h = cnn_hash_much(t->data, t->bytes, cnn_hash_string(t->name, h));
    snprintf(out, CNN_SAFETENSORS_HASH, "%016" PRIx64, h);
}

const float *cnn_safetensor_floats(const struct cnn_safetensor *t)
{
    int as_they_are = t->dtype == CNN_F32 && !cnn_big_endian();
    if (!as_they_are || (uintptr_t)t->data % sizeof(float))
        return NULL;
    return (const float *)(const void *)t->data;
}

void cnn_safetensor_read(const struct cnn_safetensor *t, float *out)
{
    const struct cnn_dtype_info *type = &cnn_dtype_info[t->dtype];
    cnn_elements_read(type->kind, type->size, cnn_big_endian(), t->data, t->count, out);
}
