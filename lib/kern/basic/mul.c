/* Products: of tensors element by element, of planes by a number each, and their sums. */
#include "kern/planes.h"

struct mul {
    struct cnn_planes planes;
    size_t count;
    const real *a, *b;
    real *y;
};

static void elements_job(void *context, size_t job, int thread)
{
    const struct mul *m = context;
    struct cnn_range r = cnn_range_of(job, CNN_CHUNK, m->count);
    (void)thread;
    cnn_isa()->multiply(r.end - r.begin, m->a + r.begin, m->b + r.begin, m->y + r.begin);
}

/* A plane's scaling is a normalisation without a mean. */
static void planes_job(void *context, size_t job, int thread)
{
    const struct mul *m = context;
    const struct cnn_planes *p = &m->planes;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->count);
    struct cnn_norm by = {.rule = CNN_NORM_IDENTITY};
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        cnn_planes_spread(p, m->b + i * p->lanes, by.scale);
        cnn_isa()->norm_apply(&by, p->run, m->a + i * p->run, NULL, m->y + i * p->run);
    }
}

static void sums_job(void *context, size_t job, int thread)
{
    const struct mul *m = context;
    const struct cnn_planes *p = &m->planes;
    struct cnn_range r = cnn_range_of(job, p->chunk, p->count);
    const struct cnn_norm none = {.rule = CNN_NORM_IDENTITY};
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        double sum[CNN_MOST_LANES] = {0}, dot[CNN_MOST_LANES] = {0};
        cnn_isa()->norm_sums(&none, p->run, m->b + i * p->run, NULL, m->a + i * p->run, NULL, sum,
                             dot);
        cnn_planes_join(p, dot);
        for (size_t k = 0; k < p->lanes; k++)
            m->y[i * p->lanes + k] = (real)dot[k];
    }
}

static struct mul mul_of(const struct cnn_tensor *a, const struct cnn_tensor *b,
                         struct cnn_tensor *y)
{
    return (struct mul){.planes = cnn_planes_of(a),
                        .count = cnn_tensor_elements(a),
                        .a = a->data,
                        .b = b->data,
                        .y = y->data};
}

void cnn_cpu_mul(struct cnn_queue *q, const struct cnn_tensor *a, const struct cnn_tensor *b,
                 struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct mul m = mul_of(a, b, y);
    if (a->h == b->h && a->w == b->w)
        cnn_queue_run(q, cnn_ceil_div(m.count, CNN_CHUNK), elements_job, &m);
    else
        cnn_queue_run(q, m.planes.jobs, planes_job, &m);
}

void cnn_cpu_mul_planes(struct cnn_queue *q, const struct cnn_tensor *a, const struct cnn_tensor *b,
                        struct cnn_tensor *y)
{
    if (q->code)
        return;
    struct mul m = mul_of(a, b, y);
    cnn_queue_run(q, m.planes.jobs, sums_job, &m);
}
