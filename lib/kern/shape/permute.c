/* Axes in another order: y[i_0, i_1, i_2, i_3] = x at the place where x's axis from[k] has i_k. */
#include "kern/hot.h"
#include "kern/parallel.h"

struct permute {
    size_t samples, each, chunk; /* each: elements of a sample; chunk: y's last rows of a job */
    size_t dim[4], step[4];      /* of y, and in x from one to the next */
    const real *x;
    real *y;
};

CNN_HOT(fetch, (size_t count, const real *from, size_t step, real *to), (count, from, step, to))
{
    for (size_t i = 0; i < count; i++)
        to[i] = from[i * step];
}

static void permute_job(void *context, size_t job, int thread)
{
    const struct permute *p = context;
    size_t rows = p->each / p->dim[3];
    struct cnn_range r = cnn_range_of(job, p->chunk, p->samples * rows);
    (void)thread;
    for (size_t i = r.begin; i < r.end; i++) {
        size_t row = i % rows, at = i / rows * p->each;
        at += row % p->dim[2] * p->step[2];
        at += row / p->dim[2] % p->dim[1] * p->step[1];
        at += row / p->dim[2] / p->dim[1] * p->step[0];
        fetch(p->dim[3], p->x + at, p->step[3], p->y + i * p->dim[3]);
    }
}

/* The axes of y, without those of size 1 but at the front, so that the last is long. */
static void find_steps(const struct cnn_permutation *g, struct permute *p)
{
    size_t step[4] = {1, 1, 1, 1};
    int k = 4;
    for (int i = 2; i >= 0; i--)
        step[i] = step[i + 1] * g->dim[i + 1];
    for (int i = 3; i >= 0; i--)
        if (g->dim[g->from[i]] > 1) {
            p->dim[--k] = g->dim[g->from[i]];
            p->step[k] = step[g->from[i]];
        }
    while (k)
        p->dim[--k] = 1;
}

void cnn_cpu_permute(struct cnn_queue *q, const struct cnn_permutation *g,
                     const struct cnn_tensor *x, struct cnn_tensor *y)
{
    struct permute p = {.x = x->data, .y = y->data};
    p.each = g->dim[0] * g->dim[1] * g->dim[2] * g->dim[3];
    p.samples = cnn_tensor_count(y) / p.each;
    find_steps(g, &p);
    p.chunk = cnn_chunk_of(p.dim[3]);
    if (!q->code)
        cnn_queue_run(q, cnn_ceil_div(p.samples * (p.each / p.dim[3]), p.chunk), permute_job, &p);
}
