/* The chosen layers of a net, and which of their values go where; see private.h. */
#include <stdlib.h>
#include <string.h>

#include "task/features/private.h"

static int make_tap(struct features *f, size_t batch, struct features_tap *t)
{
    const struct cnn_layer *l = &f->runner.graph->node[t->node].layer;
    size_t all;
    t->out = t->kept = l->out;
    t->rows = l->rows;
    if (f->o->pool)
        t->kept.h = t->kept.w = 1;
    if (t->rows > 1 && (!f->type->keeps || f->o->concat))
        return cnn_fail(
            CNN_EUSAGE,
            "layer '%s' has %zu rows for each sample: %s; behind rowpool a layer has one", l->name,
            t->rows,
            f->o->concat ? "--concat joins vectors" : "a tar (--format tar) has place for them");
    if (cnn_mul_overflows(batch, cnn_layer_elements(l), &all))
        return cnn_fail_memory(SIZE_MAX);
    return cnn_grow(&t->values, &t->room, all, sizeof *t->values) ||
                   cnn_grow(&t->real, &t->reals, batch, sizeof *t->real)
               ? CNN_ESYSTEM
               : 0;
}

int cnn_features_fit_taps(struct features *f, size_t batch)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < f->taps; i++)
        rc = make_tap(f, batch, &f->tap[i]);
    return rc;
}

/* A tar says of each sample how large its values are; other forms have said it of all. */
int cnn_features_check_shapes(const struct features *f, const struct features_target *to,
                              const struct cnn_batch *b, size_t i)
{
    char now[72], all[72];
    if (f->type->keeps && to->taps == 1)
        return 0;
    for (size_t k = to->first_tap; k < to->first_tap + to->taps; k++) {
        const struct features_tap *t = &f->tap[k];
        struct cnn_chw s = cnn_features_shape(t, b, i);
        if (cnn_chw_equal(s, t->told))
            continue;
        cnn_chw_format(s, now);
        cnn_chw_format(t->told, all);
        return cnn_fail(CNN_EUSAGE,
                        "layer '%s' is %s for images of the model's size and %s for one of "
                        "another: --pool makes the same of them, and a tar (--format tar) without "
                        "--concat has place for both",
                        f->runner.graph->node[t->node].layer.name, all, now);
    }
    return 0;
}

int cnn_features_make_taps(struct features *f, size_t batch)
{
    f->tap = cnn_calloc(f->taps, sizeof *f->tap);
    f->target = cnn_calloc(f->taps, sizeof *f->target);
    if (!f->tap || !f->target)
        return CNN_ESYSTEM;
    f->targets = f->o->concat ? 1 : f->taps;
    int rc = 0;
    for (size_t i = 0; !rc && i < f->taps; i++) {
        struct features_tap *t = &f->tap[i];
        t->node = f->node[i];
        rc = make_tap(f, batch, t);
        t->told = t->kept;
        struct features_target *to = &f->target[f->o->concat ? 0 : i];
        to->count += t->rows * cnn_chw_count(t->kept);
        to->first_tap = f->o->concat ? 0 : i;
        to->taps++;
    }
    if (!rc && f->o->concat && f->taps > 1)
        f->target[0].row = cnn_calloc(f->target[0].count, sizeof(float));
    return rc || !f->o->concat || f->taps == 1 || f->target[0].row ? rc : CNN_ESYSTEM;
}

/* feats.npy, or feats.fc2.npy where each of several layers has its own. */
static char *target_path(const struct features *f, const char *layer)
{
    const char *path = f->o->output, *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    size_t n = dot ? (size_t)(dot - path) : strlen(path);
    struct cnn_buf b = {0};
    cnn_buf_add(&b, path, f->targets > 1 ? n : strlen(path));
    if (f->targets > 1)
        cnn_buf_printf(&b, ".%s%s", layer, path + n);
    return cnn_buf_take(&b);
}

int cnn_features_open_target(struct features *f, struct features_target *t, const char *path,
                             const char *columns, FILE *out, const char *name)
{
    const struct cnn_graph *g = f->runner.graph;
    struct cnn_strings layer = {0};
    size_t *width = cnn_calloc(t->taps, sizeof *width);
    int rc = width ? cnn_features_tell(f, t, &layer) : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < t->taps; i++)
        width[i] = cnn_chw_count(f->tap[t->first_tap + i].kept);
    t->shape = t->taps > 1 ? (struct cnn_chw){t->count, 1, 1} : f->tap[t->first_tap].kept;
    const struct cnn_apart_run apart = {f->o->model, f->o->labels, f->o->input, f->o->inputs,
                                        &f->inputs};
    struct features_to to = {.path = path,
                             .columns = columns,
                             .apart = &apart,
                             .bad_list = f->o->bad_list,
                             .stop = f->cb->stop,
                             .half = f->o->half,
                             .paths = f->paths,
                             .stream = out,
                             .name = name,
                             .classes = &f->classes,
                             .history = f->history,
                             .made = f->made,
                             .shape = t->shape,
                             .rows = f->tap[t->first_tap].rows,
                             .graph = g,
                             .layer = &layer,
                             .width = width};
    if (!rc && !(t->sink = cnn_calloc(1, f->type->size)))
        rc = CNN_ESYSTEM;
    if (!rc)
        rc = f->type->open(t->sink, &to);
    cnn_strings_free(&layer);
    free(width);
    return rc;
}

static int open_own(struct features *f, struct features_target *t, FILE *out, const char *name)
{
    char *path = target_path(f, f->runner.graph->node[f->tap[t->first_tap].node].layer.name);
    int rc = path ? cnn_features_open_target(f, t, path, "", out, name) : CNN_ESYSTEM;
    free(path);
    return rc;
}

int cnn_features_open_targets(struct features *f, FILE *out, const char *name)
{
    int rc = 0;
    if (f->targets > 1 && !f->o->output[0])
        return cnn_fail(CNN_EUSAGE, "%zu layers need --output (a file each) or --concat",
                        f->targets);
    for (size_t i = 0; !rc && i < f->targets; i++)
        rc = open_own(f, &f->target[i], out, name);
    return rc;
}

/* Of n places for an image that was filled up to `all`, those that begin within its own part. */
static size_t own_places(size_t n, size_t own, size_t all)
{
    return (n * own + all - 1) / all;
}

static struct cnn_chw own_shape(struct cnn_chw s, const struct cnn_batch *b, size_t i)
{
    if (b->size) {
        s.h = own_places(s.h, b->size[i][0], b->shape.h);
        s.w = own_places(s.w, b->size[i][1], b->shape.w);
    }
    return s;
}

struct cnn_chw cnn_features_shape(const struct features_tap *t, const struct cnn_batch *b, size_t i)
{
    return own_shape(t->kept, b, i);
}

/* Planes to those of that shape; in place. */
static void crop(float *values, size_t planes, struct cnn_chw from, struct cnn_chw to)
{
    if (cnn_chw_equal(from, to))
        return;
    for (size_t r = 0; r < planes * to.h; r++)
        memmove(values + r * to.w, values + (r / to.h * from.h + r % to.h) * from.w,
                to.w * sizeof *values);
}

void cnn_features_take(const struct features *f, struct features_tap *t, const struct cnn_batch *b)
{
    size_t planes = t->rows * t->out.c;
    for (size_t i = 0; i < b->n; i++) {
        struct cnn_chw own = own_shape(t->out, b, i);
        float *values = t->values + i * planes * t->out.h * t->out.w;
        crop(values, planes, t->out, own);
        if (f->o->pool) {
            cnn_features_pool(f->o, t->values + i * planes, values, planes, own.h * own.w);
            values = t->values + i * planes;
            own.h = own.w = 1;
        }
        for (size_t r = 0; f->o->l2 && !f->o->concat && r < t->rows; r++)
            cnn_features_normalise(values + r * cnn_chw_count(own), cnn_chw_count(own));
    }
}

static const float *values_of(const struct features_tap *t, size_t i)
{
    return t->values + i * t->rows * cnn_chw_count(t->kept);
}

const float *cnn_features_row_of(const struct features *f, const struct features_target *t,
                                 size_t i)
{
    const struct features_tap *tap = &f->tap[t->first_tap];
    if (!t->row)
        return values_of(tap, i);
    float *at = t->row;
    for (size_t k = 0; k < t->taps; k++) {
        size_t n = cnn_chw_count(tap[k].told);
        memcpy(at, values_of(&tap[k], i), n * sizeof *at);
        at += n;
    }
    if (f->o->l2)
        cnn_features_normalise(t->row, t->count);
    return t->row;
}
