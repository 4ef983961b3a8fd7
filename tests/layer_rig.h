/* One layer with all buffers that a pass needs, each between guard bytes, on the CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "layer/layer.h"
#include "layer_cases.h"

enum { RIG_INPUTS = 3, RIG_OUTPUTS = 8, RIG_BUFFERS = 64, GUARD = 64 };

struct guarded {
    unsigned char *base;
    size_t bytes;
};

struct rig {
    struct cnn_backend *b;
    struct cnn_layer layer;
    struct cnn_chw in[RIG_INPUTS];
    size_t rows[RIG_INPUTS];
    _Alignas(16) char options[256];
    char text[128], words[128]; /* options that are texts point into words */
    size_t n;
    int frozen;
    double scale; /* of the inputs */
    struct guarded buffer[RIG_BUFFERS];
    int buffers;
    struct cnn_reserve reserve;
    struct cnn_tensor x[RIG_INPUTS], dx[RIG_INPUTS], y[RIG_OUTPUTS], dy[RIG_OUTPUTS];
    struct cnn_tensor w[CNN_LAYER_MAX_PARAMS], dw[CNN_LAYER_MAX_PARAMS];
    const struct cnn_tensor *px[RIG_INPUTS], *pdy[RIG_OUTPUTS];
    struct cnn_tensor *py[RIG_OUTPUTS], *pdx[RIG_INPUTS], *pw[CNN_LAYER_MAX_PARAMS],
        *pdw[CNN_LAYER_MAX_PARAMS];
    const int32_t *x_rows[RIG_INPUTS];
    int32_t *y_rows[RIG_OUTPUTS];
    void *saved[CNN_LAYER_MAX_SAVED], *work;
    struct cnn_targets targets;
    struct cnn_pass pass;
};

static void *rig_alloc(struct rig *r, size_t bytes)
{
    size_t room = (bytes + 63) / 64 * 64;
    assert_true(r->buffers < RIG_BUFFERS);
    struct guarded *g = &r->buffer[r->buffers++];
    *g = (struct guarded){aligned_alloc(64, room + 2 * GUARD), bytes};
    assert_non_null(g->base);
    memset(g->base, 0xA5, room + 2 * GUARD);
    memset(g->base + GUARD, 0, bytes);
    return g->base + GUARD;
}

static void rig_check_guards(const struct rig *r)
{
    for (int i = 0; i < r->buffers; i++) {
        const struct guarded *g = &r->buffer[i];
        size_t end = GUARD + (g->bytes + 63) / 64 * 64 + GUARD;
        for (size_t k = 0; k < end; k++)
            if ((k < GUARD || k >= GUARD + g->bytes) && g->base[k] != 0xA5)
                fail_msg("%s: wrote %td bytes off a buffer of %zu", r->text,
                         (ptrdiff_t)k - (ptrdiff_t)GUARD, g->bytes);
    }
}

static struct cnn_tensor rig_tensor(struct rig *r, size_t n, struct cnn_chw s)
{
    void *data = rig_alloc(r, n * cnn_chw_count(s) * sizeof(real));
    return cnn_tensor_plain(n, s.c, s.h, s.w, data);
}

static void rig_poison(void *data, size_t bytes)
{
    if (data)
        memset(data, 0xFF, bytes); /* NaN in either precision */
}

/* Fill options from the words of a layer's text. */
static void rig_parse(struct rig *r, const char *text)
{
    const struct cnn_option *table;
    int position = 0;
    snprintf(r->text, sizeof r->text, "%s", text);
    char *save = NULL;
    snprintf(r->words, sizeof r->words, "%s", text);
    char *word = strtok_r(r->words, " ", &save);
    r->layer.type = cnn_layer_type_find(word);
    assert_non_null(r->layer.type);
    table = r->layer.type->options;
    assert_true(r->layer.type->options_size <= sizeof r->options);
    r->layer.options = r->options;
    assert_int_equal(cnn_option_defaults(table, r->options), 0);
    while ((word = strtok_r(NULL, " ", &save))) {
        char *value = strchr(word, '=');
        const struct cnn_option *o = table;
        position++;
        if (value) {
            *value++ = '\0';
            o = cnn_option_find(table, word);
        } else {
            value = word;
            while (o->name && o->position != position)
                o++;
        }
        if (!o || !o->name || cnn_option_set(o, r->options, value))
            fail_msg("%s: '%s' is not understood", text, word);
    }
}

static void rig_shapes(struct rig *r, const char *shapes, size_t rows)
{
    int length;
    while (r->layer.inputs < RIG_INPUTS) {
        struct cnn_chw *s = &r->in[r->layer.inputs];
        size_t own = rows;
        length = 0;
        if (sscanf(shapes, " %zu*%n", &own, &length) == 1 && length)
            shapes += length;
        r->rows[r->layer.inputs] = length ? own : rows;
        if (sscanf(shapes, " %zux%zux%zu%n", &s->c, &s->h, &s->w, &length) != 3)
            break;
        shapes += length;
        r->layer.inputs++;
    }
    r->layer.in = r->in;
    r->layer.in_rows = r->rows;
    r->layer.rows = r->rows[0];
}

/* Real rows of each sample, the same for all inputs. */
static void rig_counts(struct rig *r)
{
    int32_t *count = rig_alloc(r, r->n * sizeof *count);
    for (size_t i = 0; i < r->n; i++)
        count[i] = (int32_t)(1 + i % 3);
    for (int i = 0; i < r->layer.inputs; i++)
        r->x_rows[i] = count;
}

static void rig_params(struct rig *r)
{
    for (int i = 0; i < r->layer.params; i++) {
        const struct cnn_param *p = &r->layer.param[i];
        size_t bytes = cnn_shape_count(&p->shape) * sizeof(real);
        r->w[i] = cnn_shape_tensor(&p->shape, rig_alloc(r, bytes));
        r->pw[i] = &r->w[i];
        if (!p->trained)
            continue;
        r->dw[i] = cnn_shape_tensor(&p->shape, rig_alloc(r, bytes));
        r->pdw[i] = &r->dw[i];
    }
}

/* Targets and sample weights; every fifth position of labels is ignored. */
static void rig_targets(struct rig *r, int vector, double (*draw)(const char *, size_t))
{
    struct cnn_chw s = r->in[0];
    size_t positions = r->n * s.h * s.w;
    real *weight = rig_alloc(r, r->n * sizeof *weight);
    for (size_t i = 0; i < r->n; i++)
        weight[i] = (real)(1 + draw("weight", i));
    r->targets = (struct cnn_targets){.weight = weight};
    if (vector) {
        real *v = rig_alloc(r, positions * s.c * sizeof *v);
        for (size_t i = 0; i < positions * s.c; i++)
            v[i] = (real)(0.5 + 0.5 * draw("target", i));
        r->targets.vector = v;
        return;
    }
    int32_t *label = rig_alloc(r, positions * sizeof *label);
    for (size_t i = 0; i < positions; i++)
        label[i] = i % 5 == 4 ? -1 : (int32_t)((0.5 + 0.5 * draw("target", i)) * (double)s.c);
    r->targets.label = label;
}

static void rig_output(struct rig *r, int k)
{
    struct cnn_chw shape = k ? r->layer.more[k - 1].shape : r->layer.out;
    size_t n = r->n * (k ? r->layer.more[k - 1].rows : r->layer.rows);
    r->y[k] = rig_tensor(r, n, shape);
    r->dy[k] = rig_tensor(r, n, shape);
    r->py[k] = &r->y[k];
    if (k ? r->layer.more[k - 1].counts_rows : r->layer.counts_rows)
        r->y_rows[k] = rig_alloc(r, r->n * sizeof *r->y_rows[k]);
    r->pdy[k] = &r->dy[k];
}

static void rig_open(struct rig *r, struct cnn_backend *b, const struct rig_case *c,
                     double (*draw)(const char *, size_t))
{
    *r = (struct rig){.b = b, .n = c->n, .frozen = strstr(c->mode, "frozen") != NULL};
    r->scale = strstr(c->mode, "wide") ? 8 : 1;
    rig_parse(r, c->text);
    rig_shapes(r, c->shapes, strstr(c->mode, "rows") ? 3 : 1);
    if (strstr(c->mode, "rows"))
        rig_counts(r);
    assert_non_null(r->layer.arena = cnn_arena_new());
    if (cnn_layer_setup(&r->layer))
        fail_msg("%s: %s", c->text, cnn_error_message());
    for (int i = 0; i < r->layer.inputs; i++) {
        r->x[i] = rig_tensor(r, r->n * r->rows[i], r->in[i]);
        r->dx[i] = rig_tensor(r, r->n * r->rows[i], r->in[i]);
        r->px[i] = &r->x[i];
        r->pdx[i] = &r->dx[i];
    }
    assert_true(r->layer.outputs <= RIG_OUTPUTS);
    for (int k = 0; k < r->layer.outputs; k++)
        rig_output(r, k);
    rig_params(r);
    struct cnn_pass shapes = {.batch = r->n * r->rows[0],
                              .training = 1,
                              .saves = 1,
                              .x = (const struct cnn_tensor *const *)r->px,
                              .y = r->py};
    if (r->layer.type->reserve)
        r->layer.type->reserve(&r->layer, b, &shapes, &r->reserve);
    for (int i = 0; i < CNN_LAYER_MAX_SAVED; i++)
        if (r->reserve.saved[i])
            r->saved[i] = rig_alloc(r, r->reserve.saved[i]);
    if (r->reserve.work)
        r->work = rig_alloc(r, r->reserve.work);
    if (r->layer.type->flags & CNN_LAYER_LOSS)
        rig_targets(r, strstr(c->mode, "vector") != NULL, draw);
    r->pass = (struct cnn_pass){.k = b->kernels,
                                .q = &b->queue,
                                .batch = r->n * r->rows[0],
                                .training = 1,
                                .saves = 1,
                                .frozen = r->frozen,
                                .seed = 7,
                                .stream = 11,
                                .x = r->px,
                                .y = r->py,
                                .dy = r->pdy,
                                .dx = r->pdx,
                                .x_rows = r->x_rows,
                                .y_rows = r->y_rows,
                                .w = r->pw,
                                .dw = r->pdw,
                                .saved = r->saved,
                                .work = r->work,
                                .targets = &r->targets,
                                .loss_scale = 0.75};
}

static void rig_close(struct rig *r)
{
    for (int i = 0; i < r->buffers; i++)
        free(r->buffer[i].base);
    cnn_arena_free(r->layer.arena);
}

static void rig_forward(struct rig *r)
{
    rig_poison(r->work, r->reserve.work);
    r->layer.type->forward(&r->layer, &r->pass);
    assert_int_equal(r->b->ops->sync(r->b), 0);
}

static void rig_backward(struct rig *r)
{
    rig_poison(r->work, r->reserve.work);
    r->layer.type->backward(&r->layer, &r->pass);
    assert_int_equal(r->b->ops->sync(r->b), 0);
}
