/* Numbers that scripts/make-golden-* and the tests draw alike: inputs, and the parameters of nets. */
#ifndef CNN_TESTS_GOLDEN_DRAWS_H
#define CNN_TESTS_GOLDEN_DRAWS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "net/net.h"

static inline uint32_t start_of(const char *name)
{
    return (uint32_t)crc32(0, (const unsigned char *)name, (unsigned)strlen(name));
}

/* The i-th number in [-1, 1) of the tensor that begins at `start`. */
static inline double draw(uint32_t start, size_t i)
{
    uint32_t x = (uint32_t)i * 2654435761u + start;
    x ^= x >> 16;
    x *= 0x45D9F3Bu;
    x ^= x >> 16;
    return (double)x / 2147483648.0 - 1.0;
}

static inline float *draws(const char *name, size_t count)
{
    float *out = malloc(count * sizeof *out);
    for (size_t i = 0; i < count; i++)
        out[i] = (float)draw(start_of(name), i);
    return out;
}

static inline int ends_with(const char *s, const char *end)
{
    return strlen(s) >= strlen(end) && !strcmp(s + strlen(s) - strlen(end), end);
}

/* The formula of the script, in double and then rounded. */
static inline double start_value(const struct cnn_net_param *p, size_t i)
{
    double u = draw(start_of(p->name), i);
    if (ends_with(p->name, "running_var"))
        return 1 + 0.3 * u;
    if (p->shape.rank > 1)
        return u * sqrt(6.0 / (double)(cnn_shape_count(&p->shape) / p->shape.dim[0]));
    return ends_with(p->name, ".weight") ? 1 + 0.2 * u : 0.1 * u;
}

static inline void set_params(struct cnn_net *net)
{
    size_t params;
    struct cnn_net_param *param = cnn_net_params(net, &params);
    for (size_t p = 0; p < params; p++) {
        size_t count = cnn_shape_count(&param[p].shape);
        float *v = malloc(count * sizeof *v);
        for (size_t i = 0; i < count; i++)
            v[i] = (float)start_value(&param[p], i);
        cnn_net_param_set(net, &param[p], v);
        free(v);
    }
}

#endif
