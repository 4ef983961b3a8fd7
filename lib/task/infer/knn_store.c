/* The rows that neighbours are looked for among; see knn.h. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/source/dataset.h"
#include "task/infer/knn.h"

/* gemm's sums of d products are off by no more than about d halves of FLT_EPSILON times the lengths of
 * both vectors, half the sum of their squares at most: screening allows for twice as much. */
static double rounding(size_t d)
{
    return (double)(d + 8) * FLT_EPSILON;
}

/* Lengths whose products float32 does not hold well: nothing is said of such vectors without looking. */
static int is_extreme(double squares)
{
    return squares > 0 && !(squares > 1e-30 && squares < 1e30);
}

struct knn_vector cnn_knn_vector(const struct knn_store *s, const real *x, int query)
{
    double squares = 0, sure = 1 - rounding(s->d);
    for (size_t i = 0; i < s->d; i++)
        squares += (double)x[i] * (double)x[i];
    struct knn_vector v = {.squares = squares};
    switch (s->distance) {
    case CNN_INFER_EUCLID: /* q^2 + r^2 - 2 <q, r> */
        v.bias = sure * squares;
        v.scale = query ? 2 : 1;
        break;
    case CNN_INFER_COSINE: /* 1 - <q, r> / (|q| |r|) */
        v.bias = query ? sure : 0;
        v.scale = squares > 0 ? 1 / sqrt(squares) : 0;
        break;
    }
    if (is_extreme(squares))
        v.bias = -INFINITY;
    return v;
}

struct cnn_loader_options cnn_knn_loading(const struct knn_store *s,
                                          const struct cnn_infer_options *o,
                                          const struct cnn_wish *wish)
{
    return (struct cnn_loader_options){
        .input = &s->input,
        .wishes = 1,
        .wish = wish,
        .batch = KNN_QUERIES,
        .threads = (int)o->compute.threads,
        .on_bad = o->skip_bad ? CNN_BAD_SKIP : CNN_BAD_FAIL,
    };
}

struct reading {
    struct knn_store *s;
    int classed;
};

static int take_rows(void *context, size_t input, const struct cnn_batch *b)
{
    struct reading *r = context;
    struct knn_store *s = r->s;
    (void)input;
    for (size_t i = 0; i < b->n; i++) {
        int32_t label = b->field->label[i];
        if (label < 0 && r->classed) {
            s->unlabelled++;
            continue;
        }
        real *to = s->row + s->n * s->d;
        for (size_t k = 0; k < s->d; k++)
            to[k] = (real)b->x[i * s->d + k];
        s->vector[s->n] = cnn_knn_vector(s, to, 0);
        s->label[s->n] = label;
        s->index[s->n++] = b->index[i];
    }
    return 0;
}

/* Vectors as long as the first one, images of its size. */
static int choose_shape(struct knn_store *s, struct cnn_dataset *ds)
{
    struct cnn_sample first = {0};
    int rc = cnn_dataset_load(ds, 0, &first);
    if (!rc) {
        const struct cnn_image *im = &first.image;
        s->input = (struct cnn_input){
            .shape = {im->c, im->h, im->w}, .rows = 1, .scale = 1.0 / 255, .declared = 1};
        s->d = cnn_chw_count(s->input.shape);
    }
    cnn_sample_free(&first);
    return rc;
}

static int make_room(struct knn_store *s, size_t n)
{
    size_t elements, bytes;
    if (cnn_mul_overflows(n, s->d, &elements) ||
        cnn_mul_overflows(elements, sizeof *s->row, &bytes))
        return cnn_fail_memory(SIZE_MAX);
    s->row = cnn_aligned_calloc(bytes);
    s->vector = cnn_calloc(n, sizeof *s->vector);
    s->label = cnn_calloc(n, sizeof *s->label);
    s->index = cnn_calloc(n, sizeof *s->index);
    return s->row && s->vector && s->label && s->index ? 0 : CNN_ESYSTEM;
}

int cnn_knn_store_open(struct knn_store *s, const struct cnn_infer_options *o, int classed,
                       const struct cnn_callbacks *cb)
{
    struct cnn_dataset_options d = {
        .strict = o->strict, .stop = cb->stop, .note = cb->note, .context = cb->context};
    struct cnn_callbacks quiet = *cb;
    struct reading reading = {s, classed};
    char *const path[] = {(char *)o->knn}; /* opening does not change it */
    int rc = cnn_inputs_open(&s->inputs, path, 1, &d);
    if (rc)
        return rc;
    s->classes = cnn_dataset_classes(s->inputs.ds[0]);
    if (classed && !s->classes->count)
        return cnn_fail(CNN_EDATA, "%s: no classes that neighbours could vote for", o->knn);
    rc = choose_shape(s, s->inputs.ds[0]);
    if (!rc)
        rc = make_room(s, s->inputs.samples);
    if (rc)
        return rc;
    struct cnn_wish wish = {.name = "", .kind = CNN_FIELD_CLASS, .classes = s->classes->count};
    struct cnn_loader_options lo = cnn_knn_loading(s, o, &wish);
    quiet.progress = NULL;
    return cnn_inputs_visit(&s->inputs, &lo, &quiet, take_rows, &reading);
}

void cnn_knn_store_close(struct knn_store *s)
{
    cnn_inputs_close(&s->inputs);
    free(s->row);
    free(s->vector);
    free(s->label);
    free(s->index);
}
