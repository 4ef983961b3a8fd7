/* Helpers for setup; see layer.h. */
#include "layer/layer.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* Few layers have more parameters than these. */
enum { FEW_PARAMS = 2 };

/* Memory for one parameter more; NULL in l->param when there is none. */
static void make_room(struct cnn_layer *l)
{
    const struct cnn_param *few = l->param;
    if (!l->params)
        l->param = cnn_arena_alloc(l->arena, FEW_PARAMS * sizeof *l->param);
    if (l->params != FEW_PARAMS || !few)
        return;
    l->param = cnn_arena_alloc(l->arena, CNN_LAYER_MAX_PARAMS * sizeof *l->param);
    if (l->param)
        memcpy(l->param, few, FEW_PARAMS * sizeof *few);
}

/* What there is no room for is counted all the same: cnn_layer_setup says so. */
static void declare(struct cnn_layer *l, struct cnn_param param)
{
    make_room(l);
    if (l->param && l->params < CNN_LAYER_MAX_PARAMS)
        l->param[l->params] = param;
    l->params++;
}

void cnn_layer_param(struct cnn_layer *l, const char *suffix, struct cnn_shape shape,
                     enum cnn_init init, size_t fan_in, size_t fan_out)
{
    declare(l, (struct cnn_param){suffix, shape, init, fan_in, fan_out, 1, 0, 1, 1});
}

void cnn_layer_starts_at(struct cnn_layer *l, double value)
{
    if (l->param && l->params && l->params <= CNN_LAYER_MAX_PARAMS)
        l->param[l->params - 1].init_value = value;
}

void cnn_layer_statistic(struct cnn_layer *l, const char *suffix, struct cnn_shape shape,
                         enum cnn_init init)
{
    declare(l, (struct cnn_param){suffix, shape, init, 1, 1, 0, 0, 1, 1});
}

void cnn_layer_output(struct cnn_layer *l, const char *name, struct cnn_chw shape, size_t rows)
{
    if (!l->more)
        l->more = cnn_arena_alloc(l->arena, (CNN_LAYER_MAX_OUTPUTS - 1) * sizeof *l->more);
    if (l->more && l->outputs < CNN_LAYER_MAX_OUTPUTS)
        l->more[l->outputs - 1] = (struct cnn_output){name, shape, rows, 0};
    l->outputs++;
}

void cnn_layer_counts_rows(struct cnn_layer *l, int output)
{
    if (!output)
        l->counts_rows = 1;
    else if (l->more && output < l->outputs && output < CNN_LAYER_MAX_OUTPUTS)
        l->more[output - 1].counts_rows = 1;
}

void cnn_layer_keeps_rows(struct cnn_layer *l)
{
    l->keeps_rows = 1;
}

const char *cnn_layer_output_name(const struct cnn_layer *l, int k, char digits[24])
{
    const char *name = k ? l->more[k - 1].name : l->out_name;
    if (!name)
        snprintf(digits, 24, "%d", k);
    return name ? name : digits;
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

static int check_output(struct cnn_chw s, size_t rows)
{
    char text[96];
    const struct cnn_layer shown = {.out = s, .rows = rows};
    if (plausible((size_t[]){rows, s.c, s.h, s.w}, 4) != SIZE_MAX)
        return 0;
    cnn_layer_format(&shown, text);
    return cnn_fail(CNN_EDATA, "an output of %s is not possible", text);
}

static int check(const struct cnn_layer *l)
{
    char text[96];
    int rc = check_output(l->out, l->rows);
    for (int k = 1; k < l->outputs && !rc; k++)
        rc = check_output(l->more[k - 1].shape, l->more[k - 1].rows);
    if (rc)
        return rc;
    for (int i = 0; i < l->params; i++)
        if (plausible(l->param[i].shape.dim, l->param[i].shape.rank) == SIZE_MAX) {
            cnn_shape_format(&l->param[i].shape, text);
            return cnn_fail(CNN_EDATA, "a %s of %s is not possible",
                            *l->param[i].suffix ? l->param[i].suffix : "parameter", text);
        }
    return 0;
}

/* More than there is room for is our own mistake; no more is believed then. */
static int check_room(const char *what, int *declared, int room)
{
    int many = *declared;
    if (many <= room)
        return 0;
    *declared = room;
    return cnn_fail(CNN_EINTERNAL, "%d %s are declared, there is room for %d", many, what, room);
}

int cnn_layer_setup(struct cnn_layer *l)
{
    l->outputs = 1;
    int rc = l->type->setup(l);
    if (!rc)
        rc = check_room("parameters", &l->params, CNN_LAYER_MAX_PARAMS);
    if (!rc)
        rc = check_room("outputs", &l->outputs, CNN_LAYER_MAX_OUTPUTS);
    if (!rc && ((l->params && !l->param) || (l->outputs > 1 && !l->more)))
        rc = CNN_ESYSTEM;
    return rc ? rc : check(l);
}

static const struct cnn_option no_options[] = {CNN_OPTION_END};

const struct cnn_layer_type cnn_layer_further_output = {
    .name = "output",
    .summary = "a further output of the layer before",
    .options = no_options,
    .min_inputs = 1,
    .max_inputs = 1,
};

const char *cnn_layer_link(const struct cnn_layer_type *loss, const void *options)
{
    return loss->link_of ? loss->link_of(options) : loss->link;
}

uint64_t cnn_layer_multiply_adds(const struct cnn_layer *l)
{
    return l->type && l->type->multiply_adds ? l->rows * l->type->multiply_adds(l) : 0;
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

void cnn_layer_zero(struct cnn_pass *p, struct cnn_tensor *t)
{
    struct cnn_tensor nothing = *t;
    const struct cnn_tensor *terms[] = {&nothing};
    nothing.data = NULL;
    p->k->concat_forward(p->q, 1, terms, t);
}
