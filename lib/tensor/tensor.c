/* Shapes; see tensor.h. */
#include "tensor/tensor.h"

#include <stdint.h>
#include <stdio.h>

#include "base/memory.h"

size_t cnn_shape_count(const struct cnn_shape *s)
{
    size_t n = 1;
    for (int i = 0; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}

int cnn_shape_equal(const struct cnn_shape *a, const struct cnn_shape *b)
{
    if (a->rank != b->rank)
        return 0;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return 0;
    return 1;
}

/* The size at `i`; from 2 on, ones are passed over. 1 behind the last. */
static size_t next_size(const struct cnn_shape *s, int *i)
{
    while (*i > 1 && *i < s->rank && s->dim[*i] == 1)
        ++*i;
    return *i < s->rank ? s->dim[(*i)++] : 1;
}

int cnn_shape_alike(const struct cnn_shape *a, const struct cnn_shape *b)
{
    int i = 0, k = 0;
    if (a->rank == b->rank)
        return cnn_shape_equal(a, b);
    for (int n = 0; n < CNN_MAX_RANK; n++) {
        size_t of_a = n < 2 && n >= a->rank ? 1 : next_size(a, &i);
        size_t of_b = n < 2 && n >= b->rank ? 1 : next_size(b, &k);
        if (of_a != of_b)
            return 0;
    }
    return 1;
}

int cnn_chw_equal(struct cnn_chw a, struct cnn_chw b)
{
    return a.c == b.c && a.h == b.h && a.w == b.w;
}

void cnn_chw_format(struct cnn_chw s, char out[72])
{
    if (s.h == 1 && s.w == 1)
        snprintf(out, 72, "%zu", s.c);
    else
        snprintf(out, 72, "%zux%zux%zu", s.c, s.h, s.w);
}

void cnn_shape_format(const struct cnn_shape *s, char out[96])
{
    int at = 0;
    out[0] = '\0';
    for (int i = 0; i < s->rank && at < 95; i++)
        at += snprintf(out + at, 96 - (size_t)at, i ? "x%zu" : "%zu", s->dim[i]);
}

struct cnn_tensor cnn_shape_tensor(const struct cnn_shape *s, void *data)
{
    if (s->rank == 1)
        return cnn_tensor_plain(1, s->dim[0], 1, 1, data);
    size_t d[4] = {1, 1, 1, 1};
    int deep = s->rank == 5;
    for (int i = 0; i < s->rank; i++)
        d[i > 1 ? i - deep : i] *= s->dim[i];
    return cnn_tensor_plain(d[0], d[1], d[2], d[3], data);
}

size_t cnn_tensor_size(const struct cnn_tensor *t)
{
    size_t n;
    if (t->n > SIZE_MAX / 2 || t->c > SIZE_MAX / 2 ||
        cnn_mul_overflows(cnn_layout_samples(t->layout, t->n), cnn_layout_channels(t->layout, t->c),
                          &n) ||
        cnn_mul_overflows(n, t->h, &n) || cnn_mul_overflows(n, t->w, &n) ||
        cnn_mul_overflows(n, cnn_type_bytes(t->layout.type), &n))
        return SIZE_MAX;
    return n;
}

size_t cnn_tensor_place(const struct cnn_tensor *t, size_t i)
{
    size_t hw = t->h * t->w, at = i % hw, c = i / hw % t->c, n = i / hw / t->c;
    size_t lanes = cnn_tensor_lanes(t), blocks = cnn_layout_channels(t->layout, t->c) / lanes;
    switch (t->layout.order) {
    case CNN_ORDER_PLAIN:
        break;
    case CNN_ORDER_CHANNELS_LAST:
        return (n * hw + at) * t->c + c;
    case CNN_ORDER_BLOCKS:
        return ((n * blocks + c / lanes) * hw + at) * lanes + c % lanes;
    case CNN_ORDER_GROUPS:
        return ((n / lanes * t->c + c) * hw + at) * lanes + n % lanes;
    }
    return i;
}
