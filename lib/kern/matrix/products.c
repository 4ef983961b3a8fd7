/* Products of pairs of matrices, c = a b, each where and how it lies. A job has some rows of a pair's
 * product. */
#include "kern/blas.h"
#include "kern/parallel.h"

enum { JOB = 1 << 20 }; /* multiply-adds of a job */

struct products {
    struct cnn_products g;
    size_t parts, chunk; /* of the rows of a product */
    const real *a, *b;
    real *c;
};

static size_t place_of(const struct cnn_products *g, const struct cnn_matrices *m, size_t pair)
{
    return m->at + pair / g->batch[1] * m->step[0] + pair % g->batch[1] * m->step[1];
}

/* A matrix that lies column by column is its transpose, row by row. */
static int is_turned(const struct cnn_matrices *m)
{
    return m->col != 1;
}

/* From row to row as it lies, which is what BLAS wants even where there is one row. */
static size_t lead_of(const struct cnn_matrices *m, size_t rows, size_t columns)
{
    return is_turned(m) ? cnn_max(m->col, rows) : cnn_max(m->row, columns);
}

static void products_job(void *context, size_t job, int thread)
{
    const struct products *p = context;
    const struct cnn_products *g = &p->g;
    size_t pair = job / p->parts;
    struct cnn_range r = cnn_range_of(job % p->parts, p->chunk, g->m);
    size_t rows = r.end - r.begin;
    (void)thread;
    cnn_gemm(is_turned(&g->a), is_turned(&g->b), rows, g->n, g->k,
             p->a + place_of(g, &g->a, pair) + r.begin * g->a.row, lead_of(&g->a, rows, g->k),
             p->b + place_of(g, &g->b, pair), lead_of(&g->b, g->k, g->n), 0,
             p->c + place_of(g, &g->c, pair) + r.begin * g->c.row, lead_of(&g->c, rows, g->n));
}

static struct cnn_matrices turned(struct cnn_matrices m)
{
    size_t row = m.row;
    m.row = m.col;
    m.col = row;
    return m;
}

void cnn_cpu_products(struct cnn_queue *q, const struct cnn_products *g, const struct cnn_tensor *a,
                      const struct cnn_tensor *b, struct cnn_tensor *c)
{
    struct products p = {.g = *g, .a = a->data, .b = b->data, .c = c->data};
    size_t pairs = g->batch[0] * g->batch[1];
    if (q->code || !pairs)
        return;
    if (is_turned(&g->c)) { /* c^T = b^T a^T */
        p.g.m = g->n;
        p.g.n = g->m;
        p.g.a = turned(g->b);
        p.g.b = turned(g->a);
        p.g.c = turned(g->c);
        p.a = b->data;
        p.b = a->data;
    }
    p.chunk = cnn_max(16, JOB / cnn_max(1, p.g.n * p.g.k));
    p.chunk = cnn_even(p.g.m, p.chunk);
    p.parts = cnn_ceil_div(p.g.m, p.chunk);
    cnn_queue_run(q, pairs * p.parts, products_job, &p);
}
