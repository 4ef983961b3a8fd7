/* Helpers for setup; see layer.h. */
#include "layer/layer.h"

#include <stdio.h>

#include "base/memory.h"

/* What there is no room for is counted all the same: cnn_layer_setup says so. */
static void declare(struct cnn_layer *l, struct cnn_param param)
{
    if (l->params < CNN_LAYER_MAX_PARAMS)
        l->param[l->params] = param;
    l->params++;
}

void cnn_layer_param(struct cnn_layer *l, const char *suffix, struct cnn_shape shape,
                     enum cnn_init init, size_t fan_in, size_t fan_out)
{
    declare(l, (struct cnn_param){suffix, shape, init, fan_in, fan_out, 1, 0, 1, 1});
}

void cnn_layer_statistic(struct cnn_layer *l, const char *suffix, struct cnn_shape shape,
                         enum cnn_init init)
{
    declare(l, (struct cnn_param){suffix, shape, init, 1, 1, 0, 0, 1, 1});
}

/* The product of the dimensions, or SIZE_MAX when that is not a plausible number of elements. */
static size_t plausible(const size_t *dim, int rank)
{
    size_t n = 1;
    for (int i = 0; i < rank; i++)
        if (cnn_mul_overflows(n, dim[i], &n))
            return SIZE_MAX;
    return n && n <= INT32_MAX ? n : SIZE_MAX;
}

static int check(const struct cnn_layer *l)
{
    char text[96];
    if (plausible((size_t[]){l->out.c, l->out.h, l->out.w}, 3) == SIZE_MAX) {
        cnn_chw_format(l->out, text);
        return cnn_fail(CNN_EDATA, "an output of %s is not possible", text);
    }
    for (int i = 0; i < l->params; i++)
        if (plausible(l->param[i].shape.dim, l->param[i].shape.rank) == SIZE_MAX) {
            cnn_shape_format(&l->param[i].shape, text);
            return cnn_fail(CNN_EDATA, "a %s of %s is not possible", l->param[i].suffix, text);
        }
    return 0;
}

int cnn_layer_setup(struct cnn_layer *l)
{
    int rc = l->type->setup(l), declared = l->params;
    if (declared > CNN_LAYER_MAX_PARAMS) {
        l->params = CNN_LAYER_MAX_PARAMS;
        return cnn_fail(CNN_EINTERNAL, "%d parameters are declared, there is room for %d", declared,
                        CNN_LAYER_MAX_PARAMS);
    }
    return rc ? rc : check(l);
}

uint64_t cnn_layer_multiply_adds(const struct cnn_layer *l)
{
    return l->type && l->type->multiply_adds ? l->in_rows[0] * l->type->multiply_adds(l) : 0;
}

size_t cnn_layer_elements(const struct cnn_layer *l)
{
    return l->rows * cnn_chw_count(l->out);
}

void cnn_layer_format(const struct cnn_layer *l, char out[96])
{
    char shape[72];
    cnn_chw_format(l->out, shape);
    if (l->rows > 1)
        snprintf(out, 96, "%zu*%s", l->rows, shape);
    else
        snprintf(out, 96, "%s", shape);
}
